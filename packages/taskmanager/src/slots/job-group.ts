// A control group (version 2) for one job process, where the operator allows it. Whatever the job's code starts is in it, also what
// leaves the process group and loses its parent, so the kernel can count, limit and end all of it as one. Weir's own watches
// come first, because they name the culprit; the kernel's limits are for what is quicker than a watch.
//
// It holds who does not want out: code that runs as a user who may write to the directory can move itself elsewhere.

import { existsSync, mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { assert } from '@weirjs/common/core/assert'
import { type Scheduler, sleep } from '@weirjs/common/core/clock'
import { WeirError } from '@weirjs/common/core/errors'
import { readText } from '@weirjs/common/node/control-group'
import { codeOf } from '@weirjs/common/node/fs-errors'

export interface GroupLimits {
  /** Resident memory after which the watch ends the process. */
  readonly memoryBytes: number
  /** Processes that the job's code may have started at a time. */
  readonly processesMax: number
  /** Of the TaskManager: by them the job process has threads for files, names and zlib. */
  readonly slots: number
}

/** Of the watch's limit: it ends a flood at a tenth above it, and looks ten times a second. */
export const KERNEL_MEMORY_SHARE = 1.25
/** The kernel counts threads: so many for each process of the job, for each slot, and OWN_SHARES times for the job process. A Node has 7 to 11. */
export const THREADS_EACH = 16
const OWN_SHARES = 4
/** More the kernel does not take. */
const PIDS_MAX = 4_194_304

/** A process that was killed is gone in milliseconds, unless it waits for a device. */
const REMOVE_MS_MAX = 2_000
const REMOVE_LOOK_MS = 20

export class JobGroup {
  readonly directory: string
  readonly #remove: (directory: string) => Promise<void>

  /** `directory`: not there yet. `remove` never rejects. */
  constructor(directory: string, remove: (directory: string) => Promise<void>) {
    this.directory = directory
    this.#remove = remove
  }

  /**
   * Makes the group and moves the process into it, which must not have loaded code of the job. The kernel takes 10 to 20 ms for
   * that, and we wait: whoever comes later would have to ask whether it is in. Error: `job/no-control-group`.
   */
  take(pid: number): void {
    // 0 would move this process.
    assert(pid > 0, 'a process that could be started')
    try {
      mkdirSync(this.directory)
      writeFileSync(join(this.directory, 'cgroup.procs'), `${pid}`)
    } catch (error) {
      // It has ended; that is told elsewhere.
      if (codeOf(error) !== 'ESRCH') throw refused(error)
    }
  }

  /** For the rest of its life. Error: `job/no-control-group`. */
  limit(limits: GroupLimits): void {
    try {
      writeLimits(this.directory, limits)
    } catch (error) {
      throw refused(error)
    }
  }

  /** Of all in it; null: it is not there. */
  pids(): readonly number[] | null {
    const text = readText(join(this.directory, 'cgroup.procs'))
    return text?.split('\n').filter(Boolean).map(Number) ?? null
  }

  /** SIGKILL to all in it. */
  end(): void {
    endGroup(this.directory)
  }

  /** Ends what is left in it. Never rejects. */
  remove(): Promise<void> {
    return this.#remove(this.directory)
  }
}

/** Which file says what, in the order in which they are written: how the group ends comes before what it ends for. */
export function limitFiles(limits: GroupLimits): ReadonlyMap<string, string> {
  const { memoryBytes, processesMax, slots } = limits
  const pids = (processesMax + slots + OWN_SHARES) * THREADS_EACH
  return new Map([
    ['memory.oom.group', '1'],
    ['memory.max', `${Math.floor(memoryBytes * KERNEL_MEMORY_SHARE)}`],
    ['pids.max', pids > PIDS_MAX ? 'max' : `${pids}`],
  ])
}

/** Files of controllers that the group has not are not there, and are not made. */
export function writeLimits(directory: string, limits: GroupLimits): void {
  for (const [name, value] of limitFiles(limits)) {
    const path = join(directory, name)
    if (existsSync(path)) writeFileSync(path, value)
  }
}

/** Ends all in it and in the groups below, and removes it with them. null: it is gone; else why not, in two seconds. */
export async function removeGroup(directory: string, scheduler: Scheduler): Promise<string | null> {
  for (let waitedMs = 0; ; waitedMs += REMOVE_LOOK_MS) {
    endGroup(directory)
    try {
      removeTree(directory)
      return null
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return null
      // What is left of a process keeps the group busy for a moment.
      if (codeOf(error) !== 'EBUSY' || waitedMs >= REMOVE_MS_MAX) return textOf(error)
    }
    await sleep(scheduler, REMOVE_LOOK_MS)
  }
}

function endGroup(directory: string): void {
  try {
    writeFileSync(join(directory, 'cgroup.kill'), '1')
  } catch {
    // It is gone, or another user's: whoever removes it is told so.
  }
}

/** The files of a group are not removed, but go with it. */
function removeTree(directory: string): void {
  for (const entry of readdirSync(directory, { withFileTypes: true }))
    if (entry.isDirectory()) removeTree(join(directory, entry.name))
  rmdirSync(directory)
}

function refused(error: unknown): WeirError {
  return new WeirError(
    'job/no-control-group',
    `the job process cannot have a control group of its own: ${textOf(error)}`,
    {
      domain: 'external',
      retry: 'backoff',
      hint: 'see that the directory of taskmanager.job-process.control-group is there and may be written to, or leave the key out',
      cause: error,
    },
  )
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
