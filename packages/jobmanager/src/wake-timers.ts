// Wakes a machine at the times that it asked for. Times that are asked for twice ring once; the number of different
// times that wait is bounded, because a machine that asks for ever new ones has a bug.

import { assert } from '@weirjs/common/core/assert'
import type { CancelTimer, Scheduler } from '@weirjs/common/core/clock'

export const WAKES_WAITING_MAX = 10_000

export class WakeTimers {
  readonly #scheduler: Scheduler
  readonly #wake: () => void
  readonly #timers = new Map<number, CancelTimer>()

  constructor(scheduler: Scheduler, wake: () => void) {
    this.#scheduler = scheduler
    this.#wake = wake
  }

  /** `atMs` by the scheduler's monotonic clock; what is past rings in the next turn. */
  wakeAt(atMs: number): void {
    if (this.#timers.has(atMs)) return
    assert(this.#timers.size < WAKES_WAITING_MAX, 'a machine waits for a bounded number of times')
    const delayMs = Math.max(0, atMs - this.#scheduler.nowMs())
    const cancel = this.#scheduler.timer(delayMs, () => {
      this.#timers.delete(atMs)
      this.#wake()
    })
    this.#timers.set(atMs, cancel)
  }

  close(): void {
    for (const cancel of this.#timers.values()) cancel()
    this.#timers.clear()
  }
}
