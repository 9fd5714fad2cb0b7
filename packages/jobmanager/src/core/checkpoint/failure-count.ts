// Which failures of checkpoints count against the job, and how many in a row it may have. A checkpoint that fell because
// the job itself fell, or because a newer one took its place, says nothing about checkpointing.

import {
  CODE_SUPERSEDED,
  CODE_TASK_NOT_RUNNING,
} from '@weirjs/common/core/checkpoint/decline-codes'
import type { Failure } from '@weirjs/common/core/errors'
import type { CheckpointId } from '@weirjs/common/core/ids'

/** Failures in a row from which on the job's health is DEGRADED, unless fewer are tolerated. */
export const DEGRADED_AFTER_FAILURES = 3

export const CODE_SUBSUMED = 'checkpoint/subsumed'
export const CODE_TASKS_STOPPED = 'checkpoint/tasks-stopped'
export const CODE_TIMED_OUT = 'checkpoint/timed-out'
export const CODE_FAILED = 'checkpoint/failed'

/** A worker that cannot be reached is the failure detector's business; a deposed leader is nobody's job. */
const UNCOUNTED: ReadonlySet<string> = new Set([
  CODE_SUBSUMED,
  CODE_TASKS_STOPPED,
  CODE_TASK_NOT_RUNNING,
  CODE_SUPERSEDED,
  'rpc/unavailable',
  'rpc/deadline',
  'log/deposed',
])

export class FailureCount {
  readonly #tolerable: number | null
  #inARow = 0
  #lastCounted: CheckpointId | null = null

  /** `tolerable`: consecutive failures that are borne; null: any number. */
  constructor(tolerable: number | null) {
    this.#tolerable = tolerable
  }

  get inARow(): number {
    return this.#inARow
  }

  /** Each id counts once. `exceeded`: the job must fail; the count begins anew. */
  failed(id: CheckpointId, failure: Failure): 'ignored' | 'borne' | 'exceeded' {
    if (UNCOUNTED.has(failure.code) || this.#lastCounted === id) return 'ignored'
    this.#lastCounted = id
    this.#inARow += 1
    if (this.#tolerable === null || this.#inARow <= this.#tolerable) return 'borne'
    this.#inARow = 0
    return 'exceeded'
  }

  succeeded(): void {
    this.#inARow = 0
  }
}

/** A failure that the coordinator itself decided on. */
export function aborted(code: string, message: string): Failure {
  return { code, message, domain: 'internal', retry: 'never' }
}

/** Why the job must fail when more than `tolerable` checkpoints failed in a row. */
export function tooManyFailures(tolerable: number | null, last: Failure): Failure {
  return {
    code: 'checkpoint/too-many-failures',
    message: `more than ${tolerable ?? 0} checkpoints failed in a row; the last: ${last.message}`,
    domain: last.domain,
    retry: 'backoff',
    hint: 'See the checkpoint history; raise execution.checkpointing.tolerable-failed-checkpoints to bear more.',
  }
}
