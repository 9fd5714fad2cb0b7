// The linear congruential generator of java.util.Random (SPEC §2), exact and without BigInt: its
// 48-bit state is two halves of 24 bits, so that every product fits into a double and none is
// rounded.

const HALF = 0x100_0000
const HALF_MASK = 0xff_ffff
/** 0x5DEECE66D. */
const MULTIPLIER_HIGH = 0x5de
const MULTIPLIER_LOW = 0xece66d
const INCREMENT = 0xb
const SEED_MIX = 0x9e37_79b9_7f4a_7c15n

export class JavaRandom {
  #high = 0
  #low = 0
  readonly #seedHigh: number
  readonly #seedLow: number

  /** `seed` is S of the SPEC: 0 ≤ S < 2^53. */
  constructor(seed: number) {
    const mix = BigInt.asUintN(48, BigInt(seed) * SEED_MIX)
    this.#seedHigh = Number(mix >> 24n) ^ MULTIPLIER_HIGH
    this.#seedLow = Number(mix & 0xff_ffffn) ^ MULTIPLIER_LOW
  }

  /** Starts the generator of event `n`, 0 ≤ n < 2^53. */
  startEvent(n: number): void {
    this.#low = (n & HALF_MASK) ^ this.#seedLow
    this.#high = (Math.floor(n / HALF) & HALF_MASK) ^ this.#seedHigh
  }

  /** The next `bits` random bits, 24 … 31, as a non-negative integer. */
  next(bits: number): number {
    const product = this.#low * MULTIPLIER_LOW + INCREMENT
    const low = product & HALF_MASK // of doubles below 2^53, `&` takes the lowest 32 bits
    const carry = (product - low) / HALF
    const high = (this.#high * MULTIPLIER_LOW + this.#low * MULTIPLIER_HIGH + carry) & HALF_MASK
    this.#low = low
    this.#high = high
    return (high << (bits - 24)) | (low >>> (48 - bits))
  }

  /** 0 … bound - 1; 1 ≤ bound < 2^31. */
  int(bound: number): number {
    let u = this.next(31)
    if ((bound & (bound - 1)) === 0) return Math.floor((bound * u) / 0x8000_0000)
    for (;;) {
      const r = u % bound
      if (u - r + (bound - 1) < 0x8000_0000) return r
      u = this.next(31)
    }
  }

  /** In [0, 1). */
  double(): number {
    const first = this.next(26)
    return (first * 0x800_0000 + this.next(27)) / 0x20_0000_0000_0000
  }
}
