// Regions that start together, on their way from wanting seats to being deployed: what the starter knows of them.

import type { TaskRestore } from '@weirjs/common/core/checkpoint/handles'
import type { Failure } from '@weirjs/common/core/errors'
import { ALLOCATE_TIMEOUT_MS, type SlotEndpoint } from '@weirjs/common/core/gateways'
import type { Attempt, WorkerId } from '@weirjs/common/core/ids'
import type { SeatName } from '../plan/slot-allocator.ts'
import type { Region } from './execution-graph.ts'
import { jobFailure } from './job-context.ts'

export type Restore =
  /** A completion is being decided; what to restore is not known yet. */
  | { readonly tag: 'blocked' }
  | { readonly tag: 'loading'; readonly ticket: number }
  | { readonly tag: 'ready'; readonly tasks: ReadonlyMap<string, TaskRestore> | null }

export interface Batch {
  readonly attempt: Attempt
  readonly regions: readonly Region[]
  readonly sinceMs: number
  seated: boolean
  restore: Restore
  /** Null until everything is there. */
  allocation: Allocation | null
}

export interface Allocation {
  readonly workers: readonly WorkerId[]
  readonly waiting: Set<WorkerId>
  readonly endpoints: Map<string, SlotEndpoint>
  readonly deadlineMs: number
}

export const seatNames = (batch: Batch): SeatName[] =>
  batch.regions.flatMap((region) => region.seats.map((seat) => seat.name))

export function allocateTimedOut(allocation: Allocation): Failure {
  const who = [...allocation.waiting].join(', ')
  return jobFailure('job/allocate-timeout', `no slots from ${who} within ${ALLOCATE_TIMEOUT_MS} ms`)
}
