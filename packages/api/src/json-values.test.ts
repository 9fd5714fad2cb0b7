import { expect, it } from 'vitest'
import { Mismatch } from './declared-type.ts'
import { asJson } from './json-values.ts'
import { struct } from './struct.ts'
import { float, json, text } from './types.ts'

const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)])
/** As packages for money or time have them. */
const saysItself = (said: unknown): object => ({ cents: 5n, toJSON: () => said })

it.each([
  [{ a: [1, 'x', null, true, undefined] }],
  [new Date(0)],
  [saysItself('0.05')],
  [{ price: saysItself({ cents: 5 }) }],
  [deep(150)],
])('%o is what JSON says of it', (value) => {
  expect(asJson(value)).toBe(value)
})

it.each([
  [{ a: [1, { b: new Map() }] }, 'field "a.[1].b": a Map cannot be written as JSON'],
  [[new Set()], 'field "[0]": a Set cannot be written as JSON'],
  [{ a: 1n }, 'field "a": a bigint cannot be written as JSON'],
  [{ a: Number.NaN }, 'field "a": NaN cannot be written as JSON'],
  [new Uint8Array(2), 'an array of bytes cannot be written as JSON'],
  [saysItself(7n), 'a bigint cannot be written as JSON'],
])('%o is refused, with the place', (value, sentence) => {
  let said = ''
  try {
    asJson(value)
  } catch (error) {
    said = error instanceof Mismatch ? error.sentence : String(error)
  }
  expect(said).toBe(sentence)
})

it('says the declared fields of a record only, wherever it travelled', () => {
  const User = struct('User', { name: text(), score: float() })
  const user = { name: 'ann', score: 1, password: 'secret' }
  expect(User.toJson(user)).toEqual({ name: 'ann', score: 1 })
  expect(User.toJson({ ...user, score: Number.NaN })).toEqual({ name: 'ann', score: 'NaN' })
})

it('is asked of the fields of a struct that may be anything, and its record is not made anew', () => {
  const Priced = struct('Priced', { name: text(), price: float(), more: json() })
  const record = { name: 'a', price: 1.5, more: { a: 1 } }
  expect(Priced.toJson(record)).toBe(record)
  expect(() => Priced.toJson({ ...record, more: { a: 1n } as never })).toThrow(Mismatch)
  expect(Priced.toJson({ ...record, price: Number.NaN })).toEqual({ ...record, price: 'NaN' })
  const without = { ...record, price: undefined as never }
  expect(JSON.parse(JSON.stringify(Priced.toJson(without)))).toEqual({ name: 'a', more: { a: 1 } })
})
