// One step of a chain inside one subtask. The chain calls, the operator emits; watermarks, barriers
// and the end of the input are carried on by the chain itself, so an operator only says what it
// does with its own. Everything here is synchronous: the per-record path knows no promise (decision
// D16).

import type { Scheduler } from '@weirjs/common/core/clock'
import type { Codec, Key } from '@weirjs/common/core/codec'
import type { ListMode } from '@weirjs/common/core/checkpoint/handles'
import type { Fence, OperatorUid, TaskId } from '@weirjs/common/core/ids'
import type { KeyedStateBackend } from '../state/state-backend.ts'

/** Where an operator puts records. `timestamp` in ms, or NO_TIMESTAMP. */
export interface Output<T = unknown> {
  emit(value: T, timestamp: number): void
}

/** Lists that a restored subtask was given; empty lists when there was nothing. */
export interface RestoredLists {
  /** False on a cold start. */
  readonly restored: boolean
  list<T>(name: string, codec: Codec<T>): readonly T[]
}

/** Takes an operator's lists at a barrier. Encodes at once, except for promised elements. */
export interface SnapshotSink {
  readonly checkpointId: number
  readonly final: boolean
  /** Elements that are no promise are encoded before it returns. */
  list<T>(
    name: string,
    mode: ListMode,
    codec: Codec<T>,
    elements: readonly T[] | Promise<readonly T[]>,
  ): void
}

export interface OperatorContext {
  readonly fence: Fence
  readonly task: TaskId
  readonly uid: OperatorUid
  readonly name: string
  readonly jobName: string
  readonly parallelism: number
  /**
   * Subtasks of the vertex behind the vertex's first edge out, 0 without one: an enumerator's
   * readers.
   */
  readonly consumers: number
  readonly scheduler: Scheduler
  /** Main output; side outputs by tag (an output nobody listens to swallows). */
  readonly output: Output
  side(tag: string): Output
  /** Head of a keyed chain only; null elsewhere. */
  readonly keyed: KeyedStateBackend | null
  readonly restored: RestoredLists
  /** False while an output of the task has no credit: sources and timer bursts pause then. */
  readonly outputReady: () => boolean
  /**
   * Tells the loop that this operator has something to do (`poll`), or that `ready` has become
   * true.
   */
  wake(): void
  /**
   * Heads that make records: none with a lower time stamp follows. Repeats and steps back are
   * dropped.
   */
  emitWatermark(watermark: number): void
  /**
   * Heads that make records: while idle, this task's watermark holds nobody back. A higher
   * watermark ends it too.
   */
  emitIdle(idle: boolean): void
  /**
   * Sends a hint to the producers of the head's input 0, for readers that want splits. May be lost.
   */
  hintUpstream(): void
  /** One line for the job's followers. */
  print(text: string): void
  /** Fails the task. For errors of background work; inside a call, throw. */
  fail(error: unknown): void
}

/**
 * What a poll of a source achieved: `more` wants another turn at once, `wait` until `wake`, `end`
 * never again.
 */
export type PollResult = 'more' | 'wait' | 'end'

/** How far a call came that may emit very much: `more` wants to be called again. */
export type Burst = 'done' | 'more'

export abstract class Operator {
  /** Takes its lists from the context. Runs none of the job's code and touches nothing outside: the attempt may end here. */
  restore(): void {}

  /** All tasks of the attempt have restored when this is called; the first record comes after its promise resolved. */
  open(): Promise<void> | void {}

  /** A record of input 0; for keyed heads the current key is set. */
  abstract process(value: unknown, timestamp: number): void

  /** A record of input 1. */
  processSecond(_value: unknown, _timestamp: number): void {
    throw new Error('this operator has one input')
  }

  /**
   * The watermark of all inputs rose to `watermark`: fire event timers. The chain forwards it
   * afterwards. A head that has much to do stops after a while with `more`, and is asked again when
   * outputs have room, with this watermark or a higher one; the task reads nothing meanwhile.
   */
  onWatermark(_watermark: number): Burst {
    return 'done'
  }

  /**
   * The end of all inputs: emit what is left. Called over all attempts until it has answered `done`
   * once (its effect is in the snapshot); `more` as above.
   */
  finish(): Burst {
    return 'done'
  }

  /** False: the task must not read input just now; the operator calls `wake` when that changes. */
  get ready(): boolean {
    return true
  }

  /** Of heads of bounded sources: what is left to read, in units of their own; null: unknown. */
  get workLeft(): number | null {
    return null
  }

  /**
   * Heads that make records by themselves (enumerator, reader); undefined: the operator never
   * polls.
   */
  readonly poll: (() => PollResult) | undefined = undefined

  /**
   * Heads only: every channel of every input has delivered its end of data. A head that polls goes
   * on being polled until `poll` answers `end`; for others `finish` follows at once.
   */
  onInputEnd(): void {}

  /**
   * Wall-clock time of the earliest processing timer, ms; null: there is none. Asked between
   * batches.
   */
  nextProcessingTimer(): number | null {
    return null
  }

  /**
   * `wallMs` ≥ nextProcessingTimer(): fire some of what is due. Asked again while there is more of
   * it, but not while outputs are not ready.
   */
  onProcessingTime(_wallMs: number): void {}

  /** A consumer of this operator's output asked for more (D23). */
  onDownstreamHint(_subtask: number): void {}

  /** The synchronous part of a checkpoint. Keyed state is taken by the engine. */
  snapshot(_sink: SnapshotSink): void {}

  /** Checkpoint complete: commit. Rejection fails the task. Repeated ids and gaps are normal. */
  onCheckpointComplete(_checkpointId: number): Promise<void> | void {}

  onCheckpointAborted(_checkpointId: number): void {}

  /** Releases everything; called exactly once, also after failures. */
  close(): Promise<void> | void {}
}

/** Sets the key before `process` of a keyed head. Implemented by the keyed backend. */
export interface KeyContext {
  /** `keyHash`: keyHashOf(key), as computed by the producer (D18); the key group follows from it. */
  setKey(key: Key, keyHash: number): void
}
