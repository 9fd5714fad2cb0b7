// What a TaskManager, its job processes and their slot threads say to each other. Two wires, one vocabulary: the job
// process's main thread relays a slot's commands and events without looking into them, so it never has to understand a
// new one. Every message is plain data (structured clone). Whatever arrives and is not one of these is a bug.

import type {
  CancelRequest,
  CheckpointAck,
  CheckpointDecline,
  CheckpointNotice,
  DeployRequest,
  OutputLine,
  RunRequest,
  SlotEndpoint,
  SlotRequest,
  TaskReport,
  TaskUpdate,
  TriggerRequest,
} from '@weirjs/common/core/gateways'
import type { Failure } from '@weirjs/common/core/errors'
import type { WorkerId } from '@weirjs/common/core/ids'
import type { SecretValues } from '@weirjs/common/core/secrets'
import type { MessagePort } from 'node:worker_threads'

/** What a slot is asked to do; mirrors the methods of Slot. Fire and forget. */
export type SlotCommand =
  | { readonly type: 'deploy'; readonly request: DeployRequest }
  | { readonly type: 'run'; readonly request: RunRequest }
  | { readonly type: 'cancel'; readonly request: CancelRequest }
  | { readonly type: 'trigger'; readonly request: TriggerRequest }
  | { readonly type: 'notify-complete'; readonly notice: CheckpointNotice }
  | { readonly type: 'notify-aborted'; readonly notice: CheckpointNotice }

/** What a slot tells; mirrors SlotListener, and pushes its reports because nobody can ask a blocked loop. */
export type SlotEvent =
  | { readonly type: 'task-update'; readonly update: TaskUpdate }
  | { readonly type: 'acknowledge'; readonly ack: CheckpointAck }
  | { readonly type: 'decline'; readonly decline: CheckpointDecline }
  | { readonly type: 'output'; readonly lines: readonly OutputLine[] }
  | { readonly type: 'report'; readonly tasks: readonly TaskReport[] }

/** What every slot of a group needs to start, besides its own number. */
export interface GroupStart {
  readonly request: SlotRequest
  readonly workerId: WorkerId
  /** The checked bundle on this machine. */
  readonly bundlePath: string
  /** Directory of the package that answers `weirjs` and `@weirjs/*`. */
  readonly runtimeRoot: string
  /** Root of the checkpoint storage. */
  readonly checkpointDirectory: string
  /** Where the slots' data servers listen, and what others dial. */
  readonly bindHost: string
  readonly advertisedHost: string
  /** Inclusive; { first: 0, last: 0 } lets the system choose. */
  readonly dataPorts: PortRange
  /** Other processes are talked to by TLS, under a key that is made of the attempt's credential. */
  readonly encrypted: boolean
  /** Of the storage, the process may write to directories of checkpoints only. */
  readonly confined: boolean
  readonly reportIntervalMs: number
  /** What this machine holds for jobs. */
  readonly secrets: SecretValues
}

export interface PortRange {
  readonly first: number
  readonly last: number
}

/** A message that wants an answer carries an id; the answer repeats it. */
export interface Reply {
  readonly type: 'reply'
  readonly id: number
  readonly outcome: { readonly ok: unknown } | { readonly failure: Failure }
}

// ---- TaskManager → job process, over a pipe (message-frames) ----

export type HostCommand =
  | { readonly type: 'start'; readonly id: number; readonly start: GroupStart }
  | { readonly type: 'slot'; readonly slot: number; readonly command: SlotCommand }
  | { readonly type: 'probe'; readonly id: number }
  /** Answered when all slots are closed; the process ends right after. */
  | { readonly type: 'close'; readonly id: number }

// ---- job process → TaskManager, over another ----

export type HostEvent =
  | Reply
  /** All slot threads are up and have loaded the runtime; a start will be quick. */
  | { readonly type: 'prepared' }
  | { readonly type: 'slot'; readonly slot: number; readonly event: SlotEvent }
  /** A slot thread ended by itself. The process ends right after this. */
  | { readonly type: 'lost'; readonly failure: Failure }

/** Answer to `start`. */
export interface StartResult {
  readonly endpoints: readonly SlotEndpoint[]
}

/** Answer to `probe`. */
export interface ProbeResult {
  readonly rssBytes: number
  /** Per slot: how long its event loop has not turned. */
  readonly slotLoopAgesMs: readonly number[]
  /** Per slot, as far as its thread has answered. */
  readonly slotMemory: readonly SlotMemory[]
}

/** What V8 knows of one slot: `external` is what Buffers and native code hold. */
export interface SlotMemory {
  readonly heapBytes: number
  readonly externalBytes: number
}

// ---- main thread of the job process → slot thread ----

export interface SlotOpen {
  readonly slot: number
  readonly start: GroupStart
  /** One port to each other slot of the process. */
  readonly siblings: readonly { readonly slot: number; readonly port: MessagePort }[]
}

export type ThreadCommand =
  | { readonly type: 'open'; readonly id: number; readonly open: SlotOpen }
  | { readonly type: 'slot'; readonly command: SlotCommand }
  /** A batch of output has left the process; another may come. */
  | { readonly type: 'output-taken' }
  | { readonly type: 'close'; readonly id: number }

// ---- slot thread → main thread ----

export type ThreadEvent =
  | Reply
  | { readonly type: 'prepared' }
  | { readonly type: 'event'; readonly event: SlotEvent }

/** What a slot thread finds in workerData: a word of shared memory that it moves with every turn of its loop. */
export interface ThreadData {
  readonly turns: Int32Array<SharedArrayBuffer>
}
