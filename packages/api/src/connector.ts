// What a connector implements. A source is two halves (decision D23): an enumerator, one per source, that hands out
// splits, and readers that turn splits into records. A sink is a writer, and for exactly-once a committer. Nothing here
// runs by itself: the engine calls from one loop, synchronously per record; what takes time happens in the background.

import type { Scheduler } from '@weirjs/common/core/clock'
import type { Codec } from '@weirjs/common/core/codec'

// ---- sources ----

export interface EnumeratorContext {
  /** Subtasks of the reader, ≥ 1. */
  readonly parallelism: number
  /**
   * False only in the first attempt of a job, and with nothing restored: what is wrong then was never right, and somebody
   * looks on. It may be true although nothing is restored: an attempt may end before the first checkpoint.
   */
  readonly restarted: boolean
  readonly scheduler: Scheduler
  /** Tells the engine that `poll` would now return something. */
  wake(): void
}

export interface Assignment<Split> {
  readonly subtask: number
  readonly split: Split
}

/**
 * Hands out splits. One call at a time; what it returned counts as handed out: its snapshot must not hold it any more,
 * because from then on the split travels in the stream and then lies in the reader's state.
 */
export interface SplitEnumerator<Split, State> {
  /** Finds the first splits; may read directories. Throws WeirError when the source cannot be read at all. */
  start(): Promise<void>
  /** A reader has nothing to do. A hint: it may come twice or never arrive and is then repeated. */
  readerIdle(subtask: number): void
  /**
   * Assignments that are due now, `wait` when there are none yet, `end` when there will never be another.
   * Never blocks.
   */
  poll(): readonly Assignment<Split>[] | 'wait' | 'end'
  /** Everything needed to go on from here, as plain data that later calls do not change. */
  snapshot(): State
  close(): Promise<void>
}

/** A record that could not be read, under the policy dead-letter. */
export interface DeadLetter {
  /** The file or other input. */
  readonly source: string
  /** ≥ 1. */
  readonly line: number
  /** What stood there, at most DEAD_LETTER_CHARS_MAX characters of it. */
  readonly text: string
  readonly reason: string
}

/** Tag of the reader's side output that dead letters leave by. */
export const DEAD_LETTERS = 'dead-letters'
export const DEAD_LETTER_CHARS_MAX = 16_384

/** Where a reader puts records. */
export interface SourceOutput<T> {
  /** `timestamp` in ms, a safe integer (fractions are cut off), or NO_TIMESTAMP. */
  emit(value: T, timestamp: number): void
  /**
   * Records emitted from here on are of this split; call it before a split's first record and whenever the split at hand
   * changes. The watermark is the lowest of all begun and not ended splits. A reader that never says so has one split.
   */
  beginSplit(splitId: string): void
  /** No further record of the split will come: it no longer holds the watermark back. */
  endSplit(splitId: string): void
  /** Tells that no record with a lower time stamp will come from `split`. */
  watermark(splitId: string, timestamp: number): void
  /** A record that cannot be read, under the policy dead-letter. */
  deadLetter(line: DeadLetter): void
  /** False when the engine wants no more just now: return `more` soon. */
  readonly wanted: boolean
}

export interface ReaderContext {
  readonly subtask: number
  readonly parallelism: number
  readonly scheduler: Scheduler
  /** Tells the engine that `poll` would now make progress. */
  wake(): void
}

/** Reads splits. `poll` is synchronous and short; reading ahead happens in the background and ends in `wake`. */
export interface SourceReader<T, Split> {
  addSplits(splits: readonly Split[]): void
  /**
   * Emits up to `max` records. `more`: call again. `wait`: nothing until `wake` (the engine hints to the enumerator
   * when `idle` is true). Throws WeirError when a split cannot be read.
   */
  poll(output: SourceOutput<T>, max: number): 'more' | 'wait'
  /** True when it holds no split that has anything left. */
  readonly idle: boolean
  /** Splits with their positions: exactly the records emitted so far are behind them. Plain data, never changed later. */
  snapshot(): readonly Split[]
  close(): Promise<void>
}

