// Job processes under a user of their own (`taskmanager.job-process.user`): code of jobs then cannot read what only its
// TaskManager may, such as the token, keys and secrets. What that user must reach is opened to it here, and a process of
// that user tries it out before any job comes.

import { spawnSync } from 'node:child_process'
import { constants } from 'node:fs'
import { chmod, chown, mkdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { jobDirectory } from '@weirjs/common/core/checkpoint/paths'
import { WeirError } from '@weirjs/common/core/errors'
import type { JobId } from '@weirjs/common/core/ids'
import type { SystemUser } from '@weirjs/common/node/config-values'
import { storageError } from '@weirjs/common/node/fs-errors'

const KEY = 'taskmanager.job-process.user'
/** Its group adds to it, what is made in it belongs to that group, too, and nobody takes away what others have made. */
const JOB_DIRECTORY_MODE = 0o3770
const TRY_MS_MAX = 30_000

/** Run by that user: prints the first of the steps (JSON, in its argument) that it may not take. */
const TRY_STEPS = `
const { accessSync } = require('node:fs')
for (const [path, right] of JSON.parse(process.argv[1])) {
  try {
    accessSync(path, right)
  } catch ({ code }) {
    process.stdout.write(JSON.stringify([path, code]))
    process.exit(0)
  }
}
`

export interface JobUserNeeds {
  /** Of the checkpoint storage. */
  readonly checkpointDirectory: string
  /** Files that it must be able to read. */
  readonly files: readonly string[]
  /** Directories that it must be able to pass through. */
  readonly passages: readonly string[]
}

export class JobUser implements SystemUser {
  readonly uid: number
  readonly gid: number
  readonly #checkpointDirectory: string

  private constructor({ uid, gid }: SystemUser, checkpointDirectory: string) {
    this.uid = uid
    this.gid = gid
    this.#checkpointDirectory = checkpointDirectory
  }

  /** Errors: `config/bad-value`: this process is not root, or that user cannot reach what it needs. */
  static async take(user: SystemUser, needs: JobUserNeeds): Promise<JobUser> {
    if (process.getuid?.() !== 0) throw notRoot(user)
    await mkdir(needs.checkpointDirectory, { recursive: true })
    tryOut(user, needs)
    return new JobUser(user, needs.checkpointDirectory)
  }

  /** Before a process of the job starts: it may keep state in the job's directory, but not change its log. */
  async admit(job: JobId): Promise<void> {
    const directory = join(this.#checkpointDirectory, jobDirectory(job))
    try {
      await chown(directory, (await stat(directory)).uid, this.gid)
      await chmod(directory, JOB_DIRECTORY_MODE)
    } catch (error) {
      throw storageError(error, `open to ${KEY} ${nameOf(this)}`, directory)
    }
  }
}

type Step = readonly [path: string, right: number]

function tryOut(user: SystemUser, { checkpointDirectory, files, passages }: JobUserNeeds): void {
  const { R_OK, X_OK } = constants
  const steps: readonly Step[] = [
    ...files.flatMap((path) => wayTo(path, R_OK)),
    ...passages.flatMap((path) => wayTo(path, X_OK)),
    // Listed by whoever makes a directory in it durable.
    ...wayTo(checkpointDirectory, R_OK | X_OK),
  ]
  const { uid, gid } = user
  const ran = spawnSync(process.execPath, ['-e', TRY_STEPS, JSON.stringify(steps)], {
    uid,
    gid,
    env: {},
    encoding: 'utf8',
    timeout: TRY_MS_MAX,
  })
  if (ran.error !== undefined || ran.status !== 0) {
    const why = ran.error?.message ?? (ran.stderr.trim() || `exit code ${ran.status}`)
    throw outOfReach(user, `cannot run ${process.execPath} (${why})`)
  }
  if (ran.stdout === '') return
  const [path, code] = JSON.parse(ran.stdout) as [string, string]
  throw outOfReach(user, `cannot reach ${path} (${code})`)
}

/** Through each directory above. */
function wayTo(path: string, right: number): readonly Step[] {
  const above: Step[] = []
  for (let at = dirname(path); at !== dirname(at); at = dirname(at))
    above.unshift([at, constants.X_OK])
  return [...above, [path, right]]
}

const nameOf = ({ uid, gid }: SystemUser): string => `${uid}:${gid}`

function notRoot(user: SystemUser): WeirError {
  return new WeirError(
    'config/bad-value',
    `${KEY} is ${nameOf(user)}, and this TaskManager does not run as root: it cannot start processes of others`,
    {
      domain: 'user',
      hint: `Start it as root, or leave ${KEY} away: jobs then run as whoever runs the TaskManager.`,
    },
  )
}

function outOfReach(user: SystemUser, what: string): WeirError {
  return new WeirError('config/bad-value', `${KEY}: ${nameOf(user)} ${what}`, {
    domain: 'user',
    hint: 'Let that user read it and pass through the directories above it (chmod o+x), or choose another place or user.',
  })
}
