// What the engine asks of a codec. Implementations live in common/codec (bytes need Buffer); core knows only this.

import type { CodecDescriptor } from './graph/logical-graph.ts'

/**
 * Sink of encoded values. A block has two regions: numbers and lengths go to the body, characters to the text region,
 * which a reader decodes by one native call (decision D21).
 */
export interface ByteSink {
  u8(value: number): void
  u16(value: number): void
  u32(value: number): void
  f64(value: number): void
  /** Any safe integer, 1 to 8 bytes; zig-zag for negatives. */
  varint(value: number): void
  /** Signed 64-bit. */
  i64(value: bigint): void
  /** Any string, lone surrogates included; length in UTF-16 units. */
  text(value: string): void
  /** Length and bytes. */
  bytes(value: Uint8Array): void
}

/** Source of encoded values, mirror of ByteSink. Throws WeirError `codec/damaged` when the bytes run out or lie. */
export interface ByteSource {
  u8(): number
  u16(): number
  u32(): number
  f64(): number
  varint(): number
  i64(): bigint
  text(): string
  /** A copy. */
  bytes(): Uint8Array
}

/** Turns values of one type to bytes and back, lossless: `read(write(x))` equals x. Stateless. */
export interface Codec<T = unknown> {
  readonly descriptor: CodecDescriptor
  write(sink: ByteSink, value: T): void
  read(source: ByteSource): T
}

/** A key: what `keyBy` may yield. -0 counts as 0; NaN is refused. */
export type Key = string | number | bigint | boolean
