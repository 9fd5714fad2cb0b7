// What the parts of one job's machine share: the job's constants, its tasks, the time of the present event, the effects
// gathered for it, and the counter of attempts. Lives as long as the machine; belongs to it alone.

import type { Failure } from '@weirjs/common/core/errors'
import type { JobSettings } from '@weirjs/common/core/graph/logical-graph'
import type { PhysicalPlan } from '@weirjs/common/core/graph/physical-plan'
import {
  type Attempt,
  attempt,
  type CheckpointId,
  type Fence,
  type JobId,
  type LeaderEpoch,
  type WorkerId,
} from '@weirjs/common/core/ids'
import type { Prng } from '@weirjs/common/core/prng'
import type { JobState } from '@weirjs/common/core/job-views'
import type { CompletedCheckpoint } from '../checkpoint/events.ts'
import type { JobEffect, Stamp } from '../events.ts'
import { BrokenPairs } from '../workers/broken-pairs.ts'
import { ExecutionGraph, groupBy, type TaskEntry } from './execution-graph.ts'

/** Fixed for one JobMaster life. */
export interface JobMachineOptions {
  readonly jobId: JobId
  readonly epoch: LeaderEpoch
  readonly plan: PhysicalPlan
  readonly settings: JobSettings
  readonly prng: Prng
  /** What the submitter wants to start from, used until the job has a checkpoint of its own. */
  readonly restorePath: string | null
  readonly allowNonRestoredState: boolean
  readonly nextCheckpointId: CheckpointId
  /** The highest attempt that the log knows of; 0 when there was none. Numbering goes on above it. */
  readonly lastAttempt: Attempt
  /** Completed before this life and not discarded, rising ids. */
  readonly retained: readonly CompletedCheckpoint[]
  /** The final checkpoint, when the log says that the job was only committing. */
  readonly finishing: CheckpointId | null
  /** The log says that the job is to be canceled. */
  readonly cancelRequested: boolean
  /** True when another leader ran the job before. */
  readonly recovered: boolean
  /** `full`: every failure restarts the whole job. */
  readonly failover: 'region' | 'full'
  /** Deployed tasks that have not reported `running` by then have failed. > 0. */
  readonly deployTimeoutMs: number
}

/** How the job stands, as far as one glance can tell. */
export interface JobMachineView {
  readonly state: JobState
  /** Why health is DEGRADED, or null. */
  readonly degraded: Failure | null
  /** The failure that the job is dealing with, or ended by. */
  readonly failure: Failure | null
  readonly attempt: Attempt
  readonly restarts: number
  readonly tasksTotal: number
  readonly tasksRunning: number
  readonly lastCheckpointId: CheckpointId | null
  /** Messages of older attempts that were dropped. */
  readonly staleMessages: number
}

/** Tasks of one attempt on one worker: what one call is about. */
export interface WorkerShare {
  readonly workerId: WorkerId
  readonly attempt: Attempt
  readonly entries: readonly TaskEntry[]
}

export class JobContext {
  readonly options: JobMachineOptions
  readonly graph: ExecutionGraph
  readonly brokenPairs: BrokenPairs = new BrokenPairs()
  now: Stamp = { nowMs: 0, wallMs: 0 }
  /** The final checkpoint, once it is complete: from then on the job only commits. */
  finishing: CheckpointId | null
  #attempt: Attempt
  #effects: JobEffect[] = []

  constructor(options: JobMachineOptions) {
    this.options = options
    this.graph = new ExecutionGraph(options.plan, options.failover === 'full')
    this.finishing = options.finishing
    this.#attempt = options.lastAttempt
  }

  emit(effect: JobEffect): void {
    this.#effects.push(effect)
  }

  takeEffects(): readonly JobEffect[] {
    const effects = this.#effects
    this.#effects = []
    return effects
  }

  /** The highest attempt so far; 0 before the first. */
  get attempt(): Attempt {
    return this.#attempt
  }

  raiseAttempt(): Attempt {
    this.#attempt = attempt(this.#attempt + 1)
    return this.#attempt
  }

  fence(of: Attempt): Fence {
    return { jobId: this.options.jobId, epoch: this.options.epoch, attempt: of }
  }

  /** `entries` by worker and attempt; those that were never deployed are left out. */
  shares(entries: readonly TaskEntry[]): WorkerShare[] {
    const placed = entries.filter((entry) => entry.slot !== null && entry.attempt !== null)
    const groups = groupBy(placed, (entry) => `${entry.attempt} ${entry.slot?.workerId}`)
    return [...groups.values()].flatMap((group) => {
      const first = group[0]
      if (first === undefined || first.slot === null || first.attempt === null) return []
      return [{ workerId: first.slot.workerId, attempt: first.attempt, entries: group }]
    })
  }
}

/** A failure that the JobManager itself noticed. */
export function jobFailure(
  code: string,
  message: string,
  more: Partial<Pick<Failure, 'domain' | 'retry' | 'hint'>> = {},
): Failure {
  return { code, message, domain: 'external', retry: 'backoff', ...more }
}
