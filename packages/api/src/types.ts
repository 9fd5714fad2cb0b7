// The types that record fields, state and job arguments are declared with. One spelling for all three:
// `struct('Flight', { date: timestamp(), delay: int() })`, `value(int())`, `args: { limit: int({ default: 10 }) }`.

import { listCodec, mapCodec, nullableCodec, optionalCodec } from '@weirjs/common/codec/composites'
import { dynamicCodec, jsonCodec } from '@weirjs/common/codec/dynamic-codec'
import {
  bigintCodec,
  boolCodec,
  bytesCodec,
  floatCodec,
  intCodec,
  textCodec,
  timestampCodec,
} from '@weirjs/common/codec/primitives'
import type { Codec, Key } from '@weirjs/common/core/codec'
import {
  type DeclaredType,
  Mismatch,
  type TypeOptions,
  bareCodec,
  declareType,
  mismatch,
} from './declared-type.ts'
import { bytesFromText } from './base64.ts'
import { durationMs } from './durations.ts'
import { asJson, isSpecialFloat } from './json-values.ts'

/** Any text. */
export function text(options: TypeOptions<string> = {}): DeclaredType<string> {
  return declareType(
    { kind: 'text', codec: textCodec, from: asText, fromText: (given) => given },
    options,
  )
}

/** A whole number within ±(2^53 - 1). */
export function int(options: TypeOptions<number> = {}): DeclaredType<number> {
  return declareType({ kind: 'int', codec: intCodec, from: asInt, fromText: intFromText }, options)
}

/** Any number, NaN and the infinities included; those three are text in JSON. */
export function float(options: TypeOptions<number> = {}): DeclaredType<number> {
  return declareType(
    {
      kind: 'float',
      codec: floatCodec,
      from: asFloat,
      fromText: floatFromText,
      toJson: floatToJson,
    },
    options,
  )
}

/** True or false. */
export function bool(options: TypeOptions<boolean> = {}): DeclaredType<boolean> {
  return declareType(
    { kind: 'bool', codec: boolCodec, from: asBool, fromText: boolFromText },
    options,
  )
}

/** A switch among a job's arguments: `--verbose`, `--no-verbose`. False unless said otherwise. */
export function flag(options: TypeOptions<boolean> = {}): DeclaredType<boolean> {
  const parts = { kind: 'flag', codec: boolCodec, from: asBool, fromText: boolFromText } as const
  return declareType(parts, { default: false, ...options })
}

/** A whole number of any size. JSON has it as a number when that is exact, else as text. */
export function bigint(options: TypeOptions<bigint> = {}): DeclaredType<bigint> {
  const toJson = (value: bigint): unknown =>
    Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  return declareType(
    { kind: 'bigint', codec: bigintCodec, from: asBigint, fromText: bigintFromText, toJson },
    options,
  )
}

/** Bytes; Base64 in JSON and text. */
export function bytes(options: TypeOptions<Uint8Array> = {}): DeclaredType<Uint8Array> {
  const from = (raw: unknown): Uint8Array => {
    if (raw instanceof Uint8Array) return raw
    if (typeof raw === 'string') return bytesFromText(raw)
    throw mismatch('bytes', raw)
  }
  const toJson = (value: Uint8Array): string => Buffer.from(value).toString('base64')
  return declareType(
    { kind: 'bytes', codec: bytesCodec, from, fromText: bytesFromText, toJson },
    options,
  )
}

/** Milliseconds since 1970 UTC, whole. Read from numbers and from ISO 8601 text (UTC when it names no zone). */
export function timestamp(options: TypeOptions<number> = {}): DeclaredType<number> {
  return declareType(
    { kind: 'timestamp', codec: timestampCodec, from: asTimestamp, fromText: timestampFromText },
    options,
  )
}

/** Milliseconds; read from numbers and from text such as `5s`. */
export function duration(options: TypeOptions<number> = {}): DeclaredType<number> {
  const from = (raw: unknown): number => {
    if (typeof raw === 'number' || typeof raw === 'string')
      return parsed('a duration', raw, durationMs)
    throw mismatch('a duration', raw)
  }
  return declareType({ kind: 'duration', codec: intCodec, from, fromText: from }, options)
}

/** Path or URL among a job's arguments; a relative path is taken from where the job is submitted. */
export function path(options: TypeOptions<string> = {}): DeclaredType<string> {
  return declareType(
    { kind: 'path', codec: textCodec, from: asText, fromText: (given) => given },
    options,
  )
}

/** One of these texts. */
export function oneOf<const V extends string>(...values: readonly V[]): DeclaredType<V> {
  const expected = `one of ${values.join(', ')}`
  const from = (raw: unknown): V => {
    if (values.includes(raw as V)) return raw as V
    throw mismatch(expected, raw)
  }
  return declareType({
    kind: 'one-of',
    codec: textCodec as unknown as Codec<V>,
    from,
    fromText: from,
  })
}

