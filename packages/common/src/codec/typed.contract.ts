// Any declared type, with any value of it: what struct codecs must survive is not one sample type but all of them.

import fc from 'fast-check'
import type { Codec } from '../core/codec.ts'
import { anyNumber, anyText } from './codec.contract.ts'
import { listCodec, mapCodec, nullableCodec, optionalCodec, withDefault } from './composites.ts'
import {
  bigintCodec,
  boolCodec,
  bytesCodec,
  floatCodec,
  intCodec,
  textCodec,
  timestampCodec,
} from './primitives.ts'
import { structCodec } from './struct-codec.ts'

export interface Typed {
  readonly codec: Codec
  readonly values: fc.Arbitrary<unknown>
}

const typed = <T>(codec: Codec<T>, values: fc.Arbitrary<T>): Typed => ({
  codec: codec as Codec,
  values,
})
const anyInt = fc.oneof(fc.integer(), fc.maxSafeInteger())

const simple: fc.Arbitrary<Typed> = fc.constantFrom(
  typed(textCodec, anyText),
  typed(intCodec, anyInt),
  typed(floatCodec, anyNumber),
  typed(timestampCodec, fc.maxSafeInteger()),
  typed(boolCodec, fc.boolean()),
  typed(bigintCodec, fc.bigInt({ min: -(2n ** 100n), max: 2n ** 100n })),
  typed(bytesCodec, fc.uint8Array({ maxLength: 20 })),
)
const keys: fc.Arbitrary<Typed> = fc.constantFrom(
  typed(textCodec, anyText),
  typed(intCodec, anyInt),
)

const names = fc
  .oneof(
    fc.constantFrom('id', 'constructor', 'toString', 'hasOwnProperty', 'length', '0', '-1', 'ö'),
    fc.string({ minLength: 1, maxLength: 12 }),
  )
  .filter((name) => name !== '__proto__')

const { type } = fc.letrec<{ type: Typed }>((tie) => ({
  type: fc.oneof(
    { depthSize: 'small', maxDepth: 3 },
    simple,
    tie('type').map(({ codec, values }) => typed(nullableCodec(codec), fc.option(values))),
    tie('type').map(({ codec, values }) =>
      typed(listCodec(codec), fc.array(values, { maxLength: 4 })),
    ),
    fc.tuple(keys, tie('type')).map(([key, value]) => mapOf(key, value)),
    fieldsOf(tie('type')).map(structOf),
  ),
}))

function mapOf(key: Typed, value: Typed): Typed {
  const entries = fc.array(fc.tuple(key.values, value.values), { maxLength: 4 })
  return typed(
    mapCodec(key.codec, value.codec),
    entries.map((all) => new Map(all)),
  )
}

export type Fields = readonly (readonly [name: string, type: Typed])[]

function fieldsOf(types: fc.Arbitrary<Typed>): fc.Arbitrary<Fields> {
  const field = fc.oneof(
    { weight: 4, arbitrary: types },
    types.map(({ codec, values }) =>
      typed(optionalCodec(codec), fc.option(values, { nil: undefined })),
    ),
    simple.map(({ codec, values }) => {
      const [fallback] = fc.sample(values, { numRuns: 1, seed: 1 })
      return typed(withDefault(codec, fallback), values)
    }),
  )
  return fc.uniqueArray(fc.tuple(names, field), { maxLength: 8, selector: ([name]) => name })
}

export function structOf(fields: Fields): Typed {
  const codecs = Object.fromEntries(fields.map(([name, { codec }]) => [name, codec]))
  const values = Object.fromEntries(fields.map(([name, field]) => [name, field.values]))
  return typed(structCodec('Any', codecs) as Codec, fc.record(values, { noNullPrototype: true }))
}

/** Up to 8 fields, nested in every way. */
export const anyFields: fc.Arbitrary<Fields> = fieldsOf(type)
export const anyStruct: fc.Arbitrary<Typed> = anyFields.map(structOf)

/** A type with `count` values of it. */
export const structWithValues = (
  count: number,
): fc.Arbitrary<readonly [codec: Codec, values: readonly unknown[]]> =>
  anyStruct.chain(({ codec, values }) =>
    fc.tuple(fc.constant(codec), fc.array(values, { minLength: count, maxLength: count })),
  )
