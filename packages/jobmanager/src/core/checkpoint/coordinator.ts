// The checkpoint coordinator of one job: event in, effects out (see events.ts). One checkpoint goes
//
//   trigger → every task acknowledges → write-manifest → log-completion → notify-complete, discard what is subsumed
//
// and each step is asked for only when the success of the one before has come back. The log entry is the decision: before
// it a checkpoint may be aborted at any time, after it never. Where nobody can say whether the entry exists (D2), the
// checkpoint counts as failed for everyone who waits, and as present for everyone who deletes.
//
// One checkpoint at a time is written and logged, so that the log's ids rise; when several are ready, the newest goes
// first and subsumes the others. It does not choose where a job restores from: the job log knows.

import { assert, unreachable } from '@weirjs/common/core/assert'
import type { Failure } from '@weirjs/common/core/errors'
import type { CheckpointSettings } from '@weirjs/common/core/graph/logical-graph'
import {
  type Attempt,
  attempt,
  type CheckpointId,
  checkpointId,
  type TaskId,
} from '@weirjs/common/core/ids'
import type {
  CheckpointKind,
  CompletedCheckpoint,
  CoordinatorEffect,
  CoordinatorEvent,
  CoordinatorOptions,
} from './events.ts'
import {
  aborted,
  CODE_FAILED,
  CODE_SUBSUMED,
  CODE_TASKS_STOPPED,
  CODE_TIMED_OUT,
  FailureCount,
  tooManyFailures,
} from './failure-count.ts'
import { FinalCheckpoint } from './final-checkpoint.ts'
import { PendingCheckpoint, PendingCheckpoints, type Tombstone } from './pending-checkpoint.ts'
import { Retention } from './retention.ts'
import {
  assertCheckpointSettings,
  decideTrigger,
  firstPeriodicDueMs,
  MANUAL_REQUESTS_MAX,
  nextPeriodicDueMs,
} from './trigger-policy.ts'

type ManualResult = Extract<CoordinatorEffect, { type: 'manual-result' }>['result']
type Now = { readonly nowMs: number; readonly wallMs: number }

export class CheckpointCoordinator {
  readonly #settings: CheckpointSettings
  readonly #tasks: readonly TaskId[]
  readonly #pending = new PendingCheckpoints()
  readonly #retention: Retention
  readonly #failures: FailureCount
  #nextId: CheckpointId
  #attempt: Attempt = attempt(0)
  #running = false
  /** A leader before us had checkpoints already. */
  readonly #restarted: boolean
  readonly #final: FinalCheckpoint
  #waiting: string[] = []
  #periodicDueMs: number | null = null
  #lastCompletionMs: number | null = null
  #wakeAtMs: number | null = null
  #effects: CoordinatorEffect[] = []

  constructor(options: CoordinatorOptions) {
    assertCheckpointSettings(options.settings)
    assert(options.tasks.length > 0, 'a job has tasks')
    this.#settings = options.settings
    this.#tasks = options.tasks
    this.#retention = new Retention(options.settings.retained, options.retained)
    this.#failures = new FailureCount(options.settings.tolerableFailures)
    this.#nextId = options.nextCheckpointId
    this.#restarted = options.retained.length > 0
    const latest = this.#retention.latest
    assert(
      latest === null || latest.checkpointId < this.#nextId,
      'checkpoint ids rise over all epochs',
    )
    this.#final = new FinalCheckpoint(latest?.kind === 'final')
  }

  /** Completed and retained, newest last. */
  get retained(): readonly CompletedCheckpoint[] {
    return this.#retention.completed
  }

  /** Failures that counted since the last success. */
  get failuresInARow(): number {
    return this.#failures.inARow
  }

  /** While true, a checkpoint's log entry is being written: who restores must wait for the outcome. */
  get deciding(): boolean {
    return this.#pending.all().some((pending) => pending.phase.tag === 'logging')
  }

  step(event: CoordinatorEvent): readonly CoordinatorEffect[] {
    this.#effects = []
    this.#take(event)
    this.#expire(event)
    this.#triggerDue(event)
    this.#askForWake(event)
    return this.#effects
  }

