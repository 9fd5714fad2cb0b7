import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Codec, Key } from '../core/codec.ts'
import { hashKey } from '../core/graph/key-groups.ts'
import { murmur3 } from '../core/graph/murmur3.ts'
import { decodeValue, encodeValue } from './block.ts'
import { anyNumber, anyText, describeCodec, PROPERTY_RUNS } from './codec.contract.ts'
import { listCodec, mapCodec, nullableCodec, optionalCodec, withDefault } from './composites.ts'
import { keyBytes, keyCodec } from './key-codec.ts'
import {
  bigintCodec,
  boolCodec,
  bytesCodec,
  floatCodec,
  intCodec,
  textCodec,
  timestampCodec,
} from './primitives.ts'

const anyBigint = fc.oneof(
  fc.bigInt(),
  fc.bigInt({ min: -(2n ** 600n), max: 2n ** 600n }),
  fc.constantFrom(0n, -1n, 2n ** 63n, 2n ** 63n - 1n, -(2n ** 63n), -(2n ** 63n) - 1n, 2n ** 64n),
)
const anyInt = fc.oneof(fc.integer(), fc.maxSafeInteger())

describeCodec('text', textCodec, anyText)
describeCodec('int', intCodec, anyInt)
describeCodec('float', floatCodec, anyNumber)
describeCodec('timestamp', timestampCodec, fc.maxSafeInteger())
describeCodec('bool', boolCodec, fc.boolean())
describeCodec('bigint', bigintCodec, anyBigint)
describeCodec('bytes', bytesCodec, fc.uint8Array({ maxLength: 200 }))
describeCodec('nullable', nullableCodec(textCodec), fc.option(anyText))
describeCodec('optional', optionalCodec(intCodec), fc.option(anyInt, { nil: undefined }))
describeCodec(
  'list of lists',
  listCodec(listCodec(textCodec)) as Codec<unknown>,
  fc.array(fc.array(anyText)),
)
describeCodec(
  'map',
  mapCodec(textCodec, nullableCodec(floatCodec)) as Codec<unknown>,
  fc.array(fc.tuple(anyText, fc.option(anyNumber))).map((entries) => new Map(entries)),
)
describeCodec('with default', withDefault(textCodec, 'none'), anyText)

const anyKey: fc.Arbitrary<Key> = fc.oneof(
  anyText,
  anyNumber.filter((n) => !Number.isNaN(n)).map((n) => n + 0),
  anyInt,
  fc.boolean(),
  anyBigint,
)
// A key of -0 comes back as 0.
describeCodec(
  'key',
  keyCodec,
  anyKey.map((key) => (Object.is(key, -0) ? 0 : key)),
)

describe('keys', () => {
  it('hash to murmur3 of their bytes, whatever they are', () => {
    fc.assert(
      fc.property(anyKey, (key) => {
        expect(hashKey(key)).toBe(murmur3(keyBytes(key)))
      }),
      {
        numRuns: PROPERTY_RUNS * 5,
      },
    )
  })

  it('have equal bytes exactly when they are the same key', () => {
    const nasty: readonly Key[] = [
      1,
      '1',
      1n,
      true,
      'true',
      0,
      '',
      '0',
      0n,
      false,
      -1,
      -1n,
      0.5,
      '\ud800',
      '\udc00',
      '\ud800\udc00',
      '\ufffd',
      'constructor',
      '__proto__',
      2 ** 31,
      2 ** 53,
      Number.POSITIVE_INFINITY,
      2n ** 64n,
      -(2n ** 64n),
      256n,
    ]
    const names = new Set(nasty.map((key) => Buffer.from(keyBytes(key)).toString('hex')))
    expect(names.size).toBe(nasty.length)
    for (const key of nasty) expect(decodeValue(keyCodec, encodeValue(keyCodec, key))).toBe(key)
    expect(keyBytes(-0)).toEqual(keyBytes(0))
    expect(decodeValue(keyCodec, encodeValue(keyCodec, -0))).toBe(0)
  })

  it('are refused when they are NaN or no key at all', () => {
    for (const use of [keyBytes, (key: Key) => encodeValue(keyCodec, key)]) {
      expect(() => use(Number.NaN)).toThrow(expect.objectContaining({ code: 'key/nan' }))
      expect(() => use(null as unknown as Key)).toThrow(
        expect.objectContaining({ code: 'key/unsupported' }),
      )
    }
  })
})

describe('codecs of single values', () => {
  it('refuse values of other types, saying what was expected', () => {
    const wrong: readonly [Codec, unknown, string][] = [
      [textCodec, 5, 'expected text, got number 5'],
      [intCodec, 1.5, 'expected an integer within ±(2^53 - 1), got number 1.5'],
      [intCodec, '1', 'expected an integer within ±(2^53 - 1), got text "1"'],
      [floatCodec, null, 'expected a number, got null'],
      [boolCodec, 0, 'expected a boolean, got number 0'],
      [bigintCodec, 1, 'expected a bigint, got number 1'],
      [bytesCodec, [1], 'expected a Uint8Array, got an array'],
      [listCodec(intCodec), new Map(), 'expected an array, got an instance of Map'],
      [mapCodec(textCodec, intCodec), {}, 'expected a Map, got an object'],
      [listCodec(listCodec(textCodec)), [[], ['a', 3]], '[1][1]: expected text, got number 3'],
      [nullableCodec(textCodec), undefined, 'expected text, got undefined (is the field missing?)'],
    ]
    for (const [codec, value, message] of wrong) {
      expect(() => encodeValue(codec, value)).toThrow(
        expect.objectContaining({ code: 'record/not-encodable', message }),
      )
    }
  })

  it('write the default for undefined, and give fresh copies of it', () => {
    const codec = withDefault(listCodec(textCodec), ['a'])
    expect(decodeValue(codec, encodeValue(codec as Codec, undefined))).toEqual(['a'])
    expect(codec.fallback()).not.toBe(codec.fallback())
  })
})
