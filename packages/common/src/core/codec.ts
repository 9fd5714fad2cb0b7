// What the engine asks of a codec. Implementations live in common/codec (bytes need Buffer); core
// knows only this.

import type { CodecDescriptor } from './graph/logical-graph.ts'

/**
 * Sink of encoded values. A block has two regions: numbers and lengths go to the body, characters
 * to the text region, which a reader decodes by one native call (decision D21). Throws WeirError
 * `record/too-large` beyond its limit.
 */
export interface ByteSink {
  u8(value: number): void
  u16(value: number): void
  u32(value: number): void
  f64(value: number): void
  /**
   * Any safe integer, 1 to 8 bytes; zig-zag for negatives. Anything else: WeirError
   * `record/not-encodable`.
   */
  varint(value: number): void
  /**
   * How many elements follow, 0 … 2^31 - 1. Each of them must take at least one byte of the body: a
   * reader refuses a count that the rest of the body cannot hold, which is what bounds a decoder
   * fed with hostile bytes.
   */
  count(value: number): void
  /** Signed 64-bit. */
  i64(value: bigint): void
  /** Any string, lone surrogates included; length in UTF-16 units. */
  text(value: string): void
  /** Length and bytes. */
  bytes(value: Uint8Array): void
  /**
   * What a codec remembers for as long as this block lasts; null at its start. For the dynamic
   * codec's shapes only.
   */
  memo: object | null
}

/**
 * Source of encoded values, mirror of ByteSink. Throws WeirError `codec/damaged` when the bytes run
 * out or lie.
 */
export interface ByteSource {
  u8(): number
  u16(): number
  u32(): number
  f64(): number
  varint(): number
  count(): number
  i64(): bigint
  /**
   * May be a slice of the whole block's text and then keeps that alive: see `ownText` for what is
   * to be kept.
   */
  text(): string
  /** A copy. */
  bytes(): Uint8Array
  memo: object | null
}

/**
 * Turns values of one type to bytes and back, lossless: `read(write(x))` equals x. Stateless. Every
 * value takes at least one byte of the body.
 */
export interface Codec<T = unknown> {
  readonly descriptor: CodecDescriptor
  write(sink: ByteSink, value: T): void
  read(source: ByteSource): T
}

/** A key: what `keyBy` may yield. -0 counts as 0; NaN is refused. */
export type Key = string | number | bigint | boolean
