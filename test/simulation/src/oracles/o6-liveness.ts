// O6: when everything is healed, the job comes to the end that was asked for, within bounded time.

import type { JobSummary } from '@weirjs/common/job-client'
import type { Violation } from './violation.ts'

/** After healing, the job must have ended within so much virtual time, beyond what its input takes. */
export const LIVENESS_MS = 180_000

export interface Ending {
  /** null: it has not ended. */
  readonly end: JobSummary | null
  /** Why nobody asks any more; null: somebody does. */
  readonly failure: string | null
  /** As it was last seen. */
  readonly state: string
}

export function judgeLiveness({ end, failure, state }: Ending): readonly Violation[] {
  if (failure !== null) return [{ oracle: 'O6', message: `the client gave up: ${failure}` }]
  if (end === null)
    return [{ oracle: 'O6', message: `the job is ${state} long after the last fault` }]
  if (end.state === 'FINISHED') return []
  return [{ oracle: 'O6', message: `the job is ${end.state}: ${end.failure?.message}` }]
}
