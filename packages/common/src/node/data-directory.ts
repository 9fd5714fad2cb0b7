// The directory in which the processes of a cluster on one machine keep everything:
//
//   VERSION                 weir data directory 1
//   token                   the cluster's token, mode 0600
//   checkpoints/            checkpoint storage, unless configured elsewhere: the truth about jobs
//   jobmanager/             index, what ended jobs printed, and `pid` of the JobManager that uses the directory
//   taskmanagers/<worker>/  what one TaskManager process keeps while it lives
//   output/                 what jobs have printed, by TaskManager: outlives both, within a bound
//
// The pid file keeps two JobManagers from using one directory by mistake. It is no fence: correctness rests on the job
// log alone, which also serves JobManagers on different machines.

import { mkdir, readFile, rename, unlink, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import { WeirError } from '../core/errors.ts'
import { codeOf } from './fs-errors.ts'
import { createOnce, linked, readOrNull } from './once-file.ts'

const VERSION_LINE = 'weir data directory 1\n'
const DIRECTORY_MODE = 0o700
const VERSION_MODE = 0o644
/** Stale pid files that may turn up one after another before we give in. */
const LOCK_TRIES_MAX = 5

export interface PidLock {
  readonly path: string
  /** Deletes the pid file if it is still ours. Harmless when repeated. */
  release(): Promise<void>
}

export class DataDirectory {
  readonly root: string

  private constructor(root: string) {
    this.root = root
  }

  /** Makes what is missing. Throws WeirError `config/data-directory`, also when another release laid it out. */
  static async open(root: string): Promise<DataDirectory> {
    const directory = new DataDirectory(resolve(root))
    try {
      for (const path of [directory.root, directory.jobManager, directory.taskManagers]) {
        await mkdir(path, { recursive: true, mode: DIRECTORY_MODE })
      }
      await directory.#checkVersion()
    } catch (cause) {
      if (cause instanceof WeirError) throw cause
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new WeirError(
        'config/data-directory',
        `cannot use the data directory ${directory.root}: ${why}`,
        {
          domain: 'user',
          cause,
          hint: 'Choose a writable directory with data.dir.',
        },
      )
    }
    return directory
  }

  /**
   * Makes nothing. Throws `config/data-directory` when another release laid the directory out. False: its version is empty,
   * and the next `open` writes it.
   */
  static async check(root: string): Promise<boolean> {
    const found = await readOrNull(join(root, 'VERSION'))
    if (found === '') return false
    if (found !== null) refuseOther(root, found)
    return true
  }

  get token(): string {
    return join(this.root, 'token')
  }

  get checkpoints(): string {
    return join(this.root, 'checkpoints')
  }

  get jobManager(): string {
    return join(this.root, 'jobmanager')
  }

  get taskManagers(): string {
    return join(this.root, 'taskmanagers')
  }

  get output(): string {
    return join(this.root, 'output')
  }

  taskManager(worker: string): string {
    return join(this.taskManagers, worker)
  }

  /** Throws `config/data-directory-in-use` when a living process of this machine holds it. */
  lockJobManager(): Promise<PidLock> {
    return lockByPid(join(this.jobManager, 'pid'))
  }

  async #checkVersion(): Promise<void> {
    const path = join(this.root, 'VERSION')
    const how = await createOnce({ path, text: VERSION_LINE, mode: VERSION_MODE })
    if (how === 'there') refuseOther(this.root, await readFile(path, 'utf8'))
  }
}

function refuseOther(root: string, found: string): void {
  if (found === VERSION_LINE) return
  throw new WeirError(
    'config/data-directory',
    `${root} was laid out by another release: ${found.trim()}`,
    {
      domain: 'user',
      hint: `This release knows: ${VERSION_LINE.trim()}. Choose another data.dir, or that release.`,
    },
  )
}

/** Takes a pid file. A file left by a dead process, or by one of another machine, is taken over. */
export async function lockByPid(path: string): Promise<PidLock> {
  const own = `${process.pid} ${(await birthOf(process.pid)) ?? '-'} ${hostname()}\n`
  const staging = `${path}.${process.pid}.new`
  await writeFile(staging, own)
  try {
    for (let tries = 0; tries < LOCK_TRIES_MAX; tries++) {
      if (await linked(staging, path)) return { path, release: () => release(path, own) }
      const found = await readOrNull(path)
      if (found === null) continue
      const living = await livingOwner(found)
      if (living !== null) throw inUse(path, living)
      await takeAway(path, found)
    }
  } finally {
    await unlink(staging)
  }
  throw inUse(path, null)
}

/** The pid of the owner that a pid file names, if it is alive on this machine, else null. */
export async function livingOwner(content: string): Promise<number | null> {
  const [pidText = '', birth = '-', host = ''] = content.trim().split(' ')
  const pid = Number(pidText)
  if (!Number.isSafeInteger(pid) || pid <= 0 || host !== hostname() || pid === process.pid)
    return null
  const born = await birthOf(pid)
  if (born === 'dead') return null
  if (born !== undefined) return birth === '-' || born === birth ? pid : null
  try {
    process.kill(pid, 0)
    return pid
  } catch (error) {
    return codeOf(error) === 'EPERM' ? pid : null
  }
}

/**
 * When the process began, in the kernel's ticks: tells a process from a later one with the same pid. `dead` for one that
 * was killed and that nobody has buried yet (a container without an init). Linux only.
 */
async function birthOf(pid: number): Promise<string | undefined> {
  const stat = await readOrNull(`/proc/${pid}/stat`)
  // The name in the second field may hold anything, also brackets and spaces.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields?.[0] === 'Z' ? 'dead' : fields?.[19]
}

/** Removes a stale file, unless somebody else has replaced it meanwhile. */
async function takeAway(path: string, stale: string): Promise<void> {
  const aside = `${path}.${process.pid}.stale`
  try {
    await rename(path, aside)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return
    throw error
  }
  if ((await readOrNull(aside)) !== stale) await linked(aside, path)
  await unlink(aside)
}

async function release(path: string, own: string): Promise<void> {
  if ((await readOrNull(path)) === own) await unlink(path)
}

function inUse(path: string, pid: number | null): WeirError {
  const who = pid === null ? 'Several processes want' : `The JobManager with pid ${pid} uses`
  return new WeirError('config/data-directory-in-use', `${who} this data directory (${path})`, {
    domain: 'user',
    hint: 'Stop the other one, or choose another data.dir.',
  })
}
