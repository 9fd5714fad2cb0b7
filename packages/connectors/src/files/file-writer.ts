// The writing half of the exactly-once file sink. Records become lines, lines gather to chunks, chunks are written in the
// background. A part is sealed at every barrier, and earlier when it is big or old; the checkpoint gets the sealed ones.

import type { SinkContext, SinkSnapshot, SinkWriter } from '@weirjs/api/connector'
import { Mismatch } from '@weirjs/api/declared-type'
import type { CancelTimer } from '@weirjs/common/core/clock'
import { WeirError } from '@weirjs/common/core/errors'
import { type FileCommittable, partNames } from './file-parts.ts'
import type { FileSystem } from './file-system.ts'
import type { LineWriter } from './line-format.ts'
import { PartFile } from './part-file.ts'

/** Characters gathered before they are written. */
const CHUNK_CHARS = 64 * 1024
/** Bytes on their way to the disk; beyond that the engine holds records back. */
export const BUFFERED_BYTES_MAX: number = 4 * 1024 * 1024

export interface FileWriterOptions<T> {
  readonly fs: FileSystem
  readonly directory: string
  readonly ending: string
  readonly lines: LineWriter<T>
  /** A part of this size is sealed. */
  readonly rollBytes: number
  /** A part this old is sealed; null: age does not matter. */
  readonly rollAfterMs: number | null
}

export class FileWriter<T> implements SinkWriter<T, FileCommittable, never> {
  readonly #context: SinkContext & { wake(): void }
  readonly #options: FileWriterOptions<T>
  /** The part that records go to; null: none since the last one was sealed. */
  #part: PartFile | null = null
  #partBytes = 0
  /** Parts begun. */
  #parts = 0
  /** Those that are not sealed yet. */
  readonly #unsealed = new Set<PartFile>()
  #age: CancelTimer | null = null
  /** Lines not handed to the background yet. */
  #text = ''
  /** Everything handed to the background, in order. Never rejects. */
  #work: Promise<void> = Promise.resolve()
  #pendingBytes = 0
  /** Sealed since the last barrier. */
  #sealed: Promise<FileCommittable>[] = []
  #failure: unknown = null

  constructor(context: SinkContext & { wake(): void }, options: FileWriterOptions<T>) {
    this.#context = context
    this.#options = options
  }

  get ready(): boolean {
    // After a failure the next write must come through to report it.
    return this.#pendingBytes < BUFFERED_BYTES_MAX || this.#failure !== null
  }

  write(value: T): void {
    if (this.#failure !== null) throw this.#failure
    try {
      if (this.#part === null) this.#begin(value)
      this.#text += `${this.#options.lines.line(value)}\n`
    } catch (error) {
      throw error instanceof Mismatch ? this.#unwritable(error) : error
    }
    if (this.#text.length >= CHUNK_CHARS) this.#flush()
    if (this.#partBytes + this.#text.length >= this.#options.rollBytes) this.#seal()
  }

  finish(): void {
    this.#seal()
  }

  snapshot(_checkpointId: number): SinkSnapshot<FileCommittable, never> {
    if (this.#failure !== null) throw this.#failure
    this.#seal()
    const sealed = this.#sealed
    this.#sealed = []
    return { committables: Promise.all(sealed), state: [] }
  }

  /** What no checkpoint has been given is removed; the rest may be needed by whoever restores one. */
  async close(): Promise<void> {
    this.#age?.()
    await this.#work
    for (const part of this.#unsealed) await this.#tidy(() => part.abandon())
    for (const sealed of this.#sealed) {
      await this.#tidy(async () => this.#options.fs.remove((await sealed).staging))
    }
  }

  async #tidy(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch {
      // The disk that failed the writer may fail this too; the next attempt cleans up what is left.
    }
  }

  #begin(first: T): void {
    const { fs, directory, ending, lines } = this.#options
    this.#part = new PartFile(
      fs,
      partNames(directory, this.#context, this.#parts, ending),
      this.#context,
    )
    this.#unsealed.add(this.#part)
    this.#parts += 1
    this.#partBytes = 0
    this.#scheduleAge()
    const head = lines.head(first)
    if (head !== null) this.#text += `${head}\n`
  }

  #flush(): void {
    const part = this.#part
    if (part === null || this.#text === '') return
    const bytes = Buffer.from(this.#text, 'utf8')
    this.#text = ''
    this.#partBytes += bytes.length
    this.#pendingBytes += bytes.length
    // A failure is kept by the queue itself and reported by the next write or snapshot.
    void this.#enqueue(async () => {
      await part.write(bytes)
      const wasFull = this.#pendingBytes >= BUFFERED_BYTES_MAX
      this.#pendingBytes -= bytes.length
      if (wasFull && this.ready) this.#context.wake()
    })
  }

  #seal(): void {
    this.#flush()
    const part = this.#part
    if (part === null) return
    this.#age?.()
    this.#age = null
    this.#part = null
    const seal = async (): Promise<FileCommittable> => {
      const committable = await part.seal()
      this.#unsealed.delete(part)
      return committable
    }
    this.#sealed.push(this.#enqueue(seal))
  }

  #scheduleAge(): void {
    const { rollAfterMs } = this.#options
    if (rollAfterMs === null) return
    this.#age = this.#context.scheduler.timer(rollAfterMs, () => {
      this.#age = null
      this.#seal()
    })
  }

  /** Runs `job` behind everything before it; after a failure nothing more is done. The answer may be ignored. */
  #enqueue<R>(job: () => Promise<R>): Promise<R> {
    const result = this.#work.then(() => {
      if (this.#failure !== null) throw this.#failure
      return job()
    })
    this.#work = result.then(
      () => {},
      (error: unknown) => {
        this.#failure ??= error
        this.#context.wake()
      },
    )
    return result
  }

  #unwritable(error: Mismatch): WeirError {
    return new WeirError(
      'files/record-not-writable',
      `a record of sink "${this.#context.uid}": ${error.sentence}`,
      {
        domain: 'user',
        cause: error,
        hint: 'Give the sink the type of its records, or map them to something that the format can say.',
      },
    )
  }
}
