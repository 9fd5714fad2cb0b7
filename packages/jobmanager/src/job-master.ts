// Runs one job: a mailbox before its machine, the hands behind it, and windows for those who look. It is the job's one
// writer. Whatever happens is posted, taken out in order, and given to the machine with the time; the effects run at the
// edge and post what came of them. Nothing is awaited between reading and writing, so a step is never interrupted.

import { assert, unreachable } from '@weirjs/common/core/assert'
import type { CheckpointStorage } from '@weirjs/common/core/checkpoint/storage'
import type { Scheduler } from '@weirjs/common/core/clock'
import { fromFailure, WeirError } from '@weirjs/common/core/errors'
import type { OutputLine, TaskReport } from '@weirjs/common/core/gateways'
import {
  type Attempt,
  attempt,
  type BundleHash,
  type Fence,
  type JobId,
  type TaskId,
} from '@weirjs/common/core/ids'
import type { Log } from '@weirjs/common/core/log'
import type { Prng } from '@weirjs/common/core/prng'
import { RingBuffer } from '@weirjs/common/core/ring-buffer'
import type {
  AttemptView,
  CheckpointView,
  JobDetail,
  JobEventView,
  JobSummary,
} from '@weirjs/common/job-client'
import type { JobEffect, JobHappening } from './core/events.ts'
import { JobMachine } from './core/job/job-machine.ts'
import { isTerminal } from './core/job/job-states.ts'
import { CancelRequests } from './cancel-requests.ts'
import { EffectRunner } from './effects.ts'
import type { JobEntry, JobMeasures } from './job-entry.ts'
import { JobWindow } from './job-window.ts'
import { LogKeeper } from './log-keeper.ts'
import type { HistoryIndex } from './store/history-index.ts'
import { lastAttempt } from './store/job-history.ts'
import type { JobLog } from './store/job-log.ts'
import type { ManifestStore } from './store/manifest-store.ts'
import { closing, wrongState } from './stored-job.ts'
import { WakeTimer } from './wake-timer.ts'
import type { WorkerHub } from './worker-hub.ts'

/** Events that wait for the machine; they are taken out in the same turn, so more is a loop. */
export const MAILBOX_EVENTS_MAX = 1_000_000

export interface JobMasterOptions {
  readonly jobId: JobId
  /** Opened: its epoch is ours. */
  readonly log: JobLog
  /** Another leader ran the job before. */
  readonly recovered: boolean
  readonly failover: 'region' | 'full'
  readonly deployTimeoutMs: number
  readonly hub: WorkerHub
  readonly storage: CheckpointStorage
  readonly manifests: ManifestStore
  readonly index: HistoryIndex
  readonly scheduler: Scheduler
  readonly prng: Prng
  readonly logger: Log
  readonly credential: (fence: Fence) => string
  /** Another leader has the job: this object is dead. */
  readonly onDeposed: (error: WeirError) => void
  /** A bug showed itself: this object is dead, and its tasks have been let go. The job may be taken over again. */
  readonly onBroken: (error: unknown) => void
  readonly onEnded: () => void
}

type Requests = Map<string, { resolve(view: CheckpointView): void; reject(error: WeirError): void }>

export class JobMaster implements JobEntry {
  readonly jobId: JobId
  readonly #options: JobMasterOptions
  readonly #machine: JobMachine
  readonly #runner: EffectRunner
  readonly #log: LogKeeper
  readonly #wake: WakeTimer
  readonly #mailbox = new RingBuffer<JobHappening>(MAILBOX_EVENTS_MAX)
  readonly #window: JobWindow
  readonly #requests: Requests = new Map()
  readonly #cancels = new CancelRequests()
  #requestNumber = 0
  #draining = false
  #closed = false
  #loggedAttempt: Attempt

