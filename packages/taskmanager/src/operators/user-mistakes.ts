// Errors for what types forbid and JavaScript allows in a job author's functions, found at the
// first record.

import { inspect } from 'node:util'

import { WeirError } from '@weirjs/common/core/errors'

const EXCERPT_CHARS_MAX = 200
const EXCERPT = {
  depth: 2,
  breakLength: Number.POSITIVE_INFINITY,
  maxArrayLength: 10,
  maxStringLength: 100,
  // A record's own way to show itself is the job's code, and may throw.
  customInspect: false,
}

/**
 * A function that must answer at once returned a promise. The promise's own outcome is not waited
 * for.
 */
export function promiseReturned(what: string, promise: Promise<unknown>): WeirError {
  letGo(promise)
  return new WeirError('job/async-function', `the function of ${what} returned a promise`, {
    domain: 'user',
    hint: 'Functions on records answer at once: remove "async". Look-ups that take time belong into a source or sink.',
  })
}

/** The same of a sink's writer. */
export function promiseOfWriter(promise: Promise<unknown>): WeirError {
  letGo(promise)
  return new WeirError('job/async-function', 'write of a sink returned a promise', {
    domain: 'user',
    hint: 'A writer only takes the record: remove "async". What takes time goes on in the background; the promise of committables that snapshot answers waits for it, and while "ready" is false no record comes.',
  })
}

/** The same of a source's reader. */
export function promiseOfReader(promise: Promise<unknown>): WeirError {
  letGo(promise)
  return new WeirError('job/async-function', 'poll of a source returned a promise', {
    domain: 'user',
    hint: 'A reader only gives what it has: remove "async". What takes time goes on in the background; poll answers "wait" until then, and "wake" of the context has it called again.',
  })
}

/** Nobody will look at it any more: its rejection must not end the process beside the error. */
function letGo(promise: Promise<unknown>): void {
  promise.catch(() => {})
}

/** Something of the context was used that this kind of step does not have. */
export function notAvailable(what: string, hint: string): WeirError {
  return new WeirError('job/not-available', `${what} was used in a step that has none`, {
    domain: 'user',
    hint,
  })
}

/** `giver` made it, for `what`: both stand in a sentence. */
export function badTimestamp(timestamp: unknown, giver: string, what: string): WeirError {
  return new WeirError(
    'job/bad-timestamp',
    `a time stamp is ${excerptOf(timestamp)}: ${giver} gave it to ${what}`,
    {
      domain: 'user',
      hint: 'Time stamps are milliseconds since 1970, as a number within ±(2^53 - 1): divide nanoseconds by 1,000,000.',
    },
  )
}

/**
 * What is no safe integer, made one: a fraction of a millisecond is cut off, towards the past. Time
 * stamps and watermarks travel as whole numbers, and a job must not depend on where they do.
 */
export function wholeMs(timestamp: unknown, giver: string, record: unknown): number {
  const whole = typeof timestamp === 'number' ? Math.floor(timestamp) : Number.NaN
  if (Number.isSafeInteger(whole)) return whole
  throw badTimestamp(timestamp, giver, `the record ${excerptOf(record)}`)
}

/** A record, or part of one, as a message can carry it: on one line, and short. */
export function excerptOf(value: unknown): string {
  const text = inspect(value, EXCERPT)
  return text.length > EXCERPT_CHARS_MAX ? `${text.slice(0, EXCERPT_CHARS_MAX)}…` : text
}
