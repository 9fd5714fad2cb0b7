// The dynamic codec for bytes from somebody who may mean harm, decoded on a heap that is not theirs. That the bytes are few
// is not enough: two of them make an empty map of some 200 bytes, one an empty object. So each value is weighed before
// it is made, by what it takes at most, and a block that weighs more than honest ones of its size is refused.

import type { ByteSource, Codec } from '../core/codec.ts'
import { damaged } from './byte-reader.ts'
import { dynamicCodec } from './dynamic-codec.ts'
import {
  TAG_ARRAY,
  TAG_BARE_OBJECT,
  TAG_BYTES,
  TAG_MAP,
  TAG_OBJECT,
  TAG_SET,
  TAG_SHAPE,
  TAG_SHAPED,
  TAG_SMALL_INT,
} from './dynamic-format.ts'

/** A place in what holds it, which grows by half. */
const PLACE_BYTES = 20
/** And a number of its own, or a piece of a text. */
const VALUE_BYTES = 40
const OBJECT_BYTES = 96
/** With tables of their own: maps, sets, objects whose names are said with them; bytes outside of the heap. */
const TABLE_BYTES = 256

const TABLES: ReadonlySet<number> = new Set([
  TAG_MAP,
  TAG_SET,
  TAG_OBJECT,
  TAG_BARE_OBJECT,
  TAG_SHAPE,
  TAG_BYTES,
])

/** Throws WeirError `codec/damaged` when a value would take more than `heapBytesMax` of memory. */
export function weighedCodec(heapBytesMax: number): Codec {
  return {
    ...dynamicCodec,
    read: (source) => dynamicCodec.read(new WeighedSource(source, heapBytesMax)),
  }
}

class WeighedSource implements ByteSource {
  readonly #source: ByteSource
  readonly #heapBytesMax: number
  #heapBytes = 0

  constructor(source: ByteSource, heapBytesMax: number) {
    this.#source = source
    this.#heapBytesMax = heapBytesMax
  }

  /** Mostly the tag of a value; what is none is taken for one, and weighs too much by a little. */
  u8(): number {
    const tag = this.#source.u8()
    this.#add(weightOf(tag))
    return tag
  }

  text(): string {
    this.#add(VALUE_BYTES)
    return this.#source.text()
  }

  u16(): number {
    return this.#source.u16()
  }

  u32(): number {
    return this.#source.u32()
  }

  f64(): number {
    return this.#source.f64()
  }

  varint(): number {
    return this.#source.varint()
  }

  count(): number {
    return this.#source.count()
  }

  i64(): bigint {
    return this.#source.i64()
  }

  bytes(): Uint8Array {
    return this.#source.bytes()
  }

  get memo(): object | null {
    return this.#source.memo
  }

  set memo(memo: object | null) {
    this.#source.memo = memo
  }

  #add(bytes: number): void {
    this.#heapBytes += bytes
    if (this.#heapBytes > this.#heapBytesMax)
      throw damaged(`values that take more than ${this.#heapBytesMax} bytes of memory`)
  }
}

function weightOf(tag: number): number {
  if (tag >= TAG_SMALL_INT) return PLACE_BYTES
  if (TABLES.has(tag)) return TABLE_BYTES
  return tag >= TAG_SHAPED || tag === TAG_ARRAY ? OBJECT_BYTES : VALUE_BYTES
}
