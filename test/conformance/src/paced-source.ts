// A source that a test holds by the reins: one record at a time, no more often than it is told, and only while it may.
// Split p of P makes the numbers p, p + P, p + 2P, …; its position is how many of them it has made.

import type { ReaderContext, Source, SourceOutput, SourceReader } from '@weirjs/api/connector'
import type { CancelTimer } from '@weirjs/common/core/clock'
import type { Codec } from '@weirjs/common/core/codec'
import { NO_TIMESTAMP } from '@weirjs/common/core/time-constants'
import { plainCodec } from '@weirjs/connectors/plain-codec'
import {
  StaticEnumerator,
  type StaticState,
  staticStateCodec,
} from '@weirjs/connectors/static-enumerator'

export interface PacedOptions<T> {
  readonly type: Codec<T>
  /** Record number n. */
  readonly make: (n: number) => T
  /** Records in all; absent: without end. */
  readonly count?: number
  /** Default: as many as readers at the first start. */
  readonly splits?: number
  /** Least virtual time between two records of a reader, ms. Default: one in each turn of the loop. */
  readonly everyMs?: number
  /** False: the reader waits. Asked again every millisecond. Default: always. */
  readonly may?: (n: number) => boolean
  readonly timestamp?: (n: number) => number
}

interface PacedSplit {
  readonly id: string
  readonly part: number
  readonly of: number
  readonly made: number
}

const ASK_AGAIN_MS = 1
const splitCodec: Codec<PacedSplit> = plainCodec('test/paced', 1)

export function paced<T>(options: PacedOptions<T>): Source<T, PacedSplit, StaticState> {
  return {
    description: 'paced by a test',
    bounded: options.count !== undefined,
    record: options.type,
    splitCodec,
    enumeratorStateCodec: staticStateCodec,
    createEnumerator: (context, restored) =>
      new StaticEnumerator(context, restored, (parallelism) =>
        makeSplits(options.splits ?? parallelism),
      ),
    createReader: (context) => new PacedReader(context, options),
  }
}

const makeSplits = (of: number): readonly PacedSplit[] =>
  Array.from({ length: of }, (_, part) => ({ id: `paced-${part}`, part, of, made: 0 }))

class PacedReader<T> implements SourceReader<T, PacedSplit> {
  readonly #context: ReaderContext
  readonly #options: PacedOptions<T>
  #splits: PacedSplit[] = []
  #lastMs = Number.NEGATIVE_INFINITY
  #timer: CancelTimer | null = null

  constructor(context: ReaderContext, options: PacedOptions<T>) {
    this.#context = context
    this.#options = options
  }

  addSplits(splits: readonly PacedSplit[]): void {
    this.#splits.push(...splits)
  }

  get idle(): boolean {
    return this.#splits.every((split) => this.#next(split) === null)
  }

  poll(output: SourceOutput<T>): 'more' | 'wait' {
    const nowMs = this.#context.scheduler.nowMs()
    const restMs = this.#lastMs + (this.#options.everyMs ?? 0) - nowMs
    if (restMs > 0 || nowMs === this.#lastMs) return this.#later(Math.max(restMs, 0.01))
    // The split that is furthest behind goes first, so that several advance side by side.
    const open = this.#splits.filter((split) => this.#next(split) !== null)
    const split = open.toSorted((a, b) => (this.#next(a) ?? 0) - (this.#next(b) ?? 0))[0]
    const n = split === undefined ? null : this.#next(split)
    if (split === undefined || n === null) return 'wait'
    if (this.#options.may?.(n) === false) return this.#later(ASK_AGAIN_MS)
    this.#lastMs = nowMs
    this.#splits[this.#splits.indexOf(split)] = { ...split, made: split.made + 1 }
    output.beginSplit(split.id)
    output.emit(this.#options.make(n), this.#options.timestamp?.(n) ?? NO_TIMESTAMP)
    if (this.idle) {
      for (const { id } of this.#splits) output.endSplit(id)
      return 'wait'
    }
    return 'more'
  }

  snapshot(): readonly PacedSplit[] {
    return [...this.#splits]
  }

  async close(): Promise<void> {
    this.#timer?.()
  }

  /** The number that the split makes next; null: it has none left. */
  #next({ part, of, made }: PacedSplit): number | null {
    const n = part + made * of
    return this.#options.count !== undefined && n >= this.#options.count ? null : n
  }

  #later(ms: number): 'wait' {
    this.#timer?.()
    this.#timer = this.#context.scheduler.timer(ms, () => this.#context.wake())
    return 'wait'
  }
}
