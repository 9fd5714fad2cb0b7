// The word stream (SPEC §4): 5,000 words of seven letters.

import { JavaRandom } from './random.ts'

export const WORDS = 5_000

const WORD_LETTERS = 7
const WORD_STEP = 1_500_450_271
const WORD_SPACE = 26 ** WORD_LETTERS

/** Word k, 0 ≤ k < 5,000. */
export function wordAt(k: number): string {
  let x = ((k + 1) * WORD_STEP) % WORD_SPACE
  let word = ''
  for (let i = 0; i < WORD_LETTERS; i++) {
    word = String.fromCharCode(97 + (x % 26)) + word
    x = Math.floor(x / 26)
  }
  return word
}

export class WordStream {
  readonly #random: JavaRandom
  readonly #words: readonly string[] = Array.from({ length: WORDS }, (_, k) => wordAt(k))

  constructor(seed: number) {
    this.#random = new JavaRandom(seed)
  }

  /** The word of event n. */
  word(n: number): string {
    this.#random.startEvent(n)
    this.#random.next(31) // the first draw of neighbouring seeds is nearly the same
    return this.#words[this.#random.int(WORDS)] as string
  }
}
