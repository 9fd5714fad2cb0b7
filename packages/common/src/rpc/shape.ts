// What JSON of ours looks like, as values that check it. A shape is written field by field against the domain type, and
// the compiler wants every field, optional ones too, every word of a union, and nothing else; at run time unknown
// fields are refused. So a field that is added to a domain type fails the build here instead of being lost on the wire.
// (A validation library does as much and takes 22 MB of each process; this is what we need of one.)

import { printable } from '../core/printable.ts'

/** Checks values; `T` is what they are then. Holds no state. */
export interface Check<out T> {
  /** null, or the place of the first mistake and what it is: `.nodes.3.kind is no operator kind`. */
  readonly problem: (value: unknown) => string | null
  /** What it looks like, for whoever walks through all of it. */
  readonly form: Form
  /** Never set: carries the type. */
  readonly type?: T
}

type Any = Check<unknown>
export type Form =
  | { readonly sort: 'text' | 'number' | 'flag' | 'any' }
  | { readonly sort: 'matching'; readonly pattern: RegExp }
  | { readonly sort: 'whole'; readonly min: number; readonly max: number }
  | { readonly sort: 'word'; readonly words: readonly string[] }
  | { readonly sort: 'literal'; readonly literal: number }
  | { readonly sort: 'nullable' | 'list' | 'record'; readonly of: Any }
  | { readonly sort: 'object'; readonly fields: ReadonlyMap<string, Any> }
  | { readonly sort: 'union'; readonly variants: ReadonlyMap<string, Any> }

/** A field that may be absent. */
export interface Optional<out T> extends Check<T> {
  readonly optional: true
}

/** A domain type as it looks to its shape: brands off. */
export type Plain<T> = T extends string
  ? Exclude<keyof T, keyof string> extends never
    ? T
    : string
  : T extends number
    ? Exclude<keyof T, keyof number> extends never
      ? T
      : number
    : T extends boolean | null | undefined
      ? T
      : T extends readonly (infer U)[]
        ? readonly Plain<U>[]
        : T extends object
          ? { readonly [K in keyof T]: Plain<T[K]> }
          : T

type Fields<T> = {
  readonly [K in keyof T]-?: object extends Pick<T, K> ? Optional<T[K]> : Check<T[K]>
}

const TEXT_CHARS_MAX = 65_536
const LIST_ITEMS_MAX = 1_000_000
const RECORD_ENTRIES_MAX = 100_000

// ---- leaves ----

export const textShape: Check<string> = {
  form: { sort: 'text' },
  problem: (value) => {
    if (typeof value !== 'string') return ' is no text'
    return value.length > TEXT_CHARS_MAX ? ` has more than ${TEXT_CHARS_MAX} characters` : null
  },
}

export function matchingShape(pattern: RegExp): Check<string> {
  return {
    form: { sort: 'matching', pattern },
    problem: (value) =>
      typeof value === 'string' && pattern.test(value) ? null : ` does not match ${pattern.source}`,
  }
}

export const numberShape: Check<number> = {
  form: { sort: 'number' },
  problem: (value) => (Number.isFinite(value) ? null : ' is no number'),
}

export function wholeShape(min: number, max: number = Number.MAX_SAFE_INTEGER): Check<number> {
  return {
    form: { sort: 'whole', min, max },
    problem: (value) => {
      if (!Number.isSafeInteger(value)) return ' is no whole number'
      const number = value as number
      return number >= min && number <= max ? null : ` is ${number}, outside ${min} to ${max}`
    },
  }
}

export const booleanShape: Check<boolean> = {
  form: { sort: 'flag' },
  problem: (value) => (typeof value === 'boolean' ? null : ' is neither true nor false'),
}

export const anyShape: Check<unknown> = { form: { sort: 'any' }, problem: () => null }

