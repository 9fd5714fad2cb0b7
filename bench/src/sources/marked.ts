// Wraps a source so that each reader writes down when it emitted its first record: where the measurement of a run
// begins. Costs one comparison a poll.

import type { ReaderContext, Source, SourceOutput, SourceReader } from '@weirjs/api/connector'
import { firstRecordFile, writeMark } from '../run/marks.ts'

export function marked<T, Split, State>(
  source: Source<T, Split, State>,
  results: string,
): Source<T, Split, State> {
  return {
    ...source,
    createReader: (context) => new MarkedReader(source.createReader(context), context, results),
  }
}

class MarkedReader<T, Split> implements SourceReader<T, Split> {
  readonly #reader: SourceReader<T, Split>
  readonly #file: string
  #marked = false

  constructor(reader: SourceReader<T, Split>, context: ReaderContext, results: string) {
    this.#reader = reader
    this.#file = firstRecordFile(results, context.subtask)
  }

  addSplits(splits: readonly Split[]): void {
    this.#reader.addSplits(splits)
  }

  poll(output: SourceOutput<T>, max: number): 'more' | 'wait' {
    if (!this.#marked && !this.#reader.idle) {
      this.#marked = true
      writeMark(this.#file, { atMs: performance.timeOrigin + performance.now() })
    }
    return this.#reader.poll(output, max)
  }

  get idle(): boolean {
    return this.#reader.idle
  }

  snapshot(): readonly Split[] {
    return this.#reader.snapshot()
  }

  close(): Promise<void> {
    return this.#reader.close()
  }
}
