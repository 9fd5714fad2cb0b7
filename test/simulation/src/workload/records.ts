// The records of simulated jobs. Everything follows from their numbers, so the oracles need no second engine.

import { struct } from '@weirjs/api/struct'
import { int, text } from '@weirjs/api/types'

export interface Numbered {
  readonly n: number
  readonly key: string
  /** The partition of the source that it comes from: within one, numbers rise. */
  readonly part: string
  /** The number before it in its part with the same key; -1: none. */
  readonly before: number
  /** What it carries; '': nothing. */
  readonly payload: string
}

/** What a job writes: number n was the `count`-th of its key. */
export interface Counted {
  readonly n: number
  readonly key: string
  readonly count: number
}

/** What a job says when it sees something that must not be. */
export interface Alert {
  readonly where: string
  readonly expected: number
  readonly got: number
}

export const numbered = struct('Numbered', {
  n: int(),
  key: text(),
  part: text(),
  before: int(),
  payload: text(),
})
export const counted = struct('Counted', { n: int(), key: text(), count: int() })
export const alert = struct('Alert', { where: text(), expected: int(), got: int() })
export const rule = struct('Rule', { id: int(), factor: int() })

export interface Rule {
  readonly id: number
  readonly factor: number
}
