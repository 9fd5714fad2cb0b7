// Nonsense for every place of a document, found by walking its shape: left out, of another type, out of range, an unknown
// word, a field more, too many. Whether a value is right after all is decided by a second, naive reader. For tests.

import type { Check } from './shape.ts'

type Any = Check<unknown>
type Path = readonly (string | number)[]

const ITEMS_TOO_MANY = 1_000_001
const ENTRIES_TOO_MANY = 100_001
const KEY_TOO_LONG = 'k'.repeat(100_000)

/** Of all kinds at once: what is right in one place is nonsense in the next. */
const ANYTHING: readonly (readonly [what: string, value: unknown])[] = [
  ['null', null],
  ['true', true],
  ['zero', 0],
  ['minus one', -1],
  ['one', 1],
  ['a half', 0.5],
  ['too many subtasks', 32_769],
  ['no safe integer', 2 ** 53],
  ['the least safe integer', Number.MIN_SAFE_INTEGER],
  ['huge', 1e308],
  ['no number', Number.NaN],
  ['infinite', Infinity],
  ['minus infinity', -Infinity],
  ['minus zero', -0],
  ['a large integer', 5n],
  ['empty text', ''],
  ['text', 'nonsense'],
  ['digits', '5'],
  ['a name of objects', '__proto__'],
  ['another', 'constructor'],
  ['control characters', '\u0000\n\u001b[31m'],
  ['half a character', '\ud800'],
  ['a path that climbs', '../../../../etc/passwd'],
  ['long text', 'x'.repeat(65_536)],
  ['endless text', 'x'.repeat(65_537)],
  ['an empty list', []],
  ['a list', [1]],
  ['a list of lists', [[[]]]],
  ['an empty object', {}],
  ['an object without a prototype', Object.create(null)],
  ['an object like a list', { length: 1, 0: 'x' }],
  ['an object of functions', { toString: null, valueOf: 1 }],
  ['an object with a prototype of its own', JSON.parse('{"__proto__":{"a":1},"constructor":1}')],
]

export interface Nonsense {
  readonly what: string
  /** Where; what names the place in an error begins with it. */
  readonly path: Path
  readonly value: unknown
  /** By the naive reader. */
  readonly allowed: boolean
}

/** Every mutation of the sample, one at a time. */
export function* nonsenseOf(check: Any, sample: unknown): Generator<Nonsense> {
  for (const [path, place, optional] of placesOf(check, sample, [])) {
    const put = (what: string, given: unknown): Nonsense => {
      const allowed = isAllowed(place, given)
      return { what, path, value: changed(sample, path, () => given), allowed }
    }
    for (const [what, given] of ANYTHING) yield put(what, given)
    if (path.length > 0)
      yield { what: 'missing', path, value: changed(sample, path, null), allowed: optional }
    yield* ofComposite(place, at(sample, path), put)
  }
}

function* ofComposite(
  { form }: Any,
  value: unknown,
  put: (what: string, given: unknown) => Nonsense,
): Generator<Nonsense> {
  if (form.sort === 'nullable') return yield* ofComposite(form.of, value, put)
  if (form.sort === 'list') {
    const [first] = value as readonly unknown[]
    yield put('too many', new Array(ITEMS_TOO_MANY).fill(first))
  }
  if (form.sort === 'record') {
    const [first] = Object.values(value as object) as readonly unknown[]
    const many = Array.from({ length: ENTRIES_TOO_MANY }, (_, i) => [`k${i}`, first])
    yield put('too many', Object.fromEntries(many))
  }
  if (form.sort === 'object' || form.sort === 'union') {
    for (const key of ['more', 'with a\nblank', '__proto__', KEY_TOO_LONG])
      yield put(`a field more: ${key.slice(0, 12)}`, withOwn(value as object, key))
  }
}

/** As JSON.parse would make it: also of the name `__proto__` it is an own one. */
const withOwn = (value: object, key: string): object =>
  Object.defineProperty({ ...value }, key, { value: 1, enumerable: true })

type Place = readonly [path: Path, check: Any, optional: boolean]

/** Every place that the sample has. Throws where it lacks one: a sample is whole. */
function* placesOf(check: Any, value: unknown, path: Path): Generator<Place> {
  yield [path, check, 'optional' in check]
  yield* below(check, value, path)
}

