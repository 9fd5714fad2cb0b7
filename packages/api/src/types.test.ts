import { decodeValue, encodeValue } from '@weirjs/common/codec/block'
import type { Codec } from '@weirjs/common/core/codec'
import { describe, expect, it } from 'vitest'
import { type DeclaredType, Mismatch } from './declared-type.ts'
import { struct } from './struct.ts'
import {
  bigint,
  bool,
  bytes,
  float,
  int,
  json,
  list,
  map,
  nullable,
  oneOf,
  optional,
  text,
  timestamp,
} from './types.ts'

const roundTrip = <T>(codec: Codec<T>, value: T): T => decodeValue(codec, encodeValue(codec, value))
const complaint = (fn: () => unknown): string => {
  try {
    fn()
  } catch (error) {
    if (error instanceof Mismatch) return error.sentence
    throw error
  }
  return 'accepted'
}

const Flight = struct('Flight', {
  date: timestamp(),
  delay: int(),
  origin: text(),
  tail: optional(text()),
  gate: nullable(int()),
  carrier: text({ default: 'XX' }),
})

describe('declared types', () => {
  const cases: readonly (readonly [string, DeclaredType<unknown>, unknown, string])[] = [
    ['text', text(), 'a,"b"', 'a,"b"'],
    ['int', int(), -7, '-7'],
    ['float', float(), -0.5, '-0.5'],
    ['bool', bool(), true, 'true'],
    ['bigint', bigint(), 2n ** 70n, String(2n ** 70n)],
    ['timestamp', timestamp(), 1_436_918_400_000, '2015-07-15T00:00:00Z'],
    ['one of', oneOf('a', 'b'), 'b', 'b'],
  ]
  it.each(cases)('%s goes through bytes and comes out of text', (_, type, value, said) => {
    expect(roundTrip(type, value)).toEqual(value)
    expect(type.fromText(said)).toEqual(value)
  })

  it.each(['2026-02-29', '2026-02-30T10:00:00Z', '2026-04-31', '1900-02-29 10:00'])(
    'refuse a day that its month does not have: %s',
    (said) => {
      expect(complaint(() => timestamp().from(said))).toMatch(/^expected a time, got/)
      expect(complaint(() => timestamp().fromText(said))).toMatch(/^expected a time, got/)
    },
  )

  it('take the last day of each month', () => {
    for (const said of ['2024-02-29', '2026-02-28', '2000-02-29', '2026-12-31', '0004-02-29'])
      expect(new Date(timestamp().from(said)).toISOString().slice(0, 10)).toBe(said)
  })

  it('refuse what is no Base64, and take it with line breaks, without padding, and for URLs', () => {
    for (const said of ['?', 'AQ L!', 'A', 'AQL/A', 'AQ==AQ==', 'caf\u{e9}'])
      expect(
        complaint(() => bytes().from(said)),
        said,
      ).toMatch(/^expected bytes as Base64, got/)
    for (const said of ['AQL/', 'AQL_', 'AQ\nL/\n'])
      expect(bytes().from(said)).toEqual(Uint8Array.of(1, 2, 255))
    expect(bytes().fromText('AQI')).toEqual(Uint8Array.of(1, 2))
    expect(bytes().fromText('')).toEqual(new Uint8Array())
  })

  it('refuse what they are not, saying what they expected', () => {
    expect(complaint(() => int().from('7'))).toBe('expected a whole number, got "7"')
    expect(complaint(() => int().fromText('7.5'))).toBe('expected a whole number, got "7.5"')
    expect(complaint(() => float().fromText(''))).toBe('expected a number, got ""')
    expect(complaint(() => text().from(undefined))).toBe('missing (text)')
    expect(complaint(() => timestamp().fromText('yesterday'))).toMatch(/^expected a time/)
    expect(complaint(() => list(int()).from([1, 'x']))).toBe(
      'field "[1]": expected a whole number, got "x"',
    )
  })

  it('refuse a whole number that JSON has rounded, and take it as text', () => {
    const [rounded] = JSON.parse('[9007199254740993]') as [number]
    for (const type of [int(), bigint(), timestamp()])
      expect(complaint(() => type.from(rounded))).toMatch(/^expected/)
    expect(bigint().from('9007199254740993')).toBe(2n ** 53n + 1n)
  })

  it.each([
    [[1], 'field "[0]": expected a pair of key and value, got 1'],
    [[null], 'field "[0]": expected a pair of key and value, got null'],
    [[['a', 1], 'ab'], 'field "[1]": expected a pair of key and value, got "ab"'],
    [[['a']], 'field "[0]": expected a pair of key and value, got ["a"]'],
    [[['a', 1, 2]], 'field "[0]": expected a pair of key and value, got ["a",1,2]'],
    [[[1, 1]], 'expected text, got 1'],
    [{ a: 'x' }, 'field "a": expected a whole number, got "x"'],
    ['ab', 'expected a map, got "ab"'],
  ])('refuse %j as a map', (raw, why) => {
    expect(complaint(() => map(text(), int()).from(raw))).toBe(why)
  })

  it('show whole numbers beyond those of JSON wherever they are in what they refuse', () => {
    expect(complaint(() => text().from(7n))).toBe('expected text, got 7n')
    expect(complaint(() => text().from({ a: [7n, { b: 8n }] }))).toBe(
      'expected text, got {"a":["7n",{"b":"8n"}]}',
    )
  })

  it('read times without a zone as UTC', () => {
    expect(timestamp().fromText('2001-01-01 00:01:00')).toBe(Date.UTC(2001, 0, 1, 0, 1))
    expect(timestamp().fromText('2001-01-01T00:01:00+01:00')).toBe(
      Date.UTC(2001, 0, 1, 0, 1) - 3_600_000,
    )
    expect(timestamp().fromText('2001-01-01')).toBe(Date.UTC(2001, 0, 1))
  })

  it('nest', () => {
    const nested = map(text(), list(bigint()))
    const value = new Map([['a', [1n, 2n ** 65n]]])
    expect(roundTrip(nested, value)).toEqual(value)
    expect(nested.toJson(value)).toEqual({ a: [1, String(2n ** 65n)] })
    expect(nested.from({ a: [1, String(2n ** 65n)] })).toEqual(value)
    expect(bytes().from(bytes().toJson(Uint8Array.of(1, 2, 255)))).toEqual(Uint8Array.of(1, 2, 255))
    expect(roundTrip(json(), { a: [null, -0, Number.NaN] })).toEqual({ a: [null, -0, Number.NaN] })
  })
})

