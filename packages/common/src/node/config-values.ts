// How values are written in configuration: text in, typed value out. Every parser says what it wants when it refuses.

import { z } from 'zod'
import { unreachable } from '../core/assert.ts'
import {
  type Bound,
  DURATION_MS_MAX,
  durationText,
  isWithin,
  type NumberBound,
  wantedOf,
} from '../core/job-bounds.ts'

/** Text to value. */
export type ValueSchema<T> = z.ZodType<T, string>

const DURATION_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}
const SIZE_BYTES: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1_024,
  mb: 1_024 ** 2,
  gb: 1_024 ** 3,
  tb: 1_024 ** 4,
}

/** As long as a path may be. */
const TEXT_CHARS_MAX = 4_096
const LIST_CHARS_MAX = 65_536
const SHOWN_CHARS_MAX = 80
/** Of what Node takes. */
const SYSTEM_ID_MAX = 2_147_483_647

/** `parse` answers undefined for what it does not understand. */
function value<T>(wanted: string, parse: (given: string) => T | undefined): ValueSchema<T> {
  return z.string().transform((given, context) => {
    const parsed = parse(given.trim())
    if (parsed !== undefined) return parsed
    context.addIssue({ code: 'custom', message: `must be ${wanted}` })
    return z.NEVER
  })
}

const READERS: Readonly<Record<NumberBound['sort'], (given: string) => number>> = {
  whole: (given) => (/^\d+$/.test(given) ? Number(given) : Number.NaN),
  real: (given) => (/^\d+(\.\d+)?$/.test(given) ? Number(given) : Number.NaN),
  duration: (given) => scaled(given, DURATION_MS, 'ms') ?? Number.NaN,
}

function bounded(bound: NumberBound): ValueSchema<number> {
  return value(wantedOf(bound), (given) => {
    const read = READERS[bound.sort](given)
    if (!isWithin(bound, read)) return undefined
    return bound.sort === 'duration' ? Math.round(read) : read
  })
}

export const integer = (least: number, most: number): ValueSchema<number> =>
  bounded({ sort: 'whole', least, most })

export const number = (least: number, most: number): ValueSchema<number> =>
  bounded({ sort: 'real', least, most })

/** Milliseconds. A bare number is milliseconds too. */
export const duration = (least = 0, most: number = DURATION_MS_MAX): ValueSchema<number> =>
  bounded({ sort: 'duration', least, most })

/** Bytes, in powers of 1,024. A bare number is bytes. */
export function size(lowBytes: number, highBytes: number): ValueSchema<number> {
  const range = `from ${sizeText(lowBytes)} to ${sizeText(highBytes)}`
  return value(`a size ${range}, such as 64kb or 1gb`, (given) => {
    const bytes = scaled(given, SIZE_BYTES, 'b')
    if (bytes === undefined || bytes < lowBytes || bytes > highBytes) return undefined
    return Math.round(bytes)
  })
}

export const boolean: ValueSchema<boolean> = value(wantedOf({ sort: 'flag' }), (given) =>
  given === 'true' ? true : given === 'false' ? false : undefined,
)

/** Any case, and `_` for `-`, so that AT_LEAST_ONCE is understood. */
export function oneOf<T extends string>(...names: readonly T[]): ValueSchema<T> {
  return value(wantedOf({ sort: 'word', words: names }), (given) => {
    const plain = given.toLowerCase().replaceAll('_', '-')
    return names.find((name) => name === plain)
  })
}

/** Paths, addresses, names. */
export const text: ValueSchema<string> = value(
  `some text of at most ${TEXT_CHARS_MAX} characters, none of them a control character`,
  (given) => (given !== '' && isPlain(given, TEXT_CHARS_MAX) ? given : undefined),
)

const HOST = /^\w[\w.-]{0,252}$/
const ADDRESS_6 = /^(\[?)[\da-f.]*:[\da-f:.]{1,44}(?:%[\w.-]{1,64})?(\]?)$/i

/** Where something listens, or is dialed: no address with a port, and no URL. */
export const host: ValueSchema<string> = value(
  'a name or an address of a host, such as localhost or 127.0.0.1',
  (given) => {
    const [, open = '', close = ''] = ADDRESS_6.exec(given) ?? [null, '', ']']
    return HOST.test(given) || open.length === close.length ? given : undefined
  },
)

const HOST_PORT = /^(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]):(\d{1,5})$/

/** IPv6 in brackets. */
export const hostPort: ValueSchema<string> = value('host:port, such as localhost:9081', (given) => {
  const port = Number(HOST_PORT.exec(given)?.[1] ?? 0)
  return port >= 1 && port <= 65_535 ? given : undefined
})

/** Empty for none. */
export const textList: ValueSchema<readonly string[]> = value(
  `names with commas between them, at most ${LIST_CHARS_MAX} characters`,
  (given) =>
    isPlain(given, LIST_CHARS_MAX)
      ? given
          .split(',')
          .map((item) => item.trim())
          .filter((item) => item !== '')
      : undefined,
)

