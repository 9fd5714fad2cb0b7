// Whose error is it? What an operator throws is wrapped once, by the innermost caller, with the operator's name and uid,
// so that a person reads which step of the job failed and not only a stack of ours.

import { AssertionFailed } from '@weirjs/common/core/assert'
import { WeirError, toFailure } from '@weirjs/common/core/errors'
import type { Failure } from '@weirjs/common/core/errors'
import type { OperatorUid } from '@weirjs/common/core/ids'

export interface Blamed {
  readonly uid: OperatorUid
  readonly name: string
}

/** An error with the operator in which it happened. Never leaves the task: `failureOf` unwraps it. */
export class OperatorError extends Error {
  override readonly name = 'OperatorError'
  readonly operator: Blamed

  constructor(operator: Blamed, cause: unknown) {
    super('an operator failed', { cause })
    this.operator = operator
  }
}

/** `error` with the operator to blame, unless one is blamed already. */
export function blame(error: unknown, operator: Blamed): OperatorError {
  return error instanceof OperatorError ? error : new OperatorError(operator, error)
}

/** The Failure to report. Names the operator where one is known; broken assertions are ours, all else is the job's. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof OperatorError)) return plainFailure(error)
  const failure = plainFailure(error.cause)
  const { name, uid } = error.operator
  return { ...failure, message: `operator '${name}' (uid ${uid}): ${failure.message}` }
}

function plainFailure(error: unknown): Failure {
  if (error instanceof AssertionFailed && !(error instanceof WeirError)) {
    return toFailure(error, {
      code: 'internal/assertion-failed',
      domain: 'internal',
      retry: 'backoff',
    })
  }
  return toFailure(error)
}
