// What JobManager and TaskManager may ask of each other. Implemented over gRPC by common/rpc, in memory by
// packages/local, over a simulated wire by test/simulation. Every call is safe to repeat; each carries its Fence, and
// the receiver drops strangers. A call that cannot be delivered rejects with `rpc/unavailable` or `rpc/deadline`.

import type { SubtaskCheckpointStats, SubtaskSnapshot, TaskRestore } from './checkpoint/handles.ts'
import type { Failure } from './errors.ts'
import type { PhysicalPlan } from './graph/physical-plan.ts'
import type { BundleHash, CheckpointId, Fence, JobId, TaskId, WorkerId } from './ids.ts'

// ---- worker → JobManager ----

/** Slots that one TaskManager may have, wherever somebody says how many it has. */
export const WORKER_SLOTS_MAX = 1_024
/** A day: longer intervals and time-outs of heartbeats are mistakes. */
export const HEARTBEAT_MS_MAX = 86_400_000

export interface WorkerRegistration {
  readonly workerId: WorkerId
  /** `host:port` where the worker answers control calls; opaque to everyone but the transport. */
  readonly controlAddress: string
  readonly slots: number
  readonly pid: number
  readonly version: string
}

export interface RegistrationReply {
  /** Identity of this JobManager process life: changes when it restarts. */
  readonly coordinatorId: string
  readonly heartbeatIntervalMs: number
  readonly heartbeatTimeoutMs: number
}

/** Progress of one task, sampled at the heartbeat. Ratios of the last interval, 0 … 1, sum about 1. */
export interface TaskReport {
  readonly fence: Fence
  readonly task: TaskId
  /** Rises while the task's loop turns; a tick that stands still with input waiting is a stuck task. */
  readonly progressTick: number
  readonly busyRatio: number
  readonly idleRatio: number
  readonly backPressuredRatio: number
  readonly recordsIn: number
  readonly recordsOut: number
  readonly bytesIn: number
  readonly bytesOut: number
  readonly watermark: number
  /** Of enumerators and readers: what is left to read, in units of the source; null or absent: unknown. */
  readonly workLeft?: number | null
}

export interface Heartbeat {
  readonly workerId: WorkerId
  readonly coordinatorId: string
  readonly tasks: readonly TaskReport[]
  /** Resident memory of the worker and its job processes. */
  readonly rssBytes: number
}

/** `unknown-worker`: register again. */
export type HeartbeatReply = 'ok' | 'unknown-worker'

export type TaskStateChange =
  /** Its state is read and verified, nothing of it has run; it waits for `run`. */
  | { readonly state: 'restored' }
  /** Operators opened, what the restored checkpoint left pending committed, loop turning. */
  | { readonly state: 'running' }
  /** All input processed and emitted; the task stays and takes part in checkpoints until the job ends. */
  | { readonly state: 'end-of-data' }
  /** Final checkpoint committed; nothing left to do. */
  | { readonly state: 'finished' }
  | { readonly state: 'canceled' }
  | { readonly state: 'failed'; readonly failure: Failure }

export interface TaskUpdate {
  readonly fence: Fence
  readonly task: TaskId
  readonly change: TaskStateChange
}

export interface CheckpointAck {
  readonly fence: Fence
  readonly task: TaskId
  readonly checkpointId: CheckpointId
  readonly snapshot: SubtaskSnapshot
  readonly stats: SubtaskCheckpointStats
}

export interface CheckpointDecline {
  readonly fence: Fence
  readonly task: TaskId
  readonly checkpointId: CheckpointId
  readonly failure: Failure
}

/** One line that the job printed: a `print` sink, or its console. */
export interface OutputLine {
  readonly fence: Fence
  readonly task: TaskId | null
  readonly stream: 'print' | 'stdout' | 'stderr'
  readonly text: string
}

export const OUTPUT_LINE_CHARS_MAX = 16_384

