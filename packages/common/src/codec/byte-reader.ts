// Mirror of byte-writer. The text region of a block is decoded by one native call, when the first
// text is asked for; every text is then a piece of that string. Bytes are taken as hostile: each
// read is checked against the block, and nothing is allocated that the block's own size does not
// justify. What does not fit is WeirError `codec/damaged`.

import type { ByteSource } from '../core/codec.ts'
import { WeirError } from '../core/errors.ts'
import type { TextForm } from './byte-writer.ts'

const NOTHING = new Uint8Array(0)
/** V8 copies shorter pieces anyway; longer ones are slices that keep their whole block alive. */
const SLICE_UNITS_MIN = 13
const VARINT_BYTES_MAX = 8

export interface BlockBounds {
  readonly bodyAt: number
  readonly bodyBytes: number
  /** The text region follows the body. */
  readonly textBytes: number
  readonly form: TextForm
}

export class ByteReader implements ByteSource {
  memo: object | null = null
  #bytes: Uint8Array = NOTHING
  #view: DataView = new DataView(NOTHING.buffer)
  #at = 0
  #end = 0
  #text = ''
  #textAt = 0
  #textUnits = 0
  #form: TextForm = 0

  /**
   * Starts reading a block. Bounds are the caller's to check against `bytes`; the text's are
   * checked here.
   */
  reset(bytes: Uint8Array, bounds: BlockBounds): void {
    const { bodyAt, bodyBytes, textBytes, form } = bounds
    if (form === 0 ? textBytes !== 0 : textBytes % form !== 0)
      throw damaged('a text region of odd length')
    this.memo = null
    // A Buffer would be another shape to the compiler, and its slice is no copy.
    const plain = bytes.constructor === Uint8Array
    this.#bytes = plain ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#at = bodyAt
    this.#end = bodyAt + bodyBytes
    this.#text = ''
    this.#textAt = 0
    this.#textUnits = form === 0 ? 0 : textBytes / form
    this.#form = form
  }

  /** Lets go of the block's memory. */
  clear(): void {
    this.reset(NOTHING, { bodyAt: 0, bodyBytes: 0, textBytes: 0, form: 0 })
  }

  /** Bytes of the body that were not read yet. */
  get remaining(): number {
    return this.#end - this.#at
  }

  /** True when both regions have been read to their ends, no more and no less. */
  get done(): boolean {
    return this.#at === this.#end && this.#textAt === this.#textUnits
  }

