// Ways in which a file of the checkpoint storage can be damaged: at each structural place of its format, and at random
// places under a seed. A damage says what becomes of the bytes, and from which place on nothing is as it was.

import { present } from '@weirjs/common/core/assert'
import type { Prng } from '@weirjs/common/core/prng'

export interface Damage {
  readonly kind: 'flip' | 'cut' | 'grow' | 'missing' | 'foreign' | 'swap'
  readonly what: string
  /** null: the file is gone. */
  readonly bytes: Uint8Array | null
  /** The first byte that changed, where that is one place. */
  readonly at: number | null
}

/** Places in a file where something begins or ends: the first byte of each, rising, without the file's end. */
export function structureOf(path: string, bytes: Uint8Array): readonly number[] {
  return path.endsWith('.state') ? stateFilePlaces(bytes) : envelopePlaces(bytes)
}

/** `weir <kind> v<version> <payload bytes> <crc>\n<payload>\n`: each word, the payload, its middle, its end. */
function envelopePlaces(bytes: Uint8Array): readonly number[] {
  const payloadAt = bytes.indexOf(0x0a) + 1
  const places = [0]
  for (let i = 1; i < payloadAt; i++) if (bytes[i - 1] === 0x20) places.push(i)
  const middle = (payloadAt + bytes.length) >> 1
  return rising([...places, payloadAt - 1, payloadAt, middle, bytes.length - 2, bytes.length - 1])
}

const MAGIC_BYTES = 8
const FIXED_HEADER_BYTES = 13
const CRC_BYTES = 4
const FOOTER_BYTES = 24

/**
 * Where the part begins that byte `at` lies in, and that has a checksum of its own: header, chunk or footer of a state
 * file, all of an envelope.
 */
export function partOf(path: string, bytes: Uint8Array, at: number): number {
  if (!path.endsWith('.state')) return 0
  const { chunks, footerAt } = stateFileParts(bytes)
  return [0, ...chunks, footerAt].findLast((start) => start <= at) ?? 0
}

interface StateFileParts {
  /** Of the header's checksum. */
  readonly crcAt: number
  /** Where each chunk begins. */
  readonly chunks: readonly number[]
  readonly footerAt: number
}

function stateFileParts(bytes: Uint8Array): StateFileParts {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const crcAt = FIXED_HEADER_BYTES + view.getUint32(MAGIC_BYTES + 1, true)
  const footerAt = bytes.length - FOOTER_BYTES
  const chunks: number[] = []
  for (let at = crcAt + CRC_BYTES; at < footerAt; at += 8 + view.getUint32(at, true))
    chunks.push(at)
  return { crcAt, chunks, footerAt }
}

/** Magic, version, length, identity, its checksum; of each chunk length, checksum, form, body, end; the footer's fields. */
function stateFilePlaces(bytes: Uint8Array): readonly number[] {
  const { crcAt, chunks, footerAt } = stateFileParts(bytes)
  const places = [0, MAGIC_BYTES, MAGIC_BYTES + 1, FIXED_HEADER_BYTES, crcAt]
  for (const [i, at] of chunks.entries())
    places.push(at, at + 4, at + 8, at + 9, at + 13, (chunks[i + 1] ?? footerAt) - 1)
  for (const field of [0, 4, 8, 16, 20, FOOTER_BYTES - 1]) places.push(footerAt + field)
  return rising(places.filter((at) => at < bytes.length))
}

const rising = (places: readonly number[]): readonly number[] =>
  [...new Set(places)].toSorted((a, b) => a - b)

/** Others of the same storage, to take bytes from. */
export interface Others {
  /** Files of the same kind of the same job. */
  readonly siblings: readonly { readonly path: string; readonly bytes: Uint8Array }[]
  /** Files of other kinds, and of another job: what a careless hand could put there. */
  readonly strangers: readonly { readonly path: string; readonly bytes: Uint8Array }[]
}

export interface DamageOptions {
  readonly prng: Prng
  /** Flips and cuts at random places. */
  readonly random: number
  /** Flips each byte. */
  readonly everyByte: boolean
}

export function* damagesOf(
  path: string,
  bytes: Uint8Array,
  others: Others,
  options: DamageOptions,
): Generator<Damage> {
  const { prng, random, everyByte } = options
  const places = structureOf(path, bytes)
  const at = (): number => prng.int(bytes.length)
  yield { kind: 'missing', what: 'missing', bytes: null, at: null }
  for (const place of places) yield flip(bytes, place, prng.int(8))
  for (let i = 0; i < random; i++) yield flip(bytes, at(), prng.int(8))
  if (everyByte) for (let i = 0; i < bytes.length; i++) yield flip(bytes, i, prng.int(8))
  for (const place of places) yield cut(bytes, place)
  for (let i = 0; i < random >> 2; i++) yield cut(bytes, at())
  yield* grown(bytes, prng)
  yield* replaced(bytes, others, prng)
}

function flip(bytes: Uint8Array, at: number, bit: number): Damage {
  const copy = bytes.slice()
  copy[at] = present(copy[at], 'a byte of the file') ^ (1 << bit)
  return { kind: 'flip', what: `bit ${bit} of byte ${at}`, bytes: copy, at }
}

const cut = (bytes: Uint8Array, to: number): Damage => ({
  kind: 'cut',
  what: `cut to ${to} of ${bytes.length} bytes`,
  bytes: bytes.slice(0, to),
  at: to,
})

function* grown(bytes: Uint8Array, prng: Prng): Generator<Damage> {
  const tails: readonly (readonly [string, Uint8Array])[] = [
    ['a line end', Uint8Array.of(0x0a)],
    ['zeros', new Uint8Array(4_096)],
    ['noise', noise(100, prng)],
    ['itself', bytes],
  ]
  for (const [what, tail] of tails)
    yield { kind: 'grow', what: `and ${what}`, bytes: join(bytes, tail), at: bytes.length }
}

function* replaced(bytes: Uint8Array, others: Others, prng: Prng): Generator<Damage> {
  yield { kind: 'foreign', what: 'zeros', bytes: new Uint8Array(bytes.length), at: null }
  yield { kind: 'foreign', what: 'noise', bytes: noise(bytes.length, prng), at: null }
  for (const { path, bytes: foreign } of others.strangers)
    if (!same(foreign, bytes)) yield { kind: 'foreign', what: path, bytes: foreign, at: null }
  for (const { path, bytes: sibling } of others.siblings)
    if (!same(sibling, bytes)) yield { kind: 'swap', what: path, bytes: sibling, at: null }
}

const noise = (length: number, prng: Prng): Uint8Array =>
  Uint8Array.from({ length }, () => prng.int(256))

function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length)
  both.set(a)
  both.set(b, a.length)
  return both
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}
