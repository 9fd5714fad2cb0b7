// Which ended jobs are shown, and which were. The newest stay; of the others their ids are remembered, because somebody who
// slept may still run, and write, for a job that nobody here shows any more, and must be told to let go. Their logs lie on
// the storage, where the next start finds them.

import type { Scheduler } from '@weirjs/common/core/clock'
import type { JobId } from '@weirjs/common/core/ids'
import type { JobEntry } from './job-entry.ts'
import type { HistoryIndex } from './store/history-index.ts'

/** Ended jobs that are shown. */
export const JOBS_ENDED_MAX = 500
/** Ids of older ones; beyond that a worker's tasks end by themselves, when it next loses its JobManager. */
export const JOBS_FORGOTTEN_MAX = 100_000

export interface EndedJobsOptions {
  /** All that are known. */
  readonly jobs: Map<JobId, JobEntry>
  readonly scheduler: Pick<Scheduler, 'wallMs'>
  /** Hears of those that are not among them any more. */
  readonly history: Pick<HistoryIndex, 'forget'>
}

export class EndedJobs {
  readonly #options: EndedJobsOptions
  /** When they ended, by the wall clock: their summaries cost more than a look here. */
  readonly #endedAtMs = new WeakMap<JobEntry, number>()
  /** Oldest first. */
  readonly #forgotten = new Set<JobId>()

  constructor(options: EndedJobsOptions) {
    this.#options = options
  }

  /**
   * Takes those out that ended first when there are too many. A start finds jobs in no order, and a clock may stand behind: the
   * times decide, but the `last` that ended or was found stays until the next one. Perhaps somebody has asked for it.
   */
  trim(last: JobId): void {
    const { jobs, history } = this.#options
    const found = jobs.get(last)
    if (found?.ended === true) this.#endOf(found)
    const ended = [...jobs.values()].filter((job) => job.ended)
    const tooMany = ended.length - JOBS_ENDED_MAX
    if (tooMany <= 0) return
    const others = ended.filter(({ jobId }) => jobId !== last)
    for (const { jobId } of this.#oldest(others, tooMany)) {
      jobs.delete(jobId)
      this.#remember(jobId)
      history.forget(jobId)
    }
  }

  /** It ended, and is not shown any more. */
  wasForgotten(job: JobId): boolean {
    return this.#forgotten.has(job) && !this.#options.jobs.has(job)
  }

  /** They end, and are found, one by one: then nothing need be sorted. */
  #oldest(jobs: readonly JobEntry[], count: number): readonly JobEntry[] {
    if (count > 1) return jobs.toSorted((a, b) => this.#endOf(a) - this.#endOf(b)).slice(0, count)
    return [jobs.reduce((oldest, job) => (this.#endOf(job) < this.#endOf(oldest) ? job : oldest))]
  }

  /** Of those whose log is damaged nobody knows: they count from when they were found, so that what ends later is newer. */
  #endOf(job: JobEntry): number {
    const known = this.#endedAtMs.get(job)
    if (known !== undefined) return known
    const endedAtMs = job.summary().endedAtMs ?? this.#options.scheduler.wallMs()
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
