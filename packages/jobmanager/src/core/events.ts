// A job's whole world: what can happen to it, and what it may ask for. Pure data; the machine is job/job-machine.ts, the
// hands are effects.ts. Every event carries the time at which it was taken out of the mailbox. An effect that can fail
// names, in its comment, the events that answer it; the others are hints and need no answer.

import type { Manifest } from '@weirjs/common/core/checkpoint/manifest'
import type { Failure } from '@weirjs/common/core/errors'
import type {
  CancelRequest,
  CheckpointAck,
  CheckpointDecline,
  CheckpointNotice,
  DeployRequest,
  RunRequest,
  SlotEndpoint,
  TaskUpdate,
  TriggerRequest,
} from '@weirjs/common/core/gateways'
import type { Attempt, CheckpointId, Fence, SlotRef, WorkerId } from '@weirjs/common/core/ids'
import type { AttemptView, JobState } from '@weirjs/common/core/job-views'
import type {
  CheckpointRecord,
  CompletedCheckpoint,
  CoordinatorEffect,
  CoordinatorEvent,
  PendingContent,
} from './checkpoint/events.ts'
import type { SeatName, SeatsWanted } from './plan/slot-allocator.ts'

/** Monotonic and wall-clock time of an event, ms. */
export interface Stamp {
  readonly nowMs: number
  readonly wallMs: number
}

export type EndState = 'FINISHED' | 'FAILED' | 'CANCELED'

/** Where state comes from: an own checkpoint, or what the submitter named. */
export type RestoreSource =
  | { readonly kind: 'own'; readonly completed: CompletedCheckpoint }
  | { readonly kind: 'named'; readonly path: string }

/** Answers to effects of the coordinator, without their time. */
export type CheckpointOutcome = DistributiveOmit<
  Extract<
    CoordinatorEvent,
    {
      type:
        | 'trigger-failed'
        | 'manifest-written'
        | 'manifest-failed'
        | 'completion-logged'
        | 'completion-failed'
    }
  >,
  'nowMs' | 'wallMs'
>

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never

export type JobHappening =
  /** Exactly once, first. */
  | { readonly type: 'start' }
  /** The time asked for by `wake-at` has come; early and repeated ticks are harmless. */
  | { readonly type: 'tick' }
  | {
      readonly type: 'seats-granted'
      readonly requestId: number
      readonly seats: ReadonlyMap<SeatName, SlotRef>
    }
  | {
      readonly type: 'restore-loaded'
      readonly ticket: number
      readonly manifest: Manifest
      /** Directory of the job that wrote the files. */
      readonly directory: string
    }
  | { readonly type: 'restore-failed'; readonly ticket: number; readonly failure: Failure }
  | {
      readonly type: 'slots-allocated'
      readonly attempt: Attempt
      readonly workerId: WorkerId
      readonly endpoints: readonly SlotEndpoint[]
    }
  | {
      readonly type: 'allocate-failed'
      readonly attempt: Attempt
      readonly workerId: WorkerId
      readonly failure: Failure
    }
  | {
      readonly type: 'deploy-failed'
      readonly attempt: Attempt
      readonly workerId: WorkerId
      readonly failure: Failure
    }
  | { readonly type: 'task-update'; readonly update: TaskUpdate }
  | { readonly type: 'worker-lost'; readonly workerId: WorkerId; readonly failure: Failure }
  /** Its tasks are to go elsewhere; it lives. */
  | { readonly type: 'worker-draining'; readonly workerId: WorkerId; readonly failure: Failure }
  | {
      readonly type: 'slots-lost'
      readonly workerId: WorkerId
      readonly fence: Fence
      readonly slots: readonly number[]
      readonly failure: Failure
    }
  | { readonly type: 'acknowledged'; readonly ack: CheckpointAck }
  | { readonly type: 'declined'; readonly decline: CheckpointDecline }
  | { readonly type: 'manual-trigger'; readonly requestId: string }
  | { readonly type: 'checkpoint-outcome'; readonly outcome: CheckpointOutcome }
  | { readonly type: 'cancel' }
  | { readonly type: 'cancel-logged' }
  | { readonly type: 'terminal-logged' }
  /** The log could not be written, and it is being tried again; null: it can be written again. */
  | { readonly type: 'log-health'; readonly stalled: Failure | null }

