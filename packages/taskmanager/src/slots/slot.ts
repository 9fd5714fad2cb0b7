// A slot as its worker sees it: a place that runs the tasks of one job attempt. Implemented in a worker thread of a job
// process (slot-thread-entry), or on the caller's own loop (weir dev, tests, simulation) by the same SlotRuntime.

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
import type { Fence } from '@weirjs/common/core/ids'
import type { Failure } from '@weirjs/common/core/errors'

/** What a slot tells its worker. Fire and forget: the worker queues towards the JobManager. */
export interface SlotListener {
  taskUpdate(update: TaskUpdate): void
  acknowledge(ack: CheckpointAck): void
  decline(decline: CheckpointDecline): void
  output(line: OutputLine): void
}

/** Requests hold only what concerns this slot (deploy: its tasks; placements: all). */
export interface Slot {
  readonly endpoint: SlotEndpoint
  deploy(request: DeployRequest): void
  run(request: RunRequest): void
  cancel(request: CancelRequest): void
  trigger(request: TriggerRequest): void
  notifyComplete(notice: CheckpointNotice): void
  notifyAborted(notice: CheckpointNotice): void
  /** Progress of all its tasks. */
  report(): readonly TaskReport[]
  /** Cancels what runs, closes stores, ends. */
  close(): Promise<void>
}

/** Makes the slots of one job attempt on one worker: a job process with threads, or the same loop. */
export interface SlotHost {
  /** Rejects with WeirError `job/...` when the bundle does not load, with the user's file and line. */
  start(request: SlotRequest, listener: SlotListener): Promise<SlotGroup>
}

export interface SlotGroup {
  readonly fence: Fence
  readonly slots: readonly Slot[]
  /** Called once when the group dies by itself (exit, crash, SIGKILL by watchdog). */
  onLost(callback: (failure: Failure) => void): void
  /** Cooperative end within `graceMs`, then by force. Resolves when it is gone. */
  close(graceMs: number): Promise<void>
  /** Ends at once (a stuck task, D8). */
  kill(reason: string): void
}
