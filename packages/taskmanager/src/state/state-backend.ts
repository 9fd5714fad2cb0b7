// Keyed state of one operator in one subtask: the working copy. Access is synchronous and always
// concerns the current key. A snapshot is consistent as of the call of `snapshot`, while later
// writes go on (decision D19).

import type {
  KeyedStateRestore,
  KeyedStateSnapshot,
  Segment,
  StateFile,
} from '@weirjs/common/core/checkpoint/handles'
import type { Key } from '@weirjs/common/core/codec'
import type { StateRuntime } from '@weirjs/api/functions'
import type { Chunk } from './chunk.ts'
import type { EntrySink } from './moments.ts'
import type { FoldingState, ListState, MapState, ValueState } from '@weirjs/api/process-context'

/** One due timer; total order is (time, key group, key bytes, namespace). */
export interface Timer {
  readonly time: number
  readonly key: Key
  readonly keyGroup: number
}

export interface TimerService {
  /** One timer per key and time; registering it again does nothing. */
  register(time: number): void
  delete(time: number): void
  /**
   * Takes the earliest timer with time ≤ `now` out of the queue, sets its key as current, and
   * returns it.
   */
  popDue(now: number): Timer | null
  /** Earliest time, or null. */
  peek(): number | null
}

/** Where a running snapshot puts encoded entries; implemented by snapshot-writer. */
export interface StateSink extends EntrySink {
  /** True while too much waits for the storage: an `advance` that sees this stops with `more`. */
  readonly full: boolean
  /** Opens a segment; entries follow until `endSegment`. */
  beginSegment(): void
  /** Chunks closed so far: when there is one more, it is a good moment to look at the clock. */
  readonly chunks: number
  /** Takes over a chunk of entries that were encoded before, when they were about to change. */
  block(chunk: Chunk): void
  endSegment(): Segment
}

/** A snapshot under way. `advance` is called again and again from the loop, between batches. */
export interface KeyedSnapshot {
  /** Works for at most `budgetMs`; `done` when every entry has been written. */
  advance(sink: StateSink, budgetMs: number): 'more' | 'done'
  /** After done. */
  result(): readonly KeyedStateSnapshot[]
  /** Frees the copies; the snapshot is not wanted any more. */
  release(): void
}

/** A restore under way. `advance` is called until it is done; the loop has its turns between. */
export interface KeyedRestoring {
  /** Loads segments for about `budgetMs`, one at least; `done` when every entry is there. */
  advance(budgetMs: number): 'more' | 'done'
}

/** A walk over keys that can pause between any two of them, while nothing else uses the state. */
export interface KeyVisit {
  /** Makes the next key current; false at the end, where no key is current. */
  next(): boolean
}

export interface KeyedStateBackend {
  readonly currentKey: Key
  readonly currentKeyGroup: number
  /** `keyHash`: keyHashOf(key). Its key group must be one of this back end's. */
  setKey(key: Key, keyHash: number): void
  /** From here on there is no current key: access to state throws `state/no-key`. */
  clearKey(): void
  value<T>(state: StateRuntime): ValueState<T>
  list<T>(state: StateRuntime): ListState<T>
  map<K extends Key, V>(state: StateRuntime): MapState<K, V>
  folding<In, Out>(state: StateRuntime): FoldingState<In, Out>
  readonly eventTimers: TimerService
  readonly processingTimers: TimerService
  /** Every key that has an entry in `state` when its key group is reached, in no particular order. */
  visitKeys(state: StateRuntime): KeyVisit
  /** Begins to load restored entries; `read` yields a verified segment's bytes. Nothing else uses the state before the end. */
  restore(
    parts: readonly KeyedStateRestore[],
    read: (file: StateFile, offset: number, bytes: number) => Uint8Array,
  ): KeyedRestoring
  /** Fixes the moment. Several may be under way (max-concurrent-checkpoints). */
  snapshot(): KeyedSnapshot
  /** Rough bytes held, for metrics. */
  readonly bytesEstimate: number
  close(): void
}
