// Chance as a thing that is passed in. xoshiro128** (Blackman and Vigna, 2018), seeded by splitmix32, so that one
// seed gives one run. Not for secrets.

export class Prng {
  #a: number
  #b: number
  #c: number
  #d: number

  /** Equal seeds give equal sequences; any safe integer is a seed. */
  constructor(seed: number) {
    let state = (seed ^ Math.floor(seed / 0x1_0000_0000)) >>> 0
    const next = (): number => {
      state = (state + 0x9e3779b9) >>> 0
      let z = state
      z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
      return (z ^ (z >>> 15)) >>> 0
    }
    this.#a = next()
    this.#b = next()
    this.#c = next()
    this.#d = next()
  }

  /** 0 … 2^32 - 1. */
  uint32(): number {
    const scrambled = Math.imul(rotl(Math.imul(this.#b, 5), 7), 9) >>> 0
    const t = this.#b << 9
    this.#c ^= this.#a
    this.#d ^= this.#b
    this.#b ^= this.#c
    this.#a ^= this.#d
    this.#c ^= t
    this.#d = rotl(this.#d, 11)
    return scrambled
  }

  /** In [0, 1). */
  float(): number {
    return this.uint32() / 0x1_0000_0000
  }

  /** 0 … bound - 1; `bound` is ≥ 1. */
  int(bound: number): number {
    return Math.floor(this.float() * bound)
  }

  /** low … high, both included. */
  between(low: number, high: number): number {
    return low + this.int(high - low + 1)
  }

  chance(probability: number): boolean {
    return this.float() < probability
  }

  /** One of `items`, which is not empty. */
  pick<T>(items: readonly T[]): T {
    return items[this.int(items.length)] as T
  }

  /** An independent generator, so that one consumer's draws do not shift another's. */
  fork(): Prng {
    return new Prng(this.uint32())
  }

  /** `bytes` random bytes in hex. */
  hex(bytes: number): string {
    let text = ''
    for (let i = 0; i < bytes; i++) text += (this.uint32() & 0xff).toString(16).padStart(2, '0')
    return text
  }
}

function rotl(x: number, k: number): number {
  return (x << k) | (x >>> (32 - k))
}
