// O6: when everything is healed, the job runs again and completes a new checkpoint within 30 s (P7), and comes to the end
// that was asked for, within bounded time.

import type { JobSummary } from '@weirjs/common/job-client'
import type { Violation } from './violation.ts'

/** After healing, virtual time until the job runs and a checkpoint has completed since. */
export const RECOVERY_MS = 30_000
/** After healing, the job must have ended within so much virtual time, beyond twice what its input takes. */
export const END_MS = 60_000

export interface Ending {
  /** It is the end that was wanted. */
  readonly succeeded: boolean
  /** null: it has not ended. */
  readonly end: JobSummary | null
  /** Why nobody asks any more; null: somebody does. */
  readonly failure: string | null
  /** As it was last seen. */
  readonly state: string
}

export interface Recovery {
  /** RECOVERY_MS, and what the job's sources take to open. */
  readonly limitMs: number
  /** How long after healing it ran, and had completed a checkpoint if there are any; null: not in time. */
  readonly afterMs: number | null
  /** What was seen when the time was up. */
  readonly state: string
}

export function judgeRecovery({ afterMs, limitMs, state }: Recovery): readonly Violation[] {
  if (afterMs !== null && afterMs <= limitMs) return []
  const message = `${limitMs} ms after the last fault was healed the job is ${state}`
  return [{ oracle: 'O6', message }]
}

export function judgeLiveness({ succeeded, end, failure, state }: Ending): readonly Violation[] {
  if (failure !== null) return [{ oracle: 'O6', message: `the client gave up: ${failure}` }]
  if (end === null)
    return [{ oracle: 'O6', message: `the job is ${state} long after the last fault` }]
  if (succeeded) return []
  return [{ oracle: 'O6', message: `the job is ${end.state}: ${end.failure?.message}` }]
}