  u8(): number {
    if (this.#at >= this.#end) throw endOfBytes()
    return this.#bytes[this.#at++] as number
  }

  u16(): number {
    const at = this.#take(2)
    return (this.#bytes[at] as number) | ((this.#bytes[at + 1] as number) << 8)
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true)
  }

  /** What u32 wrote, as a signed integer: never a heap number. */
  i32(): number {
    return this.#view.getInt32(this.#take(4), true)
  }

  f64(): number {
    return this.#view.getFloat64(this.#take(8), true)
  }

  i64(): bigint {
    return this.#view.getBigInt64(this.#take(8), true)
  }

  varint(): number {
    const at = this.#at
    if (at + VARINT_BYTES_MAX > this.#end) return this.#varintNearEnd()
    const bytes = this.#bytes
    const first = bytes[at] as number
    if (first < 0x80) {
      this.#at = at + 1
      return (first >>> 1) ^ -(first & 1)
    }
    let value: number
    if (first < 0xc0) {
      this.#at = at + 2
      value = ((first & 0x3f) << 8) | (bytes[at + 1] as number)
    } else if (first < 0xe0) {
      this.#at = at + 3
      value = ((first & 0x1f) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number)
    } else if (first < 0xf0) {
      this.#at = at + 4
      const middle = ((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8)
      value = ((first & 0x0f) << 24) | middle | (bytes[at + 3] as number)
    } else {
      this.#at = at + 1
      return this.#varintLong(first)
    }
    return (value >>> 1) ^ -(value & 1)
  }

  count(): number {
    const count = this.#count()
    if (count > this.#end - this.#at)
      throw damaged(`a count of ${count} with ${this.#end - this.#at} bytes left`)
    return count
  }

  text(): string {
    const from = this.#textAt
    const to = from + this.#count()
    if (to > this.#text.length) this.#decodeText(to)
    this.#textAt = to
    return this.#text.substring(from, to)
  }

  bytes(): Uint8Array {
    const length = this.count()
    const at = this.#take(length)
    return this.#bytes.slice(at, at + length)
  }

  #varintNearEnd(): number {
    const first = this.u8()
    if (first >= 0xf0) return this.#varintLong(first)
    const value = this.#unsigned28(first)
    return (value >>> 1) ^ -(value & 1)
  }

  #count(): number {
    const first = this.u8()
    if (first < 0x80) return first
    if (first < 0xf0) return this.#unsigned28(first)
    if (first !== 0xf0) throw damaged('a count beyond its range')
    return this.#u32BigEndian()
  }

  #u32BigEndian(): number {
    return this.#view.getUint32(this.#take(4), false)
  }

  #take(bytes: number): number {
    const at = this.#at
    if (bytes > this.#end - at) throw endOfBytes()
    this.#at = at + bytes
    return at
  }

  #unsigned28(first: number): number {
    if (first < 0x80) return first
    const bytes = this.#bytes
    if (first < 0xc0) {
      const at = this.#take(1)
      return ((first & 0x3f) << 8) | (bytes[at] as number)
    }
    if (first < 0xe0) {
      const at = this.#take(2)
      return ((first & 0x1f) << 16) | ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
    }
    const at = this.#take(3)
    const middle = ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8)
    return ((first & 0x0f) << 24) | middle | (bytes[at + 2] as number)
  }

  #varintLong(first: number): number {
    let high = 0
    let more = 0
    if (first < 0xf8) {
      high = first & 0x7
    } else if (first < 0xfc) {
      high = first & 0x3
      more = 1
    } else if (first < 0xfe) {
      high = first & 0x1
      more = 2
    } else {
      high = first & 0x1
      more = 3
    }
    for (; more > 0; more--) high = (high << 8) | this.u8()
    const low = this.#u32BigEndian()
    const magnitude = (high >>> 1) * 0x1_0000_0000 + (((high << 31) | (low >>> 1)) >>> 0)
    const value = (low & 1) === 0 ? magnitude : -magnitude - 1
    if (!Number.isSafeInteger(value)) throw damaged('an integer beyond ±(2^53 - 1)')
    return value
  }

  /** Called when a text ends beyond what is decoded: nothing yet, or the bytes lie. */
  #decodeText(to: number): void {
    if (to > this.#textUnits) throw damaged('a text runs beyond the end of its block')
    const { buffer, byteOffset } = this.#bytes
    const region = Buffer.from(buffer, byteOffset + this.#end, this.#textUnits * this.#form)
    this.#text = region.toString(this.#form === 1 ? 'latin1' : 'utf16le')
  }
}

/**
 * `text` in memory of its own. A text from a block may be a slice that keeps the whole block's text
 * alive; whoever keeps it beyond the record (state, map keys) copies it first.
 */
export function ownText(text: string): string {
  // Joining makes a new string and slicing flattens it: all but one character is the caller's.
  return text.length < SLICE_UNITS_MIN ? text : ` ${text}`.substring(1)
}

/** WeirError `codec/damaged`. */
export function damaged(what: string, cause?: unknown): WeirError {
  return new WeirError('codec/damaged', `damaged bytes: ${what}`, {
    domain: 'external',
    hint: 'Bytes changed on their way or on disk, or another codec than the reading one wrote them.',
    ...(cause === undefined ? {} : { cause }),
  })
}

function endOfBytes(): WeirError {
  return damaged('a value runs beyond the end of its block')
}
