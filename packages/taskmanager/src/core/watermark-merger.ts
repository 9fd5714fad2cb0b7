// The watermark of several channels is the lowest of those that count. Idle channels do not count; ended ones count as
// the highest possible. It never falls: a channel that wakes behind the others only holds the value where it is.
//
// Asked per watermark, not per record, so it simply looks at all channels: no heap to keep in order.

import { MAX_WATERMARK, MIN_WATERMARK } from '@weirjs/common/core/time-constants'

/** What changed for those downstream. */
export interface WatermarkChange {
  readonly watermark: boolean
  readonly idle: boolean
}

const NOTHING: WatermarkChange = { watermark: false, idle: false }

export class WatermarkMerger {
  readonly #watermarks: number[]
  readonly #idle: boolean[]
  readonly #ended: boolean[]
  #current = MIN_WATERMARK
  #allIdle = false

  /** `channels` ≥ 0; without channels everything has ended. */
  constructor(channels: number) {
    this.#watermarks = new Array<number>(channels).fill(MIN_WATERMARK)
    this.#idle = new Array<boolean>(channels).fill(false)
    this.#ended = new Array<boolean>(channels).fill(false)
    if (channels === 0) this.#current = MAX_WATERMARK
  }

  /** Milliseconds; MIN_WATERMARK before every counting channel had one, MAX_WATERMARK when all have ended. */
  get current(): number {
    return this.#current
  }

  /** True while channels are left and all of them are idle. */
  get idle(): boolean {
    return this.#allIdle
  }

  /** A watermark also ends the channel's idleness. Steps back are ignored. */
  onWatermark(channel: number, watermark: number): WatermarkChange {
    this.#idle[channel] = false
    if (watermark > (this.#watermarks[channel] ?? MAX_WATERMARK))
      this.#watermarks[channel] = watermark
    return this.#merge()
  }

  onStatus(channel: number, idle: boolean): WatermarkChange {
    this.#idle[channel] = idle
    return this.#merge()
  }

  onEnd(channel: number): WatermarkChange {
    this.#ended[channel] = true
    return this.#merge()
  }

  #merge(): WatermarkChange {
    let lowest = MAX_WATERMARK
    let counting = 0
    let left = 0
    for (let i = 0; i < this.#watermarks.length; i++) {
      if (this.#ended[i] === true) continue
      left += 1
      if (this.#idle[i] === true) continue
      counting += 1
      lowest = Math.min(lowest, this.#watermarks[i] ?? MIN_WATERMARK)
    }
    const allIdle = left > 0 && counting === 0
    const rises = !allIdle && lowest > this.#current
    const turns = allIdle !== this.#allIdle
    if (!rises && !turns) return NOTHING
    if (rises) this.#current = lowest
    this.#allIdle = allIdle
    return { watermark: rises, idle: turns }
  }
}
