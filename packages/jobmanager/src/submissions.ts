// From a submission to a job that runs: one job for each submission, however often and to whomever it is sent. While the
// log of a job is being created here, nobody here may take that job over.

import { WeirError } from '@weirjs/common/core/errors'
import type { JobId } from '@weirjs/common/core/ids'
import type { SubmitRequest } from '@weirjs/common/job-client'
import type { JobEntry } from './job-entry.ts'
import type { JobLog } from './store/job-log.ts'
import { jobIdOf, type Submitter } from './submitter.ts'

/** Jobs that run, wait or are being accepted at the same time. */
export const JOBS_LIVE_MAX = 1_000

export interface SubmissionsOptions {
  readonly submitter: Submitter
  /** Throws when the JobManager is closing, or stands by. */
  readonly mustLead: () => void
  readonly jobs: ReadonlyMap<JobId, JobEntry>
  /** Whether the job is on the storage although it is not among `jobs`; if so it is among them afterwards. */
  readonly lookUp: (job: JobId) => Promise<void>
  /** Begins to run it. */
  readonly run: (job: JobId, log: JobLog) => void
}

export class Submissions {
  readonly #options: SubmissionsOptions
  readonly #running = new Map<JobId, Promise<JobId>>()
  readonly #creating = new Set<JobId>()

  constructor(options: SubmissionsOptions) {
    this.#options = options
  }

  submit(request: SubmitRequest): Promise<JobId> {
    const id = jobIdOf(request.submissionId)
    const running = this.#running.get(id)
    if (running !== undefined) return running
    const accepted = this.#accept(id, request).finally(() => this.#running.delete(id))
    this.#running.set(id, accepted)
    return accepted
  }

  /** Whoever asks for a job that is just being accepted hears of it when it is. */
  async settled(id: string): Promise<void> {
    await Promise.allSettled([this.#running.get(id as JobId)])
  }

  /** Its log is being created here just now. */
  isCreating(job: JobId): boolean {
    return this.#creating.has(job)
  }

  async #accept(id: JobId, request: SubmitRequest): Promise<JobId> {
    const { jobs, lookUp } = this.#options
    await lookUp(id)
    // By its id and not by what its log says: a job whose log is damaged is there all the same.
    if (jobs.has(id)) return id
    // Those that are being created will live: many at once must not pass the bound together.
    const live = [...jobs.values()].filter((job) => !job.ended).length + this.#creating.size
    if (live >= JOBS_LIVE_MAX) {
      const message = `${JOBS_LIVE_MAX} jobs run or wait already`
      throw new WeirError('job/too-many', message, { domain: 'user', hint: 'Cancel one of them.' })
    }
    const created = await this.#create(id, request)
    if (!created) await lookUp(id)
    return id
  }

  /** False when another JobManager was first. */
  async #create(id: JobId, request: SubmitRequest): Promise<boolean> {
    const { submitter, mustLead, run } = this.#options
    this.#creating.add(id)
    try {
      const { log } = await submitter.submit(request)
      // If it stands by since: the job is there, for whoever leads and is asked for it.
      mustLead()
      if (log === null) return false
      run(id, log)
      return true
    } finally {
      this.#creating.delete(id)
    }
  }
}
