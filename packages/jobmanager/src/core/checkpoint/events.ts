// The checkpoint coordinator's whole world: what can happen to it, and what it may ask for. Pure data; the machine is
// coordinator.ts, the hands are the job master's effects. Times are `nowMs` of the monotonic clock, passed with events.

import type { Manifest } from '@weirjs/common/core/checkpoint/manifest'
import type { CheckpointDecline, CheckpointAck } from '@weirjs/common/core/gateways'
import type { Failure } from '@weirjs/common/core/errors'
import type { CheckpointSettings } from '@weirjs/common/core/graph/logical-graph'
import type { Attempt, CheckpointId, TaskId } from '@weirjs/common/core/ids'

export type CheckpointKind = 'periodic' | 'manual' | 'final'

/** One completed checkpoint as the coordinator knows it: enough to retain, notify and restore. */
export interface CompletedCheckpoint {
  readonly checkpointId: CheckpointId
  readonly kind: CheckpointKind
  readonly manifestPath: string
  readonly manifestSha256: string
  readonly triggeredAtMs: number
  readonly completedAtMs: number
  readonly stateBytes: number
}

export type CoordinatorEvent =
  /** All tasks of the job run (first time or after a restart): triggering may begin. `wallMs` stamps checkpoints. */
  | {
      readonly type: 'tasks-running'
      readonly attempt: Attempt
      readonly nowMs: number
      readonly wallMs: number
    }
  /** Some task does not run any more: abort everything pending, trigger nothing. */
  | {
      readonly type: 'tasks-stopped'
      readonly failure: Failure
      readonly nowMs: number
      readonly wallMs: number
    }
  /** Every task has reached its end of data: the final checkpoint is due now. */
  | { readonly type: 'all-end-of-data'; readonly nowMs: number; readonly wallMs: number }
  | {
      readonly type: 'manual-trigger'
      readonly requestId: string
      readonly nowMs: number
      readonly wallMs: number
    }
  /** The time asked for by `wake-at` has come (early or repeated wakes are harmless). */
  | { readonly type: 'tick'; readonly nowMs: number; readonly wallMs: number }
  | {
      readonly type: 'acknowledged'
      readonly ack: CheckpointAck
      readonly nowMs: number
      readonly wallMs: number
    }
  | {
      readonly type: 'declined'
      readonly decline: CheckpointDecline
      readonly nowMs: number
      readonly wallMs: number
    }
  /** The trigger call to a worker failed. */
  | {
      readonly type: 'trigger-failed'
      readonly checkpointId: CheckpointId
      readonly failure: Failure
      readonly nowMs: number
      readonly wallMs: number
    }
  | {
      readonly type: 'manifest-written'
      readonly checkpointId: CheckpointId
      readonly path: string
      readonly sha256: string
      readonly nowMs: number
      readonly wallMs: number
    }
  | {
      readonly type: 'manifest-failed'
      readonly checkpointId: CheckpointId
      readonly failure: Failure
      readonly nowMs: number
      readonly wallMs: number
    }
  /** The log entry that makes the checkpoint complete exists: the decision moment has passed. */
  | {
      readonly type: 'completion-logged'
      readonly checkpointId: CheckpointId
      readonly nowMs: number
      readonly wallMs: number
    }
  | {
      readonly type: 'completion-failed'
      readonly checkpointId: CheckpointId
      readonly failure: Failure
      readonly nowMs: number
      readonly wallMs: number
    }

export type CoordinatorEffect =
  | {
      readonly type: 'trigger'
      readonly checkpointId: CheckpointId
      readonly kind: CheckpointKind
      readonly timestampMs: number
    }
  | {
      readonly type: 'write-manifest'
      readonly checkpointId: CheckpointId
      readonly content: PendingContent
    }
  | { readonly type: 'log-completion'; readonly completed: CompletedCheckpoint }
  | {
      readonly type: 'notify-complete'
      readonly checkpointId: CheckpointId
      readonly final: boolean
    }
  | {
      readonly type: 'notify-aborted'
      readonly checkpointId: CheckpointId
      readonly reason: Failure
    }
  /** Delete these checkpoints' files: subsumed by retention (log first, then delete), or aborted. */
  | { readonly type: 'discard-completed'; readonly checkpoints: readonly CompletedCheckpoint[] }
  | { readonly type: 'discard-aborted'; readonly checkpointId: CheckpointId }
  /** Send a `tick` then, monotonic time. Replaces the wish before, which was for a later time. */
  | { readonly type: 'wake-at'; readonly atMs: number }
  /** Tolerable failures exceeded: the job must fail (restart strategy decides what then). */
  | { readonly type: 'fail-job'; readonly failure: Failure }
  | {
      readonly type: 'manual-result'
      readonly requestId: string
      readonly result: { readonly completed: CompletedCheckpoint } | { readonly failure: Failure }
    }
  /** For the history: a checkpoint began, progressed or ended. */
  | { readonly type: 'record'; readonly record: CheckpointRecord }

/** What the manifest is made of, without the constant parts that the job master adds. */
export interface PendingContent {
  readonly checkpointId: CheckpointId
  readonly kind: CheckpointKind
  readonly triggeredAtMs: number
  readonly tasks: Manifest['tasks']
}

export interface CheckpointRecord {
  readonly checkpointId: CheckpointId
  readonly kind: CheckpointKind
  readonly state: 'IN_PROGRESS' | 'COMPLETED' | 'FAILED'
  readonly triggeredAtMs: number
  readonly endedAtMs: number | null
  readonly stateBytes: number
  readonly acknowledged: number
  readonly total: number
  readonly stallMsMax: number
  readonly failure: Failure | null
}

/** Fixed for one JobMaster life. */
export interface CoordinatorOptions {
  readonly settings: CheckpointSettings
  /** Every task of the job: each must acknowledge. */
  readonly tasks: readonly TaskId[]
  readonly nextCheckpointId: CheckpointId
  /** Completed before this life and not discarded, rising ids. */
  readonly retained: readonly CompletedCheckpoint[]
}
