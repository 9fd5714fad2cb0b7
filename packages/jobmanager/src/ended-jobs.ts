// Which ended jobs are shown, and which were. The newest stay; of the others their ids are remembered, because somebody who
// slept may still run, and write, for a job that nobody here shows any more, and must be told to let go. Their logs lie on
// the storage, where the next start finds them.

import type { JobId } from '@weirjs/common/core/ids'
import type { JobEntry } from './job-entry.ts'

/** Ended jobs that are shown. */
export const JOBS_ENDED_MAX = 500
/** Ids of older ones; beyond that a worker's tasks end by themselves, when it next loses its JobManager. */
export const JOBS_FORGOTTEN_MAX = 100_000

export class EndedJobs {
  readonly #jobs: Map<JobId, JobEntry>
  /** Oldest first. */
  readonly #forgotten = new Set<JobId>()

  /** `jobs`: all that are known, in the order in which they came to be. */
  constructor(jobs: Map<JobId, JobEntry>) {
    this.#jobs = jobs
  }

  /** Takes the oldest ended jobs out when there are too many. */
  trim(): void {
    const ended = [...this.#jobs.values()].filter((job) => job.ended)
    for (const { jobId } of ended.slice(0, Math.max(0, ended.length - JOBS_ENDED_MAX))) {
      this.#jobs.delete(jobId)
      this.#remember(jobId)
    }
  }

  /** It ended, and is not shown any more. */
  wasForgotten(job: JobId): boolean {
    return this.#forgotten.has(job) && !this.#jobs.has(job)
  }

  #remember(job: JobId): void {
    this.#forgotten.delete(job)
    this.#forgotten.add(job)
    if (this.#forgotten.size <= JOBS_FORGOTTEN_MAX) return
    for (const oldest of this.#forgotten) {
      this.#forgotten.delete(oldest)
      break
    }
  }
}
