// The key stream of the keyed count (SPEC §4): integers 0 … keys - 1.

import { JavaRandom } from './random.ts'

export const KEYS = 1_000_000

export class KeyStream {
  readonly #random: JavaRandom
  readonly #keys: number

  constructor(seed: number, keys: number = KEYS) {
    this.#random = new JavaRandom(seed)
    this.#keys = keys
  }

  /** The key of event n. */
  key(n: number): number {
    this.#random.startEvent(n)
    this.#random.next(31)
    return this.#random.int(this.#keys)
  }
}