function* below({ form }: Any, value: unknown, path: Path): Generator<Place> {
  switch (form.sort) {
    case 'nullable':
      if (value === null) throw new Error(`the sample has nothing at ${path.join('.')}`)
      return yield* below(form.of, value, path)
    case 'list':
    case 'record': {
      const entries = Object.entries(value as object)
      if (entries.length === 0) throw new Error(`the sample is empty at ${path.join('.')}`)
      const isList = form.sort === 'list'
      for (const [key, one] of entries)
        yield* placesOf(notOptional(form.of, !isList), one, [...path, isList ? Number(key) : key])
      return
    }
    case 'object':
      for (const [key, field] of form.fields) {
        const inner = (value as Readonly<Record<string, unknown>>)[key]
        if (inner === undefined) throw new Error(`the sample has no ${[...path, key].join('.')}`)
        yield* placesOf(field, inner, [...path, key])
      }
      return
    case 'union':
      for (const variant of form.variants.values())
        if (variant.problem(value) === null) return yield* below(variant, value, path)
      throw new Error(`the sample is no variant at ${path.join('.')}`)
    default:
  }
}

/** An entry of a record may always be missing; one of a list leaves a hole. */
const notOptional = (check: Any, isEntry: boolean): Any =>
  isEntry ? ({ ...check, optional: true } as Any) : check

const at = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>((inner, key) => (inner as Readonly<Record<string, unknown>>)[key], value)

/** `change` null: the place is left out; of a list, it is a hole as JSON has none: undefined. */
function changed(value: unknown, path: Path, change: (() => unknown) | null): unknown {
  const [key, ...rest] = path
  if (key === undefined) return change === null ? undefined : change()
  if (Array.isArray(value)) {
    const inner = value as readonly unknown[]
    return inner.map((one, i) => (i === key ? changed(one, rest, change) : one))
  }
  const entries = Object.entries(value as object) as readonly (readonly [string, unknown])[]
  return Object.fromEntries(
    entries.flatMap(([name, one]) => {
      if (name !== key) return [[name, one]]
      return rest.length === 0 && change === null ? [] : [[name, changed(one, rest, change)]]
    }),
  )
}

const isPlain = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The second reader. */
function isAllowed(check: Any, value: unknown): boolean {
  const { form } = check
  switch (form.sort) {
    case 'any':
      return true
    case 'text':
      return typeof value === 'string' && value.length <= 65_536
    case 'matching':
      return typeof value === 'string' && form.pattern.test(value)
    case 'number':
      return typeof value === 'number' && value - value === 0
    case 'whole':
      return (
        typeof value === 'number' &&
        value % 1 === 0 &&
        Math.abs(value) < 2 ** 53 &&
        value >= form.min &&
        value <= form.max
      )
    case 'flag':
      return value === true || value === false
    case 'word':
      return form.words.some((word) => word === value)
    case 'literal':
      return value === form.literal
    case 'nullable':
      return value === null || isAllowed(form.of, value)
    case 'list':
      if (!Array.isArray(value) || value.length > 1_000_000) return false
      return value.every((one) => isAllowed(form.of, one))
    case 'record': {
      if (!isPlain(value)) return false
      const keys = Object.keys(value)
      return keys.length <= 100_000 && keys.every((key) => isAllowed(form.of, value[key]))
    }
    case 'union':
      return [...form.variants.values()].some((variant) => isAllowed(variant, value))
    case 'object': {
      if (!isPlain(value)) return false
      const known = Object.keys(value).every((key) => form.fields.has(key))
      const whole = [...form.fields].every(([key, field]) =>
        Object.hasOwn(value, key) ? isAllowed(field, value[key]) : 'optional' in field,
      )
      return known && whole
    }
  }
}

// ---- samples ----

/** One value for each pattern that a shape asks for. */
const MATCHING: Readonly<Record<string, string>> = { '^[0-9a-f]{64}$': 'ab'.repeat(32) }

/** Values that fit a shape and have something in every place; several, so that each variant of a union is in one. */
export function samplesOf({ form }: Any): readonly unknown[] {
  switch (form.sort) {
    case 'text':
      return ['a']
    case 'number':
      return [1.5]
    case 'flag':
      return [true]
    case 'any':
      return [{ any: [1] }]
    case 'matching': {
      const sample = MATCHING[form.pattern.source]
      if (sample === undefined) throw new Error(`add a sample for ${form.pattern.source}`)
      return [sample]
    }
    case 'whole':
      return [Math.max(form.min, 1)]
    case 'word':
      return [form.words[0]]
    case 'literal':
      return [form.literal]
    case 'nullable':
      return samplesOf(form.of)
    case 'list':
      return [samplesOf(form.of)]
    case 'record':
      return [Object.fromEntries(samplesOf(form.of).map((one, i) => [`k${i}`, one]))]
    case 'union':
      return [...form.variants.values()].flatMap(samplesOf)
    case 'object': {
      const fields = [...form.fields].map(([key, field]) => [key, samplesOf(field)] as const)
      const count = Math.max(1, ...fields.map(([, values]) => values.length))
      return Array.from({ length: count }, (_, i) =>
        Object.fromEntries(fields.map(([key, values]) => [key, values[i % values.length]])),
      )
    }
  }
}