  constructor(options: JobMasterOptions) {
    const { jobId, log, storage, scheduler, prng, hub, manifests, logger, credential } = options
    this.jobId = jobId
    this.#options = options
    const { submission, nextCheckpointId, retained, finishing, cancelRequested } = log.history
    this.#loggedAttempt = lastAttempt(log.history)
    this.#log = new LogKeeper({
      log,
      scheduler,
      prng: prng.fork(),
      onHealth: (stalled) => this.post({ type: 'log-health', stalled }),
    })
    this.#wake = new WakeTimer(scheduler, () => this.post({ type: 'tick' }))
    this.#machine = new JobMachine({
      jobId,
      epoch: log.epoch,
      plan: submission.plan,
      settings: submission.settings,
      prng: prng.fork(),
      restorePath: submission.restore?.manifestPath ?? null,
      allowNonRestoredState: submission.restore?.allowNonRestoredState ?? false,
      nextCheckpointId,
      lastAttempt: this.#loggedAttempt,
      retained,
      finishing,
      cancelRequested,
      recovered: options.recovered,
      failover: options.failover,
      deployTimeoutMs: options.deployTimeoutMs,
    })
    const { index } = options
    const history = () => log.history
    this.#window = new JobWindow({
      jobId,
      machine: this.#machine,
      history,
      storage,
      index,
      scheduler,
      logger,
    })
    this.#runner = new EffectRunner({
      jobId,
      epoch: log.epoch,
      submission,
      hub,
      log: this.#log,
      storage,
      manifests,
      scheduler,
      prng: prng.fork(),
      logger,
      credential,
      post: (happening) => this.post(happening),
      onDeposed: (error) => this.#deposed(error),
    })
  }

  start(): void {
    this.post({ type: 'start' })
  }

  // ---- the mailbox ----

  post(happening: JobHappening): void {
    if (this.#closed) return
    assert(this.#mailbox.push(happening), 'the mailbox of a job does not overflow')
    if (this.#draining) return
    this.#draining = true
    try {
      for (let next = this.#mailbox.shift(); next !== undefined; next = this.#mailbox.shift()) {
        const nowMs = this.#options.scheduler.nowMs()
        const wallMs = this.#options.scheduler.wallMs()
        for (const effect of this.#machine.step({ ...next, nowMs, wallMs })) this.#run(effect)
      }
    } catch (error) {
      this.#broken(error)
    }
    this.#draining = false
  }

  /** Stops without a word to anybody: the job goes on under its next leader. */
  close(reason: WeirError = closing()): void {
    if (this.#closed) return
    this.#closed = true
    this.#runner.close()
    this.#wake.close()
    this.#window.close()
    for (const request of this.#requests.values()) request.reject(reason)
    this.#requests.clear()
    this.#cancels.refused(reason)
  }

  #run(effect: JobEffect): void {
    switch (effect.type) {
      case 'wake-at':
        return this.#wake.wakeAt(effect.atMs)
      case 'manual-result':
        return this.#answer(effect)
      case 'attempt-changed':
        return this.#noteAttempt(effect.attempt)
      case 'cancel-accepted':
        return this.#cancels.accepted()
      case 'ended':
        return this.#noteEnd(effect)
      case 'checkpoint-record':
      case 'state-changed':
      case 'health-changed':
      case 'failed':
      case 'restored':
        return this.#window.show(effect)
      case 'request-seats':
      case 'free-seats':
      case 'load-restore':
      case 'allocate':
      case 'deploy':
      case 'cancel':
      case 'run':
      case 'release':
      case 'trigger':
      case 'notify-complete':
      case 'notify-aborted':
      case 'write-manifest':
      case 'log-completion':
      case 'discard-completed':
      case 'discard-aborted':
      case 'log-cancel':
      case 'log-terminal':
      case 'clean-up':
        return this.#runner.run(effect)
      default:
        return unreachable(effect)
    }
  }

  /** The job has ended, and somebody may have written for it since it was cleaned up. */
  sweep(): void {
    if (this.ended && !this.#closed) this.#runner.run({ type: 'clean-up', keepCheckpoints: true })
  }

  /** Its tasks count for nobody; those that do not hear it end by the fence of the new leader. */
  #deposed(error: WeirError): void {
    this.#releaseAll()
    this.close(error)
    this.#options.onDeposed(error)
  }

  /** What the machine believes is not to be trusted any more; what is in the log is. */
  #broken(error: unknown): void {
    if (this.#closed) throw error
    this.#releaseAll()
    this.close()
    this.#options.onBroken(error)
  }

  #releaseAll(): void {
    const { jobId, hub, log } = this.#options
    const released = new Set<string>()
    for (const { slot, attempt } of this.#machine.tasks) {
      if (slot === null || attempt === null || released.has(`${attempt} ${slot.workerId}`)) continue
      released.add(`${attempt} ${slot.workerId}`)
      const gateway = hub.gateway(slot.workerId)
      // A hint: whoever does not hear it is stopped by the fence of the next epoch.
      void gateway?.release({ jobId, epoch: log.epoch, attempt }).catch(unheard)
    }
  }

  // ---- what workers say ----

  /** True when the sender is the one that was deployed last, and its job lives; everybody else is refused (D4). */
  isCurrent(fence: Fence, task: TaskId): boolean {
    return !this.#closed && !this.ended && this.#machine.isCurrent(fence, task)
  }

  hears({ epoch }: Fence): boolean {
    if (this.#closed) return false
    if (epoch > this.#options.log.epoch) this.#runner.checkLeadership()
    return this.ended || epoch < this.#options.log.epoch
  }

  reported(report: TaskReport): void {
    if (this.isCurrent(report.fence, report.task)) this.#window.reported(report)
  }

  printed(line: OutputLine): void {
    if (line.fence.epoch === this.#options.log.epoch && !this.#closed) this.#window.printed(line)
  }

  // ---- what clients ask ----

  get submissionId(): string {
    return this.#options.log.history.submission.submissionId
  }

  get bundleHash(): BundleHash {
    return this.#options.log.history.submission.bundleHash
  }

  get ended(): boolean {
    return isTerminal(this.#machine.state)
  }

  get measures(): JobMeasures {
    return this.#window.measures
  }

  summary(): JobSummary {
    return this.#window.summary()
  }

  detail(): JobDetail {
    return this.#window.detail()
  }

  checkpoints(): Promise<readonly CheckpointView[]> {
    return this.#window.checkpoints()
  }

  cancel(): Promise<void> {
    if (this.#closed) return Promise.reject(closing())
    if (this.ended) return Promise.reject(wrongState(this.summary()))
    return this.#cancels.add(() => this.post({ type: 'cancel' }))
  }

  triggerCheckpoint(): Promise<CheckpointView> {
    if (this.#machine.state !== 'RUNNING') return Promise.reject(wrongState(this.summary()))
    const requestId = `${++this.#requestNumber}`
    return new Promise((resolve, reject) => {
      this.#requests.set(requestId, { resolve, reject })
      this.post({ type: 'manual-trigger', requestId })
    })
  }

  watch(signal: AbortSignal): AsyncIterable<JobEventView> {
    return this.#window.watch(signal)
  }

  // ---- what the machine answers ----

  #answer({ requestId, result }: Extract<JobEffect, { type: 'manual-result' }>): void {
    const request = this.#requests.get(requestId)
    this.#requests.delete(requestId)
    if (request === undefined) return
    if ('completed' in result) return request.resolve(this.#window.completed(result.completed))
    const { failure } = result
    if (failure.code === 'job/wrong-state') return request.reject(fromFailure(failure))
    const message = `the checkpoint failed: ${failure.message}`
    request.reject(
      new WeirError('checkpoint/failed', message, {
        domain: failure.domain,
        cause: fromFailure(failure),
      }),
    )
  }

  #noteEnd(effect: Extract<JobEffect, { type: 'ended' }>): void {
    this.#wake.close()
    this.#window.show(effect)
    if (effect.state === 'CANCELED') this.#cancels.accepted()
    else this.#cancels.refused(wrongState(this.summary()))
    this.#options.onEnded()
  }

  /** Each attempt once, when it is known what it starts from: at its first change, at the latest at its end. */
  #noteAttempt(view: AttemptView): void {
    if (view.attempt <= this.#loggedAttempt) return
    if (view.restoredFrom === null && view.endedAtMs === null && this.#mayRestore()) return
    this.#loggedAttempt = attempt(view.attempt)
    const before = this.#machine.attempts.find((one) => one.attempt < view.attempt)
    const { restoredFrom } = view
    const body = {
      type: 'attempt',
      attempt: attempt(view.attempt),
      restoredFrom,
      failure: before?.failure ?? null,
    } as const
    // Cannot reject: both outcomes are handled. A storage that does not answer the next entry that matters will meet.
    void this.#log.note(body).then(
      () => {},
      (error: unknown) => {
        if (error instanceof WeirError && error.code === 'log/deposed' && !this.#closed)
          return this.#deposed(error)
        this.#options.logger.debug(
          { jobId: this.jobId, reason: String(error) },
          'attempt not logged',
        )
      },
    )
  }

  #mayRestore(): boolean {
    return this.#machine.retained.length > 0 || this.#log.history.submission.restore !== null
  }
}

const unheard = (): void => {}
