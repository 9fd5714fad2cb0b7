// Stands between the job machine and its checkpoint coordinator: forwards what concerns checkpoints, and turns the
// coordinator's effects, which speak of tasks, into calls to workers, which carry a fence. The coordinator knows one
// attempt, that of the whole job; regions that did not fail have an older one, which is translated here.

import { unreachable } from '@weirjs/common/core/assert'
import type { Failure } from '@weirjs/common/core/errors'
import type { CheckpointAck, CheckpointDecline } from '@weirjs/common/core/gateways'
import { type Attempt, attempt, type CheckpointId } from '@weirjs/common/core/ids'
import { CheckpointCoordinator } from '../checkpoint/coordinator.ts'
import type {
  CompletedCheckpoint,
  CoordinatorEffect,
  CoordinatorEvent,
} from '../checkpoint/events.ts'
import { DEGRADED_AFTER_FAILURES } from '../checkpoint/failure-count.ts'
import type { CheckpointOutcome } from '../events.ts'
import { isOver, type TaskEntry } from './execution-graph.ts'
import type { JobContext } from './job-context.ts'

/** The word that the final checkpoint is complete is repeated so often to tasks that have not finished. */
export const FINAL_NOTICE_RETRY_MS = 2_000

export class CheckpointDesk {
  readonly #context: JobContext
  readonly #coordinator: CheckpointCoordinator
  /** Of the coordinator's present run; null while it is stopped. */
  #attempt: Attempt | null = null
  #lastAttempt: Attempt = attempt(0)
  #lastFailure: Failure | null = null
  #endOfDataTold = false
  #finalNoticeAtMs: number | null = null
  #jobFailure: Failure | null = null

