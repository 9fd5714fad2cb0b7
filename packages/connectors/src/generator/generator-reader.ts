// The reader of the generator: the inner loop runs over consecutive numbers of one block and does nothing else.

import type { ReaderContext, SourceOutput, SourceReader } from '@weirjs/api/connector'
import type { CancelTimer } from '@weirjs/common/core/clock'
import { NO_TIMESTAMP } from '@weirjs/common/core/time-constants'
import type { GeneratorOptions } from './generator.ts'

export interface GeneratorSplit {
  readonly id: string
  /** This split is part `part` of `of`. */
  readonly part: number
  readonly of: number
  /** Its next record, counted within the split. */
  readonly next: number
  /** Its records; null: without end. */
  readonly end: number | null
  readonly block: number
  /** Records of all splits together, at the first start; null: without end. Splits of older checkpoints do not say. */
  readonly count?: number | null
}

/** Records between two looks at whether more are wanted. */
const WANTED_EVERY_RECORDS = 64
/** A reader that waits for its rate looks again so often. */
const RATE_TICK_MS = 5

/** Records of part `part` of `parts` when blocks are dealt out in turn. */
export function splitLength(count: number, part: number, parts: number, block: number): number {
  const round = block * parts
  const rest = count % round
  return Math.floor(count / round) * block + Math.min(Math.max(rest - part * block, 0), block)
}

/** A split at work. */
interface Open {
  readonly split: GeneratorSplit
  next: number
  begun: boolean
}

export class GeneratorReader<T> implements SourceReader<T, GeneratorSplit> {
  readonly #context: ReaderContext
  readonly #options: GeneratorOptions<T>
  #open: Open[] = []
  /** Index into #open: splits take turns by the poll. */
  #turn = 0
  /** With a rate: when counting began, and how many records have left since. */
  #startedMs = 0
  #emitted = 0
  #tick: CancelTimer | null = null

  constructor(context: ReaderContext, options: GeneratorOptions<T>) {
    this.#context = context
    this.#options = options
  }

  addSplits(splits: readonly GeneratorSplit[]): void {
    for (const split of splits) this.#open.push({ split, next: split.next, begun: false })
    this.#countAnew()
  }

  get idle(): boolean {
    return this.#open.length === 0
  }

  poll(output: SourceOutput<T>, max: number): 'more' | 'wait' {
    const allowed = Math.min(max, this.#allowance())
    if (allowed <= 0) return this.#wait()
    this.#beginAll(output)
    let left = allowed
    while (left > 0 && this.#open.length > 0) {
      const open = this.#open[this.#turn % this.#open.length] as Open
      output.beginSplit(open.split.id)
      const emitted = this.#emit(output, open, left)
      left -= emitted
      this.#emitted += emitted
      this.#turn += 1
      if (open.split.end !== null && open.next >= open.split.end) this.#end(output, open)
      if (!output.wanted) break
    }
    return this.#open.length === 0 ? 'wait' : 'more'
  }

  snapshot(): readonly GeneratorSplit[] {
    return this.#open.map(({ split, next }) => ({ ...split, next }))
  }

  async close(): Promise<void> {
    this.#tick?.()
  }

  /** All advance side by side, so the watermark is that of the slowest from the first record on, whoever speaks first. */
  #beginAll(output: SourceOutput<T>): void {
    for (const open of this.#open) {
      if (!open.begun) output.beginSplit(open.split.id)
      open.begun = true
    }
  }

  /** Emits from one split, at most to the end of its block and `max` records; answers how many. */
  #emit(output: SourceOutput<T>, open: Open, max: number): number {
    const { part, of, end, block } = open.split
    const inBlock = open.next % block
    const room = Math.min(block - inBlock, max, end === null ? block : end - open.next)
    let n = (((open.next - inBlock) / block) * of + part) * block + inBlock
    const { make, timestamp } = this.#options
    let done = 0
    while (done < room) {
      const stop = Math.min(room, done + WANTED_EVERY_RECORDS)
      for (; done < stop; done++, n++) {
        output.emit(make(n), timestamp === undefined ? NO_TIMESTAMP : timestamp(n))
      }
      if (!output.wanted) break
    }
    open.next += done
    return done
  }

  #end(output: SourceOutput<T>, open: Open): void {
    output.endSplit(open.split.id)
    this.#open = this.#open.filter((other) => other !== open)
    this.#turn = 0
    this.#countAnew()
  }

  /** The rate of this reader is that of its open splits: another number of them, another rate from here on. */
  #countAnew(): void {
    this.#startedMs = this.#context.scheduler.nowMs()
    this.#emitted = 0
  }

  /** Records that the rate allows now. A longer split has more of the rate, so that all come to their ends together. */
  #allowance(): number {
    const { perSecond } = this.#options
    if (perSecond === undefined) return Number.POSITIVE_INFINITY
    // One a second at least, where that is no more than an equal share: few records are not waited for over restarts.
    const part = ({ split: { of, end, count } }: Open): number =>
      end === null || count === undefined || count === null
        ? 1 / of
        : Math.max(end / count, Math.min(1 / perSecond, 1 / of))
    const share = perSecond * this.#open.reduce((sum, open) => sum + part(open), 0)
    const due = Math.floor(((this.#context.scheduler.nowMs() - this.#startedMs) / 1_000) * share)
    return due - this.#emitted
  }

  #wait(): 'wait' {
    if (this.#tick === null && this.#open.length > 0) {
      this.#tick = this.#context.scheduler.timer(RATE_TICK_MS, () => {
        this.#tick = null
        this.#context.wake()
      })
    }
    return 'wait'
  }
}
