// Whoever judges others by their silence must know when it was itself that could not hear: stopped, starved, or held up by
// its own work. It looks at the clock once per interval; what exceeds the interval by far was its own absence.

import { assert } from './assert.ts'

export class OwnPause {
  readonly #intervalMs: number
  #lastMs: number | null = null

  /** `intervalMs` > 0: how often it will look. */
  constructor(intervalMs: number) {
    assert(intervalMs > 0, 'looks have an interval')
    this.#intervalMs = intervalMs
  }

  /** To be called once per interval. Answers for how many ms nobody could be heard since the last look; 0 up to one interval. */
  look(nowMs: number): number {
    const last = this.#lastMs
    this.#lastMs = nowMs
    if (last === null) return 0
    const awayMs = nowMs - last - this.#intervalMs
    return awayMs > this.#intervalMs ? awayMs : 0
  }
}
