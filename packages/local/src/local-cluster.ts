// The whole cluster in one process: the real JobManager, real workers, slots on the caller's loop, a wire in memory.
// Time, chance, storage and the wire are handed in, so that the same cluster serves `weir dev`, tests, and simulations.
// Workers and the JobManager can be killed as processes can; what survives is the storage.

import { createHash } from 'node:crypto'
import type { JobFunctions } from '@weirjs/api/functions'
import { buildJob, plainArgs } from '@weirjs/api/build-job'
import type { JobDefinition } from '@weirjs/api/define-job'
import { MemoryStorage } from '@weirjs/common/core/checkpoint/memory-storage'
import type { CheckpointStorage } from '@weirjs/common/core/checkpoint/storage'
import { sleep, type Scheduler } from '@weirjs/common/core/clock'
import { type Failure, fromFailure, WeirError } from '@weirjs/common/core/errors'
import type { SlotRequest, WorkerDialer, WorkerRegistration } from '@weirjs/common/core/gateways'
import type { JobSettings } from '@weirjs/common/core/graph/logical-graph'
import {
  type BundleHash,
  bundleHash,
  type JobId,
  type WorkerId,
  workerId,
} from '@weirjs/common/core/ids'
import { type Log, silentLog } from '@weirjs/common/core/log'
import { Prng } from '@weirjs/common/core/prng'
import { WEIR_VERSION } from '@weirjs/common/core/version'
import {
  type JobClient,
  type JobSummary,
  type SubmitRequest,
  TERMINAL_STATES,
} from '@weirjs/common/job-client'
import { systemScheduler } from '@weirjs/common/node/system-scheduler'
import { JobManager } from '@weirjs/jobmanager/job-manager'
import { DEFAULT_JOB_MANAGER_SETTINGS } from '@weirjs/jobmanager/job-manager-settings'
import { type HistoryIndex, MemoryHistory } from '@weirjs/jobmanager/store/history-index'
import { MemoryExchange } from '@weirjs/taskmanager/slots/memory-transport'
import { FREEZE_KEY } from '@weirjs/taskmanager/task/task-environment'
import { LocalWorker } from './local-worker.ts'
import { type GatewayLayer, memoryWire } from './memory-wire.ts'

export interface LocalClusterOptions {
  /** Default 1. */
  readonly taskManagers?: number
  /** Of each TaskManager. Default 4. */
  readonly slots?: number
  /** Default: the system's. */
  readonly scheduler?: Scheduler
  readonly prng?: Prng
  /** Default: in memory. */
  readonly storage?: CheckpointStorage
  readonly history?: HistoryIndex
  /** The wire between JobManager and workers. Default: in memory, without faults. */
  readonly layer?: GatewayLayer
  readonly log?: Log
  readonly heartbeatIntervalMs?: number
  readonly heartbeatTimeoutMs?: number
  /** Default `region`: what restarts after a failure. */
  readonly failover?: 'region' | 'full'
  /** Directory of Weir's packages: given, failures name the first line of the user's code below them. */
  readonly ownDirectory?: string
  /** Values of the secrets that jobs name. Default: none. */
  readonly secrets?: Readonly<Record<string, string>>
}

/** What changes about a job's settings at submit; the checkpoint settings are merged. */
export type SettingsChange = Partial<Omit<JobSettings, 'checkpoint'>> & {
  readonly checkpoint?: Partial<JobSettings['checkpoint']>
}

export interface SubmitOptions {
  readonly args?: Readonly<Record<string, unknown>>
  readonly settings?: SettingsChange
  readonly restoreFrom?: string
  readonly allowNonRestoredState?: boolean
}

/** Builds a job's functions, anew at each call. */
export type FunctionsOf = (request: SlotRequest) => Promise<JobFunctions>

const POLL_MS = 5

