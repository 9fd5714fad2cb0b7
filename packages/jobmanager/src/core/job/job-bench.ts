// A world around one job machine, for its tests: workers with slots, tasks that obey, storage that works, time that is
// told. Everything the machine asks is written into a transcript and, unless a test says otherwise, done at once and
// answered. Not used by the running JobManager.

import type { Manifest } from '@weirjs/common/core/checkpoint/manifest'
import type { Failure, RetryHint } from '@weirjs/common/core/errors'
import type { TaskStateChange } from '@weirjs/common/core/gateways'
import type { JobSettings, LogicalGraph } from '@weirjs/common/core/graph/logical-graph'
import type { PhysicalPlan } from '@weirjs/common/core/graph/physical-plan'
import {
  type Attempt,
  attempt,
  checkpointId,
  type Fence,
  jobId,
  leaderEpoch,
  type TaskId,
  taskKey,
  type WorkerId,
  workerId,
} from '@weirjs/common/core/ids'
import { Prng } from '@weirjs/common/core/prng'
import type { JobEffect, JobEvent, JobHappening } from '../events.ts'
import { countingGraph, sampleSettings } from '../plan/graph-samples.ts'
import { planJob } from '../plan/planner.ts'
import { WorkerRegistry } from '../workers/worker-registry.ts'
import type { JobMachineOptions } from './job-context.ts'
import { type Habits, obedient } from './job-bench-habits.ts'
import { JobMachine } from './job-machine.ts'
import { emptySnapshot, emptyTasks, NO_STATS, sampleManifest } from './manifest-samples.ts'
import { describeEffect } from './job-transcript.ts'

export interface BenchOptions {
  readonly graph?: LogicalGraph
  readonly settings?: Partial<JobSettings>
  /** Slots by worker. Default: two workers with two slots. */
  readonly workers?: Readonly<Record<string, number>>
  readonly machine?: Partial<JobMachineOptions>
}

interface LiveTask {
  readonly fence: Fence
  readonly task: TaskId
  readonly worker: WorkerId
}

const EVENTS_MAX = 200_000
const TRANSCRIPT_HIDDEN: ReadonlySet<JobEffect['type']> = new Set([
  'wake-at',
  'checkpoint-record',
  'attempt-changed',
])

export class JobBench {
  readonly machine: JobMachine
  readonly plan: PhysicalPlan
  readonly registry: WorkerRegistry = new WorkerRegistry({
    heartbeatIntervalMs: 1_000,
    heartbeatTimeoutMs: 10_000,
  })
  readonly habits: Habits = obedient()
  readonly effects: JobEffect[] = []
  readonly transcript: string[] = []
  readonly manifests: Map<string, Manifest> = new Map()
  /** Tasks that run somewhere, by `attempt taskKey`. */
  readonly live: Map<string, LiveTask> = new Map()
  readonly #commitOnly = new Set<string>()
  readonly #options: JobMachineOptions
  readonly #graph: LogicalGraph
  #queue: JobHappening[] = []
  #wakes: number[] = []
  #seats: Extract<JobEffect, { type: 'request-seats' }> | null = null
  nowMs = 0

