// What this JobManager leads, and what it has lost to another one. The truth is in each job's log (D1): whoever begins a
// new epoch there leads the job, and the one before learns it from its next entry. What it lost it neither takes back nor
// answers for; when nothing is left that it could run, it stands by: it lets its workers go and accepts nothing, until it
// is started anew. Whether they find the one that leads is a matter of the address that they have. It does not end by
// itself, because a supervisor that starts it again would take the jobs back, and the other's would do the same.

import { WeirError } from '@weirjs/common/core/errors'
import type { JobId } from '@weirjs/common/core/ids'
import type { JobEntry } from './job-entry.ts'

export interface LeadershipOptions {
  /** All that are known. */
  readonly jobs: () => readonly JobEntry[]
  /** Nothing is led from here any more. */
  readonly onStandBy: (why: string) => void
}

export class Leadership {
  readonly #options: LeadershipOptions
  /** Jobs that are led elsewhere, with what the log said. At most as many as may live at a time. */
  readonly #lost = new Map<JobId, string>()
  #standsBy: string | null = null

  constructor(options: LeadershipOptions) {
    this.#options = options
  }

  lost(job: JobId, error: WeirError): void {
    this.#lost.set(job, error.message)
    this.#standByIfIdle(error.message)
  }

  /** A job that it led has come to its end; it may have been the last. */
  ended(): void {
    const [first] = this.#lost.values()
    if (first !== undefined) this.#standByIfIdle(first)
  }

  /** It runs here, (again) after all. Whoever has an epoch must be able to get workers, so this ends standing by. */
  regained(job: JobId): void {
    this.#lost.delete(job)
    this.#standsBy = null
  }

  get standsBy(): boolean {
    return this.#standsBy !== null
  }

  /** Why this JobManager does not lead all that it did; null: it does. */
  get whyNot(): string | null {
    if (this.#standsBy !== null) return this.#standsBy
    const [first] = this.#lost.values()
    if (first === undefined) return null
    return this.#lost.size === 1 ? first : `${first}, and ${this.#lost.size - 1} other jobs`
  }

  /** Throws `rpc/unavailable`: whoever asks may find the one that leads. */
  mustLead(): void {
    if (this.#standsBy !== null) throw ledElsewhere(`this JobManager does not lead: ${this.whyNot}`)
  }

  /** Nothing is left that it could run. */
  #standByIfIdle(why: string): void {
    const others = this.#options.jobs().filter((one) => !one.ended && !this.#lost.has(one.jobId))
    if (this.#standsBy !== null || others.length > 0) return
    this.#standsBy = `it stands by: ${why}`
    this.#options.onStandBy(this.#standsBy)
  }
}

/** For whoever wants something of a job that another JobManager leads. */
export function ledElsewhere(message: string): WeirError {
  return new WeirError('rpc/unavailable', message, {
    domain: 'external',
    retry: 'backoff',
    hint: 'Turn to the JobManager that leads. If there is none any more, start this one anew: it takes the jobs over.',
  })
}
