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
  readonly #onForgotten: (job: JobId) => void
  /** When they ended, by the wall clock: their summaries cost more than a look here. */
  readonly #endedAtMs = new WeakMap<JobEntry, number>()
  /** Oldest first. */
  readonly #forgotten = new Set<JobId>()

  /** `jobs`: all that are known. `onForgotten`: it is not among them any more. */
  constructor(jobs: Map<JobId, JobEntry>, onForgotten: (job: JobId) => void) {
    this.#jobs = jobs
    this.#onForgotten = onForgotten
  }

  /**
   * Takes those out that ended first when there are too many. A start finds jobs in no order, so the times decide; but what was
   * found last (`found`) stays until the next one: perhaps somebody has asked for it.
   */
  trim(found?: JobId): void {
    const ended = [...this.#jobs.values()].filter((job) => job.ended)
    const tooMany = ended.length - JOBS_ENDED_MAX
    if (tooMany <= 0) return
    const others = ended.filter(({ jobId }) => jobId !== found)
    const oldestFirst = others.toSorted((a, b) => this.#endOf(a) - this.#endOf(b))
    for (const { jobId } of oldestFirst.slice(0, tooMany)) {
      this.#jobs.delete(jobId)
      this.#remember(jobId)
      this.#onForgotten(jobId)
    }
  }

  /** It ended, and is not shown any more. */
  wasForgotten(job: JobId): boolean {
    return this.#forgotten.has(job) && !this.#jobs.has(job)
  }

  /** Of those whose log is damaged nobody knows: they stay as long as there is room. */
  #endOf(job: JobEntry): number {
    const known = this.#endedAtMs.get(job)
    if (known !== undefined) return known
    const endedAtMs = job.summary().endedAtMs ?? Number.MAX_SAFE_INTEGER
    this.#endedAtMs.set(job, endedAtMs)
    return endedAtMs
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
