// The sinks of the benchmark (SPEC §6): they keep the result (a table of last values, or row count and sum of hashes) as
// checkpointed writer state, and write row count and hash at the end of the input. They keep nothing outside that could
// be wrong after a failure, so they need no committer.

import type { Sink, SinkContext, SinkSnapshot, SinkWriter } from '@weirjs/api/connector'
import { intCodec, textCodec } from '@weirjs/common/codec/primitives'
import { structCodec } from '@weirjs/common/codec/struct-codec'
import type { Codec } from '@weirjs/common/core/codec'
import { type RowCheck, RowHash } from '../row-hash.ts'
import { addWordRow } from '../rows.ts'
import { sinkFile, writeMark } from '../run/marks.ts'

export interface WordCount {
  readonly key: string
  readonly count: number
}

/** Adds a record's row. */
export type AddRow<T> = (hash: RowHash, record: T) => void

const wordCountCodec: Codec<WordCount> = structCodec<WordCount>('WordCount', {
  key: textCodec,
  count: intCodec,
})
const checkCodec: Codec<RowCheck> = structCodec<RowCheck>('RowCheck', {
  rows: intCodec,
  hash: textCodec,
})

/** Keeps the last count of each word. */
export function lastCounts(results: string): Sink<WordCount, never, WordCount> {
  return {
    description: 'last count of each word, in memory',
    guarantee: 'exactly-once',
    record: null,
    committableCodec: null,
    stateCodec: wordCountCodec,
    createWriter: (context, restored) => new LastCountsWriter(context, results, restored),
    createCommitter: () => null,
  }
}

/** Hashes every record's row. */
export function hashedRows<T>(results: string, addRow: AddRow<T>): Sink<T, never, RowCheck> {
  return {
    description: 'row count and hash, in memory',
    guarantee: 'exactly-once',
    record: null,
    committableCodec: null,
    stateCodec: checkCodec,
    createWriter: (context, restored) => new HashedRowsWriter(context, results, addRow, restored),
    createCommitter: () => null,
  }
}

const NOTHING: Promise<readonly never[]> = Promise.resolve([])

function writeResult(results: string, context: SinkContext, check: RowCheck): void {
  writeMark(sinkFile(results, context.subtask), {
    ...check,
    atMs: performance.timeOrigin + performance.now(),
  })
}

class LastCountsWriter implements SinkWriter<WordCount, never, WordCount> {
  readonly ready = true
  readonly #context: SinkContext
  readonly #results: string
  readonly #counts = new Map<string, number>()

  constructor(context: SinkContext, results: string, restored: readonly WordCount[]) {
    this.#context = context
    this.#results = results
    for (const { key, count } of restored) this.#counts.set(key, count)
  }

  write({ key, count }: WordCount): void {
    this.#counts.set(key, count)
  }

  finish(): void {
    const hash = new RowHash()
    for (const [word, count] of this.#counts) addWordRow(hash, word, count)
    writeResult(this.#results, this.#context, hash.check)
  }

  snapshot(): SinkSnapshot<never, WordCount> {
    const state = Array.from(this.#counts, ([key, count]) => ({ key, count }))
    return { committables: NOTHING, state }
  }

  async close(): Promise<void> {}
}

class HashedRowsWriter<T> implements SinkWriter<T, never, RowCheck> {
  readonly ready = true
  readonly #context: SinkContext
  readonly #results: string
  readonly #addRow: AddRow<T>
  readonly #hash = new RowHash()

  constructor(
    context: SinkContext,
    results: string,
    addRow: AddRow<T>,
    restored: readonly RowCheck[],
  ) {
    this.#context = context
    this.#results = results
    this.#addRow = addRow
    for (const check of restored) this.#hash.addCheck(check)
  }

  write(record: T): void {
    const addRow = this.#addRow
    addRow(this.#hash, record)
  }

  finish(): void {
    writeResult(this.#results, this.#context, this.#hash.check)
  }

  snapshot(): SinkSnapshot<never, RowCheck> {
    return { committables: NOTHING, state: [this.#hash.check] }
  }

  async close(): Promise<void> {}
}
