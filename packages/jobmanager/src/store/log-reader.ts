// Reads a job's log. Listing only says where to begin; what counts is that the entries from the newest fold (or entry 1)
// to the end are all there, whole, and in one chain. Nothing is skipped: a log with a hole is refused by file name. Of what
// is kept below the fold nothing counts but that it is there: it holds places in which a leader that slept may not write.

import type { CheckpointStorage } from '@weirjs/common/core/checkpoint/storage'
import { jobDirectory, logDirectory, logEntry } from '@weirjs/common/core/checkpoint/paths'
import { WeirError } from '@weirjs/common/core/errors'
import { type JobId, jobId } from '@weirjs/common/core/ids'
import { isThere } from './is-there.ts'
import { foldEntry, type JobHistory } from './job-history.ts'
import {
  damagedEntry,
  damagedLog,
  indexOf,
  type LogEntry,
  openEntry,
  sealEntry,
} from './log-entry.ts'
import { checkTip, tipsOf } from './log-tip.ts'

/** A leader that folds while we read pulls files from under us; then we begin again, so often. */
const READ_TRIES_MAX = 5
/** Entries that are looked at for something readable; a fold comes far more often. */
const SALVAGE_READS_MAX = 1_000
const JOB_ID = /^[0-9a-f]{32}$/

export interface ReadLog {
  readonly history: JobHistory
  /** The newest entry. */
  readonly last: LogEntry
  /** Entries since the newest fold, or since the beginning. */
  readonly sinceFold: number
  /** Tips that lie beside it, rising. */
  readonly tips: readonly number[]
}

/** Jobs that have a directory on the storage. */
export async function listJobs(storage: CheckpointStorage): Promise<readonly JobId[]> {
  const names = await storage.listDirectories('')
  return names.filter((name) => JOB_ID.test(name)).map(jobId)
}

/**
 * The job's history, without taking the job over. Throws `log/not-found` when the job has no log, `log/damaged` or
 * `state/file-damaged` when it is not whole, `storage/io` when it cannot be read.
 */
export async function readHistory(storage: CheckpointStorage, job: JobId): Promise<JobHistory> {
  return (await readLog(storage, job)).history
}

/**
 * The same, of which no loss of power takes anything away: whoever wrote the newest entry may have died when it was visible
 * and not yet durable. For those who act on it. Throws as `readHistory` does.
 */
export async function readDurableHistory(
  storage: CheckpointStorage,
  job: JobId,
): Promise<JobHistory> {
  for (let tries = 1; ; tries++) {
    const { history, last } = await readLog(storage, job)
    if (await makeDurable(storage, last)) return history
    if (tries === READ_TRIES_MAX)
      throw damagedLog(storage.locate(logEntry(job, last.index)), 'it changes again and again')
  }
}

/**
 * A storage that says `exists` has made the name durable, and with it all before it in the directory (D2). False when it is
 * not the newest any more: it is lost and somebody else has taken its place, or it was folded away while we slept. It then
 * lies there again, below the fold, where nobody reads; the next fold takes it.
 */
export async function makeDurable(storage: CheckpointStorage, entry: LogEntry): Promise<boolean> {
  const { job, index, uuid } = entry
  const path = logEntry(job, index)
  const outcome = await storage.createExclusive(
    path,
    sealEntry(entry),
    `settle-${uuid.slice(0, 8)}`,
  )
  if (outcome === 'created') return (await highestEntry(storage, job)) === index
  return (await readEntry(storage, job, index))?.uuid === uuid
}

export async function readLog(storage: CheckpointStorage, job: JobId): Promise<ReadLog> {
  for (let tries = 1; ; tries++) {
    try {
      return await readOnce(storage, job)
    } catch (error) {
      if (!(error instanceof WeirError) || error.code !== 'log/damaged' || tries === READ_TRIES_MAX)
        throw error
    }
  }
}

/**
 * What can still be told of a log that is not whole: the history up to its first damage, from the newest point where it
 * can begin. For people only: it may lack what matters. Null when nothing can be read.
 */
export async function salvage(storage: CheckpointStorage, job: JobId): Promise<JobHistory | null> {
  try {
    const highest = await highestEntry(storage, job)
    for (let index = highest; index >= Math.max(1, highest - SALVAGE_READS_MAX); index--) {
      const base = await tryEntry(storage, job, index)
      if (base?.body.type === 'submitted' || base?.body.type === 'fold')
        return await foldWhileWhole(storage, job, base)
    }
    return null
  } catch (error) {
    if (error instanceof WeirError) return null // it cannot even be listed
    throw error
  }
}

async function foldWhileWhole(
  storage: CheckpointStorage,
  job: JobId,
  base: LogEntry,
): Promise<JobHistory> {
  let history = foldEntry(null, base.body, base)
  for (let before = base; ; ) {
    const entry = await tryEntry(storage, job, before.index + 1)
    if (entry === null || entry.previous !== before.uuid) return history
    history = foldEntry(history, entry.body, entry)
    before = entry
  }
}

