// Processing-time timers of a chain's operators: who is due is asked at the begin of each run, and at its end the loop's
// alarm is set to the earliest of the others, whoever has set it meanwhile. The operators hold the queues; here is only
// one alarm.

import type { CancelTimer, Scheduler } from '@weirjs/common/core/clock'
import type { OperatorChain } from './operator-chain.ts'

/** Time that overdue timers get in one run; then records, barriers and mail have their turn … */
export const FIRE_MS = 1
/** … and twice as much in the next one, up to this, while some are left: else records could set more than ever fire. */
export const FIRE_MS_MAX = 16
/** Bursts of one operator in one run: the bound when time stands still, as in a simulation. */
export const BURSTS_PER_RUN_MAX = 64

export interface TimersHost {
  /** False: outputs are full or an operator is not ready; who has made it so wakes the task when that is over. */
  readonly mayFire: boolean
  wake(): void
}

export class ProcessingTimers {
  readonly #chain: OperatorChain
  readonly #scheduler: Scheduler
  readonly #host: TimersHost
  #fireMs = FIRE_MS
  #alarmAtMs = Number.POSITIVE_INFINITY
  #cancelAlarm: CancelTimer | null = null

  constructor(chain: OperatorChain, scheduler: Scheduler, host: TimersHost) {
    this.#chain = chain
    this.#scheduler = scheduler
    this.#host = host
  }

  /** Fires what is due, for a while; true when some of it is left. */
  fire(): boolean {
    const chain = this.#chain
    const host = this.#host
    if (!host.mayFire || this.#earliest() === Number.POSITIVE_INFINITY) return false
    const wallMs = this.#scheduler.wallMs()
    const untilMs = this.#scheduler.nowMs() + this.#fireMs
    for (let i = 0; i < chain.operators.length; i++) {
      for (let bursts = 0; isDue(chain.fireTimers(i, wallMs), wallMs); bursts++) {
        const late = bursts >= BURSTS_PER_RUN_MAX || this.#scheduler.nowMs() >= untilMs
        if (late || !host.mayFire) {
          this.#fireMs = Math.min(2 * this.#fireMs, FIRE_MS_MAX)
          return true
        }
      }
    }
    this.#fireMs = FIRE_MS
    return false
  }

  /** Behind a run: the loop is woken when the next timer is due. True when one is due already. */
  arm(): boolean {
    if (!this.#host.mayFire) return false
    const earliestMs = this.#earliest()
    if (earliestMs >= this.#alarmAtMs) return false
    const wallMs = this.#scheduler.wallMs()
    if (earliestMs <= wallMs) return true
    this.#setAlarm(earliestMs, wallMs)
    return false
  }

  close(): void {
    this.#cancelAlarm?.()
    this.#cancelAlarm = null
  }

  #earliest(): number {
    const chain = this.#chain
    let earliestMs = Number.POSITIVE_INFINITY
    for (let i = 0; i < chain.operators.length; i++) {
      const dueMs = chain.nextTimer(i)
      if (dueMs !== null && dueMs < earliestMs) earliestMs = dueMs
    }
    return earliestMs
  }

  #setAlarm(atMs: number, wallMs: number): void {
    this.#cancelAlarm?.()
    this.#alarmAtMs = atMs
    this.#cancelAlarm = this.#scheduler.timer(atMs - wallMs, () => {
      this.#alarmAtMs = Number.POSITIVE_INFINITY
      this.#cancelAlarm = null
      this.#host.wake()
    })
  }
}

const isDue = (dueMs: number | null, wallMs: number): boolean => dueMs !== null && dueMs <= wallMs