export class LocalCluster {
  readonly storage: CheckpointStorage
  readonly scheduler: Scheduler
  readonly #options: LocalClusterOptions
  readonly #prng: Prng
  readonly #log: Log
  readonly #layer: GatewayLayer
  readonly #history: HistoryIndex
  readonly #exchange: MemoryExchange
  readonly #functions = new Map<BundleHash, FunctionsOf>()
  readonly #workers = new Map<WorkerId, LocalWorker>()
  #master: JobManager | null = null
  /** Of a worker, by the JobManager. */
  #refusal: Failure | null = null
  #names = 0

  private constructor(options: LocalClusterOptions) {
    this.#options = options
    this.scheduler = options.scheduler ?? systemScheduler()
    this.storage = options.storage ?? new MemoryStorage()
    this.#prng = options.prng ?? new Prng(this.scheduler.wallMs())
    this.#log = options.log ?? silentLog
    this.#layer = options.layer ?? memoryWire(this.scheduler)
    this.#history = options.history ?? new MemoryHistory()
    this.#exchange = new MemoryExchange(this.scheduler)
  }

  /**
   * Resolves when the JobManager has taken over what is on the storage and all workers are registered. Error: why the
   * JobManager refuses one of them.
   */
  static async start(options: LocalClusterOptions = {}): Promise<LocalCluster> {
    const cluster = new LocalCluster(options)
    const count = options.taskManagers ?? 1
    for (let i = 0; i < count; i++) cluster.addTaskManager()
    await cluster.startJobManager()
    while ((await cluster.client.workers()).length < count) {
      if (cluster.#refusal !== null) {
        await cluster.close()
        throw fromFailure(cluster.#refusal)
      }
      await sleep(cluster.scheduler, POLL_MS)
    }
    return cluster
  }

  // ---- the JobManager ----

  async startJobManager(): Promise<void> {
    if (this.#master !== null) return
    const { heartbeatIntervalMs, heartbeatTimeoutMs, failover } = this.#options
    const secret = this.#prng.hex(16)
    this.#master = new JobManager({
      scheduler: this.scheduler,
      prng: this.#prng.fork(),
      storage: this.storage,
      dialer: this.#dialer(),
      history: this.#history,
      log: this.#log,
      options: {
        ...DEFAULT_JOB_MANAGER_SETTINGS,
        version: WEIR_VERSION,
        credential: ({ jobId, epoch, attempt }) => `${secret}/${jobId}/${epoch}/${attempt}`,
        ...(heartbeatIntervalMs === undefined ? {} : { heartbeatIntervalMs }),
        ...(heartbeatTimeoutMs === undefined ? {} : { heartbeatTimeoutMs }),
        ...(failover === undefined ? {} : { failover }),
      },
    })
    await this.#master.start()
  }

