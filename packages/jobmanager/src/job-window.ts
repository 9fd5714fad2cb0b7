// The window of one running job, for those who look: summary, details, checkpoints, followers, log lines, history. It is
// told by the job master what the machine says, and reads the machine; it never speaks to it.

import { unreachable } from '@weirjs/common/core/assert'
import type { CheckpointStorage } from '@weirjs/common/core/checkpoint/storage'
import type { Scheduler } from '@weirjs/common/core/clock'
import type { OutputLine, TaskReport } from '@weirjs/common/core/gateways'
import { type JobId, taskKey } from '@weirjs/common/core/ids'
import type { Log } from '@weirjs/common/core/log'
import type { CheckpointView, JobDetail, JobEventView, JobSummary } from '@weirjs/common/job-client'
import { CheckpointMeter } from './core/checkpoint/checkpoint-meter.ts'
import type { CheckpointRecord, CompletedCheckpoint } from './core/checkpoint/events.ts'
import type { JobEffect } from './core/events.ts'
import type { JobMachine } from './core/job/job-machine.ts'
import { isTerminal } from './core/job/job-states.ts'
import type { JobMeasures } from './job-entry.ts'
import {
  asCheckpointView,
  CheckpointBook,
  loggedAttempts,
  progressOf,
  shownSettings,
  taskView,
} from './job-views.ts'
import type { HistoryIndex } from './store/history-index.ts'
import type { JobHistory } from './store/job-history.ts'
import { keepSeen } from './seen-at-end.ts'
import { keepOutput, lookBack } from './watch/look-back.ts'
import { Watchers } from './watch/watchers.ts'
import { WorkDone } from './work-done.ts'

/** Followers are told of progress at most so often. */
export const PROGRESS_INTERVAL_MS = 500
export const ATTEMPTS_SHOWN_MAX = 100

export type ShownEffect = Extract<
  JobEffect,
  {
    type: 'checkpoint-record' | 'state-changed' | 'health-changed' | 'failed' | 'restored' | 'ended'
  }
>

export interface JobWindowOptions {
  readonly jobId: JobId
  readonly machine: JobMachine
  readonly history: () => JobHistory
  readonly storage: CheckpointStorage
  readonly index: HistoryIndex
  readonly scheduler: Scheduler
  readonly logger: Log
}

export class JobWindow {
  readonly #options: JobWindowOptions
  readonly #watchers: Watchers
  readonly #book: CheckpointBook
  readonly #reports = new Map<string, TaskReport>()
  readonly #meter = new CheckpointMeter()
  readonly #work = new WorkDone()
  #endedAtMs: number | null = null
  #progressAtMs = 0

  constructor(options: JobWindowOptions) {
    this.#options = options
    this.#watchers = new Watchers(options.history().epoch)
    this.#book = new CheckpointBook(options.jobId, options.storage)
  }

  // ---- for clients ----

  summary(): JobSummary {
    const view = this.#options.machine.view
    const { submission } = this.#options.history()
    return {
      jobId: this.#options.jobId,
      name: submission.graph.name,
      state: view.state,
      health: view.degraded === null ? 'HEALTHY' : 'DEGRADED',
      submittedAtMs: submission.submittedAtMs,
      endedAtMs: this.#endedAtMs,
      attempt: view.attempt,
      restarts: view.restarts,
      tasks: { total: view.tasksTotal, running: view.tasksRunning },
      lastCheckpointId: view.lastCheckpointId,
      failure: view.failure ?? view.degraded,
    }
  }

