// Which key group a key belongs to, and which subtask a key group belongs to (decision D18). A key
// is hashed as tagged bytes, so that 1, "1", 1n and true are four different keys:
//
//   text     | 1 | UTF-8; a lone surrogate as its three bytes (WTF-8) |
//   integer  | 2 | 4 bytes, little endian |           -2^31 … 2^31 - 1; -0 counts as 0
//   float    | 3 | 8 bytes, IEEE 754, little endian | every other number but NaN
//   false    | 4 |       true  | 5 |
//   bigint   | 6, or 7 when negative | magnitude, little endian, no leading zeros |
//
// FROZEN together with murmur3: state on disk is laid out by it. No bytes are made here: the hash
// is fed directly, and nothing is allocated (a bigint beyond 64 bits excepted).

import { assert } from '../assert.ts'
import type { Key } from '../codec.ts'
import { WeirError } from '../errors.ts'
import { PARALLELISM_MAX } from './logical-graph.ts'
import { murmurBlock, murmurEnd } from './murmur3.ts'

export const KEY_TEXT = 1
export const KEY_INTEGER = 2
export const KEY_FLOAT = 3
export const KEY_FALSE = 4
export const KEY_TRUE = 5
export const KEY_BIGINT = 6
export const KEY_NEGATIVE_BIGINT = 7

/** Stands for the hash of a record without key; hashes are signed 32-bit integers. */
export const NO_KEY_HASH: number = 2 ** 31

const MAX_PARALLELISM_DEFAULT = 128

const floatScratch = new Float64Array(1)
const floatWords = new Uint32Array(floatScratch.buffer)
const bigintScratch = new BigUint64Array(1)
const bigintWords = new Uint32Array(bigintScratch.buffer)

/**
 * Key group of `key`: 0 … maxParallelism - 1. Throws WeirError `key/nan` for NaN and
 * `key/unsupported` for what is no key at all (null, undefined, objects).
 */
export function keyGroupOf(key: Key, maxParallelism: number): number {
  return keyGroupOfHash(keyHashOf(key), maxParallelism)
}

/** Key group of the key that has this hash. */
export function keyGroupOfHash(keyHash: number, maxParallelism: number): number {
  const mask = maxParallelism - 1
  if ((maxParallelism & mask) === 0) return keyHash & mask
  // `>>> 0` on both sides makes it a division of integers.
  return (keyHash >>> 0) % (maxParallelism >>> 0)
}

/** murmur3 over the tagged bytes of `key`, an unsigned 32-bit integer. */
export function hashKey(key: Key): number {
  return keyHashOf(key) >>> 0
}

/**
 * The same as a signed 32-bit integer, which is never a heap number: what travels with records.
 * Throws as keyGroupOf.
 */
export function keyHashOf(key: Key): number {
  if (typeof key === 'string') return hashText(key)
  if (typeof key === 'number') return hashNumber(key)
  if (typeof key === 'boolean') return murmurEnd(0, key ? KEY_TRUE : KEY_FALSE, 1)
  if (typeof key === 'bigint') return hashBigint(key)
  throw unsupportedKey(key)
}

export interface KeyGroupRange {
  readonly first: number
  /** Included; first - 1 when the range is empty (more subtasks than key groups). */
  readonly last: number
}

/**
 * The key groups of one subtask: contiguous, and all subtasks together cover each group exactly
 * once.
 */
export function keyGroupRange(
  maxParallelism: number,
  parallelism: number,
  subtask: number,
): KeyGroupRange {
  assert(subtask >= 0 && subtask < parallelism, 'a subtask lies within the parallelism')
  return {
    first: Math.ceil((subtask * maxParallelism) / parallelism),
    last: Math.ceil(((subtask + 1) * maxParallelism) / parallelism) - 1,
  }
}

/** The subtask that owns `keyGroup`. */
export function subtaskOfKeyGroup(
  keyGroup: number,
  maxParallelism: number,
  parallelism: number,
): number {
  return Math.floor((keyGroup * parallelism) / maxParallelism)
}

/**
 * Key groups of an operator that names no maximum: room to grow by half, at least 128, a power of
 * two.
 */
export function defaultMaxParallelism(parallelism: number): number {
  if (parallelism <= MAX_PARALLELISM_DEFAULT) return MAX_PARALLELISM_DEFAULT
  const wanted = 2 ** Math.ceil(Math.log2(parallelism * 1.5))
  return Math.min(wanted, PARALLELISM_MAX)
}

/** WeirError `key/nan`: NaN equals nothing, so it can be found in no state. */
export function nanKey(): WeirError {
  return new WeirError('key/nan', 'a record has the key NaN', {
    domain: 'user',
    hint: 'Filter such records out before keyBy, or give them a key of their own.',
  })
}