  /** As kill -9 would: jobs and workers are on their own until another one is started. */
  killJobManager(): void {
    this.#master?.close()
    this.#master = null
    for (const worker of this.#workers.values()) worker.connectionLost('the JobManager was killed')
  }

  /** Rejects with `rpc/unavailable` while there is no JobManager. */
  get client(): JobClient {
    if (this.#master !== null) return this.#master.client
    throw new WeirError('rpc/unavailable', 'the JobManager is not running', { domain: 'external' })
  }

  #dialer(): WorkerDialer {
    return {
      connect: ({ workerId: id }: WorkerRegistration) =>
        this.#layer.worker(id, () => this.#workers.get(id)?.gateway ?? null),
      disconnect: () => {},
    }
  }

  // ---- TaskManagers ----

  addTaskManager(): LocalWorker {
    const { ownDirectory } = this.#options
    const id = workerId(`local-${++this.#names}`)
    const worker = new LocalWorker({
      workerId: id,
      slots: this.#options.slots ?? 4,
      scheduler: this.scheduler,
      prng: this.#prng.fork(),
      storage: this.storage,
      log: this.#log,
      coordinator: this.#layer.coordinator(id, () => this.#master),
      transport: (address) => this.#exchange.open(address),
      functions: (request) => this.#functionsOf(request),
      onRefused: (failure) => {
        this.#refusal = failure
      },
      ...(ownDirectory === undefined ? {} : { ownDirectory }),
    })
    this.#workers.set(id, worker)
    worker.start()
    return worker
  }

  get taskManagers(): readonly LocalWorker[] {
    return [...this.#workers.values()]
  }

  /** As kill -9 would; the JobManager notices the broken connection. */
  killTaskManager(worker: LocalWorker): void {
    worker.kill()
    this.#workers.delete(worker.workerId)
    this.#master?.connectionLost(worker.workerId, 'the TaskManager was killed')
  }

  #functionsOf(request: SlotRequest): Promise<JobFunctions> {
    const functions = this.#functions.get(request.bundle)
    if (functions !== undefined) return functions(request)
    const error = new WeirError(
      'job/bundle-unknown',
      'this process does not hold the code of the job',
      {
        domain: 'external',
        hint: 'jobs of a local cluster end with their process',
      },
    )
    return Promise.reject(error)
  }

  // ---- jobs ----

  /** Submits a job that this process holds. Errors: the job's own, and those of `JobClient.submit`. */
  async submit(definition: JobDefinition, options: SubmitOptions = {}): Promise<JobId> {
    const submittedAtMs = this.scheduler.wallMs()
    const args = plainArgs(definition, options.args ?? {})
    const { graph, settings } = buildJob(definition, args, submittedAtMs)
    const bundle = new TextEncoder().encode(
      `// job "${definition.name}", held in memory: ${this.#prng.hex(16)}\n`,
    )
    const hash = bundleHash(createHash('sha256').update(bundle).digest('hex'))
    const request: SubmitRequest = {
      graph,
      settings: changed(settings, options.settings ?? {}),
      bundle,
      bundleHash: hash,
      args,
      submittedAtMs,
      restoreFrom: options.restoreFrom ?? null,
      allowNonRestoredState: options.allowNonRestoredState ?? false,
      submissionId: this.#prng.hex(16),
    }
    return this.submitRequest(request, async ({ args: given, submittedAtMs: atMs }) => {
      const built = buildJob(definition, given, atMs)
      built.secrets.open({ variables: {}, files: this.#options.secrets ?? {} }, definition.name)
      return built.functions
    })
  }

  /**
   * Submits a job whose functions come from elsewhere (a bundle on disk). Records are frozen: a step that changes what it
   * was given fails here and not, now and then, on a cluster.
   */
  submitRequest(request: SubmitRequest, functions: FunctionsOf): Promise<JobId> {
    this.#functions.set(request.bundleHash, functions)
    const { settings } = request
    const config = { [FREEZE_KEY]: 'true', ...settings.config }
    return this.client.submit({ ...request, settings: { ...settings, config } })
  }

  /** Waits until the job has ended, over deaths of the JobManager. */
  async ended(job: JobId): Promise<JobSummary> {
    for (;;) {
      if (this.#master !== null) {
        const summary = await this.#master.client.describe(job)
        if (TERMINAL_STATES.includes(summary.state)) return summary
      }
      await sleep(this.scheduler, POLL_MS)
    }
  }

  /** Waits until `reached` says so of the job, or the job has ended. */
  async until(job: JobId, reached: (summary: JobSummary) => boolean): Promise<JobSummary> {
    for (;;) {
      if (this.#master !== null) {
        const summary = await this.#master.client.describe(job)
        if (reached(summary) || TERMINAL_STATES.includes(summary.state)) return summary
      }
      await sleep(this.scheduler, POLL_MS)
    }
  }

  /** Ends everything; jobs that run stay on the storage as they are. */
  async close(): Promise<void> {
    this.#master?.close()
    this.#master = null
    for (const worker of this.#workers.values()) worker.kill()
    this.#workers.clear()
    await this.#history.close()
  }
}

function changed(settings: JobSettings, change: SettingsChange): JobSettings {
  const { checkpoint, ...rest } = change
  return { ...settings, ...rest, checkpoint: { ...settings.checkpoint, ...checkpoint } }
}
