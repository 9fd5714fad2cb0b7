// When has a checkpoint's barrier arrived on every channel? A barrier cuts each channel in before and after; the
// snapshot must be taken when all channels stand at their cut.
//
// The picture: each checkpoint under way is a row of boxes, one for each live channel; a barrier ticks one box, a full
// row is `aligned`. With `blocking` (exactly-once) a ticked channel is held until its row is full or dropped; without
// (at-least-once) it flows on, and several rows may be open at once. A channel delivers rising ids, so one that has
// passed an id without ticking it never will: such a row can never be full, it is superseded and dropped at once.
// Notices of abort race with barriers; an abort that comes first leaves a tombstone (trap A5).
//
// It refuses to know frames, tasks or time; it never decides that a checkpoint is too old.

import { assert } from '@weirjs/common/core/assert'

/** Rows open at once; with more, the oldest is superseded. The coordinator allows far fewer. */
export const CHECKPOINTS_OPEN_MAX = 64
/** Aborts remembered for barriers that have not come; with more, the lowest id is forgotten. */
export const TOMBSTONES_MAX = 1_024

/**
 * What the barrier means: `block`: hold the channel. `counted`: go on. `aligned`: all have it, take the snapshot now.
 * `stale`: aborted, or overtaken on another channel; ignore it.
 */
export type BarrierAnswer = 'block' | 'counted' | 'aligned' | 'stale'

export interface BarrierStep {
  readonly answer: BarrierAnswer
  /** The first barrier of its checkpoint here. */
  readonly first: boolean
  /** Checkpoints that this barrier made impossible; their channels are free again. Rising. */
  readonly superseded: readonly number[]
}

/** `pending`: was under way and is dropped. `early`: its barriers will be stale. `late`: it was aligned or void. */
export type AbortAnswer = 'pending' | 'early' | 'late'

interface Row {
  readonly id: number
  readonly arrived: boolean[]
  count: number
}

export class BarrierAligner {
  readonly #blocking: boolean
  /** Open rows, rising ids. */
  #rows: Row[] = []
  readonly #ended: boolean[]
  /** Highest id that each channel has delivered; 0: none. */
  readonly #passed: number[]
  #live: number
  #alignedMax = 0
  readonly #tombstones = new Set<number>()

  /** `channels` ≥ 1. */
  constructor(options: { readonly channels: number; readonly blocking: boolean }) {
    assert(options.channels >= 1, 'alignment needs a channel')
    this.#blocking = options.blocking
    this.#live = options.channels
    this.#ended = new Array<boolean>(options.channels).fill(false)
    this.#passed = new Array<number>(options.channels).fill(0)
  }

  /** True while `channel` is held for a checkpoint under way. */
  isBlocked(channel: number): boolean {
    return this.#blocking && this.#rows.some((row) => row.arrived[channel] === true)
  }

  /** Checkpoints under way, rising. */
  get pending(): readonly number[] {
    return this.#rows.map((row) => row.id)
  }

  /** `id` ≥ 1 and higher than any other of this channel. */
  onBarrier(channel: number, id: number): BarrierStep {
    assert(this.#ended[channel] === false, 'no barrier after the end of its channel')
    assert(id > (this.#passed[channel] ?? 0), 'barriers of a channel rise')
    assert(!this.isBlocked(channel), 'a blocked channel delivers nothing')
    this.#passed[channel] = id
    const superseded = this.#dropImpossible(channel, id)
    if (this.#isStale(channel, id)) return { answer: 'stale', first: false, superseded }
    const { row, first } = this.#rowOf(id, superseded)
    row.arrived[channel] = true
    row.count += 1
    if (row.count < this.#live) {
      return { answer: this.#blocking ? 'block' : 'counted', first, superseded }
    }
    this.#complete(row)
    return { answer: 'aligned', first, superseded }
  }

  /** The channel will deliver nothing more, no barriers either. Answers the checkpoints that are aligned by that. */
  onEndOfChannel(channel: number): readonly number[] {
    assert(this.#ended[channel] === false, 'a channel ends once')
    assert(!this.isBlocked(channel), 'a blocked channel does not end')
    this.#ended[channel] = true
    this.#live -= 1
    for (const row of this.#rows) {
      if (row.arrived[channel] === true) row.count -= 1
    }
    const full = this.#rows.filter((row) => row.count === this.#live && this.#live > 0)
    for (const row of full) this.#complete(row)
    return full.map((row) => row.id)
  }

  /** The coordinator gave the checkpoint up: its channels are free, its later barriers are stale. */
  abort(id: number): AbortAnswer {
    if (this.#rows.some((row) => row.id === id)) {
      this.#rows = this.#rows.filter((row) => row.id !== id)
      this.#bury(id)
      return 'pending'
    }
    if (id <= this.#alignedMax) return 'late'
    this.#bury(id)
    return 'early'
  }

  /** Rows that this channel has passed without a tick. */
  #dropImpossible(channel: number, id: number): number[] {
    const dropped = this.#rows.filter((row) => row.id < id && row.arrived[channel] !== true)
    if (dropped.length > 0) this.#rows = this.#rows.filter((row) => !dropped.includes(row))
    return dropped.map((row) => row.id)
  }

  #isStale(channel: number, id: number): boolean {
    if (this.#tombstones.has(id)) return true
    if (this.#rows.some((row) => row.id === id)) return false
    return this.#passed.some((passed, other) => other !== channel && passed >= id)
  }

  #rowOf(id: number, superseded: number[]): { row: Row; first: boolean } {
    const open = this.#rows.find((row) => row.id === id)
    if (open !== undefined) return { row: open, first: false }
    const row: Row = { id, arrived: new Array<boolean>(this.#passed.length).fill(false), count: 0 }
    this.#rows.push(row)
    this.#rows.sort((a, b) => a.id - b.id)
    if (this.#rows.length > CHECKPOINTS_OPEN_MAX) {
      const oldest = this.#rows.shift()
      if (oldest !== undefined) superseded.push(oldest.id)
    }
    return { row, first: true }
  }

  #complete(row: Row): void {
    this.#rows = this.#rows.filter((other) => other !== row)
    this.#alignedMax = Math.max(this.#alignedMax, row.id)
    for (const id of this.#tombstones) {
      if (id <= this.#alignedMax) this.#tombstones.delete(id)
    }
  }

  #bury(id: number): void {
    this.#tombstones.add(id)
    if (this.#tombstones.size <= TOMBSTONES_MAX) return
    this.#tombstones.delete(Math.min(...this.#tombstones))
  }
}
