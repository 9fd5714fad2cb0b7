// What may be wrong with a field of a message, by its kind, and where fields are: for the matrices of bad requests, answers and
// messages of the data plane. For tests.

import {
  type Field,
  fieldsOf,
  fixedField,
  lengthField,
  realField,
  type Values,
  varintField,
} from './raw-message.fixture.ts'

const ITEMS_TOO_MANY = 1_000_001
const TEXT_TOO_LONG = 'x'.repeat(70_000)

export interface Nonsense {
  readonly what: string
  readonly instead: (field: Field) => Buffer
  /** No value of any field of this kind may be so. */
  readonly never: boolean
}

const nonsense = (what: string, instead: Nonsense['instead'], never = false): Nonsense => ({
  what,
  instead,
  never,
})
const written = (value: string) => (field: Field) => lengthField(field.number, Buffer.from(value))

const EVERYWHERE: readonly Nonsense[] = [
  nonsense('missing', () => Buffer.alloc(0)),
  nonsense('a number instead', ({ number }) => varintField(number, 5n)),
  nonsense('bytes instead', ({ number }) => lengthField(number, Buffer.from([0xff, 0xfe, 0, 1]))),
  nonsense('a real instead', ({ number }) => realField(number, 0.5)),
  nonsense('longer than its message', ({ number }) =>
    lengthField(number, Buffer.from('abc'), 0x7f_ff_ff_ff),
  ),
]
const NUMBERS: readonly Nonsense[] = [
  nonsense('negative', ({ number }) => varintField(number, -1n)),
  nonsense('zero', ({ number }) => varintField(number, 0n)),
  nonsense('large', ({ number }) => varintField(number, 1n << 40n)),
  nonsense('beyond safe integers', ({ number }) => varintField(number, (1n << 63n) - 1n)),
  nonsense('two to the 53rd', ({ number }) => varintField(number, 1n << 54n)),
]
const OF_KIND: Readonly<Record<Field['kind'], readonly Nonsense[]>> = {
  whole: NUMBERS,
  signed: NUMBERS,
  fixed: [
    nonsense('zero', ({ number }) => fixedField(number, 0)),
    nonsense('the largest', ({ number }) => fixedField(number, 0xff_ff_ff_ff)),
  ],
  real: [
    nonsense('not a number', ({ number }) => realField(number, Number.NaN), true),
    nonsense('infinite', ({ number }) => realField(number, Infinity), true),
    nonsense('minus infinity', ({ number }) => realField(number, -Infinity), true),
    nonsense('huge', ({ number }) => realField(number, 1e308), true),
    nonsense('negative', ({ number }) => realField(number, -1)),
  ],
  flag: [nonsense('two', ({ number }) => varintField(number, 2n))],
  word: [
    nonsense('unspecified', ({ number }) => varintField(number, 0n), true),
    nonsense('unknown', ({ number }) => varintField(number, 9_999n), true),
    nonsense('negative', ({ number }) => varintField(number, -1n), true),
  ],
  text: [
    nonsense('empty', written('')),
    nonsense('endless', written(TEXT_TOO_LONG), true),
    nonsense('no UTF-8', ({ number }) => lengthField(number, Buffer.from([0xc3, 0x28, 0xff]))),
    nonsense('control characters', written('\u0000\n\u001b[31m')),
    nonsense('a path that climbs', written('../../../../etc/passwd')),
    nonsense('a name of objects', written('__proto__')),
  ],
  bytes: [
    nonsense('empty', ({ number }) => lengthField(number, Buffer.alloc(0))),
    nonsense('random', ({ number }) => lengthField(number, Buffer.from('{"a": [1, 2'))),
    nonsense('deep', ({ number }) =>
      lengthField(number, Buffer.from('['.repeat(100_000) + ']'.repeat(100_000))),
    ),
    nonsense('names of objects', ({ number }) =>
      lengthField(number, Buffer.from('{"__proto__":{"a":1},"constructor":{"prototype":1}}')),
    ),
  ],
  message: [nonsense('empty', ({ number }) => lengthField(number, Buffer.alloc(0)))],
}

export function nonsenseFor(field: Field): readonly Nonsense[] {
  const own = [...EVERYWHERE, ...OF_KIND[field.kind]]
  if (!field.repeated) return own
  const item =
    field.kind === 'whole'
      ? varintField(field.number, 1n)
      : lengthField(field.number, Buffer.alloc(0))
  const many = nonsense('too many', () => Buffer.alloc(item.length * ITEMS_TOO_MANY, item), true)
  return [...own, many]
}

export interface Place {
  readonly path: readonly string[]
  readonly field: Field
}

/** Every field below a message that the sample has something in. */
export function placesOf(
  type: string,
  values: Values,
  above: readonly string[] = [],
): readonly Place[] {
  return fieldsOf(type).flatMap((field) => {
    const path = [...above, field.name]
    const here: Place = { path, field }
    if (field.kind !== 'message') return [here]
    const inner = innerOf(field, values)
    return inner === null ? [here] : [here, ...placesOf(field.type, inner, path)]
  })
}

/** The first message in a field; null: there is none. */
function innerOf(field: Field, values: Values): Values | null {
  const value = values[field.name]
  if (value === undefined || value === null) return null
  if (field.type.endsWith('Entry')) {
    const [entry] = Object.entries(value as object) as readonly (readonly [string, unknown])[]
    return entry === undefined ? null : { key: entry[0], value: entry[1] }
  }
  return (
    Array.isArray(value) ? ((value[0] as Values | undefined) ?? null) : value
  ) as Values | null
}

/** Fields that hold messages, and are empty in all samples, so that nothing below them would be tried. */
export function gapsOf(
  type: string,
  samples: readonly Values[],
  above: readonly string[] = [],
): readonly string[] {
  return fieldsOf(type)
    .filter(({ kind }) => kind === 'message')
    .flatMap((field) => {
      const path = [...above, field.name]
      const inner = samples
        .map((sample) => innerOf(field, sample))
        .filter((value) => value !== null)
      return inner.length === 0 ? [path.join('.')] : gapsOf(field.type, inner, path)
    })
}
