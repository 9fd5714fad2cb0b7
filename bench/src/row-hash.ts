// The result check (SPEC §6): number of rows, and the sum modulo 2^64 of their hashes, so that
// order does not matter. Sums are kept as two halves of 32 bits; nothing is allocated for a row.

const SEPARATOR = 0x7c
const A_START = 0x811c_9dc5 | 0
const B_START = 0x9747_b28c | 0
const A_FACTOR = 0x0100_0193
const B_FACTOR = 0x85eb_ca6b

const GROUPS_MAX = 6
/** The ASCII digits of 0 … 999, the first one lowest. */
const THREE_DIGITS = Int32Array.from({ length: 1_000 }, (_, i) => {
  const ones = 0x30 + (i % 10)
  const tens = 0x30 + (Math.floor(i / 10) % 10)
  return (ones << 16) | (tens << 8) | (0x30 + Math.floor(i / 100))
})

/** What a sink keeps, and what expected.json has. */
export interface RowCheck {
  readonly rows: number
  /** 16 lower-case hex digits. */
  readonly hash: string
}

/** One row at a time: `begin`, fields joined by `separator`, `end`. */
export class RowHash {
  rows = 0
  #a = 0
  #b = 0
  #sumHigh = 0
  #sumLow = 0
  /** Three digits each, the last ones first. */
  readonly #groups = new Int32Array(GROUPS_MAX)

  begin(): this {
    this.#a = A_START
    this.#b = B_START
    return this
  }

  separator(): this {
    this.#put(SEPARATOR)
    return this
  }

  text(value: string): this {
    let a = this.#a
    let b = this.#b
    let i = 0
    for (; i < value.length; i++) {
      const unit = value.charCodeAt(i)
      if (unit > 0x7f) break
      a = Math.imul(a ^ unit, A_FACTOR)
      b = Math.imul(b ^ unit, B_FACTOR)
    }
    this.#a = a
    this.#b = b
    return i === value.length ? this : this.#utf8(value.slice(i))
  }

  /** A decimal number, 0 … 2^53 - 1. */
  integer(value: number): this {
    const groups = this.#groups
    let rest = value
    let count = 0
    while (rest >= 1_000_000_000) {
      const top = Math.floor(rest / 1_000)
      groups[count++] = rest - top * 1_000
      rest = top
    }
    let small = rest | 0
    while (small >= 1_000) {
      const top = (small / 1_000) | 0
      groups[count++] = small - top * 1_000
      small = top
    }
    this.#putGroups(small, count)
    return this
  }

  /** Counts the row and adds its hash to the sum. */
  end(): void {
    this.rows++
    this.#add(mix(this.#a), mix(this.#b))
  }

  get hash(): string {
    return hex(this.#sumHigh) + hex(this.#sumLow)
  }

  get check(): RowCheck {
    return { rows: this.rows, hash: this.hash }
  }

  /** Adds what another one has counted: for the sinks' sum, and to go on after a restore. */
  addCheck(check: RowCheck): void {
    this.rows += check.rows
    this.#add(
      Number.parseInt(check.hash.slice(0, 8), 16) | 0,
      Number.parseInt(check.hash.slice(8), 16) | 0,
    )
  }

  /**
   * Both halves are signed 32-bit integers, as all fields here are: larger ones would be heap
   * numbers.
   */
  #add(high: number, low: number): void {
    const sum = (this.#sumLow + low) | 0
    const carry = sum >>> 0 < low >>> 0 ? 1 : 0
    this.#sumLow = sum
    this.#sumHigh = (this.#sumHigh + high + carry) | 0
  }

  #utf8(value: string): this {
    for (const byte of Buffer.from(value, 'utf8')) this.#put(byte)
    return this
  }

  /** `leading` without leading zeros, then the last `count` groups of three digits. */
  #putGroups(leading: number, count: number): void {
    let a = this.#a
    let b = this.#b
    let digits = THREE_DIGITS[leading] as number
    if (leading >= 100) {
      a = Math.imul(a ^ (digits & 0xff), A_FACTOR)
      b = Math.imul(b ^ (digits & 0xff), B_FACTOR)
    }
    if (leading >= 10) {
      a = Math.imul(a ^ ((digits >> 8) & 0xff), A_FACTOR)
      b = Math.imul(b ^ ((digits >> 8) & 0xff), B_FACTOR)
    }
    a = Math.imul(a ^ (digits >> 16), A_FACTOR)
    b = Math.imul(b ^ (digits >> 16), B_FACTOR)
    for (let i = count - 1; i >= 0; i--) {
      digits = THREE_DIGITS[this.#groups[i] as number] as number
      a = Math.imul(a ^ (digits & 0xff), A_FACTOR)
      b = Math.imul(b ^ (digits & 0xff), B_FACTOR)
      a = Math.imul(a ^ ((digits >> 8) & 0xff), A_FACTOR)
      b = Math.imul(b ^ ((digits >> 8) & 0xff), B_FACTOR)
      a = Math.imul(a ^ (digits >> 16), A_FACTOR)
      b = Math.imul(b ^ (digits >> 16), B_FACTOR)
    }
    this.#a = a
    this.#b = b
  }

  #put(octet: number): void {
    this.#a = Math.imul(this.#a ^ octet, A_FACTOR)
    this.#b = Math.imul(this.#b ^ octet, B_FACTOR)
  }
}

function mix(hash: number): number {
  let h = hash ^ (hash >>> 16)
  h = Math.imul(h, 0x85eb_ca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2_ae35)
  return h ^ (h >>> 16)
}

function hex(half: number): string {
  return (half >>> 0).toString(16).padStart(8, '0')
}
