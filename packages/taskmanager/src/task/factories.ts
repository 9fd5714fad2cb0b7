// What a slot needs from the rooms of operators and of state, and nothing more: who makes operators, who keeps keyed
// state, who writes snapshots and reads them back. Passed to SlotRuntime, so that tests and the simulator bring theirs.

import type { NodeRuntime } from '@weirjs/api/functions'
import type {
  ListMode,
  ListStateSnapshot,
  OperatorRestore,
  StateFile,
  TaskRestore,
} from '@weirjs/common/core/checkpoint/handles'
import type { Codec } from '@weirjs/common/core/codec'
import type { PlanOperator, PlanVertex } from '@weirjs/common/core/graph/physical-plan'
import type { CheckpointId, Fence, TaskId } from '@weirjs/common/core/ids'
import type { Operator, OperatorContext, RestoredLists } from '../operators/operator.ts'
import type { KeyedStateBackend, StateSink } from '../state/state-backend.ts'

/** Makes the operator of a plan node. Called in topological order of the chain, before anything is opened. */
export type OperatorFactory = (
  node: PlanOperator,
  runtime: NodeRuntime,
  context: OperatorContext,
) => Operator

export interface KeyedBackendRequest {
  readonly vertex: PlanVertex
  readonly subtask: number
  /** Head of the chain: its declared states are in `head.state`, their runtime side in `runtime`. */
  readonly head: PlanOperator
  readonly runtime: NodeRuntime
}

/**
 * One state file in the making: one subtask, one checkpoint. Segments follow each other; none is opened while another
 * is open. Encoding is synchronous into memory, writing goes on in the background.
 */
export interface SnapshotWriter {
  /** Where keyed snapshots put their entries. */
  readonly keyed: StateSink
  /** Encodes all elements at once. */
  list<T>(name: string, mode: ListMode, codec: Codec<T>, elements: readonly T[]): ListStateSnapshot
  /** True while too much is waiting for the storage: the loop stops advancing until `onDrained`. */
  readonly full: boolean
  /** Writes the rest and publishes. Null when no entry was ever written. Rejects with `storage/...`, `state/too-large`. */
  finish(): Promise<StateFile | null>
  /** Drops what was written. Harmless after finish or a failure. */
  abandon(): Promise<void>
}

export interface SnapshotWriterRequest {
  readonly fence: Fence
  readonly task: TaskId
  readonly checkpointId: CheckpointId
  /** Called when `full` has become false again. */
  readonly onDrained: () => void
}

/** The files of a restore, read and verified as a whole before anything in them is used. */
export interface RestoreReader {
  /** Rejects with `state/...` or `storage/...`, naming the file. */
  load(): Promise<void>
  /** After load: bytes of a verified file. */
  read(file: StateFile, offset: number, bytes: number): Uint8Array
  /** After load. `null`: the operator was not in the checkpoint (a new one): no lists, but restored is true. */
  lists(operator: OperatorRestore | null): RestoredLists
  /** Forgets the bytes. */
  close(): void
}

/** State of tasks: working copy, snapshots, restores. */
export interface SnapshotFactory {
  keyedBackend(request: KeyedBackendRequest): KeyedStateBackend
  writer(request: SnapshotWriterRequest): SnapshotWriter
  reader(restore: TaskRestore): RestoreReader
}