/** Anything that JSON can say. `T` is the author's word for it, not checked. */
export function json<T = unknown>(options: TypeOptions<T> = {}): DeclaredType<T> {
  const fromText = (given: string): T => parsed('JSON', given, JSON.parse) as T
  const codec = jsonCodec as Codec<T>
  return declareType(
    { kind: 'json', codec, from: (raw) => present('a value', raw) as T, fromText, toJson: asJson },
    options,
  )
}

/** Whatever the records are, found out record by record. `T` is the author's word for it, not checked. */
export function dynamic<T>(): DeclaredType<T> {
  const codec = dynamicCodec as Codec<T>
  const from = (raw: unknown): T => raw as T
  return declareType({
    kind: 'dynamic',
    codec,
    from,
    fromText: (given) => given as T,
    toJson: asJson,
  })
}

/** An array. */
export function list<T>(of: DeclaredType<T>): DeclaredType<readonly T[]> {
  const from = (raw: unknown): readonly T[] => {
    if (!Array.isArray(raw)) throw mismatch('an array', raw)
    return raw.map((item, i) => inside(`[${i}]`, () => of.from(item)))
  }
  return declareType<readonly T[]>({
    kind: 'list',
    of: of as DeclaredType<unknown>,
    codec: listCodec(bareCodec(of)),
    from,
    fromText: (given) => from(parsed('a JSON array', given, JSON.parse)),
    toJson: (items) => items.map((item) => of.toJson(item)),
  })
}

/** A Map; an object in JSON when its keys are text, else an array of pairs. */
export function map<K extends Key, V>(
  key: DeclaredType<K>,
  of: DeclaredType<V>,
): DeclaredType<ReadonlyMap<K, V>> {
  const from = (raw: unknown): ReadonlyMap<K, V> => {
    if (typeof raw !== 'object' || raw === null) throw mismatch('a map', raw)
    const pairs = Array.isArray(raw)
      ? raw.map(asPair)
      : raw instanceof Map
        ? [...raw]
        : Object.entries(raw)
    return new Map(
      pairs.map(([k, v]) => [key.from(k), inside(String(k), () => of.from(v))] as const),
    )
  }
  return declareType<ReadonlyMap<K, V>>({
    kind: 'map',
    codec: mapCodec(bareCodec(key), bareCodec(of)),
    from,
    fromText: (given) => from(parsed('a JSON object', given, JSON.parse)),
    toJson: (entries) => {
      const pairs = [...entries].map(([k, v]) => [key.toJson(k), of.toJson(v)] as const)
      return pairs.every(([k]) => typeof k === 'string') ? Object.fromEntries(pairs) : pairs
    },
  })
}

/** A declared type whose values may be missing; told apart by its kind in the types of records. */
export interface OptionalType<T> extends DeclaredType<T | undefined> {
  readonly kind: 'optional'
}

/** May be missing: a field becomes `name?: T`, an argument `T | undefined`. An empty CSV cell is a missing one. */
export function optional<T>(of: DeclaredType<T>): OptionalType<T> {
  const declared = declareType<T | undefined>({
    kind: 'optional',
    of: of as DeclaredType<unknown>,
    codec: optionalCodec(bareCodec(of)),
    from: (raw) => (raw === undefined || raw === null ? undefined : of.from(raw)),
    fromText: (given) => (given === '' ? undefined : of.fromText(given)),
    toJson: (value) => (value === undefined ? undefined : of.toJson(value)),
  })
  return { ...declared, kind: 'optional', ...(of.help === undefined ? {} : { help: of.help }) }
}

/** May be null. An empty CSV cell is null. */
export function nullable<T>(of: DeclaredType<T>): DeclaredType<T | null> {
  return declareType<T | null>({
    kind: 'nullable',
    of: of as DeclaredType<unknown>,
    codec: nullableCodec(bareCodec(of)),
    from: (raw) => (raw === null || raw === undefined ? null : of.from(raw)),
    fromText: (given) => (given === '' ? null : of.fromText(given)),
    toJson: (value) => (value === null ? null : of.toJson(value)),
  })
}

// ---- what was read, as what it stands for ----

function asText(raw: unknown): string {
  if (typeof raw === 'string') return raw
  throw mismatch('text', raw)
}

function asPair(raw: unknown, i: number): readonly [unknown, unknown] {
  if (Array.isArray(raw) && raw.length === 2) return [raw[0], raw[1]]
  throw mismatch('a pair of key and value', raw).within(`[${i}]`)
}

function asInt(raw: unknown): number {
  if (typeof raw === 'number' && Number.isSafeInteger(raw)) return raw
  if (typeof raw === 'bigint' && Number.isSafeInteger(Number(raw))) return Number(raw)
  throw mismatch('a whole number', raw)
}

function intFromText(given: string): number {
  const value = wholeNumber(given)
  if (Number.isSafeInteger(value)) return value
  throw mismatch('a whole number', given)
}

