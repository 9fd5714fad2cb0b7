// What strangers are refused, told to the operator: the first time at once, then at most once a minute, with a count. So an
// attack is seen, and does not fill the disk.

import type { Scheduler } from '../core/clock.ts'
import type { Log } from '../core/log.ts'

export const TOLD_EVERY_MS = 60_000

export class Refusals {
  readonly #scheduler: Scheduler
  readonly #log: Log
  readonly #event: string
  #untold = 0
  #from = ''
  #cancelTimer: (() => void) | null = null
  #closed = false

  /** `event`: what is logged; with it the number of refusals, and whom the last one met. */
  constructor(scheduler: Scheduler, log: Log, event: string) {
    this.#scheduler = scheduler
    this.#log = log
    this.#event = event
  }

  note(from: string): void {
    this.#untold += 1
    this.#from = from
    if (this.#cancelTimer === null && !this.#closed) this.#tell()
  }

  close(): void {
    this.#closed = true
    this.#cancelTimer?.()
    this.#cancelTimer = null
  }

  #tell(): void {
    this.#log.warn({ refused: this.#untold, from: this.#from }, this.#event)
    this.#untold = 0
    this.#cancelTimer = this.#scheduler.timer(TOLD_EVERY_MS, () => {
      this.#cancelTimer = null
      if (this.#untold > 0) this.#tell()
    })
  }
}
