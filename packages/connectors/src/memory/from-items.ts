// A list in the job's own code as a source: for tests and first steps. Each split is a run of the list, its position an
// index, so it replays exactly.

import type {
  EnumeratorContext,
  ReaderContext,
  Source,
  SourceOutput,
  SourceReader,
  SplitEnumerator,
} from '@weirjs/api/connector'
import { encodeValue } from '@weirjs/common/codec/block'
import type { Codec } from '@weirjs/common/core/codec'
import { NO_TIMESTAMP } from '@weirjs/common/core/time-constants'
import { plainCodec } from '../plain-codec.ts'
import {
  StaticEnumerator,
  type StaticState,
  staticStateCodec,
  staticWork,
} from '../static-enumerator.ts'

/** Items [next, end) of the list. */
export interface ItemSplit {
  readonly id: string
  readonly next: number
  readonly end: number
}

const splitCodec: Codec<ItemSplit> = plainCodec('items/split', 1)

/** Items that are tried when the job is built; a wrong type shows in the first ones. */
const ITEMS_TRIED_MAX = 1_000

/**
 * `items` as a bounded stream, in runs of equal length over the subtasks. Throws WeirError `record/not-encodable` for
 * items that are not of their type.
 */
export function fromItems<T>(
  type: Codec<T>,
  items: readonly T[],
): Source<T, ItemSplit, StaticState> {
  for (const item of items.slice(0, ITEMS_TRIED_MAX)) encodeValue(type, item)
  return {
    description: `${items.length} items`,
    bounded: true,
    record: type,
    splitCodec,
    enumeratorStateCodec: staticStateCodec,
    work: staticWork(({ next, end }) => end - next),
    createEnumerator: (context, restored) => enumerate(context, restored, items.length),
    createReader: (context) => new ItemReader(context, items),
  }
}

function enumerate(
  context: EnumeratorContext,
  restored: StaticState | null,
  count: number,
): SplitEnumerator<ItemSplit, StaticState> {
  return new StaticEnumerator(context, restored, (parallelism) => {
    const splits = Math.min(parallelism, count)
    return Array.from({ length: splits }, (_, i) => ({
      id: `items-${i}`,
      next: Math.floor((i * count) / splits),
      end: Math.floor(((i + 1) * count) / splits),
    }))
  })
}

class ItemReader<T> implements SourceReader<T, ItemSplit> {
  readonly #items: readonly T[]
  #splits: ItemSplit[] = []
  /** Of the first split. */
  #next = 0
  #begun = false

  constructor(_context: ReaderContext, items: readonly T[]) {
    this.#items = items
  }

  addSplits(splits: readonly ItemSplit[]): void {
    if (this.#splits.length === 0) this.#next = splits[0]?.next ?? 0
    this.#splits.push(...splits)
  }

  get idle(): boolean {
    return this.#splits.length === 0
  }

  poll(output: SourceOutput<T>, max: number): 'more' | 'wait' {
    const split = this.#splits[0]
    if (split === undefined) return 'wait'
    if (!this.#begun) output.beginSplit(split.id)
    this.#begun = true
    const stop = Math.min(split.end, this.#next + max)
    while (this.#next < stop) {
      output.emit(this.#items[this.#next++] as T, NO_TIMESTAMP)
      if (!output.wanted) break
    }
    if (this.#next >= split.end) this.#end(output, split)
    return this.#splits.length === 0 ? 'wait' : 'more'
  }

  snapshot(): readonly ItemSplit[] {
    return this.#splits.map((split, i) => (i === 0 ? { ...split, next: this.#next } : split))
  }

  async close(): Promise<void> {}

  #end(output: SourceOutput<T>, split: ItemSplit): void {
    output.endSplit(split.id)
    this.#splits = this.#splits.slice(1)
    this.#next = this.#splits[0]?.next ?? 0
    this.#begun = false
  }
}