/** Digits with or without a sign, as a number; NaN for anything else. Faster than an expression, for CSV. */
function wholeNumber(given: string): number {
  const sign = given.charCodeAt(0)
  let at = sign === MINUS || sign === PLUS ? 1 : 0
  if (at === given.length) return Number.NaN
  let value = 0
  for (; at < given.length; at++) {
    const digit = given.charCodeAt(at) - ZERO
    if (!(digit >= 0 && digit <= 9)) return Number.NaN
    value = value * 10 + digit
  }
  return sign === MINUS ? 0 - value : value
}

const ZERO = 48
const MINUS = 45
const PLUS = 43

function asFloat(raw: unknown): number {
  if (typeof raw === 'number') return raw
  if (typeof raw === 'bigint') return Number(raw)
  const special = typeof raw === 'string' ? SPECIAL_FLOATS.get(raw) : undefined
  if (special !== undefined) return special
  throw mismatch('a number', raw)
}

/** What is no number at all is left to whoever reads it. */
const floatToJson = (value: number): unknown => (isSpecialFloat(value) ? String(value) : value)

const SPECIAL_FLOATS: ReadonlyMap<string, number> = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
])

function floatFromText(given: string): number {
  const special = SPECIAL_FLOATS.get(given)
  if (special !== undefined) return special
  if (/^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/.test(given)) return Number(given)
  throw mismatch('a number', given)
}

function asBool(raw: unknown): boolean {
  if (typeof raw === 'boolean') return raw
  throw mismatch('true or false', raw)
}

function boolFromText(given: string): boolean {
  if (given === 'true' || given === 'false') return given === 'true'
  throw mismatch('true or false', given)
}

function asBigint(raw: unknown): bigint {
  if (typeof raw === 'bigint') return raw
  if (typeof raw === 'number' && Number.isSafeInteger(raw)) return BigInt(raw)
  if (typeof raw === 'string') return bigintFromText(raw)
  throw mismatch('a whole number', raw)
}

function bigintFromText(given: string): bigint {
  if (/^[+-]?\d+$/.test(given)) return BigInt(given.replace(/^\+/, ''))
  throw mismatch('a whole number', given)
}

function asTimestamp(raw: unknown): number {
  if (typeof raw === 'number' && Number.isSafeInteger(raw)) return raw
  if (typeof raw === 'string') return timestampFromText(raw)
  if (typeof raw === 'bigint') return asInt(raw)
  if (raw instanceof globalThis.Date && !Number.isNaN(raw.getTime())) return raw.getTime()
  throw mismatch('a time', raw)
}

/** Shorter digits might be a year. */
export const MS_DIGITS_MIN = 5
const ISO_TIME =
  /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?$/

function timestampFromText(given: string): number {
  const ms = wholeNumber(given)
  if (given.length >= MS_DIGITS_MIN && Number.isSafeInteger(ms)) return ms
  const match = ISO_TIME.exec(given)
  if (match === null) throw mismatch('a time (ISO 8601, or milliseconds since 1970)', given)
  const hasTime = given.length > 10
  const time = globalThis.Date.parse(
    hasTime && match[1] === undefined ? `${given.replace(' ', 'T')}Z` : given.replace(' ', 'T'),
  )
  if (Number.isNaN(time) || !isDayOfMonth(given)) throw mismatch('a time', given)
  return time
}

/** Every month has so many. */
const MONTH_DAYS_MIN = 28
const FEBRUARY = 2
const SHORT_MONTHS: readonly number[] = [4, 6, 9, 11]

/** To Date.parse the 30th of February is in March. */
function isDayOfMonth(given: string): boolean {
  const day = twoDigits(given, 8)
  return day <= MONTH_DAYS_MIN || day <= daysOfMonth(given)
}

function daysOfMonth(given: string): number {
  const month = twoDigits(given, 5)
  if (month !== FEBRUARY) return SHORT_MONTHS.includes(month) ? 30 : 31
  // A year of a whole century is a leap year when its century is.
  const inCentury = twoDigits(given, 2)
  const leaps = inCentury === 0 ? twoDigits(given, 0) : inCentury
  return leaps % 4 === 0 ? MONTH_DAYS_MIN + 1 : MONTH_DAYS_MIN
}

const twoDigits = (given: string, at: number): number =>
  (given.charCodeAt(at) - ZERO) * 10 + given.charCodeAt(at + 1) - ZERO

function present(expected: string, raw: unknown): unknown {
  if (raw === undefined) throw mismatch(expected, raw)
  return raw
}

function parsed<A, R>(expected: string, given: A, parse: (given: A) => R): R {
  try {
    return parse(given)
  } catch {
    throw mismatch(expected, given)
  }
}

/** Reads a part of a value; a mismatch in it says where. */
export function inside<T>(name: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw error instanceof Mismatch ? error.within(name) : error
  }
}
