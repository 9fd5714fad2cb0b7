// Errors over HTTP, as problem details (RFC 9457): the stable code is the type, and stands beside it as everywhere else.

import { toFailure, WeirError } from '@weirjs/common/core/errors'

export const PROBLEM_CONTENT_TYPE = 'application/problem+json'

export interface Problem {
  /** `urn:weir:error:` and the code. */
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: string
  readonly hint?: string
}

const STATUS: Readonly<Record<string, number>> = {
  'job/not-found': 404,
  'job/ambiguous-id': 409,
  'rest/not-found': 404,
  'rest/unauthorized': 401,
  'rest/method': 405,
  'rest/bad-request': 400,
  'rpc/unavailable': 503,
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'Not authorized',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Conflict',
  500: 'Internal error',
  503: 'Not available',
}

/** Anything thrown. What is no error of the world is told without its words: they may show what nobody should see. */
export function problemOf(thrown: unknown): Problem {
  const known = thrown instanceof WeirError
  const failure = toFailure(
    known ? thrown : new WeirError('rest/internal', 'this is a mistake in Weir', INTERNAL),
  )
  const status = STATUS[failure.code] ?? (failure.domain === 'external' ? 503 : 500)
  return {
    type: `urn:weir:error:${failure.code}`,
    title: TITLES[status] ?? 'Error',
    status,
    detail: failure.message,
    code: failure.code,
    ...(failure.hint === undefined ? {} : { hint: failure.hint }),
  }
}

const INTERNAL = { domain: 'internal' } as const

export function noSuchThing(what: string, hint: string): WeirError {
  return new WeirError('rest/not-found', what, { domain: 'user', hint })
}