/** One of the keys; the table is a record so that the compiler wants all of them. */
export function wordShape<W extends string>(words: Readonly<Record<W, true>>): Check<W> {
  return {
    form: { sort: 'word', words: Object.keys(words) },
    problem: (value) =>
      typeof value === 'string' && Object.hasOwn(words, value)
        ? null
        : ` is none of ${Object.keys(words).join(', ')}`,
  }
}

export function literalShape<const V extends number>(literal: V): Check<V> {
  return {
    form: { sort: 'literal', literal },
    problem: (value) => (value === literal ? null : ` is not ${literal}`),
  }
}

// ---- composites ----

export function optionalShape<T>(check: Check<T>): Optional<T> {
  return { form: check.form, problem: check.problem, optional: true }
}

export function nullableShape<T>(check: Check<T>): Check<T | null> {
  return {
    form: { sort: 'nullable', of: check },
    problem: (value) => (value === null ? null : check.problem(value)),
  }
}

export function listShape<T>(element: Check<T>): Check<readonly T[]> {
  return {
    form: { sort: 'list', of: element },
    problem: (value) => {
      if (!Array.isArray(value)) return ' is no list'
      if (value.length > LIST_ITEMS_MAX) return ` has more than ${LIST_ITEMS_MAX} elements`
      for (let i = 0; i < value.length; i += 1) {
        const problem = element.problem(value[i])
        if (problem !== null) return `.${i}${problem}`
      }
      return null
    },
  }
}

export function recordShape<T>(element: Check<T>): Check<Readonly<Record<string, T>>> {
  return {
    form: { sort: 'record', of: element },
    problem: (value) => {
      if (!isObject(value)) return ' is no object'
      const keys = Object.keys(value)
      if (keys.length > RECORD_ENTRIES_MAX) return ` has more than ${RECORD_ENTRIES_MAX} entries`
      for (const key of keys) {
        const problem = element.problem(value[key])
        if (problem !== null) return `.${shownKey(key)}${problem}`
      }
      return null
    },
  }
}

export function objectShape<T>(fields: Fields<Plain<T>>): Check<Plain<T>> {
  const checks = new Map(Object.entries<Check<unknown>>(fields))
  const needed = [...checks].filter(([, check]) => !('optional' in check)).map(([key]) => key)
  return {
    form: { sort: 'object', fields: checks },
    problem: (value) => {
      if (!isObject(value)) return ' is no object'
      for (const key of Object.keys(value)) {
        const check = checks.get(key)
        if (check === undefined) return `.${shownKey(key)} is no known field`
        const problem = check.problem(value[key])
        if (problem !== null) return `.${key}${problem}`
      }
      for (const key of needed) if (!Object.hasOwn(value, key)) return `.${key} is missing`
      return null
    },
  }
}

type Variants<T, Tag extends keyof T & string> = {
  readonly [W in T[Tag] & string]: Fields<Omit<Plain<Extract<T, { readonly [K in Tag]: W }>>, Tag>>
}

/** A union told apart by the word in `tag`; each variant lists its other fields. */
export function unionShape<T, Tag extends keyof T & string>(
  tag: Tag,
  variants: Variants<T, Tag>,
): Check<Plain<T>> {
  const shapes = new Map<string, Check<unknown>>(
    Object.entries<object>(variants).map(([name, fields]) => {
      const word = wordShape({ [name]: true })
      return [name, objectShape<Record<string, unknown>>({ ...fields, [tag]: word } as never)]
    }),
  )
  return {
    form: { sort: 'union', variants: shapes },
    problem: (value) => {
      if (!isObject(value)) return ' is no object'
      const word = value[tag]
      const variant = typeof word === 'string' ? shapes.get(word) : undefined
      return variant === undefined
        ? `.${tag} is none of ${[...shapes.keys()].join(', ')}`
        : variant.problem(value)
    },
  }
}

const KEY_CHARS_MAX = 80

/** Somebody else's, for a message of one line: short, and one word. */
const shownKey = (key: string): string =>
  printable(key.slice(0, KEY_CHARS_MAX)).replaceAll(/\s/g, '_') +
  (key.length > KEY_CHARS_MAX ? '…' : '')

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
