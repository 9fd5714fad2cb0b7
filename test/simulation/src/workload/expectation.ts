// What the ledger must find in the output of a workload, over all runs of the job together.

import type { Expectation } from '../oracles/o1-ledger.ts'
import type { OrderPromise } from '../oracles/o1-order.ts'
import { partOf } from './numbering.ts'
import {
  isCounted,
  isOrdered,
  outputKey,
  outputRecords,
  type RunOptions,
  type Shape,
  type WorkloadOptions,
} from './options.ts'

export function expectationOf(
  options: WorkloadOptions,
  runs: readonly RunOptions[],
  ended: boolean,
): Expectation {
  return {
    records: outputRecords(options),
    ended,
    keyOf: (n) => outputKey(n, options),
    counted: isCounted(options),
    // A rule is taken by every subtask of the run that it came to.
    marks: options.shape === 'rules' ? options.rules : 0,
    takers: runs.map((run) => subtasks(run.parallelism)),
  }
}

/** Event time lets records go in its own order; under a second key the records of one key part and meet again. */
const IN_OTHER_ORDER: readonly Shape[] = ['event-timers', 'keyed-twice']

export function orderOf(options: WorkloadOptions): OrderPromise {
  const ordered = isOrdered(options)
  return {
    partOf: ordered ? (n) => partOf(Math.floor(n / options.copies), options) : null,
    filesInOrder: isCounted(options) && !IN_OTHER_ORDER.includes(options.shape),
  }
}

const subtasks = (parallelism: number): string =>
  Array.from({ length: parallelism }, (_, i) => `s${i}`).join()
