// Durations as a person writes them: '5s', '1.5h'. Inside, everything is milliseconds.

import { WeirError } from '@weirjs/common/core/errors'
import { shownValue } from '@weirjs/common/core/job-bounds'

/** Milliseconds as a number, or text with a unit: `'250ms'`, `'5s'`, `'10m'`, `'1h'`, `'30d'`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

const PATTERN = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/

/** Longest duration that is understood: about 285,000 years, exact in a double. */
export const DURATION_MS_MAX: number = Number.MAX_SAFE_INTEGER

/**
 * Milliseconds of `duration`, ≥ 0, rounded to whole ones. `what` names it in the message, `location` is where it was written.
 * Throws WeirError `job/bad-duration`.
 */
export function durationMs(
  duration: number | string,
  what = 'a duration',
  location?: string,
): number {
  const ms = typeof duration === 'number' ? duration : parse(duration)
  if (Number.isFinite(ms) && ms >= 0 && ms <= DURATION_MS_MAX) return Math.round(ms)
  throw new WeirError('job/bad-duration', `${what} is no duration: ${shownValue(duration)}`, {
    domain: 'user',
    ...(location === undefined ? {} : { location }),
    hint: "Write milliseconds as a number, or a number and a unit: '250ms', '5s', '10m', '1h', '30d'.",
  })
}

/** Whoever writes no TypeScript may give anything. */
function parse(text: unknown): number {
  const match = typeof text === 'string' ? PATTERN.exec(text.trim()) : null
  if (match === null) return Number.NaN
  return Number(match[1]) * (UNIT_MS[match[2] ?? ''] ?? Number.NaN)
}

/** `count` seconds in milliseconds. */
export const seconds = (count: number): number => count * 1_000
/** `count` minutes in milliseconds. */
export const minutes = (count: number): number => count * 60_000
/** `count` hours in milliseconds. */
export const hours = (count: number): number => count * 3_600_000
/** `count` days of 24 hours in milliseconds. */
export const days = (count: number): number => count * 86_400_000
