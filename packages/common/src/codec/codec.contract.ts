// What every codec must survive: declare it with an arbitrary of its values and call
// `describeCodec`. Values must come back equal (prototypes, -0 and NaN count) alone, in a frame
// among others and in a chunk; hostile bytes must end in a value or in WeirError `codec/damaged`.
// `npm run prove` raises the number of cases.

import { deepStrictEqual } from 'node:assert'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Codec } from '../core/codec.ts'
import { NO_KEY_HASH } from '../core/graph/key-groups.ts'
import { WeirError } from '../core/errors.ts'
import { Prng } from '../core/prng.ts'
import { BlockReader, BlockWriter, decodeValue, encodeValue } from './block.ts'
import { ELEMENT_NONE, FrameReader, FrameWriter } from './frame.ts'
import { PROPERTY_SEED, runs } from './runs.contract.ts'

export const PROPERTY_RUNS: number = runs(300, 5_000)
export const HOSTILE_RUNS: number = runs(2_400, 40_000)
/** Of a codec that most records go through. */
const MANY_RUNS = runs(300, 100_000)

/**
 * Any UTF-16 units, with a liking for the awkward ones: lone surrogates, U+00FF and U+0100,
 * controls.
 */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc
    .array(fc.constantFrom(0, 0x7f, 0x80, 0xff, 0x100, 0xd800, 0xdc00, 0xdfff, 0xffff, 0x61), {
      maxLength: 20,
    })
    .map((units) => String.fromCharCode(...units)),
)

/** Every double, NaN and -0 included. */
export const anyNumber: fc.Arbitrary<number> = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.constantFrom(-0, 0, 127, 128, 2 ** 53, -(2 ** 53), 2 ** 31),
)

/** With many cases only; a few take no time. */
const TIMEOUT_MS = 600_000

export function describeCodec<T>(name: string, codec: Codec<T>, values: fc.Arbitrary<T>): void {
  const propertyRuns = name === 'dynamic' || name === 'struct' ? MANY_RUNS : PROPERTY_RUNS
  describe(`codec ${name}`, () => {
    it(
      'gives back what was written',
      () => {
        fc.assert(
          fc.property(values, (value) => {
            deepStrictEqual(decodeValue(codec, encodeValue(codec, value)), value)
          }),
          { numRuns: propertyRuns, seed: PROPERTY_SEED },
        )
      },
      TIMEOUT_MS,
    )

    it(
      'gives back many values of one frame and of one chunk',
      () => {
        fc.assert(
          fc.property(fc.array(values, { maxLength: 12 }), (all) => {
            deepStrictEqual(throughFrame(codec, all), all)
            deepStrictEqual(throughChunk(codec, all), all)
          }),
          { numRuns: Math.ceil(PROPERTY_RUNS / 3), seed: PROPERTY_SEED },
        )
      },
      TIMEOUT_MS,
    )

    it(
      'answers hostile bytes with a value or with codec/damaged',
      () => {
        const prng = new Prng(20_261_101)
        const samples = fc
          .sample(values, { numRuns: 50, seed: 7 })
          .map((value) => encodeValue(codec, value))
        for (let run = 0; run < HOSTILE_RUNS; run++) {
          const bytes = prng.chance(0.2) ? randomBytes(prng) : mutated(prng, prng.pick(samples))
          expectValueOrDamaged(() => decodeValue(codec, bytes))
        }
      },
      TIMEOUT_MS,
    )
  })
}

export function expectValueOrDamaged(read: () => unknown): void {
  try {
    read()
  } catch (thrown) {
    if (!(thrown instanceof WeirError) || thrown.code !== 'codec/damaged') throw thrown
  }
}

export function randomBytes(prng: Prng): Uint8Array {
  return Uint8Array.from({ length: prng.int(60) }, () => prng.int(256))
}

/** Some bytes changed, cut off, doubled or added. */
export function mutated(prng: Prng, bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes)
  for (let flips = prng.int(4); flips >= 0 && copy.length > 0; flips--) {
    copy[prng.int(copy.length)] = prng.chance(0.5)
      ? prng.int(256)
      : prng.pick([0, 1, 0x7f, 0x80, 0xf0, 0xfe, 0xff])
  }
  if (prng.chance(0.2)) return copy.subarray(0, prng.int(copy.length + 1))
  if (prng.chance(0.1)) return Uint8Array.of(...copy, ...randomBytes(prng))
  return copy
}

export function throughFrame<T>(codec: Codec<T>, values: readonly T[]): T[] {
  const writer = new FrameWriter({ capacityBytes: 256 })
  const reader = new FrameReader()
  const back: T[] = []
  const readAll = (): void => {
    reader.reset(writer.take())
    while (reader.next() !== ELEMENT_NONE) back.push(codec.read(reader.source))
  }
  for (const value of values) {
    codec.write(writer.beginRecord(1, NO_KEY_HASH), value)
    writer.endRecord()
    if (writer.full) readAll()
  }
  readAll()
  return back
}

function throughChunk<T>(codec: Codec<T>, values: readonly T[]): T[] {
  const writer = new BlockWriter(64)
  for (const value of values) codec.write(writer.sink, value)
  const reader = new BlockReader()
  const chunk = writer.take()
  expect(reader.reset(chunk, 0)).toBe(chunk.length)
  const back: T[] = []
  while (!reader.atEnd) back.push(codec.read(reader.source))
  expect(reader.done).toBe(true)
  return back
}
