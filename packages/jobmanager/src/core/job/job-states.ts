// The legal moves of a job. Whatever is not in the table is a bug of the machine and stops the process that made it.

import { assert, unreachable } from '@weirjs/common/core/assert'
import type { CheckpointSettings } from '@weirjs/common/core/graph/logical-graph'
import type { JobState } from '@weirjs/common/core/job-views'
import type { EndState } from '../events.ts'

const NEXT = {
  INITIALIZING: ['CREATED', 'RESTARTING', 'CANCELLING', 'FAILING'],
  CREATED: ['RUNNING', 'FINISHING', 'RESTARTING', 'FAILING', 'CANCELLING'],
  RUNNING: ['FINISHING', 'RESTARTING', 'FAILING', 'CANCELLING'],
  FINISHING: ['FINISHED', 'RESTARTING', 'FAILING', 'CANCELLING'],
  RESTARTING: ['RUNNING', 'FINISHING', 'FAILING', 'CANCELLING'],
  FAILING: ['FAILED', 'CANCELLING'],
  CANCELLING: ['CANCELED'],
  FINISHED: [],
  FAILED: [],
  CANCELED: [],
} as const satisfies Record<JobState, readonly JobState[]>

export function mayMove(from: JobState, to: JobState): boolean {
  const targets: readonly JobState[] = NEXT[from]
  return targets.includes(to)
}

/** The new state, or AssertionFailed when the move is not in the table. */
export function move(from: JobState, to: JobState): JobState {
  assert(mayMove(from, to), `a job may not go from ${from} to ${to}`)
  return to
}

export const isTerminal = (state: JobState): boolean => NEXT[state].length === 0
/** The job is on its way to a terminal state that is not FINISHED. */
export const isEnding = (state: JobState): boolean => state === 'FAILING' || state === 'CANCELLING'

/** Whether the checkpoints of a job outlive it. */
export function keepsCheckpoints(settings: CheckpointSettings, ended: EndState): boolean {
  switch (ended) {
    case 'FINISHED':
      return settings.retainOn === 'always'
    case 'CANCELED':
      return settings.retainOn === 'always' || settings.retainOn === 'failure-and-cancel'
    case 'FAILED':
      return settings.retainOn !== 'never'
    default:
      return unreachable(ended)
  }
}
