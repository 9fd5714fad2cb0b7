// What jobs print, on the disk of their TaskManager, where it outlives the job, its process and the JobManager's memory.
// One line each: time, attempt, task, stream, text. Printing waits for nothing: lines are gathered, and one write at a time
// is under way, whatever the number of jobs, so that a disk that hangs takes one thread of the pool and no more. What
// does not fit meanwhile is dropped and counted. A disk that is full or broken is told once in the log; jobs go on, and
// writing is tried again later. It never throws and never makes anybody wait.

import { mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { CancelTimer, Scheduler } from '@weirjs/common/core/clock'
import { toFailure } from '@weirjs/common/core/errors'
import type { OutputLine } from '@weirjs/common/core/gateways'
import { type JobId, taskKey, type WorkerId } from '@weirjs/common/core/ids'
import type { Log } from '@weirjs/common/core/log'
import { codeOf } from '@weirjs/common/node/fs-errors'
import {
  type FoundFile,
  isOutputFile,
  OUTPUT_FILES_MAX,
  outputFileName,
  setAside,
  surplus,
} from '../core/output-rotation.ts'

export const GATHER_MS = 100
/** In memory, besides as much again that is being written. */
export const CHARS_WAITING_MAX: number = 4 * 1_024 * 1_024
/** What a line takes in memory besides its text, and at its beginning, as characters: empty lines take room, too. */
export const CHARS_A_LINE = 256
/** After a failure nothing is tried, and everything dropped, for so long. */
export const RETRY_MS = 10_000
/** Of one write, but for its last line: with three bytes for each, less than half of the smallest file. */
const CHARS_PER_WRITE_MAX = 128 * 1_024
/** A disk that hangs keeps nobody from ending. */
export const CLOSE_MS_MAX = 1_000

export interface OutputFilesOptions {
  readonly directory: string
  readonly workerId: WorkerId
  readonly fileBytesMax: number
  /** Files of one job on this TaskManager. */
  readonly filesMax: number
  /** Of everything in the directory, which TaskManagers of one machine may share. */
  readonly totalBytesMax: number
  readonly scheduler: Scheduler
  readonly log: Log
}

/** Text of one job, ready to be written. */
interface Waiting {
  readonly jobId: JobId
  readonly text: string
}

export class OutputFiles {
  readonly #options: OutputFilesOptions
  #waiting: Waiting[] = []
  #waitingChars = 0
  #timer: CancelTimer | null = null
  #writing: Promise<void> | null = null
  #bytesSinceSweep = Number.POSITIVE_INFINITY
  /** Lines that were printed and are in no file; told with the next that are. */
  #missing = 0
  #failing = false
  #retryAtMs = 0
  #closed = false

  constructor(options: OutputFilesOptions) {
    this.#options = options
  }

  take({ fence, task, stream, text }: OutputLine): void {
    const { scheduler } = this.#options
    const chars = this.#waitingChars + text.length + CHARS_A_LINE
    if (this.#closed || chars > CHARS_WAITING_MAX || scheduler.nowMs() < this.#retryAtMs) {
      this.#missing++
      return
    }
    this.#waitingChars = chars
    // oxlint-disable-next-line no-restricted-globals -- a moment as text; no time is asked for
    const time = new Date(scheduler.wallMs()).toISOString()
    const where = task === null ? '-' : taskKey(task)
    // A job may put anything into a line, a line end too; one line stays one line.
    const line = `${time} ${fence.attempt} ${where} ${stream} ${text.replaceAll('\n', '\\n')}\n`
    this.#waiting.push({ jobId: fence.jobId, text: line })
    this.#writeLater()
  }

  /** Writes what waits now. Never rejects, and takes as long as the disk does. */
  async flush(): Promise<void> {
    this.#timer?.()
    this.#timer = null
    await this.#writing
    await this.#begin()
  }

  /** Writes what waits, if the disk is quick enough. What is printed from now on is not kept. */
  async close(): Promise<void> {
    this.#closed = true
    const late = Promise.withResolvers<void>()
    const cancel = this.#options.scheduler.timer(CLOSE_MS_MAX, late.resolve)
    await Promise.race([this.flush(), late.promise])
    cancel()
  }

  #writeLater(): void {
    if (this.#closed || this.#writing !== null) return
    this.#timer ??= this.#options.scheduler.timer(GATHER_MS, () => {
      this.#timer = null
      // Cannot reject.
      void this.#begin()
    })
  }

  /** One at a time. */
  #begin(): Promise<void> {
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = null
      if (this.#waiting.length > 0) this.#writeLater()
    })
    return this.#writing
  }

  /** Never rejects. */
  async #writeAll(): Promise<void> {
    const waiting = this.#waiting
    this.#waiting = []
    this.#waitingChars = 0
    for (const [jobId, own] of Map.groupBy(waiting, (one) => one.jobId)) {
      let lines = own.length
      try {
        for (const batch of batchesOf(own)) {
          await this.#write(jobId, batch)
          lines -= batch.length
        }
      } catch (error) {
        this.#missing += lines
        this.#fail(error)
      }
    }
  }

  async #write(jobId: JobId, lines: readonly Waiting[]): Promise<void> {
    const { directory, workerId, log } = this.#options
    const missing = this.#missing
    const note = missing === 0 ? '' : `… ${missing} lines printed on this TaskManager are missing\n`
    const bytes = Buffer.from(note + lines.map(({ text }) => text).join(''))
    const path = join(directory, outputFileName(jobId, workerId))
    await this.#makeRoom(path, bytes.byteLength)
    const file = await open(path, 'a', 0o600)
    try {
      await file.appendFile(bytes)
    } finally {
      await file.close()
    }
    this.#bytesSinceSweep += bytes.byteLength
    this.#missing -= missing
    if (this.#failing) log.info({ directory }, 'what jobs print is written again')
    this.#failing = false
  }

  /** Before `bytes` are added to a file: sets it aside when they do not fit, and deletes what is too much. */
  async #makeRoom(path: string, bytes: number): Promise<void> {
    const { directory, fileBytesMax, filesMax } = this.#options
    const size = await sizeOf(path)
    const isFull = size !== null && size + bytes > fileBytesMax
    if (size === null) await mkdir(directory, { recursive: true, mode: 0o700 })
    if (isFull) {
      await unlessAbsent(unlink(setAside(path, filesMax - 1)))
      for (let i = filesMax - 2; i >= 0; i--)
        await unlessAbsent(rename(setAside(path, i), setAside(path, i + 1)))
    }
    const isNew = isFull || size === null
    if (isNew || this.#bytesSinceSweep + bytes > fileBytesMax / 2) await this.#sweep()
  }

  /** Leaves room for what is written until the next time. */
  async #sweep(): Promise<void> {
    const { directory, totalBytesMax, fileBytesMax } = this.#options
    const bytesMax = totalBytesMax - fileBytesMax / 2
    const found = await filesOf(directory)
    for (const { name } of surplus(found, { bytesMax, filesMax: OUTPUT_FILES_MAX - 1 }))
      await unlessAbsent(unlink(join(directory, name)))
    this.#bytesSinceSweep = 0
  }

  #fail(error: unknown): void {
    const { directory, log, scheduler } = this.#options
    this.#retryAtMs = scheduler.nowMs() + RETRY_MS
    if (this.#failing) return
    this.#failing = true
    const reason = toFailure(error).message
    log.warn({ directory, reason }, 'what jobs print cannot be written to disk; jobs go on')
  }
}

function* batchesOf(lines: readonly Waiting[]): Generator<readonly Waiting[]> {
  let batch: Waiting[] = []
  let chars = 0
  for (const line of lines) {
    batch.push(line)
    chars += line.text.length
    if (chars < CHARS_PER_WRITE_MAX) continue
    yield batch
    batch = []
    chars = 0
  }
  if (batch.length > 0) yield batch
}

async function filesOf(directory: string): Promise<readonly FoundFile[]> {
  const found: FoundFile[] = []
  for (const name of await readdir(directory)) {
    if (!isOutputFile(name)) continue
    const info = await unlessAbsent(stat(join(directory, name)))
    if (info !== null) found.push({ name, bytes: info.size, modifiedMs: info.mtimeMs })
  }
  return found
}

const sizeOf = async (path: string): Promise<number | null> =>
  (await unlessAbsent(stat(path)))?.size ?? null

/** TaskManagers of one machine tidy the same directory: what another has deleted is gone, as wanted. Null then. */
async function unlessAbsent<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw error
  }
}
