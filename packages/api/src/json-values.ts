// What JSON.stringify says of a value that no declared type has converted. For some it says something else than they are,
// without a word: `{}` for a Map, `null` for NaN. Those are refused here.

import { Mismatch } from './declared-type.ts'

/** As deep as records of no declared type may be. */
const DEPTH_MAX = 200

/** The value itself. Throws Mismatch, with the place, for what would be written as something else. */
export function asJson<T>(value: T): T {
  check(value, 0)
  return value
}

function check(value: unknown, depth: number): void {
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw unsayable(String(value))
    return
  }
  if (typeof value === 'bigint') throw unsayable('a bigint')
  if (typeof value !== 'object' || value === null) return
  if (depth === DEPTH_MAX)
    throw new Mismatch('the value is nested too deeply to be written as JSON')
  if (value instanceof Map) throw unsayable('a Map')
  if (value instanceof Set) throw unsayable('a Set')
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer)
    throw unsayable('an array of bytes')
  if (Array.isArray(value))
    for (let i = 0; i < value.length; i++) checkIn(`[${i}]`, value[i], depth)
  else
    for (const name of Object.keys(value))
      checkIn(name, (value as Readonly<Record<string, unknown>>)[name], depth)
}

function checkIn(place: string, value: unknown, depth: number): void {
  try {
    check(value, depth + 1)
  } catch (error) {
    throw error instanceof Mismatch ? error.within(place) : error
  }
}

const unsayable = (what: string): Mismatch => new Mismatch(`${what} cannot be written as JSON`)
