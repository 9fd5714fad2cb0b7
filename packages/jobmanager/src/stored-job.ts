// A job that is on the storage but does not run here: it has ended, it is about to be taken over, or it cannot be. It
// shows what its log says, and refuses the rest.

import type { CheckpointStorage } from '@weirjs/common/core/checkpoint/storage'
import { type Failure, WeirError } from '@weirjs/common/core/errors'
import type { BundleHash, Fence, JobId } from '@weirjs/common/core/ids'
import type { CheckpointView, JobDetail, JobEventView, JobSummary } from '@weirjs/common/job-client'
import { CancelRequests } from './cancel-requests.ts'
import type { JobEntry } from './job-entry.ts'
import {
  asCheckpointView,
  CheckpointBook,
  loggedAttempts,
  shownSettings,
  storedSummary,
} from './job-views.ts'
import { ledElsewhere } from './leadership.ts'
import type { SeenAtEnd } from './seen-at-end.ts'
import type { HistoryIndex } from './store/history-index.ts'
import type { JobHistory } from './store/job-history.ts'
import { lookBack } from './watch/look-back.ts'
import { Watchers } from './watch/watchers.ts'

/** A job whose master broke more often in this process life stays where it is until the next one. */
export const MASTER_BREAKS_MAX = 5

export interface StoredJobOptions {
  readonly jobId: JobId
  readonly history: JobHistory
  readonly storage: CheckpointStorage
  readonly index: HistoryIndex
  /** Of one that has ended. */
  readonly seen?: SeenAtEnd | null
  /** Another JobManager leads it: what our log said when it was lost. */
  readonly deposed?: WeirError | undefined
  /** Times that its masters have broken in this process life. Default: none. */
  readonly masterBroke?: number
}

export class StoredJob implements JobEntry {
  readonly jobId: JobId
  readonly #options: StoredJobOptions
  readonly #watchers = new Watchers(null)
  readonly #cancels = new CancelRequests()
  #failure: Failure | null = null

  constructor(options: StoredJobOptions) {
    this.jobId = options.jobId
    this.#options = options
    if (this.ended) this.#watchers.end()
  }

  get submissionId(): string {
    return this.#options.history.submission.submissionId
  }

  get masterBroke(): number {
    return this.#options.masterBroke ?? 0
  }

  /** Nobody will take it over before the next start. */
  get abandoned(): boolean {
    return this.masterBroke > MASTER_BREAKS_MAX
  }

  get bundleHash(): BundleHash {
    return this.#options.history.submission.bundleHash
  }

  get history(): JobHistory {
    return this.#options.history
  }

  get measures(): null {
    return null
  }

  get ended(): boolean {
    return this.#options.history.terminal !== null
  }

  /** What we deployed before we were deposed counts for nobody. */
  hears({ epoch }: Fence): boolean {
    const { deposed, history } = this.#options
    return this.ended || (deposed !== undefined && epoch <= history.epoch)
  }

  /** Why it cannot be taken over (yet). */
  set failure(failure: Failure | null) {
    this.#failure = failure
    this.#watchers.publish({ type: 'state', job: this.summary() })
  }

  /** Another object stands for the job now: followers and those who want it canceled turn to that. */
  replaced(by: JobEntry): void {
    this.#cancels.passTo(() => by.cancel())
    this.#watchers.end()
  }

  /** The JobManager ends. */
  close(): void {
    this.#cancels.refused(closing())
  }

  summary(): JobSummary {
    const { history, seen } = this.#options
    const summary = { ...storedSummary(this.jobId, history), ...seen }
    return this.#failure === null
      ? summary
      : { ...summary, health: 'DEGRADED', failure: this.#failure }
  }

  detail(): JobDetail {
    const { submission, attempts } = this.#options.history
    return {
      ...this.summary(),
      plan: submission.plan,
      settings: shownSettings(submission.settings),
      taskViews: [],
      attempts: loggedAttempts(attempts),
    }
  }

  async checkpoints(): Promise<readonly CheckpointView[]> {
    const { index, storage, history } = this.#options
    const records = await index.list(this.jobId, 'checkpoint')
    const older = records.map(asCheckpointView).filter((view) => view !== null)
    return new CheckpointBook(this.jobId, storage).views(history.retained, older)
  }

  /** Waits for the job to be taken over. */
  cancel(): Promise<void> {
    const { deposed } = this.#options
    if (deposed !== undefined) return Promise.reject(ledElsewhere(deposed.message))
    if (this.ended) return Promise.reject(wrongState(this.summary()))
    if (this.abandoned) return Promise.reject(notRunHere(this.summary()))
    return this.#cancels.add(() => {})
  }

  triggerCheckpoint(): Promise<CheckpointView> {
    const { deposed } = this.#options
    if (deposed !== undefined) return Promise.reject(ledElsewhere(deposed.message))
    return Promise.reject(wrongState(this.summary()))
  }

  /** Of a job that is led elsewhere nothing would ever come. Not even its state: a follower takes that for our return. */
  async *watch(signal: AbortSignal): AsyncGenerator<JobEventView> {
    const { deposed } = this.#options
    if (deposed !== undefined && !this.ended) throw ledElsewhere(deposed.message)
    const state: JobEventView = { type: 'state', job: this.summary() }
    if (this.ended) yield* lookBack(this.#options.index, this.jobId, this.#watchers, state)
    else yield* this.#watchers.watch([state], signal)
  }
}

export function closing(): WeirError {
  return new WeirError('rpc/unavailable', 'the JobManager is closing', { domain: 'external' })
}

function notRunHere({ jobId, failure }: JobSummary): WeirError {
  const message = `job ${jobId} is not run any more: ${failure?.message ?? 'its master broke'}`
  const hint = 'Start the JobManager anew: it takes the job over, and then it can be canceled.'
  return new WeirError('job/wrong-state', message, { domain: 'user', hint })
}

export function wrongState(job: JobSummary): WeirError {
  return new WeirError('job/wrong-state', `job ${job.jobId} is ${job.state}`, { domain: 'user' })
}