/** What a worker may ask of the JobManager. */
export interface CoordinatorGateway {
  register(registration: WorkerRegistration): Promise<RegistrationReply>
  heartbeat(heartbeat: Heartbeat): Promise<HeartbeatReply>
  /** The worker leaves by its own will: its tasks are to be moved at once. */
  unregister(workerId: WorkerId, reason: string): Promise<void>
  taskUpdate(update: TaskUpdate): Promise<void>
  acknowledge(ack: CheckpointAck): Promise<void>
  decline(decline: CheckpointDecline): Promise<void>
  /** A process or slot that carries the job's tasks on this worker is gone (exit code, signal, last words). */
  slotsLost(
    workerId: WorkerId,
    fence: Fence,
    slots: readonly number[],
    failure: Failure,
  ): Promise<void>
  output(lines: readonly OutputLine[]): Promise<void>
  /** The job's code, checked by the caller against the hash. */
  fetchBundle(jobId: JobId, hash: BundleHash): Promise<Uint8Array>
}

// ---- JobManager → worker ----

/** How long a JobManager waits for all slots of an attempt; a worker keeps slots without tasks for longer. */
export const ALLOCATE_TIMEOUT_MS = 120_000

/** Where a slot answers data-plane calls of other processes; null: only reachable in its own process (local, simulation). */
export interface SlotEndpoint {
  readonly workerId: WorkerId
  readonly slot: number
  /** `host:port`, or a name of the transport in use. */
  readonly dataAddress: string
}

export interface SlotRequest {
  readonly fence: Fence
  readonly jobName: string
  readonly bundle: BundleHash
  /** Job arguments as declared by the job, with the submit time: the same for every build of the graph. */
  readonly args: Readonly<Record<string, unknown>>
  readonly submittedAtMs: number
  /** Job-wide configuration that the worker needs (limits, buffer sizes). */
  readonly config: Readonly<Record<string, string>>
  /** Good for this job and attempt only: what slots show each other on the data plane. */
  readonly credential: string
  readonly slots: readonly number[]
}

export interface SlotReply {
  readonly endpoints: readonly SlotEndpoint[]
}

/** One subtask to run in one slot. */
export interface TaskDeployment {
  readonly task: TaskId
  readonly slot: number
  readonly restore: TaskRestore | null
}

export interface TaskPlacement {
  readonly task: TaskId
  readonly endpoint: SlotEndpoint
}

export interface DeployRequest {
  readonly fence: Fence
  readonly plan: PhysicalPlan
  /** Where every task of the tasks' regions runs, theirs included. */
  readonly placements: readonly TaskPlacement[]
  readonly tasks: readonly TaskDeployment[]
}

/** All tasks that start together have restored: these may begin. */
export interface RunRequest {
  readonly fence: Fence
  readonly tasks: readonly TaskId[]
}

export interface CancelRequest {
  readonly fence: Fence
  readonly tasks: readonly TaskId[]
}

export interface TriggerRequest {
  readonly fence: Fence
  readonly checkpointId: CheckpointId
  /** Wall clock of the trigger, ms. */
  readonly timestampMs: number
  /** The tasks without network inputs (enumerators); barriers do the rest. */
  readonly tasks: readonly TaskId[]
  readonly final: boolean
}

export interface CheckpointNotice {
  readonly fence: Fence
  readonly checkpointId: CheckpointId
  readonly final: boolean
}

/**
 * What the JobManager may ask of a worker. Calls of one job arrive in the order in which they were sent, or not at
 * all. `allocate` waits until the job's process and slots are up; `deploy` returns when the tasks are accepted, they
 * report `restored` themselves, and `running` after `run`; `cancel` returns when accepted, they report `canceled`.
 */
export interface WorkerGateway {
  allocate(request: SlotRequest): Promise<SlotReply>
  deploy(request: DeployRequest): Promise<void>
  /** Tasks that do not wait for it take no notice. */
  run(request: RunRequest): Promise<void>
  cancel(request: CancelRequest): Promise<void>
  /** Ends the job's process on this worker when no slot of a newer attempt uses it. Safe to repeat. */
  release(fence: Fence): Promise<void>
  trigger(request: TriggerRequest): Promise<void>
  notifyComplete(notice: CheckpointNotice): Promise<void>
  notifyAborted(notice: CheckpointNotice): Promise<void>
}

/** How the JobManager reaches workers; one gateway per registered worker. */
export interface WorkerDialer {
  /** `onLost`: called once when the connection is known to be broken (a killed worker), never after `disconnect`. */
  connect(registration: WorkerRegistration, onLost: (reason: string) => void): WorkerGateway
  /** Closes what `connect` opened; pending calls reject. */
  disconnect(workerId: WorkerId): void
}
