// A task that nobody counts any more (its worker slept, or was cut off) may still write a file of a checkpoint that was
// given up, after its job has ended and been cleaned up. So an ended job is swept once more when all who may have written
// for it must be gone, and again whenever somebody speaks who believes that it runs. What is asked for too often is left
// to the JobManager's next start, which sweeps all ended jobs.

import type { CancelTimer, Scheduler } from '@weirjs/common/core/clock'
import type { JobId } from '@weirjs/common/core/ids'

/** Jobs that wait for their late sweep. */
export const LATE_SWEEPS_MAX = 1_000

/** Who sleeps longer is heard of when it wakes. By the wall clock, so only a hint. */
const RECENT_MS = 24 * 3_600_000

export interface LateSweepsOptions {
  readonly scheduler: Scheduler
  /** From the news to the sweep, ms: longer than a task takes to end that has been told to. */
  readonly afterMs: number
  readonly sweep: (job: JobId) => void
}

export class LateSweeps {
  readonly #options: LateSweepsOptions
  readonly #waiting = new Map<JobId, CancelTimer>()

  constructor(options: LateSweepsOptions) {
    this.#options = options
  }

  /** Somebody may be writing for this ended job still. */
  note(job: JobId): void {
    if (this.#waiting.has(job) || this.#waiting.size >= LATE_SWEEPS_MAX) return
    const cancel = this.#options.scheduler.timer(this.#options.afterMs, () => {
      this.#waiting.delete(job)
      this.#options.sweep(job)
    })
    this.#waiting.set(job, cancel)
  }

  /** Found ended at the start: those who end by themselves may not have done so yet. */
  noteIfRecent(job: JobId, endedAtMs: number | null): void {
    const agoMs = this.#options.scheduler.wallMs() - (endedAtMs ?? 0)
    if (Math.abs(agoMs) < RECENT_MS) this.note(job)
  }

  close(): void {
    for (const cancel of this.#waiting.values()) cancel()
    this.#waiting.clear()
  }
}
