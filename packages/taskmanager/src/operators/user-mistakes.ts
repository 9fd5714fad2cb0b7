// Errors for what types forbid and JavaScript allows in a job author's functions, found at the
// first record.

import { WeirError } from '@weirjs/common/core/errors'

/**
 * A function that must answer at once returned a promise. The promise's own outcome is not waited
 * for.
 */
export function promiseReturned(what: string, promise: Promise<unknown>): WeirError {
  // Nobody will look at it any more: its rejection must not end the process beside the error below.
  promise.catch(() => {})
  return new WeirError('job/async-function', `the function of ${what} returned a promise`, {
    domain: 'user',
    hint: 'Functions on records answer at once: remove "async". Look-ups that take time belong into a source or sink.',
  })
}

/** Something of the context was used that this kind of step does not have. */
export function notAvailable(what: string, hint: string): WeirError {
  return new WeirError('job/not-available', `${what} was used in a step that has none`, {
    domain: 'user',
    hint,
  })
}

export function badTimestamp(timestamp: unknown): WeirError {
  return new WeirError('job/bad-timestamp', `a record got the time stamp ${String(timestamp)}`, {
    domain: 'user',
    hint: 'Time stamps are milliseconds since 1970 as a finite number; check the function given to the watermarks.',
  })
}
