// An attack on a decoder: bytes that it wrote itself, changed in many ways, and bytes that nobody wrote. Whatever comes,
// the answer is a value or a WeirError, soon, and no heavier than the bytes justify: no crash, no hang, no allocation that
// a few bytes can ask for.

import { WeirError } from '../core/errors.ts'
import { Prng } from '../core/prng.ts'
import { mutated, randomBytes } from './codec.contract.ts'

/** No case takes longer by the clock, ms, and of the processor: a machine that pauses is not the decoder's fault. */
const CASE_MS_MAX = 2_000
/** Values that one byte may become. Each costs some hundred bytes of memory at most. */
const VALUES_A_BYTE_MAX = 8
const VALUES_MIN = 4_096

export interface Decoder {
  readonly name: string
  /** Bytes that are right. */
  readonly samples: readonly Uint8Array[]
  readonly read: (bytes: Uint8Array) => unknown
  /** Makes changed bytes pass what guards them from accidents (a checksum), so that the attack goes deeper. */
  readonly disguise?: (bytes: Uint8Array) => Uint8Array
}

export interface AttackReport {
  readonly name: string
  readonly cases: number
  readonly refused: number
  readonly slowestMs: number
  /** Values a byte, at most. */
  readonly heaviest: number
}

/** Throws at the first case that breaks a promise, with its bytes. */
export function attack(decoder: Decoder, cases: number, seed: number): AttackReport {
  const prng = new Prng(seed)
  let [refused, slowestMs, heaviest] = [0, 0, 0]
  for (let i = 0; i < cases; i++) {
    const plain = hostileBytes(prng, decoder.samples)
    const bytes = decoder.disguise === undefined ? plain : decoder.disguise(plain)
    const sinceMs = performance.now()
    try {
      const weight = weigh(decoder.read(bytes), bytes.length * VALUES_A_BYTE_MAX + VALUES_MIN)
      heaviest = Math.max(heaviest, weight / Math.max(bytes.length, 1))
    } catch (error) {
      if (!(error instanceof WeirError)) throw broken(decoder, bytes, i, error)
      refused += 1
    }
    const tookMs = performance.now() - sinceMs
    slowestMs = Math.max(slowestMs, tookMs)
    if (tookMs > CASE_MS_MAX && spentMs(decoder, bytes) > CASE_MS_MAX)
      throw broken(decoder, bytes, i, new Error(`took ${tookMs} ms`))
  }
  return { name: decoder.name, cases, refused, slowestMs, heaviest }
}

/** What the same bytes cost once more, of the processor. */
function spentMs({ read }: Decoder, bytes: Uint8Array): number {
  const before = process.threadCpuUsage()
  try {
    read(bytes)
  } catch (error) {
    if (!(error instanceof WeirError)) throw error
  }
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / 1_000
}

export function tell({ name, cases, refused, slowestMs, heaviest }: AttackReport): string {
  const share = `${refused} refused, ${cases - refused} read`
  return `${name}: ${cases} cases, ${share}, slowest ${slowestMs.toFixed(1)} ms, heaviest ${heaviest.toFixed(1)} values a byte`
}

function broken(decoder: Decoder, bytes: Uint8Array, at: number, cause: unknown): Error {
  const hex = Buffer.from(bytes).toString('hex')
  const what = cause instanceof Error ? cause.message : String(cause)
  return new Error(`${decoder.name}, case ${at}: ${what}, with the bytes ${hex}`, { cause })
}

/** Lengths and counts that promise much. */
const BOMBS: readonly (readonly number[])[] = [
  [0xf0, 0xff, 0xff, 0xff, 0xff],
  [0xf0, 0x7f, 0xff, 0xff, 0xff],
  [0xff, 0xff, 0xff, 0x7f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0xef, 0xff, 0xff, 0xff],
  [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
]

function hostileBytes(prng: Prng, samples: readonly Uint8Array[]): Uint8Array {
  const chance = prng.int(10)
  if (chance === 0) return randomBytes(prng)
  const sample = mutated(prng, prng.pick(samples))
  if (chance <= 2) return spliced(prng, sample, prng.pick(samples))
  if (chance === 3) return bombed(prng, sample)
  return chance === 4 ? repeated(prng, sample) : sample
}

/** The beginning of one and the end of another. */
function spliced(prng: Prng, a: Uint8Array, b: Uint8Array): Uint8Array {
  return joined([a.subarray(0, prng.int(a.length + 1)), b.subarray(prng.int(b.length + 1))])
}

function bombed(prng: Prng, bytes: Uint8Array): Uint8Array {
  const at = prng.int(bytes.length + 1)
  return joined([bytes.subarray(0, at), Uint8Array.from(prng.pick(BOMBS)), bytes.subarray(at)])
}

/** A piece of it many times: depth, and many small things. */
function repeated(prng: Prng, bytes: Uint8Array): Uint8Array {
  const from = prng.int(bytes.length + 1)
  const piece = bytes.subarray(from, from + 1 + prng.int(4))
  const copies = Array.from({ length: 1 + prng.int(400) }, () => piece)
  return joined([bytes.subarray(0, from), ...copies, bytes.subarray(from)])
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** Counts values, texts by their length. Throws beyond `most`. */
function weigh(root: unknown, most: number): number {
  let weight = 0
  const waiting: unknown[] = [root]
  for (
    let value = waiting.pop();
    waiting.length > 0 || value !== undefined;
    value = waiting.pop()
  ) {
    weight += 1
    if (typeof value === 'string') weight += value.length
    else if (Array.isArray(value)) {
      weight += value.length
      for (const item of value) waiting.push(item)
    } else if (ArrayBuffer.isView(value)) weight += value.byteLength
    else if (value instanceof Map) for (const [k, v] of value) waiting.push(k, v)
    else if (value instanceof Set) waiting.push(...value)
    else if (typeof value === 'object' && value !== null) waiting.push(...Object.values(value))
    if (weight > most) throw new Error(`became more than ${most} values`)
  }
  return weight
}