describe('struct', () => {
  it('reads objects field by field, converting and dropping what is not declared', () => {
    const raw = { date: '2001-01-01', delay: 5n, origin: 'LAS', extra: 1 }
    const flight = Flight.from(raw)
    expect(flight).toEqual({
      date: 978_307_200_000,
      delay: 5,
      origin: 'LAS',
      tail: undefined,
      gate: null,
      carrier: 'XX',
    })
    expect('extra' in flight).toBe(false)
    expect(roundTrip(Flight, flight)).toEqual(flight)
  })

  it('drops what is not declared also where as many optional fields are missing', () => {
    const Person = struct('Person', { a: int(), b: optional(text()) })
    expect(Object.keys(Person.from({ a: 1, ssn: '078-05-1120' }))).not.toContain('ssn')
    expect(Person.from({ a: 1 })).toEqual({ a: 1 })
  })

  it('takes over an object that fits exactly', () => {
    const raw = { date: 1, delay: 5, origin: 'LAS', tail: 'N1', gate: 3, carrier: 'AA' }
    expect(Flight.from(raw)).toBe(raw)
  })

  it('names the field that does not fit', () => {
    expect(complaint(() => Flight.from({ date: 1, delay: 'late', origin: 'LAS' }))).toBe(
      'field "delay": expected a whole number, got "late"',
    )
    expect(complaint(() => Flight.from({ date: 1, delay: 2 }))).toBe(
      'field "origin": missing (text)',
    )
    const Outer = struct('Outer', { flight: Flight })
    expect(complaint(() => Outer.from({ flight: { date: 1 } }))).toBe(
      'field "flight.delay": missing (a whole number)',
    )
    expect(complaint(() => Flight.from([]))).toBe('expected a Flight object, got []')
  })

  it('does not take inherited names for fields', () => {
    const Odd = struct('Odd', { constructor: optional(text()), toString: optional(text()) })
    expect(Odd.from({ toString: 'x' })).toEqual({ constructor: undefined, toString: 'x' })
    expect(complaint(() => struct('S', { constructor: text() }).from({}))).toMatch(/missing/)
    expect(() => struct('S', JSON.parse('{"__proto__": 1}') as Record<string, never>)).toThrow()
  })
})
