// A job as the JobManager's clients meet it, whether it runs here, has ended, or waits to be taken over.

import type { JobId } from '@weirjs/common/core/ids'
import type { CheckpointView, JobDetail, JobEventView, JobSummary } from '@weirjs/common/job-client'

export interface JobEntry {
  readonly jobId: JobId
  readonly submissionId: string
  summary(): JobSummary
  detail(): JobDetail
  /** Newest first. */
  checkpoints(): Promise<readonly CheckpointView[]>
  /** Error: `job/wrong-state`. */
  cancel(): void
  /** Errors: `job/wrong-state`, `checkpoint/failed`. */
  triggerCheckpoint(): Promise<CheckpointView>
  watch(signal: AbortSignal): AsyncIterable<JobEventView>
}
