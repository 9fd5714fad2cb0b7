// What JSON.stringify says of a value that no declared type has converted. For some it says something else than they are,
// without a word: `{}` for a Map, `null` for NaN. Those are refused here. What says itself how it is written (toJSON) is
// taken at its word.

import { Mismatch } from './declared-type.ts'

/** As deep as records of no declared type may be. */
const DEPTH_MAX = 200

type Members = Readonly<Record<string, unknown>>

/** The value itself. Throws Mismatch, with the place, for what would be written as something else. */
export function asJson<T>(value: T): T {
  if (!isSayable(value, 0)) refuse(value, 0)
  return value
}

/** A number that JSON has no word for. */
export const isSpecialFloat = (value: unknown): boolean =>
  typeof value === 'number' && !Number.isFinite(value)

/** Looks only: almost every value is fine, and this is asked for each record. */
function isSayable(value: unknown, depth: number): boolean {
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'object' || value === null) return typeof value !== 'bigint'
  if (depth === DEPTH_MAX || isForeign(value)) return false
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) if (!isSayable(value[i], depth + 1)) return false
    return true
  }
  if (saysItself(value)) return isSayable(value.toJSON(), depth + 1)
  const names = Object.keys(value)
  for (let i = 0; i < names.length; i++)
    if (!isSayable((value as Members)[names[i] as string], depth + 1)) return false
  return true
}

/** Throws with the place of what is not sayable. */
function refuse(value: unknown, depth: number): void {
  if (isSayable(value, depth)) return
  if (typeof value !== 'object' || value === null)
    throw unsayable(typeof value === 'bigint' ? 'a bigint' : String(value))
  if (depth === DEPTH_MAX)
    throw new Mismatch('the value is nested too deeply to be written as JSON')
  if (isForeign(value)) throw unsayable(nameOf(value))
  if (!Array.isArray(value) && saysItself(value)) return refuse(value.toJSON(), depth + 1)
  for (const [name, member] of Object.entries(value)) {
    const place = Array.isArray(value) ? `[${name}]` : name
    try {
      refuse(member, depth + 1)
    } catch (error) {
      throw error instanceof Mismatch ? error.within(place) : error
    }
  }
}

const isForeign = (value: object): boolean =>
  value instanceof Map ||
  value instanceof Set ||
  ArrayBuffer.isView(value) ||
  value instanceof ArrayBuffer

function nameOf(value: object): string {
  if (value instanceof Map) return 'a Map'
  return value instanceof Set ? 'a Set' : 'an array of bytes'
}

const saysItself = (value: object): value is { toJSON(): unknown } =>
  'toJSON' in value && typeof value.toJSON === 'function'

const unsayable = (what: string): Mismatch => new Mismatch(`${what} cannot be written as JSON`)
