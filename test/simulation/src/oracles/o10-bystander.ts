// O10, a bystander: what hits one job of a cluster is nothing to the others. A job that has another attempt must have been
// touched before, by a fault of its own or by one that may touch everybody.

import type { JobId } from '@weirjs/common/core/ids'
import { Complaints, type Violation } from './violation.ts'

export class Bystanders {
  #everybodyTouched = false
  readonly #touched = new Set<string>()
  readonly #complaints = new Complaints('O10')

  get violations(): readonly Violation[] {
    return this.#complaints.found
  }

  /** A fault hits. null: it may touch everybody. */
  hit(job: JobId | null): void {
    if (job === null) this.#everybodyTouched = true
    else this.#touched.add(job)
  }

  attempt(job: string, attempt: number): void {
    if (attempt === 1 || this.#everybodyTouched || this.#touched.has(job)) return
    this.#complaints.add(
      `job ${job.slice(0, 8)} has attempt ${attempt}, and no fault has touched it`,
    )
  }
}
