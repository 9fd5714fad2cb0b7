// O10, a bystander: what hits one job of a cluster is nothing to the others. A job that has another attempt, or a checkpoint
// that fails, must have been touched before, by a fault of its own or by one that may touch everybody.

import type { JobId } from '@weirjs/common/core/ids'
import { Complaints, type Violation } from './violation.ts'

/** A checkpoint that fails of these was in the way of the job's end. */
const NO_FAULT: ReadonlySet<string> = new Set(['checkpoint/subsumed', 'checkpoint/tasks-stopped'])

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
    if (attempt > 1) this.#judge(job, `attempt ${attempt}`)
  }

  checkpointFailed(job: string, code: string): void {
    if (!NO_FAULT.has(code)) this.#judge(job, `a checkpoint that failed by ${code}`)
  }

  #judge(job: string, what: string): void {
    if (this.#everybodyTouched || this.#touched.has(job)) return
    this.#complaints.add(`job ${job.slice(0, 8)} has ${what}, and no fault has touched it`)
  }
}