  constructor(options: BenchOptions = {}) {
    this.#graph = options.graph ?? countingGraph()
    const settings = sampleSettings({ parallelism: 2, ...options.settings })
    this.plan = planJob(this.#graph, settings).plan
    this.#options = {
      jobId: jobId('a'.repeat(32)),
      epoch: leaderEpoch(1),
      plan: this.plan,
      settings,
      prng: new Prng(7),
      restorePath: null,
      allowNonRestoredState: false,
      nextCheckpointId: checkpointId(1),
      retained: [],
      finishing: null,
      lastAttempt: attempt(0),
      cancelRequested: false,
      recovered: false,
      failover: 'region',
      deployTimeoutMs: 60_000,
      ...options.machine,
    }
    for (const [name, slots] of Object.entries(options.workers ?? { w1: 2, w2: 2 })) {
      this.#register(name, slots)
    }
    this.machine = new JobMachine(this.#options)
  }

  // ---- what a test does ----

  start(): this {
    return this.happen({ type: 'start' })
  }

  happen(...happenings: JobHappening[]): this {
    this.#queue.push(...happenings)
    for (let done = 0; this.#queue.length > 0; done++) {
      if (done > EVENTS_MAX) throw new Error(`events without end; last: ${this.transcript.at(-1)}`)
      const happening = this.#queue.shift() as JobHappening
      const event: JobEvent = { ...happening, nowMs: this.nowMs, wallMs: 1_000_000 + this.nowMs }
      for (const effect of this.machine.step(event)) {
        this.effects.push(effect)
        if (!TRANSCRIPT_HIDDEN.has(effect.type)) this.transcript.push(describeEffect(effect))
        this.#do(effect)
      }
    }
    return this
  }

  /** Lets `ms` pass, with a tick at each time that was asked for. */
  pass(ms: number): this {
    const until = this.nowMs + ms
    for (;;) {
      const next = Math.min(...this.#wakes)
      if (next > until) break
      this.#wakes = this.#wakes.filter((wake) => wake !== next)
      this.nowMs = Math.max(this.nowMs, next)
      this.happen({ type: 'tick' })
    }
    this.nowMs = until
    return this
  }

  addWorker(name: string, slots: number): this {
    this.#register(name, slots)
    this.#offerSeats()
    return this.happen()
  }

  killWorker(name: string): this {
    const worker = workerId(name)
    this.registry.remove(worker)
    for (const [key, task] of this.live) if (task.worker === worker) this.live.delete(key)
    return this.happen({
      type: 'worker-lost',
      workerId: worker,
      failure: failure('worker/lost', 'immediate'),
    })
  }

  drainWorker(name: string): this {
    const worker = workerId(name)
    this.registry.drain(worker, true)
    const left = failure('worker/drained', 'immediate')
    return this.happen({ type: 'worker-draining', workerId: worker, failure: left })
  }

  /** The newest incarnation of `key` (`v0/1`) reports, if it lives; with `attempt`, somebody in its name. */
  report(key: string, change: TaskStateChange, attempt?: number): this {
    const tasks = [...this.live.values()].filter(({ task }) => taskKey(task) === key)
    const known =
      attempt === undefined ? tasks.at(-1) : tasks.find(({ fence }) => fence.attempt === attempt)
    if (known === undefined && attempt === undefined) return this
    const fence = known?.fence ?? this.fence(attempt ?? this.machine.view.attempt)
    const over =
      change.state === 'failed' || change.state === 'canceled' || change.state === 'finished'
    if (known !== undefined && over) this.live.delete(liveKey(fence, known.task))
    const [vertex, subtask] = key.split('/')
    const task = { vertexId: vertex as TaskId['vertexId'], subtask: Number(subtask) }
    return this.happen({ type: 'task-update', update: { fence, task, change } })
  }

  failTask(key: string, retry: RetryHint = 'backoff'): this {
    return this.report(key, { state: 'failed', failure: failure('test/boom', retry) })
  }

  allEndOfData(): this {
    for (const key of this.taskKeys) this.report(key, { state: 'end-of-data' })
    return this
  }

  fence(attempt: number): Fence {
    return { jobId: this.#options.jobId, epoch: this.#options.epoch, attempt: attempt as Attempt }
  }

  /** Acknowledges checkpoint `id` for every task, by its own attempt unless another one is named. */
  acknowledge(id: number, attempt?: number): this {
    return this.happen(...this.#acks(id, attempt))
  }

  #acks(id: number, attempt?: number): JobHappening[] {
    return this.machine.tasks.map(
      ({ task, attempt: own }): JobHappening => ({
        type: 'acknowledged',
        ack: {
          fence: this.fence(attempt ?? own ?? 0),
          task,
          checkpointId: checkpointId(id),
          snapshot: emptySnapshot(this.plan, task),
          stats: NO_STATS,
        },
      }),
    )
  }

  /** Transcript lines since the last call. */
  lines(): string[] {
    return this.transcript.splice(0)
  }

  get state(): string {
    return this.machine.state
  }

  get taskKeys(): string[] {
    return this.machine.tasks.map((entry) => entry.key)
  }

  // ---- what the world does ----

  #register(name: string, slots: number): void {
    const id = workerId(name)
    this.registry.register(
      { workerId: id, controlAddress: name, slots, pid: 1, version: '0' },
      this.nowMs,
    )
  }

  #offerSeats(): void {
    const asked = this.#seats
    if (asked === null) return
    const given = this.registry.reserve(this.#options.jobId, asked.wanted)
    if (given === null) return
    this.#seats = given.rest === null ? null : { ...asked, wanted: given.rest }
    this.#queue.push({ type: 'seats-granted', requestId: asked.requestId, seats: given.seats })
  }

  #do(effect: JobEffect): void {
    switch (effect.type) {
      case 'request-seats':
        this.#seats = effect
        return this.#offerSeats()
      case 'free-seats':
        return void this.registry.free(this.#options.jobId)
      case 'load-restore':
        return this.#loadRestore(effect)
      case 'allocate':
        return this.#allocate(effect)
      case 'deploy':
        return this.#deploy(effect)
      case 'run':
        return this.#run(effect)
      case 'cancel':
        if (this.habits.cancel === 'never') return
        for (const task of effect.request.tasks) {
          if (this.live.delete(liveKey(effect.request.fence, task))) {
            this.#update(effect.request.fence, task, { state: 'canceled' })
          }
        }
        return
      case 'trigger':
        if (this.habits.acknowledge === 'do') {
          this.#queue.push(...this.#acks(effect.request.checkpointId))
        }
        return
      case 'notify-complete':
        if (effect.notice.final && this.habits.finish === 'do') this.finishOn(effect.workerId)
        return
      case 'write-manifest': {
        const { checkpointId: id, kind, tasks } = effect.content
        const path = `chk-${id}/manifest`
        this.manifests.set(path, this.#manifest(id, kind === 'final', tasks))
        return this.#outcome({
          type: 'manifest-written',
          checkpointId: id,
          path,
          sha256: 'f'.repeat(64),
        })
      }
      case 'log-completion':
        if (this.habits.log === 'never') return
        return this.#outcome({
          type: 'completion-logged',
          checkpointId: effect.completed.checkpointId,
        })
      case 'log-cancel':
        if (this.habits.log === 'do') this.#queue.push({ type: 'cancel-logged' })
        return
      case 'log-terminal':
        if (this.habits.log === 'do') this.#queue.push({ type: 'terminal-logged' })
        return
      case 'wake-at':
        if (effect.atMs <= this.nowMs) throw new Error('it asks to be woken at once')
        this.#wakes.push(effect.atMs)
        return
      case 'attempt-changed':
      case 'cancel-accepted':
      case 'checkpoint-record':
      case 'clean-up':
      case 'discard-aborted':
      case 'discard-completed':
      case 'ended':
      case 'failed':
      case 'health-changed':
      case 'manual-result':
      case 'notify-aborted':
      case 'release':
      case 'restored':
      case 'state-changed':
    }
  }

  #loadRestore(effect: Extract<JobEffect, { type: 'load-restore' }>): void {
    const { ticket, source } = effect
    const { restore } = this.habits
    if (restore === 'never') return
    if (restore !== 'do') {
      this.#queue.push({ type: 'restore-failed', ticket, failure: restore })
      return
    }
    const path = source.kind === 'own' ? source.completed.manifestPath : source.path
    const manifest = this.manifests.get(path) ?? this.#manifest(41, false, emptyTasks(this.plan))
    this.#queue.push({ type: 'restore-loaded', ticket, manifest, directory: 'dir' })
  }

  #allocate({ workerId: worker, fence, slots }: Extract<JobEffect, { type: 'allocate' }>): void {
    if (this.habits.allocate === 'never') return
    const endpoints = slots.map((slot) => ({
      workerId: worker,
      slot,
      dataAddress: `${worker}:${slot}`,
    }))
    this.#queue.push({
      type: 'slots-allocated',
      attempt: fence.attempt,
      workerId: worker,
      endpoints,
    })
  }

  #deploy({ workerId: worker, request }: Extract<JobEffect, { type: 'deploy' }>): void {
    if (this.habits.deploy === 'never') return
    for (const { task, restore } of request.tasks) {
      this.live.set(liveKey(request.fence, task), { fence: request.fence, task, worker })
      if (restore?.commitOnly === true) this.#commitOnly.add(liveKey(request.fence, task))
      if (this.habits.restored === 'do') this.#update(request.fence, task, { state: 'restored' })
    }
  }

  #run({ request: { fence, tasks } }: Extract<JobEffect, { type: 'run' }>): void {
    if (this.habits.run === 'never') return
    for (const task of tasks) {
      const key = liveKey(fence, task)
      if (!this.live.has(key)) continue
      if (!this.#commitOnly.has(key)) this.#update(fence, task, { state: 'running' })
      else if (this.habits.finish === 'do') this.#update(fence, task, { state: 'finished' })
    }
  }

  /** All tasks on a worker commit and finish. */
  finishOn(worker: WorkerId): void {
    for (const [key, { fence, task, worker: at }] of this.live) {
      if (at !== worker) continue
      this.live.delete(key)
      this.#update(fence, task, { state: 'finished' })
    }
  }

  #manifest(id: number, final: boolean, tasks: Manifest['tasks']): Manifest {
    const { jobId: job, epoch, settings } = this.#options
    return sampleManifest({
      jobId: job,
      epoch,
      id,
      final,
      tasks,
      plan: this.plan,
      graph: this.#graph,
      settings,
    })
  }

  #update(fence: Fence, task: TaskId, change: TaskStateChange): void {
    this.#queue.push({ type: 'task-update', update: { fence, task, change } })
  }

  #outcome(outcome: Extract<JobHappening, { type: 'checkpoint-outcome' }>['outcome']): void {
    this.#queue.push({ type: 'checkpoint-outcome', outcome })
  }
}

const liveKey = (fence: Fence, task: TaskId): string => `${fence.attempt} ${taskKey(task)}`

export function failure(code: string, retry: RetryHint): Failure {
  return { code, message: `${code} happened`, domain: 'external', retry }
}
