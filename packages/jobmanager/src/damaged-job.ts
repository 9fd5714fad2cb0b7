// A job whose log cannot be used: damaged, of an unknown format, not to be taken over. It runs nowhere until a person has
// mended it, so it is shown as failed, with the file that is to blame. What can still be read of its log says how it was
// called and which checkpoints it had, so that one of them may be chosen for a new job (D13).

import type { CheckpointStorage } from '@weirjs/common/core/checkpoint/storage'
import { type Failure, WeirError } from '@weirjs/common/core/errors'
import { DEFAULT_JOB_SETTINGS } from '@weirjs/common/core/graph/logical-graph'
import type { PhysicalPlan } from '@weirjs/common/core/graph/physical-plan'
import type { BundleHash, JobId } from '@weirjs/common/core/ids'
import type { CheckpointView, JobDetail, JobEventView, JobSummary } from '@weirjs/common/job-client'
import type { JobEntry } from './job-entry.ts'
import { CheckpointBook, loggedAttempts, shownSettings, storedSummary } from './job-views.ts'
import type { JobHistory } from './store/job-history.ts'

/** Shown where the log does not tell any more how the job was called. */
export const UNKNOWN_JOB_NAME = '(job log damaged)'

const NO_PLAN: PhysicalPlan = {
  jobName: UNKNOWN_JOB_NAME,
  vertices: [],
  edges: [],
  mode: 'exactly-once',
  bufferTimeoutMs: null,
}

export interface DamagedJobOptions {
  readonly jobId: JobId
  /** Why it cannot be taken over, naming the file. */
  readonly failure: Failure
  /** As far as the log can be read; null: not at all. It may be older than the truth. */
  readonly history: JobHistory | null
  readonly storage: CheckpointStorage
}

export class DamagedJob implements JobEntry {
  readonly jobId: JobId
  readonly #options: DamagedJobOptions

  constructor(options: DamagedJobOptions) {
    this.jobId = options.jobId
    this.#options = options
  }

  get submissionId(): string | null {
    return this.#options.history?.submission.submissionId ?? null
  }

  get bundleHash(): BundleHash | null {
    return null
  }

  get measures(): null {
    return null
  }

  get ended(): boolean {
    return true
  }

  hears(): boolean {
    return false
  }

  summary(): JobSummary {
    const { jobId, history, failure } = this.#options
    if (history !== null) return { ...storedSummary(jobId, history), state: 'FAILED', failure }
    return {
      jobId,
      name: UNKNOWN_JOB_NAME,
      state: 'FAILED',
      health: 'HEALTHY',
      submittedAtMs: 0,
      endedAtMs: null,
      attempt: 0,
      restarts: 0,
      tasks: { total: 0, running: 0 },
      lastCheckpointId: null,
      failure,
    }
  }

  detail(): JobDetail {
    const { history } = this.#options
    return {
      ...this.summary(),
      plan: history?.submission.plan ?? NO_PLAN,
      settings: shownSettings(history?.submission.settings ?? DEFAULT_JOB_SETTINGS),
      taskViews: [],
      attempts: loggedAttempts(history?.attempts ?? []),
    }
  }

  /** Those that the readable part of the log knows; whether their files are whole, a restore finds out. */
  async checkpoints(): Promise<readonly CheckpointView[]> {
    const { history, storage } = this.#options
    return new CheckpointBook(this.jobId, storage).views(history?.retained ?? [], [])
  }

  cancel(): Promise<void> {
    return Promise.reject(this.#notRunning())
  }

  triggerCheckpoint(): Promise<CheckpointView> {
    return Promise.reject(this.#notRunning())
  }

  async *watch(): AsyncGenerator<JobEventView> {
    yield { type: 'state', job: this.summary() }
  }

  #notRunning(): WeirError {
    const { code, message } = this.#options.failure
    return new WeirError('job/wrong-state', `job ${this.jobId} is FAILED: ${code}: ${message}`, {
      domain: 'user',
    })
  }
}
