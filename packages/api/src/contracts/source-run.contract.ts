// Runs a source the way the engine does, without the engine: enumerator and readers polled in turn on one loop, hints
// and assignments carried between them, everything that crosses a wire or a checkpoint taken through its codec.

import { decodeValue, encodeValue } from '@weirjs/common/codec/block'
import { assert } from '@weirjs/common/core/assert'
import { nextTurn } from '@weirjs/common/core/clock'
import type { Codec } from '@weirjs/common/core/codec'
import { systemScheduler } from '@weirjs/common/node/system-scheduler'
import type {
  DeadLetter,
  Source,
  SourceOutput,
  SourceReader,
  SplitEnumerator,
} from '../connector.ts'

/** Silence for so long while something is still to come is a missing wake. */
const SILENCE_MS_MAX = 45_000
const scheduler = systemScheduler()

export const throughCodec = <T>(codec: Codec<T>, value: T): T =>
  decodeValue(codec, encodeValue(codec, value))

export interface RunOptions {
  readonly readers: number
  /** Records a poll may emit. */
  readonly batch: number
  /** Every hint is sent twice, and some when nobody is idle. */
  readonly noisyHints?: boolean
  /** Unbounded sources: stop after so many records. */
  readonly stopAfter?: number
  /** An earlier attempt has ended, whatever is restored. */
  readonly restarted?: boolean
}

/** What a source emitted, and from whom. */
export class GatheringOutput<T> implements SourceOutput<T> {
  readonly values: T[] = []
  readonly deadLetters: DeadLetter[] = []
  readonly watermarks: { splitId: string; timestamp: number }[] = []
  /** Becomes false after so many more records. */
  wantedFor: number = Number.POSITIVE_INFINITY

  /** Splits that were begun and not ended, as the readers say. */
  readonly open: Set<string> = new Set()

  beginSplit(splitId: string): void {
    this.open.add(splitId)
  }

  endSplit(splitId: string): void {
    this.open.delete(splitId)
  }

  emit(value: T): void {
    this.values.push(value)
    this.wantedFor -= 1
  }

  watermark(splitId: string, timestamp: number): void {
    this.watermarks.push({ splitId, timestamp })
  }

  deadLetter(line: DeadLetter): void {
    this.deadLetters.push(line)
  }

  get wanted(): boolean {
    return this.wantedFor > 0
  }
}

export class SourceRun<T> {
  readonly output: GatheringOutput<T> = new GatheringOutput<T>()
  readonly #source: Source<T>
  readonly #options: RunOptions
  #enumerator: SplitEnumerator<unknown, unknown>
  #readers: SourceReader<T, unknown>[] = []
  #noMoreSplits = false
  #woken = false
  #onWake: (() => void) | null = null

  private constructor(source: Source<T>, options: RunOptions, state: unknown) {
    this.#source = source
    this.#options = options
    this.#enumerator = this.#newEnumerator(state)
    for (let subtask = 0; subtask < options.readers; subtask++)
      this.#readers.push(this.#newReader(subtask))
  }

  /** A run from the start, or from what `snapshot` answered, with its splits dealt out in turn. */
  static async start<T>(
    source: Source<T>,
    options: RunOptions,
    from?: Snapshot,
  ): Promise<SourceRun<T>> {
    const run = new SourceRun(source, options, from?.enumerator ?? null)
    await run.#enumerator.start()
    const splits = from?.splits.map((split) => throughCodec(source.splitCodec, split)) ?? []
    for (const [subtask, reader] of run.#readers.entries()) {
      const own = splits.filter((_, i) => i % options.readers === subtask)
      if (own.length > 0) reader.addSplits(own)
    }
    return run
  }

