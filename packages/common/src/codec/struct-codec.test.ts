import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Codec } from '../core/codec.ts'
import type { CodecDescriptor } from '../core/graph/logical-graph.ts'
import { decodeValue, encodeValue } from './block.ts'
import { anyNumber, anyText, describeCodec } from './codec.contract.ts'
import {
  listCodec,
  mapEntryCodec,
  nullableCodec,
  optionalCodec,
  withDefault,
} from './composites.ts'
import { codecFor, codecOfDescriptor, structCodecFor } from './evolution.ts'
import { boolCodec, floatCodec, intCodec, textCodec, timestampCodec } from './primitives.ts'
import { structCodec } from './struct-codec.ts'

const Item = structCodec('Item', { sku: textCodec, amount: intCodec })
const Order = structCodec('Order', {
  id: intCodec,
  at: timestampCodec,
  note: optionalCodec(textCodec),
  'odd name "\n': floatCodec,
  constructor: boolCodec,
  items: listCodec(Item),
  parent: nullableCodec(Item),
})

const plain = { noNullPrototype: true }
const anyItem = fc.record({ sku: anyText, amount: fc.maxSafeInteger() }, plain)
const anyOrder = fc.record(
  {
    id: fc.integer(),
    at: fc.maxSafeInteger(),
    note: fc.option(anyText, { nil: undefined }),
    'odd name "\n': anyNumber,
    constructor: fc.boolean(),
    items: fc.array(anyItem, { maxLength: 4 }),
    parent: fc.option(anyItem),
  },
  plain,
)
const order = {
  id: 1,
  at: 2,
  note: 'n',
  'odd name "\n': 0.5,
  constructor: true,
  items: [{ sku: 'a', amount: 1 }],
  parent: null,
}

describeCodec('struct', Order, anyOrder as fc.Arbitrary<unknown>)
describeCodec(
  'struct without fields',
  structCodec('Nothing', {}),
  fc.constant({}) as fc.Arbitrary<unknown>,
)

describe('structCodec', () => {
  it('gives plain objects with all fields in declared order', () => {
    const { note: _, ...without } = order
    const back = decodeValue(Order, encodeValue(Order, without)) as typeof order
    expect(Object.keys(back)).toEqual(Object.keys(order))
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype)
    expect({ ...back }).toStrictEqual({ ...order, note: undefined })
  })

  it('names struct and field of a value that it cannot encode', () => {
    const wrong: readonly [unknown, string][] = [
      [{ ...order, id: 'x' }, 'Order.id: expected an integer within ±(2^53 - 1), got text "x"'],
      [
        { ...order, at: undefined },
        'Order.at: expected an integer within ±(2^53 - 1), got undefined',
      ],
      [{ ...order, 'odd name "\n': '1' }, 'Order.odd name "\n: expected a number, got text "1"'],
      [{ ...order, constructor: 1 }, 'Order.constructor: expected a boolean, got number 1'],
      [
        { ...order, items: [order.items[0], { sku: 5 }] },
        'Order.items[1].sku: expected text, got number 5',
      ],
      [{ ...order, parent: 'p' }, 'Order.parent: expected an object, got text "p"'],
      [null, 'Order: expected an object, got null'],
      [{}, 'Order.id: expected an integer'],
    ]
    for (const [value, message] of wrong) {
      expect(() => encodeValue(Order, value)).toThrow(
        expect.objectContaining({
          code: 'record/not-encodable',
          message: expect.stringContaining(message) as string,
        }),
      )
    }
  })

  it('refuses names that no field can have', () => {
    const fields = (name: string): Record<string, Codec> =>
      Object.fromEntries([[name, intCodec as Codec]])
    const refused = expect.objectContaining({ code: 'type/invalid' })
    expect(() => structCodec('S', fields('__proto__'))).toThrow(refused)
    expect(() => structCodec('S', fields(''))).toThrow(refused)
    expect(() => structCodec('', fields('a'))).toThrow(refused)
    expect(() => structCodec('S', fields('x'.repeat(300)))).toThrow(refused)
  })

  it('never lets a name become code', () => {
    const nasty = [
      '"]; globalThis.hacked = 1; ["',
      '`${globalThis.hacked = 1}`',
      '*/ hacked //',
      '\u2028',
      '\ud800',
      "'\\",
    ]
    const codec = structCodec(
      nasty[0] as string,
      Object.fromEntries(nasty.map((name) => [name, intCodec as Codec])),
    )
    const value = Object.fromEntries(nasty.map((name, i) => [name, i]))
    expect(decodeValue(codec, encodeValue(codec, value))).toStrictEqual(value)
    expect('hacked' in globalThis).toBe(false)
  })

  it('describes itself as JSON', () => {
    const descriptor = JSON.parse(JSON.stringify(Order.descriptor)) as CodecDescriptor
    expect(codecFor(descriptor, Order)).toBe(Order)
    expect(descriptor.schema).toMatchObject({
      name: 'Order',
      fields: [{ name: 'id', codec: { name: 'int' } }, {}, {}, {}, {}, {}, {}],
    })
  })
})

