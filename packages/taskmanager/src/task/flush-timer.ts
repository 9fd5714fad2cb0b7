// When open frames leave that are not full: the job's buffer timeout. 0: after every run of the task. Null: never, only
// full frames leave, or those that a barrier completes. Anything else: at latest after so long, and earlier when the
// slot has nothing else to do (see task-loop).

import type { CancelTimer, Scheduler } from '@weirjs/common/core/clock'
import type { TaskOutputs } from './task-output.ts'

export class FlushTimer {
  readonly #outputs: TaskOutputs
  readonly #scheduler: Scheduler
  readonly #bufferTimeoutMs: number | null
  #cancel: CancelTimer | null = null

  constructor(outputs: TaskOutputs, scheduler: Scheduler, bufferTimeoutMs: number | null) {
    this.#outputs = outputs
    this.#scheduler = scheduler
    this.#bufferTimeoutMs = bufferTimeoutMs
  }

  /** Something waits and may leave early. */
  get mayFlushEarly(): boolean {
    return this.#bufferTimeoutMs !== null && this.#outputs.dirty
  }

  /** Called when a run of the task is over. One timer serves all frames: it is armed by the first that stays open. */
  afterRun(): void {
    if (this.#bufferTimeoutMs === null || this.#cancel !== null || !this.#outputs.dirty) return
    if (this.#bufferTimeoutMs === 0) {
      this.#outputs.flush()
      return
    }
    this.#cancel = this.#scheduler.timer(this.#bufferTimeoutMs, () => {
      this.#cancel = null
      this.#outputs.flush()
    })
  }

  close(): void {
    this.#cancel?.()
  }
}
