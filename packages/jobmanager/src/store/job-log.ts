// The log of one job on the checkpoint storage: the truth about it (decision D1). Entry k is a file that is created
// exclusively, so of two leaders who both want to write entry k one wins, and the other knows that it is deposed: no
// clocks, no leases. A checkpoint is complete if and only if its entry exists.
//
// Folding deletes old entries and so frees their names, which must not let a leader who slept through it write there.
// Two things prevent that: the entry that began an epoch is never deleted, and it lies exactly where the leader before
// would write next; and whoever begins an epoch makes sure afterwards that nothing lies above.
//
// An entry whose fate is unknown (D2) is never given up: nothing else is written before its fate is known, and the same
// bytes are offered for the same name until they are there or another leader's are. So after `log/unavailable` the entry
// may or may not exist, but `settle` makes it exist, or finds out that we are deposed.
//
// Behind each entry a tip is written (log-tip), so that a log whose newest entries were lost is not taken for a whole one.

import { Backoff } from '@weirjs/common/core/backoff'
import { logDirectory, logEntry } from '@weirjs/common/core/checkpoint/paths'
import type { CheckpointStorage } from '@weirjs/common/core/checkpoint/storage'
import { type Scheduler, sleep } from '@weirjs/common/core/clock'
import { toFailure, WeirError } from '@weirjs/common/core/errors'
import {
  type CheckpointId,
  checkpointId,
  type JobId,
  type LeaderEpoch,
  leaderEpoch,
} from '@weirjs/common/core/ids'
import { type Log, silentLog } from '@weirjs/common/core/log'
import type { Prng } from '@weirjs/common/core/prng'
import { isThere } from './is-there.ts'
import {
  type AppendableBody,
  CHECKPOINT_ID_SLACK,
  firstIdOfNextEpoch,
  foldEntry,
  type JobHistory,
  type JobSubmission,
  type LogBody,
} from './job-history.ts'
import { indexOf, type LogEntry, openEntry, sealEntry } from './log-entry.ts'
import { highestEntry, makeDurable, readLog } from './log-reader.ts'
import { TipWriter } from './log-tip.ts'

/** After so many entries one is written that holds all before it, and those are deleted. */
export const FOLD_EVERY = 100
/** Times that one entry is offered before `log/unavailable`. */
const WRITE_TRIES_MAX = 5
const RETRY = { initialMs: 50, maxMs: 2_000, multiplier: 2, jitter: 0.2 } as const
/** `not-found`: the entry that held our place was deleted between the two calls. */
const AMBIGUOUS: ReadonlySet<string> = new Set(['storage/io', 'storage/full', 'storage/not-found'])
/** Leaders that may come between us and our first entry before we let them have the job. */
const OPEN_TRIES_MAX = 10
/** Appends that may wait for their turn. */
const QUEUE_MAX = 1_000

export interface JobLogOptions {
  readonly storage: CheckpointStorage
  readonly jobId: JobId
  /** Seeded differently in every process: uuids come from it. */
  readonly prng: Prng
  readonly scheduler: Scheduler
  readonly log?: Log
  /** How we are called, for those whom we depose. */
  readonly leader?: string
}

export class JobLog {
  readonly epoch: LeaderEpoch
  readonly #options: JobLogOptions
  readonly #log: Log
  #history: JobHistory
  #last: Pick<LogEntry, 'index' | 'uuid'>
  #sinceFold: number
  readonly #tip: TipWriter
  /** Offered, fate unknown. */
  #doubt: { readonly entry: LogEntry; readonly bytes: Uint8Array } | null = null
  #deposed: WeirError | null = null
  #queued = 0
  #tail: Promise<unknown> = Promise.resolve()

  private constructor(
    options: JobLogOptions,
    history: JobHistory,
    last: LogEntry,
    sinceFold: number,
    tip: TipWriter,
  ) {
    this.#options = options
    this.#log = options.log ?? silentLog
    this.#history = history
    this.#last = last
    this.#sinceFold = sinceFold
    this.#tip = tip
    this.epoch = history.epoch
  }

  /**
   * Starts the log of a new job, in epoch 1. Throws `log/exists` when the job has one, and `storage/full` or
   * `log/unavailable` when the first entry could not be written and is not there. While nobody can say whether it is there it
   * goes on trying, until `closed`: a job that might exist may be neither denied nor deleted (D2).
   */
  static async create(
    options: JobLogOptions,
    submission: JobSubmission,
    closed: () => boolean = () => false,
  ): Promise<JobLog> {
    const body: LogBody = { type: 'submitted', submission }
    const entry = makeEntry(options, 1, leaderEpoch(1), null, body)
    if ((await offerUntilKnown(options, entry, closed)) === 'taken') {
      throw new WeirError('log/exists', `job ${options.jobId} has a log already`, {
        domain: 'internal',
        retry: 'never',
      })
    }
    const tip = new TipWriter(options, [])
    tip.advance(entry)
    return new JobLog(options, foldEntry(null, body, entry), entry, 0, tip)
  }

