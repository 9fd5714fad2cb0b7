// Where the control groups of a TaskManager's job processes are: `weir-<worker>/<n>` in the directory that the operator gives.
// Whether that directory will do is tried out at the start, with a process that does nothing; what TaskManagers have left
// that were killed is ended and removed then, too. Controllers are switched on where they may be; without them
// everything is still ended together, and Weir's own watches are the only limits.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, statfsSync, writeFileSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import type { Scheduler } from '@weirjs/common/core/clock'
import { WeirError } from '@weirjs/common/core/errors'
import type { Log } from '@weirjs/common/core/log'
import { readText } from '@weirjs/common/node/control-group'
import { isOfDead, nameWorker, type WorkerName } from '@weirjs/common/node/work-directories'
import { JobGroup, removeGroup } from './job-group.ts'

export interface JobGroupsOptions {
  /** As configured. */
  readonly directory: string
  readonly worker: WorkerName
  readonly scheduler: Scheduler
  readonly log: Log
}

const PREFIX = 'weir-'
/** Of file systems: control groups of version 2. */
const CGROUP2_MAGIC = 0x63_67_72_70
const CONTROLLERS: readonly string[] = ['memory', 'pids']
const IDLE = 'process.stdin.resume()'

export class JobGroups {
  readonly #options: JobGroupsOptions
  readonly #own: string
  #made = 0

  private constructor(options: JobGroupsOptions) {
    this.#options = options
    this.#own = join(options.directory, `${PREFIX}${nameWorker(options.worker)}`)
  }

  /** Error: `config/bad-value`. */
  static async open(options: JobGroupsOptions): Promise<JobGroups> {
    const { directory } = options
    const problem = problemOf(directory)
    if (problem !== null) throw unusable(directory, problem)
    const groups = new JobGroups(options)
    try {
      mkdirSync(groups.#own)
      await groups.#tryOut()
    } catch (error) {
      await groups.close()
      throw unusable(directory, error instanceof Error ? error.message : String(error), error)
    }
    await groups.#removeOfDead()
    groups.#enableControllers()
    return groups
  }

  /** For one job process. Nothing is made yet. */
  next(): JobGroup {
    this.#made += 1
    return new JobGroup(join(this.#own, `${this.#made}`), (directory) => this.#remove(directory))
  }

  /** Ends all that job processes have left, and removes all groups. Never rejects. */
  close(): Promise<void> {
    return this.#remove(this.#own)
  }

  async #remove(directory: string): Promise<void> {
    const { scheduler, log } = this.#options
    const problem = await removeGroup(directory, scheduler)
    if (problem !== null)
      log.warn({ controlGroup: directory, problem }, 'a control group cannot be removed')
  }

  /** Whether processes can be moved depends on groups above, which nobody names here. */
  async #tryOut(): Promise<void> {
    const group = this.next()
    const child = spawn(process.execPath, ['-e', IDLE], { stdio: ['pipe', 'ignore', 'ignore'] })
    const ended = once(child, 'exit')
    try {
      // Without one `ended` says why.
      if (child.pid !== undefined) group.take(child.pid)
    } finally {
      child.kill('SIGKILL')
      await ended
    }
    await group.remove()
  }

  async #removeOfDead(): Promise<void> {
    const { directory, worker } = this.#options
    for (const name of readdirSync(directory)) {
      const owner = name.startsWith(PREFIX) ? name.slice(PREFIX.length) : ''
      if (owner !== nameWorker(worker) && isOfDead(owner, worker))
        await this.#remove(join(directory, name))
    }
  }

  #enableControllers(): void {
    const { directory, log } = this.#options
    enable(directory)
    enable(this.#own)
    const missing = CONTROLLERS.filter((name) => !wordsIn(this.#own, ENABLED).includes(name))
    const fields = { controlGroup: this.#own }
    if (missing.length === 0) log.info(fields, 'job processes have control groups of their own')
    else
      log.warn(
        { ...fields, missing },
        'job processes have control groups of their own, in which the kernel does not limit everything: controllers are missing, or the directory has processes itself',
      )
  }
}

const AVAILABLE = 'cgroup.controllers'
const ENABLED = 'cgroup.subtree_control'

/** For the groups in it. */
function enable(directory: string): void {
  const enabled = wordsIn(directory, ENABLED)
  for (const name of CONTROLLERS) {
    if (enabled.includes(name) || !wordsIn(directory, AVAILABLE).includes(name)) continue
    try {
      writeFileSync(join(directory, ENABLED), `+${name}`)
    } catch {
      return // not allowed, or processes are in it: what is missing is told
    }
  }
}

const wordsIn = (directory: string, file: string): readonly string[] =>
  readText(join(directory, file))?.trim().split(' ') ?? []

/** What can be seen without trying; null: nothing. */
function problemOf(directory: string): string | null {
  if (!isAbsolute(directory)) return 'that is no absolute path'
  if (!existsSync(directory)) return 'that is not there'
  if (statfsSync(directory).type !== CGROUP2_MAGIC)
    return 'that is no directory of control groups of version 2'
  // The root of a hierarchy has none either.
  if (!existsSync(join(directory, 'cgroup.kill')))
    return 'that is the root of a hierarchy, or the kernel is older than 5.14: it has no cgroup.kill'
  return null
}

function unusable(directory: string, problem: string, cause?: unknown): WeirError {
  return new WeirError(
    'config/bad-value',
    `taskmanager.job-process.control-group is ${directory}: ${problem}`,
    {
      domain: 'user',
      hint: 'name a directory below /sys/fs/cgroup that was made for this TaskManager and its user (Delegate= of systemd), or leave the key out',
      cause,
    },
  )
}
