// The life of one task attempt. The table is the truth; everybody moves through `nextState`.
//
//   created → initializing → restored → opening → running → end-of-data → finishing → finished
//   commit-only recovery goes opening → finishing; canceling and failed are reachable from every live state

import { assert } from '@weirjs/common/core/assert'

export type TaskState =
  | 'created'
  /** Reading and verifying state. Nothing of the job has run, nothing is committed. */
  | 'initializing'
  /** Waits until all tasks that start with it have got here too (P4). */
  | 'restored'
  /** Opening operators, committing what the restored checkpoint left pending. */
  | 'opening'
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
  initializing: ['restored', 'canceling', 'failed'],
  restored: ['opening', 'canceling', 'failed'],
  opening: ['running', 'finishing', 'canceling', 'failed'],
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
