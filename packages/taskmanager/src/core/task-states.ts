// The life of one task attempt. The table is the truth; everybody moves through `nextState`.
//
//   created → initializing → running → end-of-data → finishing → finished
//   commit-only recovery goes initializing → finishing; canceling and failed are reachable from every live state

import { assert } from '@weirjs/common/core/assert'

export type TaskState =
  | 'created'
  /** Restoring state, opening operators, committing what the restored checkpoint left pending. */
  | 'initializing'
  | 'running'
  /** Everything is read and emitted; takes part in checkpoints until the final one is complete. */
  | 'end-of-data'
  /** The final checkpoint is complete: committing. */
  | 'finishing'
  | 'finished'
  | 'canceling'
  | 'canceled'
  | 'failed'

const NEXT: Readonly<Record<TaskState, readonly TaskState[]>> = {
  created: ['initializing', 'canceling', 'failed'],
  initializing: ['running', 'finishing', 'canceling', 'failed'],
  running: ['end-of-data', 'canceling', 'failed'],
  'end-of-data': ['finishing', 'canceling', 'failed'],
  finishing: ['finished', 'canceling', 'failed'],
  canceling: ['canceled'],
  finished: [],
  canceled: [],
  failed: [],
}

/** `to`, when that is a legal move; AssertionFailed otherwise. */
export function nextState(from: TaskState, to: TaskState): TaskState {
  assert(NEXT[from].includes(to), `a task does not go from ${from} to ${to}`)
  return to
}

/** Nothing follows. */
export function isTerminal(state: TaskState): boolean {
  return NEXT[state].length === 0
}

/** The loop reads input, polls and fires timers. */
export function isProcessing(state: TaskState): boolean {
  return state === 'running' || state === 'end-of-data'
}