const isPlain = (given: string, charsMax: number): boolean =>
  given.length <= charsMax && !/\p{Cc}/u.test(given)

/** What somebody wrote, for a message of one line: short, and without characters that a terminal obeys. */
export function quoted(given: string): string {
  const shown = JSON.stringify(given.slice(0, SHOWN_CHARS_MAX)).replaceAll(
    /[\u007f-\u009f]/g,
    (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`,
  )
  return given.length <= SHOWN_CHARS_MAX ? shown : `${shown.slice(0, -1)}…"`
}

/** null for the word. */
export function orWord<T>(word: string, schema: ValueSchema<T>): ValueSchema<T | null> {
  return z.string().transform((given, context) => {
    if (given.trim().toLowerCase() === word) return null
    const parsed = schema.safeParse(given)
    if (parsed.success) return parsed.data
    const wanted = parsed.error.issues[0]?.message ?? 'is wrong'
    context.addIssue({ code: 'custom', message: `${wanted}, or "${word}"` })
    return z.NEVER
  })
}

/** What text must be to be within a bound of the table. */
export function schemaOf(bound: Bound): ValueSchema<unknown> {
  switch (bound.sort) {
    case 'maybe':
      return orWord(bound.word, bounded(bound.bound))
    case 'word':
      return oneOf(...bound.words)
    case 'flag':
      return boolean
    case 'whole':
    case 'real':
    case 'duration':
      return bounded(bound)
    default:
      return unreachable(bound)
  }
}

export interface PortRange {
  readonly first: number
  /** Included. */
  readonly last: number
}

export const portRange: ValueSchema<PortRange> = value(
  'a port, or a range such as 50100-50200',
  (given) => {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(given)
    if (match === null) return undefined
    const first = Number(match[1])
    const last = Number(match[2] ?? match[1])
    return first <= last && last <= 65_535 ? { first, last } : undefined
  },
)

/** Whom a process runs as, in the system's numbers. */
export interface SystemUser {
  readonly uid: number
  readonly gid: number
}

/** Numbers, because names are not the same everywhere, and root is nobody to run foreign code as. */
export const systemUser: ValueSchema<SystemUser> = value(
  "a user's number, or two for user and group such as 20000:20000, neither of them 0",
  (given) => {
    const match = /^(\d{1,10})(?::(\d{1,10}))?$/.exec(given)
    if (match === null) return undefined
    const uid = Number(match[1])
    const gid = Number(match[2] ?? match[1])
    const isFit = (id: number): boolean => id > 0 && id <= SYSTEM_ID_MAX
    return isFit(uid) && isFit(gid) ? { uid, gid } : undefined
  },
)

export function sizeText(bytes: number): string {
  const unit = Object.entries(SIZE_BYTES).findLast(
    ([, factor]) => bytes >= factor && bytes % factor === 0,
  )
  return unit === undefined ? `${bytes}b` : `${bytes / unit[1]}${unit[0]}`
}

/** What a value must be, as its own parser says when it refuses. */
export function wantedBy(schema: ValueSchema<unknown>): string {
  const refusal = schema.safeParse('\u0000')
  if (refusal.success) return 'text'
  return (refusal.error.issues[0]?.message ?? 'text').replace(/^must be /, '')
}

/** A value as one would write it; empty for none. */
export function writtenAs(schema: ValueSchema<unknown>, given: unknown): string {
  const kind = wantedBy(schema)
  if (given === null) return /"(\w+)"$/.exec(kind)?.[1] ?? ''
  if (Array.isArray(given)) return given.join(',')
  if (isPortRange(given))
    return given.first === given.last ? `${given.first}` : `${given.first}-${given.last}`
  if (isSystemUser(given)) return `${given.uid}:${given.gid}`
  if (typeof given !== 'number') return typeof given === 'string' ? given : JSON.stringify(given)
  if (kind.startsWith('a duration')) return durationText(given)
  return kind.startsWith('a size') ? sizeText(given) : `${given}`
}

const isPortRange = (given: unknown): given is PortRange =>
  typeof given === 'object' && given !== null && 'first' in given

const isSystemUser = (given: unknown): given is SystemUser =>
  typeof given === 'object' && given !== null && 'uid' in given

/** Not rounded yet: half a millisecond is less than one. */
function scaled(
  given: string,
  units: Readonly<Record<string, number>>,
  bare: string,
): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/.exec(given.toLowerCase())
  if (match === null) return undefined
  const unit = match[2] === '' || match[2] === undefined ? bare : match[2]
  const factor = Object.hasOwn(units, unit) ? units[unit] : undefined
  if (factor === undefined) return undefined
  const result = Number(match[1]) * factor
  return result <= Number.MAX_SAFE_INTEGER ? result : undefined
}