  /**
   * Takes a job over: reads its log and writes that a new epoch starts. Throws `log/not-found`, `log/damaged`,
   * `state/file-damaged`, `log/unavailable`, and `log/deposed` when other leaders keep coming before us.
   */
  static async open(options: JobLogOptions): Promise<JobLog> {
    for (let tries = 0; tries < OPEN_TRIES_MAX; tries++) {
      const { history, last, sinceFold, tips } = await readLog(options.storage, options.jobId)
      // Else a loss of power could take it and leave ours: a hole.
      if (!(await makeDurable(options.storage, last))) continue
      const firstCheckpointId = firstIdOfNextEpoch(history)
      const { leader } = options
      const body: LogBody = {
        type: 'epoch',
        firstCheckpointId,
        ...(leader === undefined ? {} : { leader }),
      }
      const entry = makeEntry(options, last.index + 1, leaderEpoch(last.epoch + 1), last.uuid, body)
      if ((await offer(options, entry)) === 'taken') continue
      if ((await highestEntry(options.storage, options.jobId)) > entry.index) continue
      const tip = new TipWriter(options, tips)
      tip.advance(entry)
      return new JobLog(options, foldEntry(history, body, entry), entry, sinceFold + 1, tip)
    }
    throw deposed(options.jobId, '')
  }

  /** All that the log says as of our last entry. */
  get history(): JobHistory {
    return this.#history
  }

  /** Index of our last entry. */
  get lastIndex(): number {
    return this.#last.index
  }

  /** An entry was offered whose fate is unknown: `settle` before deciding anything by `history`. */
  get inDoubt(): boolean {
    return this.#doubt !== null
  }

  /**
   * Writes an entry, after those asked for before. Resolves when it is durable. Throws `log/deposed` when another leader
   * has taken over: the job is no longer ours, and nothing may be deleted. Throws `log/unavailable` when the storage does
   * not answer: the entry is then written by `settle`, or before the next append.
   *
   * `there`, when it is the entry's turn, tells from the history that it is not needed: it is there already, or those
   * before it have decided otherwise.
   */
  append(
    body: AppendableBody,
    there: (history: JobHistory) => boolean = () => false,
  ): Promise<void> {
    return this.#enqueue(async () => {
      await this.#resolveDoubt()
      if (there(this.#history)) return
      await this.#write(body)
      if (this.#sinceFold >= FOLD_EVERY) await this.#fold()
    })
  }

  /** Call before checkpoint `id` is triggered: keeps ids from being used again by a later leader. Mostly does nothing. */
  async reserve(id: CheckpointId): Promise<void> {
    if (id <= this.#history.highestCheckpointId + CHECKPOINT_ID_SLACK) return
    return this.#enqueue(async () => {
      await this.#resolveDoubt()
      if (id <= this.#history.highestCheckpointId + CHECKPOINT_ID_SLACK) return
      await this.#write({ type: 'ids', upTo: checkpointId(id) })
    })
  }

  /** Learns the fate of an entry in doubt. Resolves when it is durable; throws as `append` does. */
  settle(): Promise<void> {
    return this.#enqueue(() => this.#resolveDoubt())
  }

  /**
   * There are signs of another leader: looks whether one has written behind our last entry. Throws `log/deposed`, and
   * otherwise as the storage does; then nothing is known.
   */
  check(): Promise<void> {
    return this.#enqueue(async () => {
      await this.#resolveDoubt()
      const { storage, jobId } = this.#options
      if (!(await isThere(storage, logEntry(jobId, this.#last.index + 1)))) return
      throw await this.#lost()
    })
  }

  #enqueue(work: () => Promise<void>): Promise<void> {
    if (this.#queued >= QUEUE_MAX) {
      return Promise.reject(
        new WeirError('log/unavailable', `${QUEUE_MAX} entries wait to be written`, {
          domain: 'external',
        }),
      )
    }
    this.#queued += 1
    const done = this.#tail.then(work).finally(() => {
      this.#queued -= 1
    })
    // The caller of this piece hears of its failure; those that come after are not concerned.
    this.#tail = Promise.allSettled([done])
    return done
  }

  async #write(body: LogBody): Promise<void> {
    const { index, uuid } = this.#last
    const entry = makeEntry(this.#options, index + 1, this.epoch, uuid, body)
    // First sealed: one that can never be written is in no doubt, and must not stand before those that come after it.
    this.#doubt = { entry, bytes: sealEntry(entry) }
    await this.#resolveDoubt()
  }

