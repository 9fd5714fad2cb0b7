// Struct codecs of any type: values come back alone, in frames among others, and by nothing but the stored descriptor; and
// a type that has moved, lost and won fields reads what the one before wrote.

import { deepStrictEqual } from 'node:assert'
import fc from 'fast-check'
import { describe, it } from 'vitest'
import type { Codec } from '../core/codec.ts'
import type { CodecDescriptor } from '../core/graph/logical-graph.ts'
import { decodeValue, encodeValue } from './block.ts'
import { throughFrame } from './codec.contract.ts'
import { listCodec, optionalCodec, withDefault } from './composites.ts'
import { codecFor, codecOfDescriptor } from './evolution.ts'
import { intCodec, textCodec } from './primitives.ts'
import { PROPERTY_SEED, runs } from './runs.contract.ts'
import { anyFields, type Fields, structOf, structWithValues } from './typed.contract.ts'

const VALUES_A_TYPE = 20
const CASES = runs(2_000, 100_000)
const options = { numRuns: Math.ceil(CASES / VALUES_A_TYPE), seed: PROPERTY_SEED }
/** Making a type, and code for it, takes its time. */
const TIMEOUT_MS = 600_000

const stored = (codec: Codec): CodecDescriptor =>
  JSON.parse(JSON.stringify(codec.descriptor)) as CodecDescriptor

describe('struct codecs of any type', () => {
  it(
    'give back what was written',
    () => {
      fc.assert(
        fc.property(structWithValues(VALUES_A_TYPE), ([codec, values]) => {
          for (const value of values) {
            deepStrictEqual(decodeValue(codec, encodeValue(codec, value)), value)
          }
          deepStrictEqual(throughFrame(codec, values), values)
        }),
        options,
      )
    },
    TIMEOUT_MS,
  )

  it(
    'can be read by their stored descriptor alone',
    () => {
      fc.assert(
        fc.property(structWithValues(VALUES_A_TYPE), ([codec, values]) => {
          const byDescriptor = codecOfDescriptor(stored(codec))
          for (const value of values) {
            deepStrictEqual(decodeValue(byDescriptor, encodeValue(codec, value)), value)
          }
        }),
        { ...options, numRuns: Math.ceil(options.numRuns / 4) },
      )
    },
    TIMEOUT_MS,
  )

  it(
    'read what the type wrote before fields were moved, taken away and added',
    () => {
      fc.assert(
        fc.property(changedTypes, ([before, after, added, values]) => {
          const writing = structOf(before).codec
          const reading = codecFor(stored(writing), structOf(after).codec)
          for (const value of values) {
            const old = value as Readonly<Record<string, unknown>>
            const wanted = Object.fromEntries(
              after.map(([name]) => [name, added.has(name) ? added.get(name) : old[name]]),
            )
            deepStrictEqual(decodeValue(reading, encodeValue(writing, value)), wanted)
          }
        }),
        options,
      )
    },
    TIMEOUT_MS,
  )
})

/** A struct, what it becomes, what its new fields hold in old records, and old records. */
type Change = readonly [
  before: Fields,
  after: Fields,
  added: ReadonlyMap<string, unknown>,
  values: readonly unknown[],
]

const NEW_FIELDS: readonly (readonly [name: string, codec: Codec, holds: unknown])[] = [
  ['new number', withDefault(intCodec, 7) as Codec, 7],
  ['new text', optionalCodec(textCodec) as Codec, undefined],
  ['new list', withDefault(listCodec(textCodec), ['a', 'b']) as Codec, ['a', 'b']],
]

const changedTypes: fc.Arbitrary<Change> = anyFields.chain((before) =>
  fc
    .tuple(
      fc.shuffledSubarray([...before]),
      fc.subarray([...NEW_FIELDS]),
      fc.array(structOf(before).values, {
        minLength: VALUES_A_TYPE,
        maxLength: VALUES_A_TYPE,
      }),
    )
    .map(([kept, fresh, values]): Change => {
      const added = fresh.map(
        ([name, codec]) => [name, { codec, values: fc.constant(undefined) }] as const,
      )
      const holds = new Map(fresh.map(([name, , value]) => [name, value]))
      return [before, [...added, ...kept], holds, values]
    }),
)
