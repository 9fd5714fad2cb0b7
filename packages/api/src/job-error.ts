// Refusals of a job that is written wrongly: the author's mistake, never worth a retry, with the place in their file.

import { WeirError } from '@weirjs/common/core/errors'

export interface JobErrorDetails {
  readonly hint?: string | undefined
  /** `file:line`. */
  readonly location?: string | undefined
  readonly cause?: unknown
}

/** A WeirError of the domain `user` with the code `job/<what>`. */
export function jobError(what: string, message: string, details: JobErrorDetails = {}): WeirError {
  return new WeirError(`job/${what}`, message, {
    domain: 'user',
    ...(details.hint === undefined ? {} : { hint: details.hint }),
    ...(details.location === undefined ? {} : { location: details.location }),
    ...(details.cause === undefined ? {} : { cause: details.cause }),
  })
}
