// What a person may want to know about a job later and what nothing depends on: checkpoints that failed, lines that were
// printed. Keyed JSON records in the JobManager's data directory, or in memory. It is an index, never the truth (D1):
// losing it loses nothing that a restore needs, so writing it never fails a job.

import { Level } from 'level'
import { type Failure, toFailure, WeirError } from '@weirjs/common/core/errors'
import type { JobId } from '@weirjs/common/core/ids'
import type { Log } from '@weirjs/common/core/log'

export type HistoryKind = 'checkpoint' | 'output' | 'end'

/** Records of one kind that are read back for one job, the newest. */
export const HISTORY_RECORDS_MAX = 2_000
/** Older ones are deleted when an order is a multiple of this: on the disk there may be so many more. */
export const TRIM_EVERY = 1_000

export interface HistoryIndex {
  /**
   * Never rejects and never waits; the newest value of a key wins. `order` sorts records of one kind. `told`, once: whether the
   * record is written, so that `list` has it, also after a restart.
   */
  put(
    job: JobId,
    kind: HistoryKind,
    order: number,
    value: unknown,
    told?: (written: boolean) => void,
  ): void
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

  put(
    job: JobId,
    kind: HistoryKind,
    order: number,
    value: unknown,
    told?: (written: boolean) => void,
  ): void {
    const prefix = `${job}/${kind}`
    const records = this.#jobs.get(prefix) ?? new Map<number, unknown>()
    this.#jobs.set(prefix, records.set(order, value))
    if (records.size > HISTORY_RECORDS_MAX) records.delete(Math.min(...records.keys()))
    told?.(true)
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
  readonly told: ((written: boolean) => void) | undefined
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
  #failing = false

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

  put(
    job: JobId,
    kind: HistoryKind,
    order: number,
    value: unknown,
    told?: (written: boolean) => void,
  ): void {
    if (this.#waiting.length >= WRITES_WAITING_MAX) {
      this.#log.warn({ job, kind }, 'history index is too slow, a record is dropped')
      told?.(false)
      return
    }
    this.#do({ type: 'put', key: key(job, kind, order), value, told })
    if (order > 0 && order % TRIM_EVERY === 0) this.#do({ type: 'trim', job, kind })
  }

  forget(job: JobId): void {
    this.#do({ type: 'forget', job })
  }

  #do(work: Work): void {
    this.#waiting.push(work)
    this.#writing ??= this.#writeWaiting()
  }

  /** In the order in which it was asked for: the newest value of a key wins, and what was forgotten may come again. */
  async #writeWaiting(): Promise<void> {
    for (let work = this.#waiting[0]; work !== undefined; work = this.#waiting[0]) {
      const puts = firstPuts(this.#waiting)
      this.#waiting.splice(0, Math.max(1, puts.length))
      await (work.type === 'put' ? this.#putAll(puts) : this.#delete(work))
    }
    this.#writing = null
  }

  /** All at once; where that fails each by itself: one that cannot be written does not take the others along. */
  async #putAll(puts: readonly Put[]): Promise<void> {
    const failure = await failureOf(this.#db.batch([...puts]))
    if (failure !== null && puts.length > 1) {
      for (const put of puts) await this.#putAll([put])
      return
    }
    this.#report(failure)
    for (const { told } of puts) told?.(failure === null)
  }

  async #delete(work: Exclude<Work, Put>): Promise<void> {
    const deleting =
      work.type === 'trim'
        ? this.#trim(work.job, work.kind)
        : this.#db.clear({ gte: `${work.job}/`, lt: `${work.job}0` })
    this.#report(await failureOf(deleting))
  }

  /** Failures are told once, until something succeeds again. */
  #report(failure: Failure | null): void {
    if (failure !== null && !this.#failing)
      this.#log.warn({ reason: failure.message }, 'history index not written')
    this.#failing = failure !== null
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

/** Never rejects. */
async function failureOf(work: Promise<void>): Promise<Failure | null> {
  try {
    await work
    return null
  } catch (error) {
    return toFailure(error)
  }
}

function firstPuts(waiting: readonly Work[]): readonly Put[] {
  const end = waiting.findIndex((work) => work.type !== 'put')
  return waiting.slice(0, end === -1 ? waiting.length : end).filter((work) => work.type === 'put')
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
