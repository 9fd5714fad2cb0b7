// How far a job's log has come, said beside it: what a log cannot know by itself is that its end was lost. Every entry names
// the one before it, so a hole is seen; nothing names the last one. A tip does: a file of its own that says which entry was
// the newest, and replaces the tip before. It is written behind the entry, without anybody waiting for it, so it may lag
// by an entry or two; it never runs ahead. A log that ends before its tip has lost entries and is refused: what is missing
// may be a checkpoint that sinks have committed, and to go on from the one before would say things twice (D13). Whoever takes
// away the newest entries and their tip leaves a log that was once whole: nothing beside it could tell.
//
//   <job>/log/tip-0000000007     weir job-log-tip v1 …     {"job": …, "index": 7, "uuid": <of entry 7>}

import { openJson, sealJson } from '@weirjs/common/codec/envelope'
import { logEntry, logTip } from '@weirjs/common/core/checkpoint/paths'
import type { CheckpointStorage } from '@weirjs/common/core/checkpoint/storage'
import { toFailure, WeirError } from '@weirjs/common/core/errors'
import type { JobId } from '@weirjs/common/core/ids'
import { type Log, silentLog } from '@weirjs/common/core/log'
import { damagedEntry, damagedLog, type LogEntry } from './log-entry.ts'

const KIND = 'job-log-tip'
const VERSION = 1

/** Tips that wait to be removed, when the storage does not let us. */
const TIPS_MAX = 100

type Place = Pick<LogEntry, 'index' | 'uuid'>

/** The indexes of the tips among the files of a log, rising: mostly one, two after a crash. */
export function tipsOf(job: JobId, paths: readonly string[]): readonly number[] {
  return paths
    .map((path) => Number(/\/tip-(\d{10})$/.exec(path)?.[1] ?? 0))
    .filter((index, i) => index >= 1 && logTip(job, index) === paths[i])
    .toSorted((a, b) => a - b)
}

/**
 * Throws `log/damaged` naming the entry that is missing, or that is another one than was written there; and
 * `state/file-damaged` naming the tip. `entries` are those that were read, up to the newest.
 */
export async function checkTip(
  storage: CheckpointStorage,
  job: JobId,
  tip: number,
  entries: readonly Place[],
): Promise<void> {
  const said = await readTip(storage, job, tip)
  if (said === null) return
  const located = storage.locate(logEntry(job, said.index))
  const found = entries.find(({ index }) => index === said.index)
  if (found === undefined && said.index > (entries.at(-1)?.index ?? 0)) {
    throw damagedLog(
      located,
      'the entry is missing, and perhaps others behind it: it was written once',
    )
  }
  if (found !== undefined && found.uuid !== said.uuid)
    throw damagedEntry(located, 'this is another entry than the one that was written once')
}

/** Null when it has been replaced since it was listed. */
async function readTip(
  storage: CheckpointStorage,
  job: JobId,
  index: number,
): Promise<Place | null> {
  const path = logTip(job, index)
  try {
    return openTip(job, index, await storage.read(path), storage.locate(path))
  } catch (error) {
    if (error instanceof WeirError && error.code === 'storage/not-found') return null
    throw error
  }
}

function openTip(job: JobId, index: number, bytes: Uint8Array, located: string): Place {
  const { version, value } = openJson(KIND, bytes, located)
  const tip = value as Partial<Place> & { readonly job?: unknown }
  if (version !== VERSION || tip.job !== job || tip.index !== index || typeof tip.uuid !== 'string')
    throw damagedEntry(located, 'this is not the tip of this log')
  return { index, uuid: tip.uuid }
}

export interface TipWriterOptions {
  readonly storage: CheckpointStorage
  readonly jobId: JobId
  readonly log?: Log
}

/** Writes the tip of one leader's log, the newest only, one at a time. */
export class TipWriter {
  readonly #options: TipWriterOptions
  /** Tips that are on the storage as far as we know, rising. */
  #written: readonly number[]
  #newest: LogEntry | null = null
  #writing = false

  constructor(options: TipWriterOptions, written: readonly number[]) {
    this.#options = options
    this.#written = written
  }

  /** `entry` is durable. Waits for nothing; a failure is told to the log, and the next entry's tip makes up for it. */
  advance(entry: LogEntry): void {
    this.#newest = entry
    // Cannot reject: #run handles what the storage throws.
    if (!this.#writing) void this.#run()
  }

  async #run(): Promise<void> {
    const { jobId, log = silentLog } = this.#options
    this.#writing = true
    try {
      for (let next = this.#take(); next !== null; next = this.#take()) await this.#write(next)
    } catch (error) {
      log.debug({ jobId, reason: toFailure(error).message }, 'tip of the job log not written')
    } finally {
      this.#writing = false
    }
  }

  #take(): LogEntry | null {
    const next = this.#newest
    this.#newest = null
    return next
  }

  async #write({ index, uuid, epoch }: LogEntry): Promise<void> {
    const { storage, jobId: job } = this.#options
    const bytes = sealJson(KIND, VERSION, { job, index, uuid })
    await storage.createExclusive(logTip(job, index), bytes, `tip-${epoch}-${uuid.slice(0, 8)}`)
    const before = this.#written.filter((one) => one !== index)
    this.#written = [...before, index].slice(-TIPS_MAX)
    for (const one of before) {
      await storage.remove(logTip(job, one))
      this.#written = this.#written.filter((left) => left !== one)
    }
  }
}