  constructor(context: JobContext) {
    this.#context = context
    const { settings, nextCheckpointId, retained } = context.options
    this.#coordinator = new CheckpointCoordinator({
      settings: settings.checkpoint,
      tasks: context.graph.tasks.map((entry) => entry.task),
      nextCheckpointId,
      retained,
    })
  }

  /** What a restart begins from. Not to be asked while `deciding`. */
  get newest(): CompletedCheckpoint | null {
    return this.#coordinator.retained.at(-1) ?? null
  }

  get retained(): readonly CompletedCheckpoint[] {
    return this.#coordinator.retained
  }

  /** A log entry is being written: whether its checkpoint is complete is not known yet. */
  get deciding(): boolean {
    return this.#coordinator.deciding
  }

  /** Why health is DEGRADED, as far as checkpoints go. */
  get degraded(): Failure | null {
    return this.#coordinator.failuresInARow >= DEGRADED_AFTER_FAILURES ? this.#lastFailure : null
  }

  /** The coordinator's demand that the job fail, once. */
  takeJobFailure(): Failure | null {
    const failure = this.#jobFailure
    this.#jobFailure = null
    return failure
  }

  // ---- what the machine tells ----

  tasksRunning(): void {
    if (this.#attempt !== null) return
    this.#attempt = this.#context.attempt
    this.#lastAttempt = this.#context.attempt
    this.#endOfDataTold = false
    this.#step({ type: 'tasks-running', attempt: this.#attempt, ...this.#context.now })
  }

  tasksStopped(failure: Failure): void {
    if (this.#attempt === null) return
    this.#attempt = null
    this.#step({ type: 'tasks-stopped', failure, ...this.#context.now })
  }

  allEndOfData(): void {
    if (this.#attempt === null || this.#endOfDataTold) return
    this.#endOfDataTold = true
    this.#step({ type: 'all-end-of-data', ...this.#context.now })
  }

  tick(): void {
    this.#step({ type: 'tick', ...this.#context.now })
  }

  manual(requestId: string): void {
    this.#step({ type: 'manual-trigger', requestId, ...this.#context.now })
  }

  /** The sender's fence has been found current for its task. */
  acknowledged(ack: CheckpointAck): void {
    const fence = { ...ack.fence, attempt: this.#lastAttempt }
    this.#step({ type: 'acknowledged', ack: { ...ack, fence }, ...this.#context.now })
  }

  declined(decline: CheckpointDecline): void {
    const fence = { ...decline.fence, attempt: this.#lastAttempt }
    this.#step({ type: 'declined', decline: { ...decline, fence }, ...this.#context.now })
  }

  outcome(outcome: CheckpointOutcome): void {
    this.#step({ ...outcome, ...this.#context.now })
    // Also when its tasks fell meanwhile: what is decided is decided, and they will only commit.
    const newest = this.newest
    if (newest?.kind === 'final') this.#context.finishing = newest.checkpointId
  }

  // ---- the word that the final checkpoint is complete: tasks wait for it, so it is repeated ----

  /** When it is to be said again; null: not at all. */
  get finalNoticeAtMs(): number | null {
    return this.#finalNoticeAtMs
  }

  /** To be called while tasks are missing that have not finished; says it when the time has come. */
  repeatFinalNotice(finishing: CheckpointId): void {
    const { nowMs } = this.#context.now
    if (this.#finalNoticeAtMs !== null && this.#finalNoticeAtMs <= nowMs) {
      this.#notifyComplete(finishing, true, this.#alive())
      this.#finalNoticeAtMs = null
    }
    this.#finalNoticeAtMs ??= nowMs + FINAL_NOTICE_RETRY_MS
  }

  noFinalNotice(): void {
    this.#finalNoticeAtMs = null
  }

  // ---- what the coordinator asks ----

  #step(event: CoordinatorEvent): void {
    for (const effect of this.#coordinator.step(event)) this.#run(effect)
  }

  #run(effect: CoordinatorEffect): void {
    const context = this.#context
    switch (effect.type) {
      case 'trigger':
        return this.#trigger(effect)
      case 'notify-complete':
        return this.#notifyComplete(effect.checkpointId, effect.final, this.#alive())
      case 'notify-aborted':
        return this.#notifyAborted(effect.checkpointId)
      case 'record':
        if (effect.record.failure !== null) this.#lastFailure = effect.record.failure
        return context.emit({ type: 'checkpoint-record', record: effect.record })
      case 'fail-job':
        this.#jobFailure = effect.failure
        return
      case 'write-manifest':
        return context.emit({ type: 'write-manifest', content: effect.content })
      case 'log-completion':
      case 'discard-completed':
      case 'discard-aborted':
      case 'wake-at':
      case 'manual-result':
        return context.emit(effect)
      default:
        return unreachable(effect)
    }
  }

  #alive(): readonly TaskEntry[] {
    return this.#context.graph.tasks.filter(
      (entry) => entry.state !== 'waiting' && !isOver(entry.state),
    )
  }

  #trigger(effect: Extract<CoordinatorEffect, { type: 'trigger' }>): void {
    const roots = this.#alive().filter((entry) => entry.root)
    for (const share of this.#context.shares(roots)) {
      this.#context.emit({
        type: 'trigger',
        workerId: share.workerId,
        request: {
          fence: this.#context.fence(share.attempt),
          checkpointId: effect.checkpointId,
          timestampMs: effect.timestampMs,
          tasks: share.entries.map((entry) => entry.task),
          final: effect.kind === 'final',
        },
      })
    }
  }

  #notifyComplete(checkpointId: CheckpointId, final: boolean, entries: readonly TaskEntry[]): void {
    for (const share of this.#context.shares(entries)) {
      const notice = { fence: this.#context.fence(share.attempt), checkpointId, final }
      this.#context.emit({ type: 'notify-complete', workerId: share.workerId, notice })
    }
  }

  #notifyAborted(checkpointId: CheckpointId): void {
    for (const share of this.#context.shares(this.#alive())) {
      const notice = { fence: this.#context.fence(share.attempt), checkpointId, final: false }
      this.#context.emit({ type: 'notify-aborted', workerId: share.workerId, notice })
    }
  }
}
