// What a field from the wire must pass before it becomes a value of ours. A peer that is authenticated may still be
// old, broken or hostile: no number is believed to be whole, finite or in range, no text to be short. Every refusal
// names the field. The same checks run when we send, so that a bug is found where it was made.

import { WeirError } from '../core/errors.ts'

export const NAME_CHARS_MAX = 1_024
export const TEXT_CHARS_MAX = 65_536
export const LIST_ITEMS_MAX = 1_000_000

/** Throws `rpc/invalid-argument`, naming the field. */
export function refuse(field: string, problem: string): never {
  throw new WeirError('rpc/invalid-argument', `${field}: ${problem}`, {
    domain: 'internal',
    retry: 'never',
    hint: 'Run the same version of Weir in all processes.',
  })
}

/** A whole number in [min, max], both safe integers; `value` may be the decimal text of a 64-bit field. */
export function whole(
  value: number | string | undefined,
  field: string,
  min = 0,
  max: number = Number.MAX_SAFE_INTEGER,
): number {
  const number = typeof value === 'string' && /^-?\d{1,20}$/.test(value) ? Number(value) : value
  if (typeof number !== 'number' || !Number.isSafeInteger(number)) {
    refuse(field, `${show(value)} is no whole number`)
  }
  if (number < min || number > max) refuse(field, `${number} is outside ${min} to ${max}`)
  // -0 would be written to JSON as 0 and compare unequal by Object.is.
  return number + 0
}

/** A finite number in [min, max]. */
export function real(
  value: number | string | undefined,
  field: string,
  min = 0,
  max: number = Number.MAX_SAFE_INTEGER,
): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    refuse(field, `${show(value)} is no finite number`)
  }
  if (value < min || value > max) refuse(field, `${value} is outside ${min} to ${max}`)
  return value
}

/** A share; what rounding pushed out of 0 to 1 by a little is pulled back. */
export function ratio(value: number | string | undefined, field: string): number {
  return Math.min(1, Math.max(0, real(value, field, -0.01, 1.01)))
}

/** Text of at least `charsMin` and at most `charsMax` UTF-16 units. */
export function text(
  value: string | undefined,
  field: string,
  charsMin = 1,
  charsMax: number = NAME_CHARS_MAX,
): string {
  if (typeof value !== 'string') refuse(field, 'is missing')
  if (value.length < charsMin) refuse(field, 'is empty')
  if (value.length > charsMax)
    refuse(field, `has ${value.length} characters, at most ${charsMax} are allowed`)
  return value
}

/** Text that matches a pattern (anchored by the caller). */
export function matching(value: string | undefined, field: string, pattern: RegExp): string {
  const known = text(value, field)
  if (!pattern.test(known)) refuse(field, `${show(known)} does not match ${pattern.source}`)
  return known
}

/** A message field that must be there. */
export function required<T>(value: T | null | undefined, field: string): T {
  if (value === null || value === undefined) refuse(field, 'is missing')
  return value
}

/** Converts each element, naming it `field[i]`. */
export function each<W, T>(
  values: readonly W[] | undefined,
  field: string,
  convert: (value: W, field: string) => T,
  itemsMax: number = LIST_ITEMS_MAX,
): readonly T[] {
  if (values === undefined) return []
  if (values.length > itemsMax)
    refuse(field, `has ${values.length} elements, at most ${itemsMax} are allowed`)
  return values.map((value, i) => convert(value, `${field}[${i}]`))
}

/** The domain's word for a wire enum's; UNSPECIFIED and unknown values are refused. */
export function word<D extends string, W extends string>(
  table: Readonly<Record<D, W>>,
  value: string | undefined,
  field: string,
): D {
  for (const key of Object.keys(table) as D[]) {
    if (table[key] === value) return key
  }
  return refuse(field, `unknown value ${show(value)}`)
}

function show(value: unknown): string {
  const shown = typeof value === 'string' ? JSON.stringify(value) : String(value)
  return shown.length > 80 ? `${shown.slice(0, 80)}…` : shown
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
