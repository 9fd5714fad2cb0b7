import { describe, expect, it } from 'vitest'

import {
  anyShape,
  booleanShape,
  type Check,
  listShape,
  literalShape,
  matchingShape,
  nullableShape,
  numberShape,
  objectShape,
  optionalShape,
  recordShape,
  textShape,
  unionShape,
  wholeShape,
  wordShape,
} from './shape.ts'

interface Point {
  readonly x: number
  readonly label?: string
  readonly tags: readonly string[]
}
type Figure = { readonly kind: 'dot' } | { readonly kind: 'circle'; readonly radius: number }

const point = objectShape<Point>({
  x: wholeShape(0, 9),
  label: optionalShape(textShape),
  tags: listShape(textShape),
})
const figure = unionShape<Figure, 'kind'>('kind', { dot: {}, circle: { radius: numberShape } })

const CASES: readonly (readonly [Check<unknown>, unknown, string | null])[] = [
  [textShape, 'a', null],
  [textShape, 1, ' is no text'],
  [textShape, 'x'.repeat(65_537), ' has more than 65536 characters'],
  [matchingShape(/^a$/), 'a', null],
  [matchingShape(/^a$/), 'b', ' does not match ^a$'],
  [numberShape, 1.5, null],
  [numberShape, Number.NaN, ' is no number'],
  [numberShape, '1', ' is no number'],
  [wholeShape(1), 1, null],
  [wholeShape(1), 1.5, ' is no whole number'],
  [wholeShape(1), 2 ** 53, ' is no whole number'],
  [wholeShape(1, 3), 4, ' is 4, outside 1 to 3'],
  [booleanShape, false, null],
  [booleanShape, 0, ' is neither true nor false'],
  [anyShape, undefined, null],
  [wordShape({ a: true, b: true }), 'b', null],
  [wordShape({ a: true, b: true }), 'toString', ' is none of a, b'],
  [literalShape(1), 1, null],
  [literalShape(1), 2, ' is not 1'],
  [nullableShape(textShape), null, null],
  [nullableShape(textShape), undefined, ' is no text'],
  [listShape(textShape), ['a', 'b'], null],
  [listShape(textShape), ['a', 2], '.1 is no text'],
  [listShape(textShape), { length: 0 }, ' is no list'],
  [recordShape(textShape), { a: 'b' }, null],
  [recordShape(textShape), { a: 'b', c: 1 }, '.c is no text'],
  [recordShape(textShape), null, ' is no object'],
  [recordShape(textShape), [], ' is no object'],
  [point, { x: 1, tags: [] }, null],
  [point, { x: 1, tags: [], label: 'a' }, null],
  [point, { x: 1, tags: [], label: undefined }, '.label is no text'],
  [point, { tags: [] }, '.x is missing'],
  [point, { x: 1, tags: ['a', null] }, '.tags.1 is no text'],
  [point, { x: 1, tags: [], y: 2 }, '.y is no known field'],
  [point, JSON.parse('{"x":1,"tags":[],"__proto__":{"x":1}}'), '.__proto__ is no known field'],
  [figure, { kind: 'dot' }, null],
  [figure, { kind: 'circle', radius: 1 }, null],
  [figure, { kind: 'circle' }, '.radius is missing'],
  [figure, { kind: 'dot', radius: 1 }, '.radius is no known field'],
  [figure, { kind: 'square' }, '.kind is none of dot, circle'],
  [figure, {}, '.kind is none of dot, circle'],
  [figure, 'dot', ' is no object'],
]

describe('a shape', () => {
  it.each(CASES)('%#: of %o says %s', (shape, value, problem) => {
    expect(shape.problem(value)).toBe(problem)
  })
})