  detail(): JobDetail {
    const { machine } = this.#options
    const { submission, attempts, epoch } = this.#options.history()
    const former = loggedAttempts(attempts.filter((one) => one.epoch < epoch))
    return {
      ...this.summary(),
      plan: submission.plan,
      settings: shownSettings(submission.settings),
      taskViews: machine.tasks.map((entry) => taskView(entry, this.#reports.get(entry.key))),
      attempts: [...machine.attempts, ...former].slice(0, ATTEMPTS_SHOWN_MAX),
    }
  }

  async checkpoints(): Promise<readonly CheckpointView[]> {
    const records = await this.#options.index.list(this.#options.jobId, 'checkpoint')
    const older = records.map(asCheckpointView).filter((view) => view !== null)
    return this.#book.views(this.#options.history().retained, older)
  }

  get measures(): JobMeasures {
    return { checkpoints: this.#meter, reports: this.#reports }
  }

  completed(checkpoint: CompletedCheckpoint): CheckpointView {
    return this.#book.completed(checkpoint)
  }

  watch(signal: AbortSignal): AsyncIterable<JobEventView> {
    const { index, jobId, machine } = this.#options
    const state: JobEventView = { type: 'state', job: this.summary() }
    if (isTerminal(machine.state)) return lookBack(index, jobId, this.#watchers, state)
    return this.#watchers.watch([state, ...this.#restoredNow()], signal)
  }

  /** Whoever comes late is told too what the present attempt started from. */
  #restoredNow(): readonly JobEventView[] {
    const [present] = this.#options.machine.attempts
    if (present === undefined || present.restoredFrom === null) return []
    return [{ type: 'restored', checkpointId: present.restoredFrom, attempt: present.attempt }]
  }

  /** Followers are let go; what there is can still be read. */
  close(): void {
    this.#watchers.end()
  }

  // ---- from workers ----

  /** Of a task that is current. */
  reported(report: TaskReport): void {
    this.#reports.set(taskKey(report.task), report)
    const nowMs = this.#options.scheduler.nowMs()
    if (nowMs - this.#progressAtMs < PROGRESS_INTERVAL_MS) return
    this.#progressAtMs = nowMs
    this.#publishProgress()
  }

  printed(line: OutputLine): void {
    this.#watchers.print({ type: 'output', stream: line.stream, text: line.text })
  }

  // ---- from the machine ----

  show(effect: ShownEffect): void {
    switch (effect.type) {
      case 'checkpoint-record':
        return this.#recorded(effect.record)
      case 'state-changed':
      case 'health-changed':
        return this.#changed(effect)
      case 'failed':
        return this.#failed(effect)
      case 'restored':
        return this.#watchers.publish(effect)
      case 'ended':
        return this.#ended()
      default:
        unreachable(effect)
    }
  }

  /** In every line about the job. */
  get #names(): { readonly jobId: JobId; readonly job: string; readonly attempt: number } {
    const { jobId, machine, history } = this.#options
    return { jobId, job: history().submission.graph.name, attempt: machine.view.attempt }
  }

  #recorded(record: CheckpointRecord): void {
    const view = this.#book.record(record)
    this.#meter.record(record)
    const { jobId, logger, index } = this.#options
    const { checkpointId, kind, stateBytes: bytes, triggeredAtMs, failure } = record
    const durationMs = record.endedAtMs === null ? null : record.endedAtMs - triggeredAtMs
    if (record.state === 'IN_PROGRESS') {
      if (record.acknowledged > 0) return
    } else {
      index.put(jobId, 'checkpoint', checkpointId, view)
      if (record.state === 'COMPLETED') {
        logger.info(
          { ...this.#names, checkpointId, bytes, durationMs, kind },
          `Checkpoint completed with ID ${checkpointId} and timestamp ${triggeredAtMs}`,
        )
      } else {
        const fields = {
          ...this.#names,
          checkpointId,
          durationMs,
          kind,
          code: failure?.code,
          reason: failure?.message,
        }
        logger.warn(fields, 'checkpoint failed')
      }
    }
    this.#watchers.publish({ type: 'checkpoint', checkpoint: view })
  }

  #changed(effect: Extract<ShownEffect, { type: 'state-changed' | 'health-changed' }>): void {
    const { logger } = this.#options
    if (effect.type === 'state-changed') {
      const { from, to } = effect
      logger.info({ ...this.#names, from, to }, 'job state changed')
      if (isTerminal(to)) this.#endedAtMs = this.#options.history().terminal?.endedAtMs ?? null
    } else if (effect.degraded === null) logger.info(this.#names, 'job is healthy')
    else {
      const { code, message } = effect.degraded
      logger.warn({ ...this.#names, code, reason: message }, 'job is degraded')
    }
    this.#watchers.publish({ type: 'state', job: this.summary() })
  }

  #failed(effect: Extract<ShownEffect, { type: 'failed' }>): void {
    const { failure, willRestart, delayMs } = effect
    const { code, message } = failure
    const fields = { ...this.#names, code, reason: message, willRestart, delayMs }
    this.#options.logger.warn(fields, 'job failed')
    this.#watchers.publish({ type: 'failure', failure, willRestart, delayMs })
  }

  #ended(): void {
    const { index, jobId } = this.#options
    this.#publishProgress()
    keepOutput(index, jobId, this.#watchers)
    keepSeen(index, jobId, this.summary())
    this.#watchers.end()
  }

  #publishProgress(): void {
    const { plan } = this.#options.history().submission
    // Also when nobody looks: how much there was is seen in time only.
    const doneRatio = this.#work.ratio(plan, this.#reports, this.#options.scheduler.nowMs())
    if (!this.#watchers.watched) return
    this.#watchers.publish({ type: 'progress', ...progressOf(plan, this.#reports), doneRatio })
  }
}
