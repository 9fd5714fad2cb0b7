// Wakes a job's machine at the time that it asked for. Its parts ask for themselves, and all of them ask again whenever it is
// woken; so one timer is enough, for the earliest wish, and a later one may be passed over. A timer for each would stay until
// its time has come: that of a checkpoint's time-out, for instance, long after the checkpoint is complete.

import type { CancelTimer, Scheduler } from '@weirjs/common/core/clock'

export class WakeTimer {
  readonly #scheduler: Scheduler
  readonly #wake: () => void
  #set: { readonly atMs: number; readonly cancel: CancelTimer } | null = null

  constructor(scheduler: Scheduler, wake: () => void) {
    this.#scheduler = scheduler
    this.#wake = wake
  }

  /** `atMs` by the scheduler's monotonic clock; what is past rings in the next turn. */
  wakeAt(atMs: number): void {
    if (this.#set !== null && this.#set.atMs <= atMs) return
    this.#set?.cancel()
    const delayMs = Math.max(0, atMs - this.#scheduler.nowMs())
    const cancel = this.#scheduler.timer(delayMs, () => {
      this.#set = null
      this.#wake()
    })
    this.#set = { atMs, cancel }
  }

  close(): void {
    this.#set?.cancel()
    this.#set = null
  }
}