  get done(): boolean {
    const enough =
      this.output.values.length >= (this.#options.stopAfter ?? Number.POSITIVE_INFINITY)
    return enough || (this.#noMoreSplits && this.#readers.every((reader) => reader.idle))
  }

  /** One round: the enumerator, then every reader. Waits for a wake when nobody got on. */
  async round(): Promise<void> {
    const assigned = this.#pollEnumerator()
    let progress = assigned
    for (const [subtask, reader] of this.#readers.entries()) {
      const before = this.output.values.length
      const result = reader.poll(this.output, this.#options.batch)
      const emitted = this.output.values.length - before
      assert(
        emitted <= this.#options.batch,
        `a poll for ${this.#options.batch} records emitted ${emitted}`,
      )
      if (result === 'more' || emitted > 0) progress = true
      if ((reader.idle && !this.#noMoreSplits) || this.#options.noisyHints === true)
        this.#hint(subtask)
    }
    if (progress || this.done) await turn()
    else if (!this.#pollEnumerator()) await this.#wake()
  }

  /** Rounds until everything has been read. */
  async finish(): Promise<readonly T[]> {
    while (!this.done) await this.round()
    return this.output.values
  }

  snapshot(): Snapshot {
    const enumerator = throughCodec(this.#source.enumeratorStateCodec, this.#enumerator.snapshot())
    const splits = this.#readers.flatMap((reader) => reader.snapshot())
    return {
      enumerator,
      splits: splits.map((split) => throughCodec(this.#source.splitCodec, split)),
    }
  }

  /** What the readers answer, as it is. */
  rawSplits(): readonly unknown[] {
    return this.#readers.flatMap((reader) => reader.snapshot())
  }

  /** Replaces every reader by a new one that goes on from the old one's snapshot. */
  async restartReaders(): Promise<void> {
    for (const [subtask, old] of this.#readers.entries()) {
      const splits = old.snapshot().map((split) => throughCodec(this.#source.splitCodec, split))
      await old.close()
      const fresh = this.#newReader(subtask)
      if (splits.length > 0) fresh.addSplits(splits)
      this.#readers[subtask] = fresh
    }
  }

  /** Replaces the enumerator by a new one that goes on from the old one's snapshot. */
  async restartEnumerator(): Promise<void> {
    const state = throughCodec(this.#source.enumeratorStateCodec, this.#enumerator.snapshot())
    await this.#enumerator.close()
    this.#enumerator = this.#newEnumerator(state)
    this.#noMoreSplits = false
    await this.#enumerator.start()
  }

  async close(): Promise<void> {
    await Promise.all([...this.#readers.map((reader) => reader.close()), this.#enumerator.close()])
  }

  #pollEnumerator(): boolean {
    if (this.#noMoreSplits) {
      assert(this.#enumerator.poll() === 'end', 'an enumerator that has ended stays at its end')
      return false
    }
    const polled = this.#enumerator.poll()
    if (polled === 'wait') return false
    if (polled === 'end') {
      this.#noMoreSplits = true
      return true
    }
    for (const { subtask, split } of polled) {
      const reader = this.#readers[subtask]
      assert(reader !== undefined, `there is no reader ${subtask}`)
      reader.addSplits([throughCodec(this.#source.splitCodec, split)])
    }
    return polled.length > 0
  }

  #hint(subtask: number): void {
    this.#enumerator.readerIdle(subtask)
    if (this.#options.noisyHints === true) this.#enumerator.readerIdle(subtask)
  }

  #newEnumerator(state: unknown): SplitEnumerator<unknown, unknown> {
    const context = {
      parallelism: this.#options.readers,
      restarted: state !== null || this.#options.restarted === true,
      scheduler,
      wake: () => this.#wakeUp(),
    }
    return this.#source.createEnumerator(context, state)
  }

  #newReader(subtask: number): SourceReader<T, unknown> {
    const { readers: parallelism } = this.#options
    return this.#source.createReader({
      subtask,
      parallelism,
      scheduler,
      wake: () => this.#wakeUp(),
    })
  }

  #wakeUp(): void {
    this.#woken = true
    this.#onWake?.()
  }

  async #wake(): Promise<void> {
    if (!this.#woken) {
      await new Promise<void>((resolve, reject) => {
        const cancel = scheduler.timer(SILENCE_MS_MAX, () =>
          reject(new Error('nobody woke the engine')),
        )
        this.#onWake = () => {
          cancel()
          resolve()
        }
      })
    }
    this.#onWake = null
    this.#woken = false
  }
}

export interface Snapshot {
  readonly enumerator: unknown
  readonly splits: readonly unknown[]
}

const turn = (): Promise<void> => nextTurn(scheduler)
