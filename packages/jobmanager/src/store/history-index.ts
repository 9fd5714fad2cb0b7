// What a person may want to know about a job later and what nothing depends on: checkpoints that failed, lines that were
// printed. Keyed JSON records in the JobManager's data directory, or in memory. It is an index, never the truth (D1):
// losing it loses nothing that a restore needs, so writing it never fails a job.

import { Level } from 'level'
import { toFailure, WeirError } from '@weirjs/common/core/errors'
import type { JobId } from '@weirjs/common/core/ids'
import type { Log } from '@weirjs/common/core/log'

export type HistoryKind = 'checkpoint' | 'output' | 'end'

/** Records of one kind that are read back for one job, the newest. */
export const HISTORY_RECORDS_MAX = 2_000
/** Older ones are deleted when an order is a multiple of this: on the disk there may be so many more. */
export const TRIM_EVERY = 1_000

export interface HistoryIndex {
  /** Never rejects and never waits; the newest value of a key wins. `order` sorts records of one kind. */
  put(job: JobId, kind: HistoryKind, order: number, value: unknown): void
  /** In rising order, at most HISTORY_RECORDS_MAX, the newest. */
  list(job: JobId, kind: HistoryKind): Promise<readonly unknown[]>
  /** Deletes all records of a job that is not shown any more. Never rejects and never waits. */
  forget(job: JobId): void
  close(): Promise<void>
}

const ORDER_DIGITS = 16
const key = (job: JobId, kind: HistoryKind, order: number): string =>
  `${job}/${kind}/${String(order).padStart(ORDER_DIGITS, '0')}`

/** `0` comes behind `/`. */
const rangeOf = (job: JobId, kind: HistoryKind): { readonly gte: string; readonly lt: string } => ({
  gte: `${job}/${kind}/`,
  lt: `${job}/${kind}0`,
})

export class MemoryHistory implements HistoryIndex {
  readonly #jobs = new Map<string, Map<number, unknown>>()

  put(job: JobId, kind: HistoryKind, order: number, value: unknown): void {
    const prefix = `${job}/${kind}`
    const records = this.#jobs.get(prefix) ?? new Map<number, unknown>()
    this.#jobs.set(prefix, records.set(order, value))
    if (records.size > HISTORY_RECORDS_MAX) records.delete(Math.min(...records.keys()))
  }

  list(job: JobId, kind: HistoryKind): Promise<readonly unknown[]> {
    const records = [...(this.#jobs.get(`${job}/${kind}`) ?? [])].sort(([a], [b]) => a - b)
    return Promise.resolve(records.map(([, value]) => value))
  }

  forget(job: JobId): void {
    for (const prefix of this.#jobs.keys())
      if (prefix.startsWith(`${job}/`)) this.#jobs.delete(prefix)
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

/** Writes that may wait for the disk; what comes on top is dropped with a warning. */
const WRITES_WAITING_MAX = 10_000

interface Put {
  readonly type: 'put'
  readonly key: string
  readonly value: unknown
}

type Work =
  | Put
  | { readonly type: 'trim'; readonly job: JobId; readonly kind: HistoryKind }
  | { readonly type: 'forget'; readonly job: JobId }

export class LevelHistory implements HistoryIndex {
  readonly #db: Level<string, unknown>
  readonly #log: Log
  #waiting: Work[] = []
  #writing: Promise<void> | null = null

  private constructor(db: Level<string, unknown>, log: Log) {
    this.#db = db
    this.#log = log
  }

  /** A directory that cannot be read is given up and made anew. Throws `history/unavailable` when that fails too. */
  static async open(directory: string, log: Log): Promise<LevelHistory> {
    const db = new Level<string, unknown>(directory, { valueEncoding: 'json' })
    try {
      await db.open()
    } catch (error) {
      log.warn(
        { directory, reason: toFailure(error).message },
        'history index is unreadable, begun anew',
      )
      await rebuild(directory, db, error)
    }
    return new LevelHistory(db, log)
  }

  put(job: JobId, kind: HistoryKind, order: number, value: unknown): void {
    if (this.#waiting.length >= WRITES_WAITING_MAX) {
      this.#log.warn({ job, kind }, 'history index is too slow, a record is dropped')
      return
    }
    this.#do({ type: 'put', key: key(job, kind, order), value })
    if (order > 0 && order % TRIM_EVERY === 0) this.#do({ type: 'trim', job, kind })
  }

  forget(job: JobId): void {
    this.#do({ type: 'forget', job })
  }

  #do(work: Work): void {
    this.#waiting.push(work)
    this.#writing ??= this.#writeWaiting()
  }

  /** One batch at a time, so that the newest value of a key wins. Never rejects. */
  async #writeWaiting(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0)
      try {
        await this.#db.batch(batch.filter((work) => work.type === 'put'))
        for (const work of batch) {
          if (work.type === 'trim') await this.#trim(work.job, work.kind)
          if (work.type === 'forget')
            await this.#db.clear({ gte: `${work.job}/`, lt: `${work.job}0` })
        }
      } catch (error) {
        const reason = toFailure(error).message
        this.#log.warn({ records: batch.length, reason }, 'history index not written')
      }
    }
    this.#writing = null
  }

  async #trim(job: JobId, kind: HistoryKind): Promise<void> {
    const newest = { ...rangeOf(job, kind), reverse: true, limit: HISTORY_RECORDS_MAX }
    const oldestKept = (await this.#db.keys(newest).all()).at(-1)
    if (oldestKept !== undefined)
      await this.#db.clear({ gte: rangeOf(job, kind).gte, lt: oldestKept })
  }

  async list(job: JobId, kind: HistoryKind): Promise<readonly unknown[]> {
    await this.#writing
    try {
      const newest = this.#db.values({
        ...rangeOf(job, kind),
        reverse: true,
        limit: HISTORY_RECORDS_MAX,
      })
      return (await newest.all()).reverse()
    } catch (error) {
      this.#log.warn({ job, kind, reason: toFailure(error).message }, 'history index not read')
      return []
    }
  }

  async close(): Promise<void> {
    await this.#writing
    await this.#db.close()
  }
}

/** Another process that holds the directory is no damage: then this fails. */
async function rebuild(
  directory: string,
  db: Level<string, unknown>,
  cause: unknown,
): Promise<void> {
  try {
    const { rm } = await import('node:fs/promises')
    if (isLocked(cause)) throw cause
    await rm(directory, { recursive: true, force: true })
    await db.open()
  } catch (error) {
    throw new WeirError('history/unavailable', `cannot open the history index in ${directory}`, {
      domain: 'external',
      retry: 'never',
      hint: 'Is another JobManager running on this data directory?',
      cause: error,
    })
  }
}

function isLocked(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined
  return cause instanceof Error && 'code' in cause && cause.code === 'LEVEL_LOCKED'
}
