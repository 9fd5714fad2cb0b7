// A sink that keeps records in memory, for tests: exactly once, visible when their checkpoint is complete. All slots must
// run in the process that looks at it.

import type {
  Sink,
  SinkCommitter,
  SinkContext,
  SinkSnapshot,
  SinkWriter,
} from '@weirjs/api/connector'
import { bareCodec } from '@weirjs/api/declared-type'
import { listCodec } from '@weirjs/common/codec/composites'
import { textCodec } from '@weirjs/common/codec/primitives'
import { structCodec } from '@weirjs/common/codec/struct-codec'
import type { Codec } from '@weirjs/common/core/codec'

/** The records of one subtask between two barriers. */
export interface CollectedBatch<T> {
  readonly id: string
  readonly items: readonly T[]
}

export interface CollectedSink<T> extends Sink<T, CollectedBatch<T>, never> {
  /** What has been committed, in order of the commits. */
  readonly items: readonly T[]
}

/** A new sink for records of `type`, empty. */
export function collected<T>(type: Codec<T>): CollectedSink<T> {
  const batches = new Map<string, readonly T[]>()
  const record = bareCodec(type)
  return {
    description: 'collected in memory',
    guarantee: 'exactly-once',
    record,
    committableCodec: structCodec<CollectedBatch<T>>('CollectedBatch', {
      id: textCodec,
      items: listCodec(record),
    }),
    stateCodec: null,
    createWriter: (context) => new CollectingWriter<T>(context),
    createCommitter: () => new CollectingCommitter(batches),
    get items() {
      return [...batches.values()].flat()
    },
  }
}

class CollectingWriter<T> implements SinkWriter<T, CollectedBatch<T>, never> {
  readonly ready = true
  readonly #context: SinkContext
  #items: T[] = []

  constructor(context: SinkContext) {
    this.#context = context
  }

  write(value: T): void {
    this.#items.push(value)
  }

  finish(): void {}

  snapshot(checkpointId: number): SinkSnapshot<CollectedBatch<T>, never> {
    const { uid, subtask, writerId } = this.#context
    const items = this.#items
    this.#items = []
    const batch = { id: `${uid}-${subtask}-${writerId}-${checkpointId}`, items }
    return { committables: Promise.resolve(items.length === 0 ? [] : [batch]), state: [] }
  }

  async close(): Promise<void> {}
}

class CollectingCommitter<T> implements SinkCommitter<CollectedBatch<T>> {
  readonly #batches: Map<string, readonly T[]>

  constructor(batches: Map<string, readonly T[]>) {
    this.#batches = batches
  }

  async commit(committables: readonly CollectedBatch<T>[]): Promise<void> {
    for (const { id, items } of committables)
      if (!this.#batches.has(id)) this.#batches.set(id, items)
  }

  async cleanUp(): Promise<void> {}

  async close(): Promise<void> {}
}
