import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NO_KEY_HASH } from '../core/graph/key-groups.ts'
import { decodeValue, encodeValue } from './block.ts'
import { anyNumber, anyText, describeCodec, throughFrame } from './codec.contract.ts'
import { dynamicCodec, jsonCodec } from './dynamic-codec.ts'
import { ELEMENT_NONE, FrameReader, FrameWriter } from './frame.ts'

const back = (value: unknown): unknown =>
  decodeValue(dynamicCodec, encodeValue(dynamicCodec, value))

const names = fc.oneof(
  fc.constantFrom('a', 'b', 'id', '__proto__', 'constructor', 'toString', 'length', '0', '-1', ''),
  anyText,
)

/** Fields are defined, not assigned, so that __proto__ is a field like any other. */
function objectOf(entries: readonly (readonly [string, unknown])[], bare: boolean): object {
  const target: object = bare ? (Object.create(null) as object) : {}
  for (const [name, value] of entries) {
    Object.defineProperty(target, name, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    })
  }
  return target
}

const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    anyText,
    anyNumber,
    fc.constantFrom(null, undefined, true, false),
    fc.bigInt({ min: -(2n ** 200n), max: 2n ** 200n }),
    fc.date({ noInvalidDate: false }),
    fc.uint8Array(),
    fc.float64Array(),
    fc.array(tie('tree'), { maxLength: 5 }),
    fc
      .array(fc.tuple(tie('tree'), tie('tree')), { maxLength: 4 })
      .map((entries) => new Map(entries)),
    fc.array(tie('tree'), { maxLength: 4 }).map((items) => new Set(items)),
    fc
      .tuple(
        fc.uniqueArray(fc.tuple(names, tie('tree')), { maxLength: 5, selector: ([name]) => name }),
        fc.boolean(),
      )
      .map(([entries, bare]) => objectOf(entries, bare)),
  ),
}))

describeCodec('dynamic', dynamicCodec, tree)
describeCodec('json', jsonCodec, fc.jsonValue() as fc.Arbitrary<unknown>)

describe('dynamicCodec', () => {
  it('keeps what JSON loses', () => {
    const withHole = [1, 2, 3]
    delete withHole[1]
    const nasty = {
      nan: Number.NaN,
      minusZero: -0,
      infinity: Number.NEGATIVE_INFINITY,
      nothing: undefined,
      date: new Date(5),
      noDate: new Date(Number.NaN),
      map: new Map<unknown, unknown>([[{ a: 1 }, new Set([1n])]]),
      big: -(2n ** 500n),
      bytes: Uint8Array.of(1, 2),
      lone: 'a\ud800',
      holes: withHole,
      buffer: Buffer.from('ab'),
      bare: Object.assign(Object.create(null) as object, { x: 1 }),
      floats: Float32Array.of(0.5),
      raw: new ArrayBuffer(3),
    }
    const again = back(nasty) as typeof nasty
    expect(again).toStrictEqual(nasty)
    expect(1 in again.holes).toBe(false)
    expect(Buffer.isBuffer(again.buffer)).toBe(true)
    expect(Object.getPrototypeOf(again.bare)).toBe(null)
  })

  it('takes __proto__ for a field like any other, with and without shapes', () => {
    const odd = JSON.parse('{"__proto__": {"polluted": 1}, "a": 2}') as Record<string, unknown>
    const wide = JSON.parse(
      `{"__proto__": 5, ${Array.from({ length: 80 }, (_, i) => `"f${i}": ${i}`).join()}}`,
    ) as object
    for (const value of [odd, wide]) {
      const again = back(value) as Record<string, unknown>
      expect(Object.getPrototypeOf(again)).toBe(Object.prototype)
      expect(Object.entries(again)).toStrictEqual(Object.entries(value))
    }
    expect('polluted' in {}).toBe(false)
  })

  it('names the path of what it refuses', () => {
    class Account {
      id = 1
    }
    const circle: Record<string, unknown> = {}
    circle['next'] = { back: circle }
    let deep: unknown = 0
    for (let i = 0; i < 20_000; i++) deep = [deep]
    const wrong: readonly [unknown, string][] = [
      [{ items: [1, { price: () => 1 }] }, '.items[1].price: a function cannot be encoded'],
      [{ 'odd name': Symbol('s') }, '["odd name"]: a symbol cannot be encoded'],
      [
        new Map([['k', new Account()]]),
        '[0]: an instance of Account cannot be restored from bytes',
      ],
      [new Set([/x/]), '[0]: an instance of RegExp cannot be restored'],
      [{ e: new Error('x') }, '.e: an instance of Error'],
      [{ w: new WeakMap() }, '.w: an instance of WeakMap'],
      [{ p: Promise.resolve() }, '.p: an instance of Promise'],
      [{ s: new String('x') }, '.s: an instance of String'],
      [{ a: new (class extends Array {})() }, '.a: an array cannot be restored'],
      [circle, '.next.back.next.back'],
      [deep, 'nested deeper than 200'],
    ]
    for (const [value, message] of wrong) {
      expect(() => encodeValue(dynamicCodec, value)).toThrow(
        expect.objectContaining({
          code: 'record/not-encodable',
          message: expect.stringContaining(message) as string,
        }),
      )
    }
  })

  it('accepts 200 levels and gives them back', () => {
    let deep: unknown = 'bottom'
    for (let i = 0; i < 200; i++) deep = i % 2 === 0 ? [deep] : { deep }
    expect(back(deep)).toStrictEqual(deep)
  })

  it('gives back more shapes than a frame remembers', () => {
    const records = Array.from({ length: 500 }, (_, i) =>
      Object.fromEntries(
        Array.from({ length: (i % 70) + 1 }, (_unused, k) => [`f${(i * 7 + k) % 90}`, i]),
      ),
    )
    expect(throughFrame(dynamicCodec, records)).toStrictEqual(records)
  })

  it('says the names of a shape once in a block', () => {
    const writer = new FrameWriter({ capacityBytes: 100_000 })
    for (let i = 0; i < 100; i++) {
      dynamicCodec.write(writer.beginRecord(1, NO_KEY_HASH), {
        aLongFieldName: i,
        anotherLongFieldName: true,
      })
      writer.endRecord()
    }
    expect(writer.take().length).toBeLessThan(800)
  })

  it('survives a record that was cancelled after it had told its shape', () => {
    const writer = new FrameWriter({ capacityBytes: 100_000 })
    dynamicCodec.write(writer.beginRecord(1, NO_KEY_HASH), { kept: 1 })
    writer.endRecord()
    expect(() =>
      dynamicCodec.write(writer.beginRecord(1, NO_KEY_HASH), { fresh: 1, wrong: () => 0 }),
    ).toThrow('wrong')
    writer.cancelRecord()
    const behind = [{ fresh: 2, wrong: 3 }, { fresh: 4 }, { kept: 5 }]
    for (const record of behind) {
      dynamicCodec.write(writer.beginRecord(1, NO_KEY_HASH), record)
      writer.endRecord()
    }
    const reader = new FrameReader()
    reader.reset(writer.take())
    const found: unknown[] = []
    while (reader.next() !== ELEMENT_NONE) found.push(dynamicCodec.read(reader.source))
    expect(found).toStrictEqual([{ kept: 1 }, ...behind])
  })
})
