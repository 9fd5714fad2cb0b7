// Where values become bytes. A block has two regions (decision D21): numbers and lengths are
// written to the body at once, characters are only gathered, as one growing string, and become
// bytes by one native call when the block is taken. V8 joins strings by reference, so gathering
// costs the same for 7 and for 700 characters (measured: 14 ns against 20 ns for a charCodeAt loop
// at 7 characters, 36 against 418 at 58). The text region has one byte a character unless a
// character above U+00FF is in it; then the whole region has two. Nothing else is UTF-8, so lone
// surrogates survive.
//
// Integers take 1 to 8 bytes. The ones at the top of the first byte say how many bytes follow:
//
//   0xxxxxxx    | 10xxxxxx +1 | 110xxxxx +2 | 1110xxxx +3
//   11110xxx +4 | 111110xx +5 | 1111110x +6 | 1111111x +7

import type { ByteSink } from '../core/codec.ts'
import { WeirError } from '../core/errors.ts'
import { expected } from './not-encodable.ts'

/** One record, one state entry: encoded bytes, both regions. */
export const RECORD_BYTES_MAX: number = 64 * 1024 * 1024
/**
 * A block of any kind is refused above this: many records, of which one may be as large as a record
 * may be.
 */
export const BLOCK_BYTES_MAX: number = 256 * 1024 * 1024

/** Bytes a character in a text region; 0 when there is none. */
export type TextForm = 0 | 1 | 2

const BODY_BYTES_MIN = 64
/**
 * A writer that had to grow for one giant gives the memory back when it holds more than so many
 * times its capacity.
 */
const SHRINK_FACTOR = 4
const BEYOND_LATIN1 = /[\u0100-\uffff]/

export class ByteWriter implements ByteSink {
  memo: object | null = null
  readonly #capacity: number
  #body: Uint8Array<ArrayBuffer>
  #view: DataView<ArrayBuffer>
  #at = 0
  #text = ''
  /** Body bytes and text units together may reach this. */
  #limit = BLOCK_BYTES_MAX

  /** `capacityBytes` is what the body has room for before it grows. */
  constructor(capacityBytes: number) {
    this.#capacity = Math.max(capacityBytes, BODY_BYTES_MIN)
    this.#body = new Uint8Array(this.#capacity)
    this.#view = new DataView(this.#body.buffer)
  }

  get bodyBytes(): number {
    return this.#at
  }

  /** Characters gathered so far, in UTF-16 units. */
  get textUnits(): number {
    return this.#text.length
  }