/** How much is left to read, in records, bytes, or whatever one source counts by. For progress, nothing else. */
export interface SourceWork<Split, State> {
  /** Null: nobody knows; so does a number that no amount can be. */
  ofSplit(split: Split): number | null
  /** Of splits that no reader has yet; null: nobody knows (yet). */
  ofEnumerator(state: State): number | null
}

export interface Source<T = unknown, Split = unknown, State = unknown> {
  /** What a person reads: `parquet files data/*.parquet`. */
  readonly description: string
  readonly bounded: boolean
  /** True: its readers may emit dead letters, and a job that does not read those is refused. */
  readonly deadLetters?: boolean
  readonly record: Codec<T>
  readonly splitCodec: Codec<Split>
  readonly enumeratorStateCodec: Codec<State>
  /** Bounded sources that know how long they are. Asked about snapshots, now and then. */
  readonly work?: SourceWork<Split, State>
  createEnumerator(
    context: EnumeratorContext,
    restored: State | null,
  ): SplitEnumerator<Split, State>
  createReader(context: ReaderContext): SourceReader<T, Split>
}

// ---- sinks ----

export interface SinkContext {
  readonly subtask: number
  readonly parallelism: number
  /** Unique for this run of this writer, never reused: belongs into every staging name. */
  readonly writerId: string
  readonly jobId: string
  readonly uid: string
  /** Attempts are ordered by epoch (of the JobManager), then by number: a number alone may come again in a later epoch. */
  readonly epoch: number
  readonly attempt: number
  readonly scheduler: Scheduler
  /** One line for the job's followers (print sink). */
  print(text: string): void
}

/** What a writer gives at a barrier. */
export interface SinkSnapshot<Committable, State> {
  /** What becomes visible when this checkpoint is complete; resolves when all of it is durable. */
  readonly committables: Promise<readonly Committable[]>
  /** Writer state as of the barrier, plain data; empty for most. */
  readonly state: readonly State[]
}

/** Writes records. Called from one loop, synchronously. */
export interface SinkWriter<T, Committable, State> {
  write(value: T, timestamp: number): void
  /** False while its buffers are full; the engine then stops the input until `wake` of the context. */
  readonly ready: boolean
  /** The end of the input; flush what a later barrier will make durable. */
  finish(): void
  /**
   * The barrier. Synchronous part: seal what was written so that later records go elsewhere. The rest happens behind
   * the returned promise, which the acknowledgement waits for.
   */
  snapshot(checkpointId: number): SinkSnapshot<Committable, State>
  close(): Promise<void>
}

/** Makes committables visible. Idempotent: recovery repeats the last commits. Order within one call is kept. */
export interface SinkCommitter<Committable> {
  commit(committables: readonly Committable[]): Promise<void>
  /**
   * Called in subtask 0 when every earlier attempt's committables of completed checkpoints are committed: whatever
   * earlier attempts left staged besides is garbage. Once early in the attempt, and again behind its last record, because
   * a zombie may have staged more meanwhile.
   */
  cleanUp(): Promise<void>
  close(): Promise<void>
}

export type DeliveryGuarantee = 'exactly-once' | 'at-least-once'

export interface Sink<T = unknown, Committable = unknown, State = unknown> {
  readonly description: string
  readonly guarantee: DeliveryGuarantee
  /** Codec that the sink wants its input in; null: whatever the stream has. */
  readonly record: Codec<T> | null
  readonly committableCodec: Codec<Committable> | null
  readonly stateCodec: Codec<State> | null
  createWriter(
    context: SinkContext & { wake(): void },
    restored: readonly State[],
  ): SinkWriter<T, Committable, State>
  createCommitter(context: SinkContext): SinkCommitter<Committable> | null
}
