// Processing-time timers of a chain's operators: who is due is asked once per run, and the loop is woken when the
// earliest of the others comes due. The operators hold the queues; here is only one alarm.

import type { CancelTimer, Scheduler } from '@weirjs/common/core/clock'
import type { OperatorChain } from './operator-chain.ts'

export class ProcessingTimers {
  readonly #chain: OperatorChain
  readonly #scheduler: Scheduler
  readonly #wake: () => void
  #alarmAtMs = Number.POSITIVE_INFINITY
  #cancelAlarm: CancelTimer | null = null

  constructor(chain: OperatorChain, scheduler: Scheduler, wake: () => void) {
    this.#chain = chain
    this.#scheduler = scheduler
    this.#wake = wake
  }

  /** Fires what is due; true when an operator stopped early and should be asked again. */
  fire(): boolean {
    const wallMs = this.#scheduler.wallMs()
    let earliestMs = Number.POSITIVE_INFINITY
    let more = false
    for (let i = 0; i < this.#chain.operators.length; i++) {
      const leftMs = this.#chain.fireTimers(i, wallMs)
      if (leftMs === null) continue
      if (leftMs <= wallMs) more = true
      else if (leftMs < earliestMs) earliestMs = leftMs
    }
    if (earliestMs < this.#alarmAtMs) this.#setAlarm(earliestMs, wallMs)
    return more
  }

  close(): void {
    this.#cancelAlarm?.()
    this.#cancelAlarm = null
  }

  #setAlarm(atMs: number, wallMs: number): void {
    this.#cancelAlarm?.()
    this.#alarmAtMs = atMs
    this.#cancelAlarm = this.#scheduler.timer(atMs - wallMs, () => {
      this.#alarmAtMs = Number.POSITIVE_INFINITY
      this.#cancelAlarm = null
      this.#wake()
    })
  }
}