export type JobEvent = JobHappening & Stamp

export type JobEffect =
  /**
   * Give the job these seats, batch by batch, now or when there is room, out of its own slots but the kept ones, too; when it has
   * all, take from it what else it had. A newer request replaces an older one. → seats-granted, once or more often
   */
  | { readonly type: 'request-seats'; readonly requestId: number; readonly wanted: SeatsWanted }
  /** Gives all slots back and withdraws the request. */
  | { readonly type: 'free-seats' }
  /** → restore-loaded, restore-failed */
  | { readonly type: 'load-restore'; readonly ticket: number; readonly source: RestoreSource }
  /** → slots-allocated, allocate-failed */
  | {
      readonly type: 'allocate'
      readonly workerId: WorkerId
      readonly fence: Fence
      readonly slots: readonly number[]
    }
  /** → deploy-failed; success shows in task updates. */
  | { readonly type: 'deploy'; readonly workerId: WorkerId; readonly request: DeployRequest }
  /** Repeated until the tasks report. */
  | { readonly type: 'run'; readonly workerId: WorkerId; readonly request: RunRequest }
  | { readonly type: 'cancel'; readonly workerId: WorkerId; readonly request: CancelRequest }
  | { readonly type: 'release'; readonly workerId: WorkerId; readonly fence: Fence }
  /** → checkpoint-outcome trigger-failed */
  | { readonly type: 'trigger'; readonly workerId: WorkerId; readonly request: TriggerRequest }
  | {
      readonly type: 'notify-complete'
      readonly workerId: WorkerId
      readonly notice: CheckpointNotice
    }
  | {
      readonly type: 'notify-aborted'
      readonly workerId: WorkerId
      readonly notice: CheckpointNotice
    }
  /** → checkpoint-outcome manifest-written, manifest-failed */
  | { readonly type: 'write-manifest'; readonly content: PendingContent }
  /** The decision moment. → checkpoint-outcome completion-logged, completion-failed */
  | { readonly type: 'log-completion'; readonly completed: CompletedCheckpoint }
  | {
      readonly type: 'discard-completed'
      readonly checkpoints: readonly CompletedCheckpoint[]
    }
  | { readonly type: 'discard-aborted'; readonly checkpointId: CheckpointId }
  /** → cancel-logged; repeated by the shell until it is written. */
  | { readonly type: 'log-cancel' }
  /** The wish to cancel is in the log: no leader will forget it. For those who asked. */
  | { readonly type: 'cancel-accepted' }
  /** → terminal-logged; repeated by the shell until it is written. */
  | { readonly type: 'log-terminal'; readonly state: EndState; readonly failure: Failure | null }
  /** After the terminal entry: delete what the retention settings do not keep. */
  | { readonly type: 'clean-up'; readonly keepCheckpoints: boolean }
  | { readonly type: 'wake-at'; readonly atMs: number }
  | Extract<CoordinatorEffect, { type: 'manual-result' }>
  /** For watchers and the history. */
  | { readonly type: 'checkpoint-record'; readonly record: CheckpointRecord }
  | { readonly type: 'state-changed'; readonly from: JobState; readonly to: JobState }
  | { readonly type: 'health-changed'; readonly degraded: Failure | null }
  | {
      readonly type: 'failed'
      readonly failure: Failure
      readonly willRestart: boolean
      readonly delayMs: number
    }
  | { readonly type: 'restored'; readonly checkpointId: CheckpointId; readonly attempt: Attempt }
  | { readonly type: 'attempt-changed'; readonly attempt: AttemptView }
  /** The job has ended in its log: nothing will be asked for any more. */
  | { readonly type: 'ended'; readonly state: EndState }