/** Null when it is missing, damaged or cannot be read. */
async function tryEntry(
  storage: CheckpointStorage,
  job: JobId,
  index: number,
): Promise<LogEntry | null> {
  try {
    return await readEntry(storage, job, index)
  } catch (error) {
    if (error instanceof WeirError) return null
    throw error
  }
}

/** The highest index that a listing shows; 0 when there is none. */
export async function highestEntry(storage: CheckpointStorage, job: JobId): Promise<number> {
  return highestOf(job, await storage.list(logDirectory(job)))
}

function highestOf(job: JobId, paths: readonly string[]): number {
  return paths.reduce((highest, path) => Math.max(highest, indexOf(job, path) ?? 0), 0)
}

async function readOnce(storage: CheckpointStorage, job: JobId): Promise<ReadLog> {
  const paths = await storage.list(logDirectory(job))
  const highest = highestOf(job, paths)
  // Listed before the entries are read: whoever writes meanwhile writes entries first.
  const tips = tipsOf(job, paths)
  const entries: LogEntry[] = []
  for (let index = highest; index >= 1; index--) {
    const entry = await readEntry(storage, job, index)
    if (entry === null)
      throw damagedLog(storage.locate(logEntry(job, index)), 'the entry is missing')
    entries.unshift(entry)
    if (entry.body.type === 'fold') break
  }
  // A listing may lag behind: what was created last is found by asking for it.
  for (let index = highest + 1; ; index++) {
    const entry = await readEntry(storage, job, index)
    if (entry === null) break
    entries.push(entry)
  }
  const tip = tips.at(-1)
  if (tip !== undefined) await checkTip(storage, job, tip, entries)
  const last = entries.at(-1)
  if (last === undefined) throw await noLog(storage, job)
  const history = replay(storage, job, entries)
  await checkKept(storage, job, history, new Set(paths))
  return { history, last, sinceFold: entries.length - 1, tips }
}

/** Entries that began an epoch are not deleted with those before a fold. */
async function checkKept(
  storage: CheckpointStorage,
  job: JobId,
  { epochEntries }: JobHistory,
  listed: ReadonlySet<string>,
): Promise<void> {
  for (const index of epochEntries) {
    const path = logEntry(job, index)
    if (!listed.has(path) && !(await isThere(storage, path)))
      throw damagedLog(storage.locate(path), 'the entry is missing: it began an epoch')
  }
}

/** A submission that was never accepted has code and no log; a job that has checkpoints had one. */
async function noLog(storage: CheckpointStorage, job: JobId): Promise<WeirError> {
  const located = storage.locate(logDirectory(job))
  const checkpoints = (await storage.listDirectories(jobDirectory(job))).filter((name) =>
    name.startsWith('chk-'),
  )
  if (checkpoints.length > 0)
    return damagedLog(located, `it is missing, and the job has ${checkpoints.join(', ')}`)
  const message = `there is no job log in ${located}`
  return new WeirError('log/not-found', message, { domain: 'user' })
}

async function readEntry(
  storage: CheckpointStorage,
  job: JobId,
  index: number,
): Promise<LogEntry | null> {
  const path = logEntry(job, index)
  try {
    return openEntry(job, index, await storage.read(path), storage.locate(path))
  } catch (error) {
    if (error instanceof WeirError && error.code === 'storage/not-found') return null
    throw error
  }
}

function replay(storage: CheckpointStorage, job: JobId, entries: readonly LogEntry[]): JobHistory {
  let history: JobHistory | null = null
  let before: LogEntry | null = null
  for (const entry of entries) {
    const located = storage.locate(logEntry(job, entry.index))
    if (before === null) checkFirst(entry, located)
    else checkChain(before, entry, located)
    history = foldEntry(history, entry.body, entry)
    before = entry
  }
  if (history === null) throw damagedLog(storage.locate(logDirectory(job)), 'it is empty')
  return history
}

function checkFirst(entry: LogEntry, located: string): void {
  if (entry.body.type === 'fold') return
  if (entry.body.type !== 'submitted' || entry.index !== 1) {
    throw damagedEntry(
      located,
      `a log does not begin with entry ${entry.index} "${entry.body.type}"`,
    )
  }
}

function checkChain(before: LogEntry, entry: LogEntry, located: string): void {
  if (entry.previous !== before.uuid)
    throw damagedEntry(located, `it does not follow the entry ${before.index} that is there`)
  const rises = entry.epoch > before.epoch
  if (rises !== (entry.body.type === 'epoch') || entry.epoch < before.epoch) {
    throw damagedEntry(
      located,
      `epoch ${entry.epoch} after ${before.epoch} in an entry "${entry.body.type}"`,
    )
  }
  if (entry.body.type === 'submitted') throw damagedEntry(located, 'a job is submitted once')
}
