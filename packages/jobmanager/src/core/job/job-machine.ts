// One job, as a machine: step(event) → effects. It owns the tasks' states, the regions' phases, the restart policy and the
// checkpoint coordinator, and it alone decides what a message means. A step has two halves: the event changes what is
// known; then `settle` looks at the whole and lets everything follow that now can (start, run, finish, end). So no
// handler has to foresee what else its change makes possible.
//
// It holds no promise and reads no clock. Messages of older attempts are counted and dropped. A region restarts when its
// tasks are over or their workers dead, or when waiting has lasted too long: then the fence keeps the old ones harmless.

import { assert, unreachable } from '@weirjs/common/core/assert'
import type { Failure } from '@weirjs/common/core/errors'
import type { TaskUpdate } from '@weirjs/common/core/gateways'
import type { Fence, TaskId, WorkerId } from '@weirjs/common/core/ids'
import type { AttemptView, JobState } from '@weirjs/common/core/job-views'
import type { CompletedCheckpoint } from '../checkpoint/events.ts'
import type { EndState, JobEffect, JobEvent } from '../events.ts'
import { AttemptHistory } from './attempt-history.ts'
import { CheckpointDesk } from './checkpoint-desk.ts'
import { DeployWatch } from './deploy-watch.ts'
import { countIn, type Region, type TaskEntry } from './execution-graph.ts'
import { Failover } from './failover.ts'
import {
  JobContext,
  type JobMachineOptions,
  type JobMachineView,
  jobFailure,
} from './job-context.ts'
import { isEnding, isTerminal, keepsCheckpoints, move } from './job-states.ts'
import { Launcher } from './launcher.ts'
import { RegionStopper } from './region-stopper.ts'
import { type StartOutcome, Starter } from './starter.ts'
import { TaskLedger } from './task-ledger.ts'

/** How the job ends, from the moment when that is decided. */
interface Ending {
  readonly state: EndState
  readonly failure: Failure | null
  readonly asked: boolean
}

export class JobMachine {
  readonly #context: JobContext
  readonly #failover: Failover
  readonly #ledger: TaskLedger
  readonly #desk: CheckpointDesk
  readonly #starter: Starter
  readonly #launcher: Launcher
  readonly #deployWatch: DeployWatch
  readonly #stopper: RegionStopper
  readonly #history: AttemptHistory
  #state: JobState = 'INITIALIZING'
  #ending: Ending | null = null
  /** How far the wish to cancel has come; `logged`: it outlives this leader. */
  #cancelWish: 'none' | 'asked' | 'logged' = 'none'
  #logStalled: Failure | null = null
  #degraded: Failure | null = null
  #allRunningSinceMs: number | null = null
  #wakeAtMs: number | null = null

