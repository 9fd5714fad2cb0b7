// Codecs of single values. Each refuses what it could not give back: `record/not-encodable` says
// what was expected. Code for the hottest ones is also given as text, so that struct-codec can put
// it straight into its compiled functions.

import type { ByteSink, ByteSource, Codec } from '../core/codec.ts'
import { damaged } from './byte-reader.ts'
import { expected } from './not-encodable.ts'

/** Any string, lone surrogates included. */
export const textCodec: Codec<string> = {
  descriptor: { name: 'text', version: 1 },
  write(sink, value) {
    if (typeof value !== 'string') throw expected('text', value)
    sink.text(value)
  },
  read: (source) => source.text(),
}

/** Integers within ±(2^53 - 1), 1 to 8 bytes. -0 comes back as 0. */
export const intCodec: Codec<number> = {
  descriptor: { name: 'int', version: 1 },
  write(sink, value) {
    sink.varint(value)
  },
  read: (source) => source.varint(),
}

/** Any number, NaN, -0 and the infinities included, 8 bytes. */
export const floatCodec: Codec<number> = {
  descriptor: { name: 'float', version: 1 },
  write(sink, value) {
    if (typeof value !== 'number') throw expected('a number', value)
    sink.f64(value)
  },
  read: (source) => source.f64(),
}

/** Milliseconds since 1970 UTC, an integer. */
export const timestampCodec: Codec<number> = {
  descriptor: { name: 'timestamp', version: 1 },
  write(sink, value) {
    sink.varint(value)
  },
  read: (source) => source.varint(),
}

export const boolCodec: Codec<boolean> = {
  descriptor: { name: 'bool', version: 1 },
  write(sink, value) {
    if (typeof value !== 'boolean') throw expected('a boolean', value)
    sink.u8(value ? 1 : 0)
  },
  read: (source) => readFlag(source),
}

/** A copy of the bytes; a Buffer comes back as a plain Uint8Array. */
export const bytesCodec: Codec<Uint8Array> = {
  descriptor: { name: 'bytes', version: 1 },
  write(sink, value) {
    if (!(value instanceof Uint8Array)) throw expected('a Uint8Array', value)
    sink.bytes(value)
  },
  read: (source) => source.bytes(),
}

const BIGINT_64 = 0
const BIGINT_POSITIVE = 1
const BIGINT_NEGATIVE = 2

/** Integers of any size: 9 bytes up to 64 bits, beyond that as many as it takes. */
export const bigintCodec: Codec<bigint> = {
  descriptor: { name: 'bigint', version: 1 },
  write(sink, value) {
    if (typeof value !== 'bigint') throw expected('a bigint', value)
    writeBigint(sink, value)
  },
  read: readBigint,
}

/** 0 or 1; anything else is WeirError `codec/damaged`. */
export function readFlag(source: ByteSource): boolean {
  const value = source.u8()
  if (value > 1) throw damaged(`${value} where 0 or 1 was expected`)
  return value === 1
}

export function writeBigint(sink: ByteSink, value: bigint): void {
  if (BigInt.asIntN(64, value) === value) {
    sink.u8(BIGINT_64)
    sink.i64(value)
    return
  }
  const hex = (value < 0n ? -value : value).toString(16)
  sink.u8(value < 0n ? BIGINT_NEGATIVE : BIGINT_POSITIVE)
  sink.bytes(Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex'))
}

export function readBigint(source: ByteSource): bigint {
  const form = source.u8()
  if (form === BIGINT_64) return source.i64()
  if (form > BIGINT_NEGATIVE) throw damaged(`a bigint of unknown form ${form}`)
  const bytes = source.bytes()
  if (bytes.length === 0) throw damaged('a bigint without digits')
  const { buffer, byteOffset, length } = bytes
  const magnitude = BigInt(`0x${Buffer.from(buffer, byteOffset, length).toString('hex')}`)
  return form === BIGINT_NEGATIVE ? -magnitude : magnitude
}

/**
 * JavaScript for a codec's two halves; `value` stands for an expression, `sink` and `source` are in
 * scope.
 */
export interface InlineCode {
  /** Of a value that `write` would not refuse by itself: true when it must be refused. */
  readonly wrong: (value: string) => string | null
  readonly expects: string
  readonly write: (value: string) => string
  readonly read: string
}

const varintCode: InlineCode = {
  wrong: () => null,
  expects: 'an integer',
  write: (value) => `sink.varint(${value})`,
  read: 'source.varint()',
}

const INLINE_CODE = new Map<Codec, InlineCode>([
  [
    textCodec,
    {
      wrong: (value) => `typeof ${value} !== 'string'`,
      expects: 'text',
      write: (value) => `sink.text(${value})`,
      read: 'source.text()',
    },
  ],
  [
    floatCodec,
    {
      wrong: (value) => `typeof ${value} !== 'number'`,
      expects: 'a number',
      write: (value) => `sink.f64(${value})`,
      read: 'source.f64()',
    },
  ],
  [intCodec, varintCode],
  [timestampCodec, varintCode],
])

/**
 * For struct-codec: undefined when the codec has to be called. Only these very codecs, never one
 * that looks like them.
 */
export function inlineCodeOf(codec: Codec): InlineCode | undefined {
  return INLINE_CODE.get(codec)
}
