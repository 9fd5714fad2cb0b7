// Job processes under a user of their own (`taskmanager.job-process.user`): code of jobs then cannot read what only its
// TaskManager may, such as the token, keys and secrets. What that user must reach is opened to it here, and a process of
// that user tries it out before any job comes.
//
// On the checkpoint storage that user only ever adds files to directories of checkpoints. All directories are root's, so
// that nobody puts a link where the JobManager, which is root, writes and removes.

import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { checkpointDirectory, jobDirectory } from '@weirjs/common/core/checkpoint/paths'
import { toFailure, WeirError } from '@weirjs/common/core/errors'
import type { CheckpointId, JobId } from '@weirjs/common/core/ids'
import type { SystemUser } from '@weirjs/common/node/config-values'
import { SYSTEM_CALLS } from '@weirjs/common/node/fs-calls'
import { codeOf, storageError } from '@weirjs/common/node/fs-errors'
import { giveToGroup, letPass } from '@weirjs/common/node/group-rights'

const KEY = 'taskmanager.job-process.user'
/** What is made below belongs to the group, too; only root makes something. */
const JOB_DIRECTORY_MODE = 0o2750
/** The group adds files, and nobody takes away what others have made. */
const CHECKPOINT_DIRECTORY_MODE = 0o3770
const TRY_MS_MAX = 30_000
/** Of names that nobody looks at in a storage. */
const TRIAL = '.staging-job-user'

/** Run by that user: prints the first of the steps (JSON, in its argument) that does not end as it must. */
const TRY_STEPS = `
const { accessSync, linkSync, writeFileSync } = require('node:fs')
const tries = {
  read: (path) => accessSync(path, ${constants.R_OK}),
  pass: (path) => accessSync(path, ${constants.X_OK}),
  list: (path) => accessSync(path, ${constants.R_OK | constants.X_OK}),
  add: (path) => {
    writeFileSync(path + '/one', '', { flag: 'wx' })
    linkSync(path + '/one', path + '/two')
  },
  'leave alone': (path) => {
    try {
      accessSync(path, ${constants.W_OK})
    } catch {
      return
    }
    throw Object.assign(new Error(), { code: 'it may write there' })
  },
}
for (const [what, path] of JSON.parse(process.argv[1])) {
  try {
    tries[what](path)
  } catch ({ code, message }) {
    process.stdout.write(JSON.stringify([what, path, code ?? message]))
    process.exit(0)
  }
}
`

export interface JobUserNeeds {
  /** Of the checkpoint storage. */
  readonly storage: string
  /** Files that it must be able to read. */
  readonly files: readonly string[]
  /** The TaskManager's own directories, which it is let through: it sees no names in them. */
  readonly passages: readonly string[]
}

export class JobUser implements SystemUser {
  readonly uid: number
  readonly gid: number
  readonly #storage: string

  private constructor({ uid, gid }: SystemUser, storage: string) {
    this.uid = uid
    this.gid = gid
    this.#storage = storage
  }

  /** Errors: `config/bad-value`: this process is not root, or that user cannot reach what it needs. */
  static async take(user: SystemUser, needs: JobUserNeeds): Promise<JobUser> {
    mustBeRoot(user)
    const one = new JobUser(user, needs.storage)
    const trial = `${TRIAL}-${randomUUID()}`
    const path = join(needs.storage, trial)
    try {
      for (const passage of needs.passages) await letPass(passage, user.gid)
      await mkdir(path, { recursive: true })
      await one.#open(trial, CHECKPOINT_DIRECTORY_MODE)
      tryOut(user, needs, path)
    } catch (error) {
      if (error instanceof WeirError && error.code === 'config/bad-value') throw error
      throw outOfReach(user, `cannot be let in: ${toFailure(error).message}`)
    } finally {
      // That user may write there.
      await SYSTEM_CALLS.removeTree(path)
    }
    return one
  }

  /** Before a process of the job starts. */
  async admit(job: JobId): Promise<void> {
    await this.#open(jobDirectory(job), JOB_DIRECTORY_MODE)
  }

  /** Before tasks write state of the checkpoint. Whoever is told of it by a barrier is behind that. */
  async prepare(job: JobId, checkpoint: CheckpointId): Promise<void> {
    const directory = checkpointDirectory(job, checkpoint)
    try {
      await mkdir(join(this.#storage, directory))
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw storageError(error, 'create directory', directory)
    }
    await this.#open(directory, CHECKPOINT_DIRECTORY_MODE)
  }

  async #open(directory: string, mode: number): Promise<void> {
    const path = join(this.#storage, directory)
    try {
      await giveToGroup(path, this.gid, mode)
    } catch (error) {
      throw storageError(error, `open to ${KEY} ${nameOf(this)}`, path)
    }
  }
}

type Step = readonly [what: 'read' | 'pass' | 'list' | 'add' | 'leave alone', path: string]

function tryOut(user: SystemUser, needs: JobUserNeeds, trial: string): void {
  const { storage, files, passages } = needs
  const steps: readonly Step[] = [
    ...files.flatMap((path) => wayTo(['read', path])),
    ...passages.flatMap((path) => wayTo(['pass', path])),
    // Listed by whoever makes a directory in it durable.
    ...wayTo(['list', storage]),
    ['leave alone', storage],
    ['add', trial],
  ]
  const { uid, gid } = user
  const ran = spawnSync(process.execPath, ['-e', TRY_STEPS, JSON.stringify(steps)], {
    uid,
    gid,
    cwd: '/',
    env: {},
    encoding: 'utf8',
    timeout: TRY_MS_MAX,
  })
  if (ran.error !== undefined || ran.status !== 0) {
    const why = ran.error?.message ?? (ran.stderr.trim() || `exit code ${ran.status}`)
    throw outOfReach(user, `cannot run ${process.execPath}: ${why}`)
  }
  if (ran.stdout === '') return
  const [what, path, code] = JSON.parse(ran.stdout) as [Step[0], string, string]
  throw outOfReach(user, `cannot ${what} ${path} (${code})`)
}

/** Through each directory above. */
function wayTo(step: Step): readonly Step[] {
  const above: Step[] = []
  for (let at = dirname(step[1]); at !== dirname(at); at = dirname(at)) above.unshift(['pass', at])
  return [...above, step]
}

const nameOf = ({ uid, gid }: SystemUser): string => `${uid}:${gid}`

function mustBeRoot(user: SystemUser): void {
  if (process.getuid?.() === 0) return
  throw new WeirError(
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
    hint: 'That user passes through directories (chmod o+x), reads Node and Weir, and owns nothing of the checkpoint storage: docs/operations/isolation.md has what it needs.',
  })
}
