// The result check (SPEC §6): number of rows, and the sum modulo 2^64 of their hashes, so that order does not matter.
// Sums are kept as two halves of 32 bits; nothing is allocated for a row.

const SEPARATOR = 0x7c
const DIGITS_MAX = 16

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
  readonly #digits = new Uint8Array(DIGITS_MAX)

  begin(): this {
    this.#a = 0x811c_9dc5
    this.#b = 0x9747_b28c
    return this
  }

  separator(): this {
    this.#put(SEPARATOR)
    return this
  }

  text(value: string): this {
    for (let i = 0; i < value.length; i++) {
      const unit = value.charCodeAt(i)
      if (unit > 0x7f) return this.#utf8(value.slice(i))
      this.#put(unit)
    }
    return this
  }

  /** A decimal number, 0 … 2^53 - 1. */
  integer(value: number): this {
    const digits = this.#digits
    let at = DIGITS_MAX
    let rest = value
    while (rest > 0x7fff_ffff) {
      const tens = Math.floor(rest / 10)
      digits[--at] = 0x30 + (rest - tens * 10)
      rest = tens
    }
    let small = rest | 0
    do {
      const tens = (small / 10) | 0
      digits[--at] = 0x30 + (small - tens * 10)
      small = tens
    } while (small !== 0)
    for (; at < DIGITS_MAX; at++) this.#put(digits[at] as number)
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
    this.#add(Number.parseInt(check.hash.slice(0, 8), 16), Number.parseInt(check.hash.slice(8), 16))
  }

  #add(high: number, low: number): void {
    const sum = this.#sumLow + low
    this.#sumLow = sum >>> 0
    this.#sumHigh = (this.#sumHigh + high + (sum > 0xffff_ffff ? 1 : 0)) >>> 0
  }

  #utf8(value: string): this {
    for (const byte of Buffer.from(value, 'utf8')) this.#put(byte)
    return this
  }

  #put(octet: number): void {
    this.#a = Math.imul(this.#a ^ octet, 0x0100_0193)
    this.#b = Math.imul(this.#b ^ octet, 0x85eb_ca6b)
  }
}

function mix(hash: number): number {
  let h = hash ^ (hash >>> 16)
  h = Math.imul(h, 0x85eb_ca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2_ae35)
  return (h ^ (h >>> 16)) >>> 0
}

function hex(half: number): string {
  return half.toString(16).padStart(8, '0')
}