describe('evolution', () => {
  const read = (written: Codec, wanted: Codec, value: unknown): unknown =>
    decodeValue(
      codecFor(JSON.parse(JSON.stringify(written.descriptor)) as CodecDescriptor, wanted),
      encodeValue(written, value),
    )

  it('adds fields with their defaults, drops removed ones, and follows moved ones', () => {
    const now = structCodec('Order', {
      parent: nullableCodec(Item),
      region: withDefault(textCodec, 'EU'),
      id: intCodec,
      tag: optionalCodec(textCodec),
    })
    expect(read(Order, now, order)).toStrictEqual({
      parent: null,
      region: 'EU',
      id: 1,
      tag: undefined,
    })
    expect(Object.keys(read(Order, now, order) as object)).toEqual([
      'parent',
      'region',
      'id',
      'tag',
    ])
  })

  it('reaches into nested types', () => {
    const now = structCodec('Order', {
      items: listCodec(
        structCodec('Item', { amount: intCodec, unit: withDefault(textCodec, 'kg') }),
      ),
    })
    expect(read(Order, now, order)).toStrictEqual({ items: [{ amount: 1, unit: 'kg' }] })
  })

  it('lets a field become optional or nullable', () => {
    const now = structCodec('Item', {
      sku: nullableCodec(textCodec),
      amount: optionalCodec(intCodec),
    })
    expect(read(Item, now, { sku: 'a', amount: 5 })).toStrictEqual({ sku: 'a', amount: 5 })
  })

  it('reads stored values without the job, by their descriptor', () => {
    const codec = codecOfDescriptor(JSON.parse(JSON.stringify(Order.descriptor)) as CodecDescriptor)
    expect(decodeValue(codec, encodeValue(Order, order))).toStrictEqual(order)
  })

  it('reads the entries of a map whose values have changed', () => {
    const now = structCodec('Item', {
      sku: textCodec,
      amount: intCodec,
      unit: withDefault(textCodec, 'kg'),
    })
    const entry = (value: Codec): Codec => mapEntryCodec(textCodec as Codec, value) as Codec
    const written = entry(Item as Codec)
    const stored = ['a', { sku: 's', amount: 1 }]
    expect(read(written, entry(now as Codec), stored)).toEqual([
      'a',
      { sku: 's', amount: 1, unit: 'kg' },
    ])
    expect(read(written, codecOfDescriptor(written.descriptor), stored)).toEqual(stored)
    expect(() => codecFor(written.descriptor, entry(intCodec as Codec))).toThrow(
      expect.objectContaining({
        code: 'state/incompatible',
        message: expect.stringContaining('[value]: it was written as struct Item') as string,
      }),
    )
  })

  it('refuses a changed type, a new field without default and unknown types by name', () => {
    const refused = (wanted: Codec, message: string): void => {
      expect(() => codecFor(Item.descriptor, wanted)).toThrow(
        expect.objectContaining({
          code: 'state/incompatible',
          message: expect.stringContaining(message) as string,
        }),
      )
    }
    refused(
      structCodec('Item', { sku: intCodec, amount: intCodec }),
      'Item.sku: it was written as text',
    )
    refused(
      structCodec('Item', { sku: textCodec, amount: floatCodec }),
      'Item.amount: it was written as int',
    )
    refused(
      structCodec('Item', { sku: textCodec, amount: intCodec, x: textCodec }),
      'Item.x: it is new',
    )
    refused(textCodec as Codec, 'written as struct Item')
    const odd: CodecDescriptor = {
      name: 'struct',
      version: 1,
      schema: { name: 'S', fields: [{ name: 'gone', codec: { name: 'mystery', version: 3 } }] },
    }
    expect(() => structCodecFor(odd, structCodec('S', {}))).toThrow('mystery')
  })

  it('answers nonsense in a stored schema with state/incompatible', () => {
    const nonsense = fc.oneof(
      fc.jsonValue(),
      fc.record({ name: fc.constant('S'), fields: fc.jsonValue() }),
      fc.record({
        name: fc.constant('S'),
        fields: fc.array(fc.record({ name: fc.string(), codec: fc.jsonValue() })),
      }),
    )
    fc.assert(
      fc.property(nonsense, (schema) => {
        try {
          codecFor({ name: 'struct', version: 1, schema }, Item)
        } catch (thrown) {
          expect(thrown).toMatchObject({ code: 'state/incompatible' })
        }
      }),
    )
    let deep: CodecDescriptor = { name: 'int', version: 1 }
    for (let i = 0; i < 100_000; i++) deep = { name: 'list', version: 1, schema: { of: deep } }
    const fields = [{ name: 'gone', codec: deep }]
    expect(() =>
      codecFor({ name: 'struct', version: 1, schema: { name: 'S', fields } }, Item),
    ).toThrow('nested too deeply')
  })
})