  u8(value: number): void {
    if (this.#at === this.#body.length) this.#grow(1)
    this.#body[this.#at++] = value
  }

  u16(value: number): void {
    if (this.#at + 2 > this.#body.length) this.#grow(2)
    const body = this.#body
    const at = this.#at
    body[at] = value
    body[at + 1] = value >>> 8
    this.#at = at + 2
  }

  u32(value: number): void {
    if (this.#at + 4 > this.#body.length) this.#grow(4)
    const body = this.#body
    const at = this.#at
    body[at] = value
    body[at + 1] = value >>> 8
    body[at + 2] = value >>> 16
    body[at + 3] = value >>> 24
    this.#at = at + 4
  }

  f64(value: number): void {
    if (this.#at + 8 > this.#body.length) this.#grow(8)
    this.#view.setFloat64(this.#at, value, true)
    this.#at += 8
  }

  i64(value: bigint): void {
    if (this.#at + 8 > this.#body.length) this.#grow(8)
    this.#view.setBigInt64(this.#at, value, true)
    this.#at += 8
  }

  varint(value: number): void {
    if (typeof value !== 'number') throw noInteger(value)
    const small = value | 0
    if (small === value && small < 0x800_0000 && small >= -0x800_0000)
      this.#unsigned28((small << 1) ^ (small >> 31))
    else this.#varintLong(value)
  }

  count(value: number): void {
    if (value < 0x1000_0000) this.#unsigned28(value)
    else this.#unsignedLong(0, value)
  }

  text(value: string): void {
    const units = value.length
    this.count(units)
    if (this.#at + this.#text.length + units > this.#limit) throw tooLarge()
    this.#text += value
  }

  bytes(value: Uint8Array): void {
    this.count(value.length)
    if (this.#at + value.length > this.#body.length) this.#grow(value.length)
    this.#body.set(value, this.#at)
    this.#at += value.length
  }

  // ---- for whoever makes a block of it ----

  /** From here on at most `bytes` more, else WeirError `record/too-large`. */
  allow(bytes: number): void {
    this.#limit = this.#at + this.#text.length + bytes
  }

  /**
   * Bytes a character in the text region if the block were taken now. One look at the whole text.
   */
  textForm(): TextForm {
    if (this.#text === '') return 0
    return BEYOND_LATIN1.test(this.#text) ? 2 : 1
  }

  /** Writes the body to `target` from `at` on, and the text behind it. */
  copyTo(target: Uint8Array<ArrayBuffer>, at: number, form: TextForm): void {
    target.set(this.#body.subarray(0, this.#at), at)
    if (form === 0) return
    const region = Buffer.from(
      target.buffer,
      target.byteOffset + at + this.#at,
      this.#text.length * form,
    )
    region.write(this.#text, form === 1 ? 'latin1' : 'utf16le')
  }

  /** True when the text from unit `from` to `end` has a character above U+00FF. */
  isWide(from: number, end: number): boolean {
    return BEYOND_LATIN1.test(this.#text.slice(from, end))
  }

  /** Takes back what was written since the body had `bodyBytes` and the text `textUnits`. */
  rewind(bodyBytes: number, textUnits: number): void {
    this.#at = bodyBytes
    this.#text = this.#text.slice(0, textUnits)
    this.memo = null
  }

  /** Starts a new block in the same memory. */
  reset(): void {
    this.#at = 0
    this.#text = ''
    this.#limit = BLOCK_BYTES_MAX
    this.memo = null
    if (this.#body.length <= this.#capacity * SHRINK_FACTOR) return
    this.#body = new Uint8Array(this.#capacity)
    this.#view = new DataView(this.#body.buffer)
  }

  /** `value` as unsigned, below 2^28. */
  #unsigned28(value: number): void {
    if (this.#at + 4 > this.#body.length) this.#grow(4)
    const body = this.#body
    const at = this.#at
    if (value < 0x80) {
      body[at] = value
      this.#at = at + 1
    } else if (value < 0x4000) {
      body[at] = 0x80 | (value >>> 8)
      body[at + 1] = value
      this.#at = at + 2
    } else if (value < 0x20_0000) {
      body[at] = 0xc0 | (value >>> 16)
      body[at + 1] = value >>> 8
      body[at + 2] = value
      this.#at = at + 3
    } else {
      body[at] = 0xe0 | (value >>> 24)
      body[at + 1] = value >>> 16
      body[at + 2] = value >>> 8
      body[at + 3] = value
      this.#at = at + 4
    }
  }

  /** Zig-zag on two halves, because doubled safe integers are none. */
  #varintLong(value: number): void {
    if (!Number.isSafeInteger(value)) throw noInteger(value)
    const sign = value < 0 ? 1 : 0
    const magnitude = sign === 1 ? -value - 1 : value
    const low = magnitude | 0
    const high = Math.floor(magnitude / 0x1_0000_0000)
    this.#unsignedLong((high << 1) | (low >>> 31), (low << 1) | sign)
  }

  /** high * 2^32 + low, below 2^54; at least 5 bytes, also where fewer would do. */
  #unsignedLong(high: number, low: number): void {
    if (this.#at + 8 > this.#body.length) this.#grow(8)
    const body = this.#body
    let at = this.#at
    if (high < 0x8) {
      body[at++] = 0xf0 | high
    } else if (high < 0x400) {
      body[at++] = 0xf8 | (high >>> 8)
      body[at++] = high
    } else if (high < 0x2_0000) {
      body[at++] = 0xfc | (high >>> 16)
      body[at++] = high >>> 8
      body[at++] = high
    } else {
      body[at++] = 0xfe
      body[at++] = high >>> 16
      body[at++] = high >>> 8
      body[at++] = high
    }
    body[at] = low >>> 24
    body[at + 1] = low >>> 16
    body[at + 2] = low >>> 8
    body[at + 3] = low
    this.#at = at + 4
  }

  #grow(bytes: number): void {
    const wanted = this.#at + bytes
    if (wanted + this.#text.length > this.#limit) throw tooLarge()
    const body = new Uint8Array(Math.max(wanted, this.#body.length * 2))
    body.set(this.#body.subarray(0, this.#at))
    this.#body = body
    this.#view = new DataView(body.buffer)
  }
}

/** WeirError `record/too-large`. */
export function tooLarge(): WeirError {
  return new WeirError(
    'record/too-large',
    `a record takes more than ${RECORD_BYTES_MAX / 1024 / 1024} MiB encoded`,
    {
      domain: 'user',
      hint: 'Split the record, or keep the large part in a file and send its name.',
    },
  )
}

function noInteger(value: unknown): WeirError {
  return expected('an integer within ±(2^53 - 1)', value)
}