/** WeirError `key/unsupported`, for values that the type system kept out but JavaScript let in. */
export function unsupportedKey(key: unknown): WeirError {
  const what = key === null ? 'null' : typeof key
  return new WeirError(
    'key/unsupported',
    `a record has the key ${what}; a key is text, number, bigint or boolean`,
    {
      domain: 'user',
      hint: 'Make keyBy return one field, or join several into one text.',
    },
  )
}

function hashNumber(key: number): number {
  const integer = key | 0
  if (integer === key) {
    const block = murmurBlock(0, KEY_INTEGER | (integer << 8))
    return murmurEnd(block, integer >>> 24, 5)
  }
  if (key !== key) throw nanKey()
  floatScratch[0] = key
  return hashWords(KEY_FLOAT, floatWords[0] as number, floatWords[1] as number)
}

/** A tag and eight bytes. */
function hashWords(tag: number, low: number, high: number): number {
  let hash = murmurBlock(0, tag | (low << 8))
  hash = murmurBlock(hash, (low >>> 24) | (high << 8))
  return murmurEnd(hash, high >>> 24, 9)
}

function hashBigint(key: bigint): number {
  let rest = key < 0n ? -key : key
  let hash = 0
  let pending = key < 0n ? KEY_NEGATIVE_BIGINT : KEY_BIGINT
  let bytes = 1
  for (;;) {
    bigintScratch[0] = rest // the low 64 bits
    rest >>= 64n
    for (let word = 0; word < 2; word++) {
      let left = bigintWords[word] as number
      const above = rest !== 0n || (word === 0 && bigintWords[1] !== 0)
      for (let i = 0; i < 4 && (above || left !== 0); i++) {
        pending |= (left & 0xff) << (8 * (bytes & 3))
        left >>>= 8
        if ((++bytes & 3) === 0) {
          hash = murmurBlock(hash, pending)
          pending = 0
        }
      }
    }
    if (rest === 0n) return murmurEnd(hash, pending, bytes)
  }
}

/**
 * ASCII in blocks of four, and what is left of it at the end; from the first other character on,
 * byte by byte.
 */
function hashText(text: string): number {
  const units = text.length
  if (units < 3) return hashRest(text, 0, 0, KEY_TEXT, 1)
  const a = text.charCodeAt(0)
  const b = text.charCodeAt(1)
  const c = text.charCodeAt(2)
  if ((a | b | c) > 0x7f) return hashRest(text, 0, 0, KEY_TEXT, 1)
  let hash = murmurBlock(0, KEY_TEXT | (a << 8) | (b << 16) | (c << 24))
  let i = 3
  for (; i + 4 <= units; i += 4) {
    const p = text.charCodeAt(i)
    const q = text.charCodeAt(i + 1)
    const r = text.charCodeAt(i + 2)
    const s = text.charCodeAt(i + 3)
    if ((p | q | r | s) > 0x7f) return hashRest(text, i, hash, 0, i + 1)
    hash = murmurBlock(hash, p | (q << 8) | (r << 16) | (s << 24))
  }
  let tail = 0
  for (let at = i, shift = 0; at < units; at++, shift += 8) {
    const unit = text.charCodeAt(at)
    if (unit > 0x7f) return hashRest(text, i, hash, 0, i + 1)
    tail |= unit << shift
  }
  return murmurEnd(hash, tail, units + 1)
}

/** `bytes` were taken so far; `pending` holds those of them that fill no block yet. */
function hashRest(text: string, from: number, start: number, held: number, taken: number): number {
  let hash = start
  let pending = held
  let bytes = taken
  for (let i = from; i < text.length; i++) {
    let code = text.charCodeAt(i)
    if (isHigh(code) && i + 1 < text.length && isLow(text.charCodeAt(i + 1))) {
      code = 0x10000 + ((code - 0xd800) << 10) + (text.charCodeAt(++i) - 0xdc00)
    }
    let left = utf8Bytes(code)
    let octets = utf8Packed(code)
    for (; left > 0; left--) {
      pending |= (octets & 0xff) << (8 * (bytes & 3))
      octets >>>= 8
      if ((++bytes & 3) === 0) {
        hash = murmurBlock(hash, pending)
        pending = 0
      }
    }
  }
  return murmurEnd(hash, pending, bytes)
}

const isHigh = (unit: number): boolean => (unit & 0xfc00) === 0xd800
const isLow = (unit: number): boolean => (unit & 0xfc00) === 0xdc00

function utf8Bytes(code: number): number {
  return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x1_0000 ? 3 : 4
}

/** The UTF-8 bytes of a code point, the first one lowest. */
function utf8Packed(code: number): number {
  if (code < 0x80) return code
  const last = 0x80 | (code & 0x3f)
  if (code < 0x800) return 0xc0 | (code >> 6) | (last << 8)
  const third = 0x80 | ((code >> 6) & 0x3f)
  if (code < 0x1_0000) return 0xe0 | (code >> 12) | (third << 8) | (last << 16)
  const second = 0x80 | ((code >> 12) & 0x3f)
  return 0xf0 | (code >> 18) | (second << 8) | (third << 16) | (last << 24)
}
