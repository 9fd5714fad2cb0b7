// What a client (CLI, tests, the status page) may ask of the JobManager. Implemented over gRPC by common/rpc, directly
// by the JobManager for processes that host one. What is answered is in core/job-views.

import type { JobId } from './core/ids.ts'
import type {
  CheckpointView,
  ClusterView,
  JobDefault,
  JobDetail,
  JobEventView,
  JobSummary,
  SubmitRequest,
  WorkerView,
} from './core/job-views.ts'

export * from './core/job-views.ts'

export interface JobClient {
  /** Errors: `job/invalid-graph`, `job/bundle-mismatch`, `restore/...`; nothing is left behind when it rejects. */
  submit(request: SubmitRequest): Promise<JobId>
  list(): Promise<readonly JobSummary[]>
  /** `id` may be a unique prefix. Errors: `job/not-found`, `job/ambiguous-id`. */
  describe(id: string): Promise<JobDetail>
  checkpoints(id: string): Promise<readonly CheckpointView[]>
  /** Returns when no leader will forget it any more; the job begins to stop at once. Error: `job/wrong-state`. */
  cancel(id: string): Promise<void>
  /** Resolves with the completed checkpoint. Errors: `checkpoint/failed`, `job/wrong-state`. */
  triggerCheckpoint(id: string): Promise<CheckpointView>
  workers(): Promise<readonly WorkerView[]>
  /**
   * Moves the tasks of a worker to others and gives it nothing more, or takes that back. Jobs restart from their newest
   * checkpoint, which costs them no restart of their strategy. Safe to repeat. Errors: `worker/not-found`,
   * `worker/ambiguous-id`.
   */
  drainWorker(id: string, draining: boolean): Promise<WorkerView>
  cluster(): Promise<ClusterView>
  /** What whoever submits builds the job's settings on. */
  jobDefaults(): Promise<readonly JobDefault[]>
  /** Starts with the present state; ends when the job has ended or `signal` aborts. */
  watch(id: string, signal: AbortSignal): AsyncIterable<JobEventView>
}
