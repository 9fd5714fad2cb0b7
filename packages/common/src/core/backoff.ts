// How long to wait before trying again: exponential, capped, with jitter so that many waiters do
// not come back at once. Decides only; waiting is the caller's.

import { assert } from './assert.ts'
import type { Prng } from './prng.ts'

export interface BackoffOptions {
  /** First delay, ≥ 0. */
  readonly initialMs: number
  /** No delay is longer, jitter included. */
  readonly maxMs: number
  /** ≥ 1. */
  readonly multiplier: number
  /** 0 … 1: the share of the delay that chance may add or take. */
  readonly jitter: number
}

export class Backoff {
  readonly #options: BackoffOptions
  readonly #prng: Prng
  #failures = 0

  constructor(options: BackoffOptions, prng: Prng) {
    assert(
      options.initialMs >= 0 && options.maxMs >= options.initialMs,
      'back-off delays rise from initial to max',
    )
    assert(options.multiplier >= 1, 'a back-off multiplier is at least 1')
    assert(options.jitter >= 0 && options.jitter <= 1, 'jitter is a share')
    this.#options = options
    this.#prng = prng
  }

  /** Delays given since the last reset. */
  get failures(): number {
    return this.#failures
  }

  /** The delay before the next try, in ms. */
  nextDelayMs(): number {
    return backoffDelayMs(this.#options, this.#failures++, this.#prng)
  }

  /** It worked: the next failure waits `initialMs` again. */
  reset(): void {
    this.#failures = 0
  }
}

/**
 * The delay after `failures` earlier ones (0: the first). For machines that keep the count
 * themselves.
 */
export function backoffDelayMs(options: BackoffOptions, failures: number, prng: Prng): number {
  if (options.initialMs === 0) return 0
  // Infinity, from a large exponent, is cut by the minimum like any other value.
  const plain = Math.min(options.initialMs * options.multiplier ** failures, options.maxMs)
  const spread = plain * options.jitter * (2 * prng.float() - 1)
  return Math.min(Math.max(plain + spread, 0), options.maxMs)
}
