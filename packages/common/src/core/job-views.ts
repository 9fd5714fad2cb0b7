// Jobs, checkpoints and workers as a person or a program sees them: plain JSON with stable, documented keys. Made by the
// JobManager, carried by the client protocol, shown by the CLI.

import type { Failure } from './errors.ts'
import type { JobSettings, LogicalGraph } from './graph/logical-graph.ts'
import type { PhysicalPlan } from './graph/physical-plan.ts'
import type { BundleHash, CheckpointId, JobId } from './ids.ts'

export const JOB_STATES = [
  'INITIALIZING',
  'CREATED',
  'RUNNING',
  'FINISHING',
  'FAILING',
  'RESTARTING',
  'CANCELLING',
  'FINISHED',
  'FAILED',
  'CANCELED',
] as const

export type JobState = (typeof JOB_STATES)[number]

export const TERMINAL_STATES: readonly JobState[] = ['FINISHED', 'FAILED', 'CANCELED']

export interface SubmitRequest {
  readonly graph: LogicalGraph
  readonly settings: JobSettings
  readonly bundle: Uint8Array
  readonly bundleHash: BundleHash
  readonly args: Readonly<Record<string, unknown>>
  readonly submittedAtMs: number
  /** Restore from: a directory or manifest path as a person names it, or null. */
  readonly restoreFrom: string | null
  readonly allowNonRestoredState: boolean
  /** Client-made, so that a repeated submit does not start a second job. */
  readonly submissionId: string
}

export interface JobSummary {
  readonly jobId: JobId
  readonly name: string
  readonly state: JobState
  /** HEALTHY, or DEGRADED with the reason (checkpoints failing, no slots). */
  readonly health: 'HEALTHY' | 'DEGRADED'
  readonly submittedAtMs: number
  readonly endedAtMs: number | null
  readonly attempt: number
  readonly restarts: number
  readonly tasks: { readonly total: number; readonly running: number }
  readonly lastCheckpointId: CheckpointId | null
  readonly failure: Failure | null
}

export interface TaskView {
  readonly vertexId: string
  readonly subtask: number
  readonly name: string
  readonly state: string
  readonly worker: string | null
  readonly attempt: number
  readonly busyRatio: number
  readonly idleRatio: number
  readonly backPressuredRatio: number
  readonly recordsIn: number
  readonly recordsOut: number
  readonly watermark: number
}

export interface AttemptView {
  readonly attempt: number
  readonly epoch: number
  readonly startedAtMs: number
  readonly restoredFrom: CheckpointId | null
  readonly endedAtMs: number | null
  readonly failure: Failure | null
}

export interface CheckpointView {
  readonly checkpointId: CheckpointId
  readonly state: 'IN_PROGRESS' | 'COMPLETED' | 'FAILED'
  readonly kind: 'periodic' | 'manual' | 'final'
  readonly triggeredAtMs: number
  readonly endedAtMs: number | null
  readonly stateBytes: number
  readonly acknowledged: number
  readonly total: number
  readonly stallMsMax: number
  /** Absolute path or URL while it is retained, else null. */
  readonly path: string | null
  readonly failure: Failure | null
}

export interface JobDetail extends JobSummary {
  readonly plan: PhysicalPlan
  readonly settings: JobSettings
  readonly taskViews: readonly TaskView[]
  /** Newest first, at most 100. */
  readonly attempts: readonly AttemptView[]
}

export interface WorkerView {
  readonly workerId: string
  readonly address: string
  readonly pid: number
  readonly slots: number
  readonly freeSlots: number
  readonly lastHeartbeatAgeMs: number
  readonly rssBytes: number
  /** It gets nothing more to do; what it did has been moved, or is being moved. */
  readonly draining: boolean
}

export interface ClusterView {
  readonly coordinatorId: string
  readonly version: string
  readonly pid: number
  readonly startedAtMs: number
  readonly workers: number
  readonly slots: number
  readonly freeSlots: number
  readonly jobs: Readonly<Record<string, number>>
  readonly checkpointDirectory: string
  /** `host:port` of the REST interface and the page as bound, behind `https://` where it is that; null: there is none. */
  readonly restAddress: string | null
  /** Why this JobManager does not lead all the jobs that it did; null: it does. */
  readonly notLeading: string | null
}

/** Of the text of one. Characters. */
export const JOB_DEFAULT_CHARS_MAX = 65_536

/** A setting of jobs that holds for those that say nothing else: what the cluster's configuration says. */
export interface JobDefault {
  readonly key: string
  readonly text: string
  /** Where it stands, for messages: `cluster: file weir.yaml:3`. */
  readonly origin: string
}

/** What `watch` yields, in order. A watcher that cannot follow loses `output` first, counted. */
export type JobEventView =
  | { readonly type: 'state'; readonly job: JobSummary }
  | { readonly type: 'checkpoint'; readonly checkpoint: CheckpointView }
  | {
      readonly type: 'failure'
      readonly failure: Failure
      readonly willRestart: boolean
      readonly delayMs: number
    }
  | { readonly type: 'restored'; readonly checkpointId: CheckpointId; readonly attempt: number }
  | {
      readonly type: 'progress'
      readonly recordsIn: number
      readonly recordsOut: number
      /** 0 to 1, of bounded jobs whose sources know how long they are; else null. */
      readonly doneRatio: number | null
    }
  | {
      readonly type: 'output'
      readonly stream: 'print' | 'stdout' | 'stderr'
      readonly text: string
    }
  | { readonly type: 'lost-output'; readonly lines: number }
  /**
   * What comes of lost and other output counts from the beginning of what was printed under the leader of this epoch: whoever
   * watches again knows what of it has been told.
   */
  | { readonly type: 'output-log'; readonly epoch: number }
