// A small world around JobManager objects, for tests: a disk that outlives them, and workers that play their tasks. A
// played task restores nothing and processes nothing, but keeps the protocol: it runs, writes a state file at each
// checkpoint, acknowledges, reaches its end of data when told, commits, finishes. All in virtual time, on one thread.

import { createHash } from 'node:crypto'
import {
  MemoryDisk,
  MemoryStorage,
  type MemoryStorageOptions,
} from '@weirjs/common/core/checkpoint/memory-storage'
import type { Failure } from '@weirjs/common/core/errors'
import { WeirError } from '@weirjs/common/core/errors'
import type {
  CancelRequest,
  CheckpointNotice,
  DeployRequest,
  RunRequest,
  SlotRequest,
  TriggerRequest,
  WorkerDialer,
  WorkerGateway,
} from '@weirjs/common/core/gateways'
import {
  type LogicalGraph,
  DEFAULT_CHECKPOINT_SETTINGS,
} from '@weirjs/common/core/graph/logical-graph'
import {
  bundleHash,
  type Fence,
  type JobId,
  type WorkerId,
  workerId,
} from '@weirjs/common/core/ids'
import type { Log, LogFields } from '@weirjs/common/core/log'
import { ManualScheduler } from '@weirjs/common/core/manual-scheduler'
import { Prng } from '@weirjs/common/core/prng'
import type { JobDetail, JobState, SubmitRequest } from '@weirjs/common/job-client'
import { advance, drive, settle } from '@weirjs/common/node/virtual-time'
import { countingGraph, sampleSettings } from './core/plan/graph-samples.ts'
import { DEFAULT_JOB_MANAGER_SETTINGS } from './job-manager-settings.ts'
import { JobManager } from './job-manager.ts'
import { type PlayedTask, PlayedWorker } from './played-worker.ts'
import { type HistoryIndex, MemoryHistory } from './store/history-index.ts'

export class LogBook implements Log {
  readonly lines: { readonly level: string; readonly fields: LogFields; readonly event: string }[] =
    []
  debug(fields: LogFields, event: string): void {
    this.lines.push({ level: 'debug', fields, event })
  }
  info(fields: LogFields, event: string): void {
    this.lines.push({ level: 'info', fields, event })
  }
  warn(fields: LogFields, event: string): void {
    this.lines.push({ level: 'warn', fields, event })
  }
  error(fields: LogFields, event: string): void {
    this.lines.push({ level: 'error', fields, event })
  }
  has(event: string): boolean {
    return this.lines.some((line) => line.event === event)
  }
}

export interface PlayWorldOptions {
  readonly workers?: Readonly<Record<string, number>>
  readonly storage?: Omit<MemoryStorageOptions, 'disk' | 'scheduler'>
  readonly history?: HistoryIndex
}

export class PlayWorld {
  readonly time: ManualScheduler = new ManualScheduler()
  readonly disk: MemoryDisk = new MemoryDisk()
  readonly storage: MemoryStorage
  readonly workers: Map<WorkerId, PlayedWorker> = new Map()
  readonly history: HistoryIndex
  readonly refused: string[] = []
  log: LogBook = new LogBook()
  manager: JobManager
  #life = 0
  #beats: (() => void) | null = null
  heartbeats = true
  /** Barriers reach nobody while false. */
  acknowledging = true

  constructor(options: PlayWorldOptions = {}) {
    this.storage = new MemoryStorage({ ...options.storage, disk: this.disk, scheduler: this.time })
    this.history = options.history ?? new MemoryHistory()
    this.manager = this.newManager()
    for (const [name, slots] of Object.entries(options.workers ?? { w1: 2, w2: 2 })) {
      this.workers.set(workerId(name), new PlayedWorker(this, name, slots))
    }
  }

