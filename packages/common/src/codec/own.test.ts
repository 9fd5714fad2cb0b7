import { describe, expect, it } from 'vitest'
import type { Codec } from '../core/codec.ts'
import { decodeValue, encodeValue } from './block.ts'
import { listCodec, mapCodec, nullableCodec, optionalCodec, withDefault } from './composites.ts'
import { dynamicCodec, jsonCodec } from './dynamic-codec.ts'
import { keyCodec } from './key-codec.ts'
import { keeperOf } from './own.ts'
import { intCodec, textCodec } from './primitives.ts'
import { structCodec } from './struct-codec.ts'

const long = 'a text that is long enough to be a slice'

describe('keeperOf', () => {
  it('gives equal values for every kind of codec', () => {
    const Inner = structCodec('Inner', { id: intCodec, name: textCodec })
    const cases: readonly [Codec, unknown][] = [
      [textCodec, long],
      [intCodec, 5],
      [keyCodec, long],
      [nullableCodec(textCodec), null],
      [optionalCodec(textCodec), undefined],
      [withDefault(textCodec, ''), long],
      [listCodec(textCodec), [long, 'short']],
      [mapCodec(textCodec, intCodec), new Map([[long, 1]])],
      [dynamicCodec, { a: [long], b: new Map([[1, long]]) }],
      [dynamicCodec, { name: long, count: 3, short: 'x', none: null, missing: undefined }],
      [dynamicCodec, { count: 3, big: 2n }],
      [dynamicCodec, JSON.parse(`{ "__proto__": "${long}", "name": "${long}" }`)],
      [dynamicCodec, [long, { deep: { name: long } }]],
      [jsonCodec, { name: long, list: [1, long] }],
      [
        structCodec('Outer', { inner: Inner, all: listCodec(Inner), x: intCodec }),
        { inner: { id: 1, name: long }, all: [{ id: 2, name: 'b' }], x: 3 },
      ],
    ]
    for (const [codec, value] of cases) {
      expect(keeperOf(codec)(decodeValue(codec, encodeValue(codec, value)))).toStrictEqual(value)
    }
  })

  it('hands values without text on as they are', () => {
    const Point = structCodec<object>('Point', { x: intCodec, y: optionalCodec(intCodec) })
    const point = { x: 1, y: 2 }
    expect(keeperOf(Point)(point)).toBe(point)
    const list = [1, 2]
    expect(keeperOf(listCodec(intCodec))(list)).toBe(list)
  })

  it('makes no text of what is none: it is refused, or a default, where it is written', () => {
    const Named = structCodec<object>('Named', {
      name: textCodec,
      kind: withDefault(textCodec, 'a'),
    })
    const kept = keeperOf(Named)({ name: 5 })
    expect(kept).toStrictEqual({ name: 5, kind: undefined })
    expect(() => encodeValue(Named, kept)).toThrow('Named.name: expected text, got number 5')
    const named = keeperOf(Named)({ name: 'b' })
    expect(decodeValue(Named, encodeValue(Named, named))).toStrictEqual({ name: 'b', kind: 'a' })
  })

  it('copies nested records of one type, not into one another', () => {
    interface Node {
      name: string
      children: readonly Node[]
    }
    const leaf = structCodec<Node>('Leaf', { name: textCodec, children: listCodec(textCodec) })
    const pair = structCodec('Pair', { left: leaf, right: leaf })
    const value = {
      left: { name: `${long} 1`, children: [] },
      right: { name: `${long} 2`, children: [long] },
    }
    expect(keeperOf(pair)(value)).toStrictEqual(value)
  })
})