  #take(event: CoordinatorEvent): void {
    switch (event.type) {
      case 'tasks-running':
        return this.#start(event)
      case 'tasks-stopped':
        return this.#stop(event)
      case 'all-end-of-data':
        return this.#endOfData(event)
      case 'manual-trigger':
        return this.#requestManual(event)
      case 'tick':
        this.#wakeAtMs = null // an early one is asked for again
        return
      case 'acknowledged':
        return this.#acknowledge(event)
      case 'declined':
        return this.#failCollecting(event.decline.checkpointId, event.decline.failure, event)
      case 'trigger-failed':
        return this.#failCollecting(event.checkpointId, event.failure, event)
      case 'manifest-written':
        return this.#logCompletion(event)
      case 'completion-logged':
        return this.#complete(event)
      case 'manifest-failed':
      case 'completion-failed':
        return this.#failFinalization(event)
      default:
        return unreachable(event)
    }
  }

  #start(event: CoordinatorEvent & { type: 'tasks-running' }): void {
    assert(!this.#running, 'tasks are stopped before they run again')
    assert(event.attempt > this.#attempt, 'attempts rise')
    this.#running = true
    this.#attempt = event.attempt
    const restarted = this.#restarted || event.attempt > 1
    this.#periodicDueMs = firstPeriodicDueMs(this.#settings, restarted, event.nowMs)
  }

  /** What is being logged goes on: only the log can say how it ends. Everything before that is aborted. */
  #stop(event: CoordinatorEvent & { type: 'tasks-stopped' }): void {
    this.#running = false
    this.#periodicDueMs = null
    const reason = aborted(CODE_TASKS_STOPPED, `the job's tasks stopped: ${event.failure.message}`)
    for (const pending of this.#pending.all()) {
      if (pending.phase.tag !== 'logging') this.#abort(pending, reason, 'aborted', event)
    }
    this.#final.tasksStopped()
    for (const requestId of this.#waiting) this.#answer(requestId, { failure: reason })
    this.#waiting = []
  }

  /** The final checkpoint takes the place of everything that is still being collected, and answers who waits. */
  #endOfData(event: Now): void {
    if (this.#final.tag !== 'not-yet') return
    this.#final.inputEnded(event.nowMs)
    this.#periodicDueMs = null
  }

  #requestManual(event: CoordinatorEvent & { type: 'manual-trigger' }): void {
    const refusal = this.#refusal()
    if (refusal !== null) return this.#answer(event.requestId, { failure: refusal })
    const known = (one: PendingCheckpoint): boolean => one.requestIds.includes(event.requestId)
    if (this.#waiting.includes(event.requestId) || this.#pending.all().some(known)) return
    this.#waiting.push(event.requestId)
  }

  #refusal(): Failure | null {
    if (!this.#running) return aborted('job/wrong-state', 'the job is not running')
    if (this.#final.tag === 'triggered' || this.#final.tag === 'complete') {
      return aborted('job/wrong-state', 'the job takes its final checkpoint')
    }
    if (this.#waiting.length < MANUAL_REQUESTS_MAX) return null
    const message = `${MANUAL_REQUESTS_MAX} requests for a checkpoint wait already`
    return { ...aborted(CODE_FAILED, message), retry: 'backoff' }
  }

  #acknowledge(event: CoordinatorEvent & { type: 'acknowledged' }): void {
    const outcome = this.#pending.acknowledge(event.ack)
    const pending = this.#pending.get(event.ack.checkpointId)
    switch (outcome) {
      case 'accepted':
        if (pending !== null) this.#record(pending, 'IN_PROGRESS')
        return
      case 'completed':
        assert(pending !== null, 'a checkpoint is pending while it is acknowledged')
        pending.phase = { tag: 'ready' }
        this.#record(pending, 'IN_PROGRESS')
        return this.#finalizeNext()
      case 'late':
        this.#effects.push({ type: 'discard-aborted', checkpointId: event.ack.checkpointId })
        return
      case 'duplicate':
      case 'unknown':
        return
      default:
        return unreachable(outcome)
    }
  }

  /** Starts to write the newest checkpoint that is ready, unless one is being written. */
  #finalizeNext(): void {
    const all = this.#pending.all()
    if (all.some((one) => one.phase.tag === 'writing-manifest' || one.phase.tag === 'logging'))
      return
    const newest = all.findLast((one) => one.phase.tag === 'ready')
    if (newest === undefined) return
    newest.phase = { tag: 'writing-manifest' }
    this.#effects.push({
      type: 'write-manifest',
      checkpointId: newest.checkpointId,
      content: newest.content(),
    })
  }

  #logCompletion(event: CoordinatorEvent & { type: 'manifest-written' }): void {
    const pending = this.#pending.get(event.checkpointId)
    if (pending === null) return // aborted meanwhile: without a log entry its manifest means nothing
    assert(pending.phase.tag === 'writing-manifest', 'a manifest is written once')
    const completed = pending.completed(event.path, event.sha256, event.wallMs)
    pending.phase = { tag: 'logging', completed }
    this.#effects.push({ type: 'log-completion', completed })
  }

  #complete(event: CoordinatorEvent & { type: 'completion-logged' }): void {
    const pending = this.#pending.get(event.checkpointId)
    assert(pending?.phase.tag === 'logging', 'a completion is logged after it was asked for')
    const { completed } = pending.phase
    this.#pending.end(pending, 'completed')
    this.#failures.succeeded()
    this.#lastCompletionMs = event.nowMs
    const final = pending.kind === 'final'
    if (final) this.#final.completed()
    this.#effects.push({ type: 'record', record: pending.record('COMPLETED', event.wallMs, null) })
    if (this.#current(pending))
      this.#effects.push({ type: 'notify-complete', checkpointId: pending.checkpointId, final })
    const subsumed = this.#retention.add(completed)
    if (subsumed.length > 0)
      this.#effects.push({ type: 'discard-completed', checkpoints: subsumed })
    for (const requestId of pending.requestIds) this.#answer(requestId, { completed })
    this.#subsumeOlder(completed, event)
    this.#finalizeNext()
  }

  /** Who waits for an older one is served by this one just as well. */
  #subsumeOlder(newest: CompletedCheckpoint, now: Now): void {
    const reason = aborted(
      CODE_SUBSUMED,
      `checkpoint ${newest.checkpointId} is complete, which is newer`,
    )
    for (const older of this.#pending.all()) {
      if (older.checkpointId > newest.checkpointId) continue
      this.#end(older, reason, 'aborted', now)
      for (const requestId of older.requestIds) this.#answer(requestId, { completed: newest })
    }
  }

  #failCollecting(id: CheckpointId, failure: Failure, now: Now): void {
    const pending = this.#pending.get(id)
    if (pending === null || pending.phase.tag !== 'collecting') return
    this.#abort(pending, failure, 'aborted', now)
  }

  /** Its files go, a full storage needs the room: unless the entry is in doubt, or the manifest there is somebody else's. */
  #failFinalization(
    event: CoordinatorEvent & { type: 'manifest-failed' | 'completion-failed' },
  ): void {
    const pending = this.#pending.get(event.checkpointId)
    if (pending === null) return
    const phase = event.type === 'manifest-failed' ? 'writing-manifest' : 'logging'
    assert(pending.phase.tag === phase, `a checkpoint fails in ${phase} while it is there`)
    if (pending.phase.tag === 'logging') this.#retention.addDoubtful(pending.phase.completed)
    const doubt = phase === 'logging' || event.failure.code === 'checkpoint/manifest-exists'
    this.#abort(pending, event.failure, doubt ? 'doubtful' : 'aborted', event)
    this.#finalizeNext()
  }

  #abort(pending: PendingCheckpoint, reason: Failure, how: Tombstone, now: Now): void {
    this.#end(pending, reason, how, now)
    for (const requestId of pending.requestIds) this.#answer(requestId, { failure: reason })
  }

  /** Ends a checkpoint without success; the requests that it should have answered are the caller's. */
  #end(pending: PendingCheckpoint, reason: Failure, how: Tombstone, now: Now): void {
    this.#pending.end(pending, how)
    this.#effects.push({ type: 'record', record: pending.record('FAILED', now.wallMs, reason) })
    this.#effects.push({ type: 'notify-aborted', checkpointId: pending.checkpointId, reason })
    if (how === 'aborted')
      this.#effects.push({ type: 'discard-aborted', checkpointId: pending.checkpointId })
    this.#final.failed(pending.checkpointId, this.#current(pending), now.nowMs)
    if (this.#failures.failed(pending.checkpointId, reason) !== 'exceeded') return
    this.#periodicDueMs = null // the job stops by this
    const failure = tooManyFailures(this.#settings.tolerableFailures, reason)
    this.#effects.push({ type: 'fail-job', failure })
  }

  /** The tasks that took part in it still run. */
  #current(pending: PendingCheckpoint): boolean {
    return this.#running && pending.attempt === this.#attempt
  }

  #expire(now: Now): void {
    for (const pending of this.#pending.all()) {
      if (pending.phase.tag !== 'collecting' || pending.deadlineMs > now.nowMs) continue
      const { acknowledged, total } = pending.record('FAILED', null, null)
      const message = `${acknowledged} of ${total} tasks had acknowledged after ${this.#settings.timeoutMs} ms`
      const reason: Failure = { ...aborted(CODE_TIMED_OUT, message), retry: 'backoff' }
      this.#abort(pending, reason, 'aborted', now)
    }
  }

  #triggerDue(now: Now): void {
    for (;;) {
      const decision = this.#decide(now)
      if (decision.decision === 'wait') return
      this.#trigger(decision.kind, now)
    }
  }

  #decide(now: Now): ReturnType<typeof decideTrigger> {
    return decideTrigger(
      this.#settings,
      {
        running: this.#running,
        pending: this.#pending.size,
        manualWaiting: this.#waiting.length > 0,
        finalDueMs: this.#final.dueMs,
        finalTriggered: this.#final.tag === 'triggered' || this.#final.tag === 'complete',
        periodicDueMs: this.#periodicDueMs,
        lastCompletionMs: this.#lastCompletionMs,
      },
      now.nowMs,
    )
  }

  #trigger(kind: CheckpointKind, now: Now): void {
    const id = this.#nextId
    this.#nextId = checkpointId(id + 1)
    if (kind === 'final') this.#makeWayForFinal(id, now)
    const pending = new PendingCheckpoint({
      checkpointId: id,
      kind,
      attempt: this.#attempt,
      triggeredAtMs: now.wallMs,
      deadlineMs: now.nowMs + this.#settings.timeoutMs,
      tasks: this.#tasks,
      requestIds: this.#waiting,
    })
    this.#waiting = []
    this.#pending.add(pending)
    if (kind === 'periodic') this.#periodicDueMs = nextPeriodicDueMs(this.#settings, now.nowMs)
    this.#effects.push({ type: 'trigger', checkpointId: id, kind, timestampMs: now.wallMs })
    this.#record(pending, 'IN_PROGRESS')
  }

  /** Input has ended, so what is still being collected could only tell less than the final checkpoint will. */
  #makeWayForFinal(id: CheckpointId, now: Now): void {
    const reason = aborted(
      CODE_SUBSUMED,
      `the input has ended: the final checkpoint ${id} takes its place`,
    )
    for (const pending of this.#pending.all()) {
      if (pending.phase.tag !== 'collecting') continue
      this.#end(pending, reason, 'aborted', now)
      this.#waiting.push(...pending.requestIds)
    }
    this.#final.triggered(id)
  }

  #askForWake(now: Now): void {
    const decision = this.#decide(now)
    let atMs = decision.decision === 'wait' ? decision.untilMs : now.nowMs
    for (const pending of this.#pending.all()) {
      if (pending.phase.tag === 'collecting')
        atMs = Math.min(atMs ?? pending.deadlineMs, pending.deadlineMs)
    }
    if (atMs === null || (this.#wakeAtMs !== null && this.#wakeAtMs <= atMs)) return
    this.#wakeAtMs = atMs
    this.#effects.push({ type: 'wake-at', atMs })
  }

  #record(pending: PendingCheckpoint, state: 'IN_PROGRESS'): void {
    this.#effects.push({ type: 'record', record: pending.record(state, null, null) })
  }

  #answer(requestId: string, result: ManualResult): void {
    this.#effects.push({ type: 'manual-result', requestId, result })
  }
}
