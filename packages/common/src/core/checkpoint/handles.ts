// What a subtask hands over when it has snapshotted, and what it gets back when it is restored. Handles name immutable
// files by path relative to the job's directory on the checkpoint storage; bytes of state never pass the JobManager.

import type { CodecDescriptor, StateKind } from '../graph/logical-graph.ts'
import type { CheckpointId, OperatorUid, TaskId } from '../ids.ts'

/** A published file: immutable, complete, and checked against `sha256` before anything in it is used. */
export interface StateFile {
  /** Relative to the job's directory, `/` as separator. */
  readonly path: string
  readonly bytes: number
  /** 64 lower-case hex digits, over the whole file. */
  readonly sha256: string
}

/** A run of whole chunks in a state file. */
export interface Segment {
  readonly offset: number
  readonly bytes: number
  /** Entries of keyed state, or elements of a list. */
  readonly entries: number
}

export interface KeyGroupSegment extends Segment {
  readonly keyGroup: number
}

export interface KeyedStateSnapshot {
  readonly name: string
  /** `timers-event` and `timers-processing` are the timer queues. */
  readonly kind: StateKind | 'timers-event' | 'timers-processing'
  readonly codec: CodecDescriptor
  readonly keyCodec?: CodecDescriptor
  /** Non-empty key groups only, rising. */
  readonly segments: readonly KeyGroupSegment[]
}

/** `list`: elements are dealt out anew on rescale; `union`: everyone gets all; `broadcast`: everyone gets one copy. */
export type ListMode = 'list' | 'union' | 'broadcast'

export interface ListStateSnapshot {
  readonly name: string
  readonly mode: ListMode
  readonly codec: CodecDescriptor
  readonly segment: Segment
}

export interface OperatorSnapshot {
  readonly uid: OperatorUid
  readonly keyed: readonly KeyedStateSnapshot[]
  readonly lists: readonly ListStateSnapshot[]
  /** The operator had seen the end of its input, and what it emits then lies before this checkpoint. */
  readonly ended: boolean
  /** Output watermark at the barrier; MIN_WATERMARK when there was none. */
  readonly watermark: number
}

/** Everything one subtask contributes to one checkpoint. `file` is null when no operator had any state. */
export interface SubtaskSnapshot {
  readonly file: StateFile | null
  readonly operators: readonly OperatorSnapshot[]
}

export interface SubtaskCheckpointStats {
  readonly syncMs: number
  readonly asyncMs: number
  readonly alignmentMs: number
  /** From the coordinator's trigger to the first barrier here, by wall clock. */
  readonly startDelayMs: number
  /** Longest single stop of the task's loop for this snapshot. */
  readonly stallMsMax: number
  readonly stateBytes: number
}

/** The snapshot of one subtask together with whose it is: an element of the manifest. */
export interface AcknowledgedSnapshot {
  readonly task: TaskId
  readonly snapshot: SubtaskSnapshot
  readonly stats: SubtaskCheckpointStats
}

// ---- restore ----

/** Segments that one new subtask must read for one keyed state; files are already narrowed to its key groups. */
export interface KeyedStateRestore {
  readonly name: string
  readonly kind: KeyedStateSnapshot['kind']
  readonly codec: CodecDescriptor
  readonly keyCodec?: CodecDescriptor
  readonly parts: readonly {
    readonly file: StateFile
    readonly segments: readonly KeyGroupSegment[]
  }[]
}

/** Elements [first, end) of the segment belong to the new subtask. */
export interface ListStateRestore {
  readonly name: string
  readonly mode: ListMode
  readonly codec: CodecDescriptor
  readonly parts: readonly {
    readonly file: StateFile
    readonly segment: Segment
    readonly first: number
    readonly end: number
  }[]
}

export interface OperatorRestore {
  readonly uid: OperatorUid
  readonly keyed: readonly KeyedStateRestore[]
  readonly lists: readonly ListStateRestore[]
  readonly ended: boolean
  readonly watermark: number
}

export interface TaskRestore {
  readonly checkpointId: CheckpointId
  /** Where the files of the handles lie: the directory of the job that wrote them, relative to the storage root. */
  readonly directory: string
  readonly operators: readonly OperatorRestore[]
  /** Recovery of a job whose final checkpoint is complete: commit what is pending, process nothing (D10). */
  readonly commitOnly: boolean
  /** Lists that no operator asks for are dropped; without leave they fail the task before it runs. */
  readonly allowNonRestoredState: boolean
}