  async #resolveDoubt(): Promise<void> {
    if (this.#deposed !== null) throw this.#deposed
    if (this.#doubt === null) return
    const { entry, bytes } = this.#doubt
    if ((await offer(this.#options, entry, bytes)) === 'taken') throw await this.#lost()
    this.#doubt = null
    this.#last = entry
    this.#sinceFold = entry.body.type === 'fold' ? 0 : this.#sinceFold + 1
    this.#history = foldEntry(this.#history, entry.body, entry)
    this.#tip.advance(entry)
  }

  /** The place behind our last entry is another leader's. */
  async #lost(): Promise<WeirError> {
    const { jobId } = this.#options
    // First, because from here on it is a fact, whatever comes of the look at who it is.
    this.#deposed = deposed(jobId, '')
    this.#deposed = deposed(jobId, await successor(this.#options, this.#last.index + 1))
    return this.#deposed
  }

  /** The append that led here has succeeded, so a failure to fold is told to nobody but the log, and tried again. */
  async #fold(): Promise<void> {
    try {
      await this.#write({ type: 'fold', history: this.#history })
      await this.#deleteBefore(this.#last.index)
    } catch (error) {
      this.#log.warn(
        { jobId: this.#options.jobId, failure: toFailure(error) },
        'job log could not be folded',
      )
    }
  }

  /** Entries before a durable fold are not needed any more, whoever leads. Also takes what an earlier folding left. */
  async #deleteBefore(fold: number): Promise<void> {
    const { storage, jobId } = this.#options
    const kept = new Set(this.#history.epochEntries)
    for (const path of await storage.list(logDirectory(jobId))) {
      const index = indexOf(jobId, path)
      if (index !== null && index < fold && !kept.has(index)) await storage.remove(path)
    }
  }
}

function makeEntry(
  options: JobLogOptions,
  index: number,
  epoch: LeaderEpoch,
  previous: string | null,
  body: LogBody,
): LogEntry {
  const { jobId: job, prng, scheduler } = options
  return { job, index, epoch, uuid: prng.hex(16), previous, atMs: scheduler.wallMs(), body }
}

/**
 * `written`: the entry is there and durable. `taken`: another leader's is. Throws `log/unavailable`. Finding our bytes
 * after an error is not enough, since they may not be durable: the storage must have said `created` or `exists`.
 */
async function offer(
  options: JobLogOptions,
  entry: LogEntry,
  bytes: Uint8Array = sealEntry(entry),
): Promise<'written' | 'taken'> {
  const { storage, jobId, prng, scheduler } = options
  const path = logEntry(jobId, entry.index)
  const backoff = new Backoff(RETRY, prng)
  let cause: WeirError | null = null
  for (let tries = 1; tries <= WRITE_TRIES_MAX; tries++) {
    try {
      const outcome = await storage.createExclusive(
        path,
        bytes,
        `log-${entry.epoch}-${entry.uuid.slice(0, 8)}`,
      )
      if (outcome === 'created') return 'written'
      return sameBytes(await storage.read(path), bytes) ? 'written' : 'taken'
    } catch (error) {
      if (!(error instanceof WeirError) || !AMBIGUOUS.has(error.code)) throw error
      cause = error
    }
    if (tries < WRITE_TRIES_MAX) await sleep(scheduler, backoff.nextDelayMs())
  }
  const why = cause?.message ?? 'it does not answer'
  throw new WeirError(
    'log/unavailable',
    `entry ${entry.index} of the job log could not be written: ${why}`,
    {
      domain: 'external',
      cause,
      hint: 'The checkpoint storage must be writable; the job waits for it.',
    },
  )
}

/** As `offer`; throws `log/unavailable` only when the entry is surely not there, or `closed`; for want of room `storage/full`. */
async function offerUntilKnown(
  options: JobLogOptions,
  entry: LogEntry,
  closed: () => boolean,
): Promise<'written' | 'taken'> {
  const { storage, jobId, prng, scheduler } = options
  const backoff = new Backoff(RETRY, prng)
  for (;;) {
    try {
      return await offer(options, entry)
    } catch (error) {
      const unknown = error instanceof WeirError && error.code === 'log/unavailable'
      if (!unknown || closed()) throw error
      const mayBeThere = await isThere(storage, logEntry(jobId, entry.index)).catch(() => true)
      if (!mayBeThere) throw isFull(error.cause) ? error.cause : error
    }
    await sleep(scheduler, backoff.nextDelayMs())
  }
}

const isFull = (error: unknown): boolean =>
  error instanceof WeirError && error.code === 'storage/full'

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}

/** Who began the next epoch, in words; empty when the entry does not say, or cannot be read just now. */
async function successor({ storage, jobId }: JobLogOptions, index: number): Promise<string> {
  const path = logEntry(jobId, index)
  try {
    const entry = openEntry(jobId, index, await storage.read(path), storage.locate(path))
    const leader = entry.body.type === 'epoch' ? entry.body.leader : undefined
    return leader === undefined ? ` (epoch ${entry.epoch})` : ` (epoch ${entry.epoch}, ${leader})`
  } catch (error) {
    if (error instanceof WeirError) return ''
    throw error
  }
}

function deposed(job: JobId, by: string): WeirError {
  return new WeirError('log/deposed', `another JobManager has taken over job ${job}${by}`, {
    domain: 'internal',
    retry: 'never',
  })
}
