// The watermark of one source reader, from the time stamps of its splits: the lowest over all
// splits that are active, each being its highest time stamp less the out-of-order bound less 1 ms.
// A split that is silent for longer than `idleAfterMs` is left out until it speaks again, and so is a
// reader that has had no split for as long. Pure:
// time is passed in, and it is time in which the reader could have read; back-pressure must not
// make a split idle.

import { MIN_WATERMARK } from '@weirjs/common/core/time-constants'

class Track {
  /** Highest time stamp less the bound less 1, or what the reader said. */
  watermark: number = MIN_WATERMARK
  /** Records or watermarks since `settle` looked last. */
  active = true
  lastActiveMs: number

  constructor(nowMs: number) {
    this.lastActiveMs = nowMs
  }
}

/** Of a reader that does not tell splits apart. */
const ONLY_SPLIT = ''

export class WatermarkTracker {
  readonly #delayMs: number
  readonly #idleAfterMs: number | null
  readonly #tracks = new Map<string, Track>()
  #current: Track | null = null
  /** Since when there is no split, as far as `settle` has seen. */
  #emptySinceMs: number | null = null

  constructor(o: { readonly outOfOrderMs: number; readonly idleAfterMs: number | null }) {
    this.#delayMs = o.outOfOrderMs + 1
    this.#idleAfterMs = o.idleAfterMs
  }

  beginSplit(splitId: string, nowMs: number): void {
    this.#current = this.#track(splitId, nowMs)
  }

  endSplit(splitId: string): void {
    if (this.#tracks.get(splitId) === this.#current) this.#current = null
    this.#tracks.delete(splitId)
  }

  /** A record of the split that was begun last. */
  record(timestamp: number, nowMs: number): void {
    const track = this.#current ?? this.#begin(nowMs)
    track.active = true
    const watermark = timestamp - this.#delayMs
    if (watermark > track.watermark) track.watermark = watermark
  }

  /** The reader itself says that no record of the split below `timestamp` will come. */
  watermark(splitId: string, timestamp: number, nowMs: number): void {
    const track = this.#track(splitId, nowMs)
    track.active = true
    if (timestamp - 1 > track.watermark) track.watermark = timestamp - 1
  }

  /** The watermark as of now, or `idle` when all splits are silent, or there has long been none, or `none` without splits. */
  settle(nowMs: number): number | 'idle' | 'none' {
    if (this.#tracks.size === 0) {
      this.#emptySinceMs ??= nowMs
      return this.#isIdle(this.#emptySinceMs, nowMs) ? 'idle' : 'none'
    }
    this.#emptySinceMs = null
    let lowest = Number.POSITIVE_INFINITY
    for (const track of this.#tracks.values()) {
      if (track.active) track.lastActiveMs = nowMs
      track.active = false
      if (!this.#isIdle(track.lastActiveMs, nowMs) && track.watermark < lowest)
        lowest = track.watermark
    }
    return lowest === Number.POSITIVE_INFINITY ? 'idle' : lowest
  }

  #isIdle(sinceMs: number, nowMs: number): boolean {
    return this.#idleAfterMs !== null && nowMs - sinceMs >= this.#idleAfterMs
  }

  #begin(nowMs: number): Track {
    this.#current = this.#track(ONLY_SPLIT, nowMs)
    return this.#current
  }

  #track(splitId: string, nowMs: number): Track {
    let track = this.#tracks.get(splitId)
    if (track === undefined) {
      track = new Track(nowMs)
      this.#tracks.set(splitId, track)
    }
    return track
  }
}
