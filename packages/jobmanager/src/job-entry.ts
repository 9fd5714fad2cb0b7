// A job as the JobManager's clients meet it, whether it runs here, has ended, waits to be taken over, or cannot be.

import type { TaskReport } from '@weirjs/common/core/gateways'
import type { BundleHash, Fence, JobId } from '@weirjs/common/core/ids'
import type { CheckpointView, JobDetail, JobEventView, JobSummary } from '@weirjs/common/job-client'
import type { CheckpointMeter } from './core/checkpoint/checkpoint-meter.ts'

/** What a job that runs here has measured in this JobManager's time. */
export interface JobMeasures {
  readonly checkpoints: CheckpointMeter
  /** The newest of each task, by `taskKey`. */
  readonly reports: ReadonlyMap<string, TaskReport>
}

export interface JobEntry {
  readonly jobId: JobId
  /** null: not known any more. */
  readonly submissionId: string | null
  /** Of the code that workers may fetch; null: none. */
  readonly bundleHash: BundleHash | null
  /** Nothing of it will ever run again in this JobManager's time. */
  readonly ended: boolean
  /**
   * Somebody speaks, or runs, under this fence. True: it may be let go, because the job has ended or a newer epoch is led
   * from here.
   */
  hears(fence: Fence): boolean
  /** null: it does not run here. */
  readonly measures: JobMeasures | null
  summary(): JobSummary
  detail(): JobDetail
  /** Newest first. */
  checkpoints(): Promise<readonly CheckpointView[]>
  /** Resolves when no leader will forget it. Errors: `job/wrong-state`, `rpc/unavailable`. */
  cancel(): Promise<void>
  /** Errors: `job/wrong-state`, `checkpoint/failed`. */
  triggerCheckpoint(): Promise<CheckpointView>
  watch(signal: AbortSignal): AsyncIterable<JobEventView>
}