  /** Another process life on the same disk; the one before is not closed. */
  newManager(): JobManager {
    const links = new Map<WorkerId, Link>()
    const disconnect = (worker: WorkerId): void => {
      const link = links.get(worker)
      if (link !== undefined) link.open = false
    }
    const dialer: WorkerDialer = {
      connect: ({ workerId: id }) => {
        const link = { open: true }
        links.set(id, link)
        return wire(this, id, link)
      },
      disconnect,
    }
    this.manager = new JobManager({
      scheduler: this.time,
      prng: new Prng(1_000 + this.#life++),
      storage: this.storage,
      dialer,
      history: this.history,
      log: this.log,
      options: { ...DEFAULT_JOB_MANAGER_SETTINGS, version: 'test' },
    })
    return this.manager
  }

  /** Recovers, and lets all workers register. */
  async start(): Promise<this> {
    await drive(this.time, this.manager.start())
    for (const worker of this.workers.values()) if (worker.alive) await this.register(worker)
    this.#beat()
    await settle()
    return this
  }

  /** kill -9 of the JobManager, and another one in its place; workers drop what they ran. */
  async restartManager(): Promise<this> {
    this.manager.close()
    for (const worker of this.workers.values()) worker.tasks.clear()
    this.newManager()
    return this.start()
  }

  async register(worker: PlayedWorker): Promise<void> {
    const { id, slots } = worker
    await this.manager.register({
      workerId: id,
      controlAddress: `${id}:1`,
      slots,
      pid: 7,
      version: 'test',
    })
  }

  worker(name: string): PlayedWorker {
    const worker = this.workers.get(workerId(name))
    if (worker === undefined) throw new Error(`no worker ${name}`)
    return worker
  }

  kill(name: string, noticed = true): void {
    const worker = this.worker(name)
    worker.alive = false
    worker.tasks.clear()
    if (noticed) this.manager.connectionLost(worker.id, 'connection reset')
  }

  async pass(ms: number): Promise<void> {
    await advance(this.time, ms)
  }

  /** Passes time until the job is in `state`, at most a minute. */
  async until(job: JobId, state: JobState): Promise<JobDetail> {
    for (let waited = 0; waited < 60_000; waited += 50) {
      const detail = await this.manager.client.describe(job)
      if (detail.state === state) return detail
      await this.pass(50)
    }
    const { state: stuck, failure } = await this.manager.client.describe(job)
    throw new Error(`the job is ${stuck}, not ${state}: ${failure?.message ?? 'no failure'}`)
  }

  // ---- jobs ----

  request(more: Partial<SubmitRequest> = {}, graph: LogicalGraph = countingGraph()): SubmitRequest {
    const bundle = new TextEncoder().encode('export default 1')
    const checkpoint = { ...DEFAULT_CHECKPOINT_SETTINGS, intervalMs: 1_000 }
    return {
      graph,
      settings: sampleSettings({ parallelism: 2, checkpoint }),
      bundle,
      bundleHash: bundleHash(createHash('sha256').update(bundle).digest('hex')),
      args: {},
      submittedAtMs: this.time.wallMs(),
      restoreFrom: null,
      allowNonRestoredState: false,
      submissionId: `submission-${this.#life}-${this.time.nowMs()}`,
      ...more,
    }
  }

  submit(more: Partial<SubmitRequest> = {}, graph?: LogicalGraph): Promise<JobId> {
    return drive(this.time, this.manager.client.submit(this.request(more, graph)))
  }

  async run(more: Partial<SubmitRequest> = {}): Promise<JobId> {
    const job = await this.submit(more)
    await this.until(job, 'RUNNING')
    return job
  }

  /** Every task of the job reports its end of data. */
  endOfData(job: JobId): void {
    for (const [worker, played] of this.#played(job)) worker.say(played, { state: 'end-of-data' })
  }

  failTask(job: JobId, failure: Failure): void {
    const [first] = this.#played(job)
    if (first === undefined) throw new Error('no task runs')
    first[0].end(first[1], { state: 'failed', failure })
  }

  /** The barrier travels: every task of the attempt acknowledges. */
  barrier(request: TriggerRequest): void {
    if (!this.acknowledging) return
    for (const worker of this.workers.values()) {
      for (const played of worker.of(request.fence)) {
        // A storage that fails makes a task decline; played tasks just fall silent.
        void worker.acknowledge(played, request.checkpointId).catch(() => {})
      }
    }
  }

  /** A message of a worker, a turn later; what is refused is noted. */
  later(worker: PlayedWorker, say: (manager: JobManager) => Promise<void>): void {
    this.time.nextTurn(() => {
      if (!worker.alive) return
      // Cannot reject: both outcomes are handled.
      void say(this.manager).then(
        () => {},
        (error: unknown) =>
          this.refused.push(error instanceof WeirError ? error.code : String(error)),
      )
    })
  }

  /** Files of a job on the disk. */
  async files(job: JobId): Promise<readonly string[]> {
    return drive(this.time, this.storage.list(job))
  }

  #played(job: JobId): [PlayedWorker, PlayedTask][] {
    return [...this.workers.values()].flatMap((worker) =>
      [...worker.tasks.values()]
        .filter((played) => played.fence.jobId === job)
        .map((played): [PlayedWorker, PlayedTask] => [worker, played]),
    )
  }

  #beat(): void {
    this.#beats?.()
    this.#beats = this.time.timer(1_000, () => {
      for (const worker of this.workers.values()) {
        if (!worker.alive || !this.heartbeats) continue
        const { coordinatorId } = this.manager
        const beat = { workerId: worker.id, coordinatorId, tasks: [], rssBytes: 1 }
        this.later(worker, async (manager) => void (await manager.heartbeat(beat)))
      }
      this.#beat()
    })
  }
}

interface Link {
  open: boolean
}

/** Calls reach a worker in order, a turn later, or find nobody. Those under way when the connection is closed fail. */
function wire(world: PlayWorld, id: WorkerId, link: Link): WorkerGateway {
  const call =
    <A, R>(method: (worker: PlayedWorker, arg: A) => Promise<R>) =>
    (arg: A): Promise<R> =>
      new Promise((resolve, reject) => {
        world.time.nextTurn(() => {
          const worker = world.workers.get(id)
          if (worker === undefined || !worker.alive || !link.open) {
            reject(new WeirError('rpc/unavailable', `${id} is dead`, { domain: 'external' }))
            return
          }
          method(worker, structuredClone(arg)).then(resolve, reject)
        })
      })
  return {
    allocate: call((worker, request: SlotRequest) => worker.allocate(request)),
    deploy: call((worker, request: DeployRequest) => worker.deploy(request)),
    run: call((worker, request: RunRequest) => worker.run(request)),
    cancel: call((worker, request: CancelRequest) => worker.cancel(request)),
    release: call((worker, fence: Fence) => worker.release(fence)),
    trigger: call((worker, request: TriggerRequest) => worker.trigger(request)),
    notifyComplete: call((worker, notice: CheckpointNotice) => worker.notifyComplete(notice)),
    notifyAborted: call((worker, notice: CheckpointNotice) => worker.notifyAborted(notice)),
  }
}
