// What a person may want to know about a job later and what nothing depends on: checkpoints that failed, lines that were
// printed. Keyed JSON records in the JobManager's data directory, or in memory. It is an index, never the truth (D1):
// losing it loses nothing that a restore needs, so writing it never fails a job.

import { Level } from 'level'
import { toFailure, WeirError } from '@weirjs/common/core/errors'
import type { JobId } from '@weirjs/common/core/ids'
import type { Log } from '@weirjs/common/core/log'

export type HistoryKind = 'checkpoint' | 'output'

/** Records of one kind that are read back for one job, the newest. */
export const HISTORY_RECORDS_MAX = 2_000

export interface HistoryIndex {
  /** Never rejects and never waits; the newest value of a key wins. `order` sorts records of one kind. */
  put(job: JobId, kind: HistoryKind, order: number, value: unknown): void
  /** In rising order, at most HISTORY_RECORDS_MAX, the newest. */
  list(job: JobId, kind: HistoryKind): Promise<readonly unknown[]>
  forget(job: JobId): Promise<void>
  close(): Promise<void>
}

const ORDER_DIGITS = 16
const key = (job: JobId, kind: HistoryKind, order: number): string =>
  `${job}/${kind}/${String(order).padStart(ORDER_DIGITS, '0')}`

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

  forget(job: JobId): Promise<void> {
    for (const prefix of this.#jobs.keys())
      if (prefix.startsWith(`${job}/`)) this.#jobs.delete(prefix)
    return Promise.resolve()
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

/** Writes that may wait for the disk; what comes on top is dropped with a warning. */
const WRITES_WAITING_MAX = 10_000

export class LevelHistory implements HistoryIndex {
  readonly #db: Level<string, unknown>
  readonly #log: Log
  #waiting: { type: 'put'; key: string; value: unknown }[] = []
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
    this.#waiting.push({ type: 'put', key: key(job, kind, order), value })
    this.#writing ??= this.#writeWaiting()
  }

  /** One batch at a time, so that the newest value of a key wins. Never rejects. */
  async #writeWaiting(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0)
      try {
        await this.#db.batch(batch)
      } catch (error) {
        const reason = toFailure(error).message
        this.#log.warn({ records: batch.length, reason }, 'history index not written')
      }
    }
    this.#writing = null
  }

  async list(job: JobId, kind: HistoryKind): Promise<readonly unknown[]> {
    const range = { gte: `${job}/${kind}/`, lt: `${job}/${kind}0` }
    await this.#writing
    try {
      const newest = this.#db.values({ ...range, reverse: true, limit: HISTORY_RECORDS_MAX })
      return (await newest.all()).reverse()
    } catch (error) {
      this.#log.warn({ job, kind, reason: toFailure(error).message }, 'history index not read')
      return []
    }
  }

  async forget(job: JobId): Promise<void> {
    await this.#writing
    await this.#db.clear({ gte: `${job}/`, lt: `${job}0` })
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
