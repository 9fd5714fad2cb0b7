// Attempts of one job in this leader's time, newest first, bounded: when each one started, from which checkpoint, and
// how it ended. For people; nothing is decided by it.

import type { Failure } from '@weirjs/common/core/errors'
import type { Attempt, CheckpointId } from '@weirjs/common/core/ids'
import type { AttemptView } from '@weirjs/common/core/job-views'
import type { JobContext } from './job-context.ts'

export const ATTEMPTS_KEPT_MAX = 100

export class AttemptHistory {
  readonly #context: JobContext
  #attempts: AttemptView[] = []

  constructor(context: JobContext) {
    this.#context = context
  }

  /** Newest first. */
  get attempts(): readonly AttemptView[] {
    return this.#attempts
  }

  begin(attempt: Attempt): void {
    const view: AttemptView = {
      attempt,
      epoch: this.#context.options.epoch,
      startedAtMs: this.#context.now.wallMs,
      restoredFrom: null,
      endedAtMs: null,
      failure: null,
    }
    this.#attempts = [view, ...this.#attempts].slice(0, ATTEMPTS_KEPT_MAX)
    this.#context.emit({ type: 'attempt-changed', attempt: view })
  }

  restored(attempt: Attempt, restoredFrom: CheckpointId): void {
    this.#change(attempt, (view) => ({ ...view, restoredFrom }))
  }

  end(attempt: number, failure: Failure | null): void {
    const endedAtMs = this.#context.now.wallMs
    this.#change(attempt, (view) =>
      view.endedAtMs === null ? { ...view, endedAtMs, failure } : view,
    )
  }

  /** The cause has turned out to lie deeper. */
  amend(attempt: number, failure: Failure): void {
    this.#change(attempt, (view) => ({ ...view, failure }))
  }

  #change(attempt: number, change: (view: AttemptView) => AttemptView): void {
    const index = this.#attempts.findIndex((view) => view.attempt === attempt)
    const old = this.#attempts[index]
    if (old === undefined) return
    const view = change(old)
    if (view === old) return
    this.#attempts[index] = view
    this.#context.emit({ type: 'attempt-changed', attempt: view })
  }
}