  constructor(options: JobMachineOptions) {
    this.#context = new JobContext(options)
    this.#ledger = new TaskLedger(this.#context)
    this.#desk = new CheckpointDesk(this.#context)
    this.#history = new AttemptHistory(this.#context)
    this.#launcher = new Launcher(this.#context)
    this.#deployWatch = new DeployWatch(this.#context)
    this.#stopper = new RegionStopper(this.#context)
    this.#failover = new Failover(this.#context, this.#stopper, this.#history)
    this.#starter = new Starter(this.#context, {
      deciding: () => this.#desk.deciding,
      restoreSource: () => {
        const own = this.#desk.newest
        if (own !== null) return { kind: 'own', completed: own }
        return options.restorePath === null ? null : { kind: 'named', path: options.restorePath }
      },
      onRestored: (attempt, manifest) => {
        this.#history.restored(attempt, manifest.checkpointId)
        this.#context.emit({ type: 'restored', checkpointId: manifest.checkpointId, attempt })
      },
      onFailed: (attempt, failure) => this.#history.end(attempt, failure),
    })
  }

  step(event: JobEvent): readonly JobEffect[] {
    this.#context.now = { nowMs: event.nowMs, wallMs: event.wallMs }
    if (!isTerminal(this.#state)) {
      this.#take(event)
      this.#settle()
    }
    return this.#context.takeEffects()
  }

  // ---- views ----

  get state(): JobState {
    return this.#state
  }

  get view(): JobMachineView {
    return {
      state: this.#state,
      degraded: this.#degraded,
      failure: this.#ending === null ? this.#failover.failure : this.#ending.failure,
      attempt: this.#context.attempt,
      // A job that was taken over has been restarted once for each attempt that there was.
      restarts: this.#context.options.lastAttempt + this.#failover.restarts,
      tasksTotal: this.#context.graph.tasks.length,
      tasksRunning: this.#context.graph.count('running', 'ended', 'finished'),
      lastCheckpointId: this.#desk.newest?.checkpointId ?? null,
      staleMessages: this.#ledger.stale,
    }
  }

  get tasks(): readonly TaskEntry[] {
    return this.#context.graph.tasks
  }

  /** Newest first. */
  get attempts(): readonly AttemptView[] {
    return this.#history.attempts
  }

  get retained(): readonly CompletedCheckpoint[] {
    return this.#desk.retained
  }

  /** True when the sender of a message about `task` is the one that was deployed last. */
  isCurrent(fence: Fence, task: TaskId): boolean {
    return this.#ledger.current(fence, task) !== null
  }

  // ---- first half of a step ----

  #take(event: JobEvent): void {
    switch (event.type) {
      case 'start':
        return this.#start()
      case 'tick':
        this.#wakeAtMs = null
        this.#stopper.tick()
        this.#launcher.tick()
        this.#startOutcomes(this.#starter.tick())
        this.#failLate()
        return this.#desk.tick()
      case 'seats-granted':
        return this.#starter.seatsGranted(event.requestId, event.seats)
      case 'restore-loaded':
      case 'restore-failed':
      case 'slots-allocated':
      case 'allocate-failed':
        return this.#startOutcomes(this.#starter.answered(event))
      case 'deploy-failed':
        return this.#deployFailed(event)
      case 'task-update':
        return this.#taskUpdate(event.update)
      case 'worker-lost':
        return this.#workerLost(event.workerId, event.failure)
      case 'worker-draining':
        return this.#workerDraining(event.workerId, event.failure)
      case 'slots-lost':
        return this.#slotsLost(event)
      case 'acknowledged':
        if (this.#ledger.current(event.ack.fence, event.ack.task) === null)
          return this.#ledger.countStale()
        return this.#desk.acknowledged(event.ack)
      case 'declined':
        if (this.#ledger.current(event.decline.fence, event.decline.task) === null)
          return this.#ledger.countStale()
        return this.#desk.declined(event.decline)
      case 'manual-trigger':
        return this.#desk.manual(event.requestId)
      case 'checkpoint-outcome':
        return this.#desk.outcome(event.outcome)
      case 'cancel':
        return this.#cancel()
      case 'cancel-logged':
        this.#cancelWish = 'logged'
        return this.#context.emit({ type: 'cancel-accepted' })
      case 'terminal-logged':
        return this.#ended()
      case 'log-health':
        this.#logStalled = event.stalled
        return
      default:
        return unreachable(event)
    }
  }

  #start(): void {
    assert(this.#state === 'INITIALIZING', 'a job starts once')
    if (this.#context.options.cancelRequested) {
      this.#cancelWish = 'logged'
      return this.#end('CANCELLING', 'CANCELED', null)
    }
    this.#move(this.#context.options.recovered ? 'RESTARTING' : 'CREATED')
  }

  #taskUpdate(update: TaskUpdate): void {
    const outcome = this.#ledger.update(update)
    if (outcome.tag === 'stale') this.#ledger.countStale()
    if (outcome.tag === 'failed') this.#failRegions([outcome.region], outcome.failure)
  }

  #deployFailed(event: Extract<JobEvent, { type: 'deploy-failed' }>): void {
    const affected = this.#ledger.lose(
      (entry) => entry.attempt === event.attempt && entry.slot?.workerId === event.workerId,
    )
    if (affected.length === 0) return this.#ledger.countStale()
    const fence = this.#context.fence(event.attempt)
    // Some of the tasks may have been accepted: their process ends.
    this.#context.emit({ type: 'release', workerId: event.workerId, fence })
    this.#failRegions(affected, event.failure)
  }

  #workerLost(worker: WorkerId, failure: Failure): void {
    const had = this.#regionsOn((entry) => entry.slot?.workerId === worker)
    const affected = this.#ledger.lose((entry) => entry.slot?.workerId === worker)
    if (this.#ending === null) this.#failover.revise(had, failure)
    const starting = this.#starter.workerLost(worker, failure)
    this.#failRegions([...affected, ...starting.flatMap(({ regions }) => regions)], failure)
  }

  #workerDraining(worker: WorkerId, failure: Failure): void {
    const starting = this.#starter.workerDraining(worker, failure)
    const there = this.#regionsOn(({ slot }) => slot?.workerId === worker)
    this.#failRegions([...there, ...starting.flatMap(({ regions }) => regions)], failure)
  }

  #slotsLost(event: Extract<JobEvent, { type: 'slots-lost' }>): void {
    const { fence, workerId, failure } = event
    if (!this.#ledger.ours(fence)) return this.#ledger.countStale()
    const slots = new Set(event.slots)
    const there = ({ attempt, slot }: TaskEntry): boolean =>
      attempt === fence.attempt && slot?.workerId === workerId && slots.has(slot.index)
    const had = this.#regionsOn(there)
    const affected = this.#ledger.lose(there)
    if (this.#ending === null) this.#failover.revise(had, failure)
    this.#failRegions(affected, failure)
    this.#startOutcomes(this.#starter.slotsLost(fence.attempt, workerId, failure))
  }

  #regionsOn(there: (entry: TaskEntry) => boolean): Region[] {
    return this.#context.graph.regions.filter((region) => region.tasks.some(there))
  }

  #startOutcomes(outcomes: readonly StartOutcome[]): void {
    for (const outcome of outcomes) {
      if (outcome.tag === 'deployed') continue
      this.#failRegions(outcome.regions, outcome.failure)
    }
  }

  // ---- failure and end ----

  #failRegions(regions: readonly Region[], failure: Failure): void {
    const hit = this.#failover.hit(this.#launcher.withMates(regions))
    if (hit.length === 0 || this.#ending !== null) return
    this.#desk.tasksStopped(failure)
    const outcome = this.#failover.fail(hit, failure, this.#allRunningSinceMs)
    this.#allRunningSinceMs = null
    if (outcome === 'given-up') this.#end('FAILING', 'FAILED', failure)
    else if (this.#state !== 'RESTARTING') this.#move('RESTARTING')
  }

  #failLate(): void {
    const late = this.#deployWatch.late()
    if (late.length > 0) this.#failRegions(late, this.#deployWatch.failure(late))
  }

  /** Once the end of the job is being logged it is too late: who asked hears how it ended. */
  #cancel(): void {
    if (this.#cancelWish === 'logged') return this.#context.emit({ type: 'cancel-accepted' })
    if (this.#cancelWish === 'asked' || this.#ending?.asked === true) return
    if (this.#ending?.state === 'FINISHED') return
    this.#cancelWish = 'asked'
    this.#context.emit({ type: 'log-cancel' })
    if (this.#state !== 'FAILING') return this.#end('CANCELLING', 'CANCELED', null)
    this.#ending = { state: 'CANCELED', failure: null, asked: false }
    this.#move('CANCELLING')
  }

  #end(to: 'FAILING' | 'CANCELLING', state: EndState, failure: Failure | null): void {
    this.#ending = { state, failure, asked: false }
    this.#desk.tasksStopped(failure ?? jobFailure('job/canceled', 'the job is being canceled'))
    for (const { attempt } of this.#history.attempts) this.#history.end(attempt, failure)
    this.#starter.drop(this.#context.graph.regions)
    for (const region of this.#context.graph.regions) this.#stopper.stop(region, null)
    this.#move(to)
  }

  #ended(): void {
    const ending = this.#ending
    assert(ending?.asked === true, 'the end of a job is logged after it was asked for')
    const { graph, options } = this.#context
    const old = graph.tasks.filter((entry) => entry.state === 'finished')
    for (const { workerId, attempt } of this.#context.shares(old)) {
      this.#context.emit({ type: 'release', workerId, fence: this.#context.fence(attempt) })
    }
    for (const { attempt } of this.#history.attempts) this.#history.end(attempt, ending.failure)
    this.#move(ending.state)
    this.#context.emit({ type: 'free-seats' })
    const keepCheckpoints = keepsCheckpoints(options.settings.checkpoint, ending.state)
    this.#context.emit({ type: 'clean-up', keepCheckpoints })
    this.#context.emit({ type: 'ended', state: ending.state })
  }

  // ---- second half of a step: whatever can follow now, follows ----

  #settle(): void {
    const demanded = this.#desk.takeJobFailure()
    if (demanded !== null) this.#failRegions(this.#context.graph.regions, demanded)
    this.#stopper.settle()
    this.#startRested()
    this.#starter.loadRestores()
    this.#settleRegions()
    this.#launcher.settle()
    this.#settleJob()
    this.#settleEnd()
    this.#updateHealth()
    this.#askForWake()
  }

  #startRested(): void {
    if (this.#ending !== null || this.#state === 'INITIALIZING' || isTerminal(this.#state)) return
    const ready = this.#stopper.rested()
    if (ready.length > 0) this.#history.begin(this.#starter.begin(ready))
  }

  #settleRegions(): void {
    for (const region of this.#context.graph.regions) {
      const { phase } = region
      if (phase.tag !== 'launching' && phase.tag !== 'running') continue
      if (countIn(region, 'finished') === region.tasks.length)
        region.phase = { tag: 'finished', attempt: phase.attempt }
    }
  }

  #settleJob(): void {
    if (this.#ending !== null) return
    const { regions } = this.#context.graph
    const { finishing, now } = this.#context
    if (!regions.every(({ phase }) => phase.tag === 'running' || phase.tag === 'finished')) return
    this.#allRunningSinceMs ??= now.nowMs
    const state = finishing === null ? 'RUNNING' : 'FINISHING'
    if (this.#state !== state) this.#move(state)
    this.#failover.overcome()
    if (finishing === null) {
      this.#desk.tasksRunning()
      const total = this.#context.graph.tasks.length
      if (this.#context.graph.count('ended') === total) this.#desk.allEndOfData()
    } else if (regions.every(({ phase }) => phase.tag === 'finished')) {
      this.#ending = { state: 'FINISHED', failure: null, asked: false }
      this.#desk.noFinalNotice() // nobody is left to hear it: were it due, each wake would ask for the next at once
    } else {
      this.#desk.repeatFinalNotice(finishing)
    }
  }

  #settleEnd(): void {
    const ending = this.#ending
    if (ending === null || ending.asked || this.#desk.deciding) return
    const { regions } = this.#context.graph
    if (ending.state !== 'FINISHED' && !regions.every(({ phase }) => phase.tag === 'stopped'))
      return
    this.#ending = { ...ending, asked: true }
    this.#context.emit({ type: 'log-terminal', state: ending.state, failure: ending.failure })
  }

  #updateHealth(): void {
    const degraded = this.#starter.waitingTooLong ?? this.#logStalled ?? this.#desk.degraded
    if (degraded?.code === this.#degraded?.code && degraded?.message === this.#degraded?.message)
      return
    this.#degraded = degraded
    this.#context.emit({ type: 'health-changed', degraded })
  }

  #askForWake(): void {
    if (isTerminal(this.#state)) return
    const times = [
      this.#starter.nextWakeMs,
      this.#launcher.nextWakeMs,
      this.#deployWatch.nextWakeMs,
      this.#stopper.nextWakeMs,
      this.#desk.finalNoticeAtMs,
    ]
    const next = times.reduce((a, b) => (a === null ? b : b === null ? a : Math.min(a, b)), null)
    if (next === null || (this.#wakeAtMs !== null && this.#wakeAtMs <= next)) return
    this.#wakeAtMs = next
    this.#context.emit({ type: 'wake-at', atMs: next })
  }

  // ---- small things ----

  #move(to: JobState): void {
    const from = this.#state
    this.#state = move(from, to)
    if (isEnding(to)) this.#allRunningSinceMs = null
    if (from === 'FINISHING') this.#desk.noFinalNotice()
    this.#context.emit({ type: 'state-changed', from, to })
  }
}
