// Keys as bytes (trap G5): tagged, so that 1, "1", 1n and true stay four keys; lone surrogates
// survive. -0 counts as 0, NaN is refused. The tags are those of core/graph/key-groups.

import type { Codec, Key } from '../core/codec.ts'
import {
  KEY_BIGINT,
  KEY_FALSE,
  KEY_FLOAT,
  KEY_INTEGER,
  KEY_NEGATIVE_BIGINT,
  KEY_TEXT,
  KEY_TRUE,
  nanKey,
  unsupportedKey,
} from '../core/graph/key-groups.ts'
import { damaged } from './byte-reader.ts'
import { readBigint, writeBigint } from './primitives.ts'

/** Throws WeirError `key/nan` and `key/unsupported`. */
export const keyCodec: Codec<Key> = {
  descriptor: { name: 'key', version: 1 },
  write(sink, key) {
    if (typeof key === 'string') {
      sink.u8(KEY_TEXT)
      sink.text(key)
    } else if (typeof key === 'number') {
      if (Number.isSafeInteger(key)) {
        sink.u8(KEY_INTEGER)
        sink.varint(key)
      } else {
        if (Number.isNaN(key)) throw nanKey()
        sink.u8(KEY_FLOAT)
        sink.f64(key)
      }
    } else if (typeof key === 'boolean') {
      sink.u8(key ? KEY_TRUE : KEY_FALSE)
    } else if (typeof key === 'bigint') {
      sink.u8(KEY_BIGINT)
      writeBigint(sink, key)
    } else {
      throw unsupportedKey(key)
    }
  },
  read(source) {
    const tag = source.u8()
    switch (tag) {
      case KEY_TEXT:
        return source.text()
      case KEY_INTEGER:
        return source.varint()
      case KEY_FLOAT:
        return source.f64()
      case KEY_FALSE:
        return false
      case KEY_TRUE:
        return true
      case KEY_BIGINT:
        return readBigint(source)
      default:
        throw damaged(`a key with unknown tag ${tag}`)
    }
  },
}

/**
 * The bytes that key groups are hashed from, equal exactly for equal keys: the name of a key for
 * whoever orders or stores keys as bytes. Throws WeirError `key/nan` and `key/unsupported`.
 */
export function keyBytes(key: Key): Uint8Array {
  switch (typeof key) {
    case 'string':
      return textBytes(key)
    case 'number':
      return numberBytes(key)
    case 'boolean':
      return Uint8Array.of(key ? KEY_TRUE : KEY_FALSE)
    case 'bigint':
      return bigintBytes(key)
    default:
      throw unsupportedKey(key)
  }
}

function numberBytes(key: number): Uint8Array {
  if (Number.isNaN(key)) throw nanKey()
  const integer = (key | 0) === key
  const bytes = new Uint8Array(integer ? 5 : 9)
  bytes[0] = integer ? KEY_INTEGER : KEY_FLOAT
  const view = new DataView(bytes.buffer)
  if (integer) view.setInt32(1, key, true)
  else view.setFloat64(1, key, true)
  return bytes
}

function bigintBytes(key: bigint): Uint8Array {
  const hex = key === 0n ? '' : (key < 0n ? -key : key).toString(16)
  const magnitude = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex').reverse()
  return Buffer.concat([Uint8Array.of(key < 0n ? KEY_NEGATIVE_BIGINT : KEY_BIGINT), magnitude])
}

/**
 * UTF-8, where lone surrogates get the three bytes of their code (Buffer would make all of them the
 * same).
 */
function textBytes(key: string): Uint8Array {
  if (key.isWellFormed()) return Buffer.concat([Uint8Array.of(KEY_TEXT), Buffer.from(key, 'utf8')])
  const parts: Uint8Array[] = [Uint8Array.of(KEY_TEXT)]
  for (const character of key) {
    const code = character.codePointAt(0) as number
    const lone = code >= 0xd800 && code <= 0xdfff
    const octets = [0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f)]
    parts.push(lone ? Uint8Array.from(octets) : Buffer.from(character, 'utf8'))
  }
  return Buffer.concat(parts)
}
