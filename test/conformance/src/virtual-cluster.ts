// A whole cluster in one process under virtual time: the real JobManager and workers, a disk and a wire that can be told
// what to do. Tests say what they wait for, and `run` lets virtual time pass until it has come; no real time is waited
// for, and the same test has the same history every time.

import type { JobDefinition } from '@weirjs/api/define-job'
import {
  MemoryDisk,
  MemoryStorage,
  type StorageOperation,
  type StorageVerdict,
} from '@weirjs/common/core/checkpoint/memory-storage'
import { sleep } from '@weirjs/common/core/clock'
import { type CheckpointId, type JobId } from '@weirjs/common/core/ids'
import { ManualScheduler } from '@weirjs/common/core/manual-scheduler'
import type { Log, LogFields } from '@weirjs/common/core/log'
import { Prng } from '@weirjs/common/core/prng'
import {
  type CheckpointView,
  type JobDetail,
  type JobSummary,
  TERMINAL_STATES,
} from '@weirjs/common/job-client'
import { drive } from '@weirjs/common/node/virtual-time'
import { LocalCluster, type SubmitOptions } from '@weirjs/local/local-cluster'
import type { LocalWorker } from '@weirjs/local/local-worker'
import { type CallHook, tappedWire } from './tapped-wire.ts'

/** Virtual time that a turn of the loop takes, ms: above 0, so that a busy loop cannot stop time. */
const TURN_MS = 0.05
const POLL_MS = 2
/** Nothing here takes longer, in virtual time. */
const PATIENCE_MS = 60_000

export interface VirtualClusterOptions {
  /** Default 2. */
  readonly taskManagers?: number
  /** Of each TaskManager. Default 4. */
  readonly slots?: number
  readonly failover?: 'region' | 'full'
  readonly seed?: number
}

export class VirtualCluster {
  readonly disk: MemoryDisk = new MemoryDisk()
  readonly time: ManualScheduler
  /** What the disk does; exchange it at any time. */
  onStorage: (operation: StorageOperation, path: string) => StorageVerdict = () => ({
    verdict: 'ok',
  })
  /** Looks at each call between JobManager and workers, and may lose it; exchange it at any time. */
  onCall: CallHook = () => 'deliver'
  #local: LocalCluster | null = null

  private constructor() {
    this.time = new ManualScheduler({ turnMs: TURN_MS })
  }

  static async start(options: VirtualClusterOptions = {}): Promise<VirtualCluster> {
    const cluster = new VirtualCluster()
    const { time } = cluster
    const { taskManagers = 2, slots = 4, seed = 1, failover } = options
    const storage = new MemoryStorage({
      disk: cluster.disk,
      scheduler: time,
      latencyMs: () => 0.2,
      onOperation: (operation, path) => cluster.onStorage(operation, path),
    })
    const layer = tappedWire(time, (call) => cluster.onCall(call))
    const starting = LocalCluster.start({
      taskManagers,
      slots,
      scheduler: time,
      prng: new Prng(seed),
      storage,
      layer,
      ...(process.env['DEBUG'] === undefined ? {} : { log: printing(time) }),
      ...(failover === undefined ? {} : { failover }),
    })
    cluster.#local = await drive(time, starting)
    return cluster
  }

  /** Lets virtual time pass until `work` has settled, and answers as it does. */
  run<T>(work: Promise<T>): Promise<T> {
    return drive(this.time, work)
  }

  /** Lets `ms` of virtual time pass. */
  pass(ms: number): Promise<void> {
    return this.run(sleep(this.time, ms))
  }

  async close(): Promise<void> {
    await this.run(this.local.close())
  }

  get local(): LocalCluster {
    if (this.#local === null) throw new Error('the cluster has not started')
    return this.#local
  }

  // ---- jobs ----

  submit(definition: JobDefinition, options: SubmitOptions = {}): Promise<JobId> {
    return this.run(this.local.submit(definition, options))
  }

  /** Waits until the job has ended. */
  ended(job: JobId): Promise<JobSummary> {
    return this.until(job, () => false)
  }

  /** Waits until `reached` says so of the job, or it has ended. Fails when that takes an hour. */
  async until(job: JobId, reached: (job: JobSummary) => boolean): Promise<JobSummary> {
    const untilMs = this.time.nowMs() + PATIENCE_MS
    for (;;) {
      const summary = await this.describe(job)
      if (reached(summary) || TERMINAL_STATES.includes(summary.state)) return summary
      if (this.time.nowMs() > untilMs) throw new Error(`the job is still ${summary.state}`)
      await this.pass(POLL_MS)
    }
  }

  /** Waits until `reached`; fails when the job ends before, or after an hour. */
  async when(job: JobId, what: string, reached: (job: JobSummary) => boolean): Promise<JobSummary> {
    const summary = await this.until(job, reached)
    if (reached(summary)) return summary
    throw new Error(`the job is ${summary.state} before ${what}: ${summary.failure?.message}`)
  }

  /** Waits until the job runs and checkpoint `id` is complete. */
  whenCompleted(job: JobId, id: number): Promise<JobSummary> {
    return this.when(
      job,
      `checkpoint ${id} is complete`,
      (now) => (now.lastCheckpointId ?? 0) >= id,
    )
  }

  describe(job: JobId): Promise<JobDetail> {
    return this.run(this.local.client.describe(job))
  }

  checkpoints(job: JobId): Promise<readonly CheckpointView[]> {
    return this.run(this.local.client.checkpoints(job))
  }

  async checkpoint(job: JobId, id: CheckpointId | number): Promise<CheckpointView> {
    const found = (await this.checkpoints(job)).find((view) => view.checkpointId === id)
    if (found === undefined) throw new Error(`there is no checkpoint ${id}`)
    return found
  }

  triggerCheckpoint(job: JobId): Promise<CheckpointView> {
    return this.run(this.local.client.triggerCheckpoint(job))
  }

  /** Cancels and waits for the end. */
  async cancel(job: JobId): Promise<JobSummary> {
    await this.run(this.local.client.cancel(job))
    return this.ended(job)
  }

  // ---- blows ----

  /** Kills one that works for some job; another one takes its place. */
  killTaskManager(): LocalWorker {
    const victim = this.local.taskManagers.find((worker) => worker.busy)
    if (victim === undefined) throw new Error('no TaskManager has anything to do')
    this.local.killTaskManager(victim)
    this.local.addTaskManager()
    return victim
  }

  /** As kill -9 would, and a new one that takes over what is on the disk. */
  async restartJobManager(): Promise<void> {
    this.local.killJobManager()
    await this.run(this.local.startJobManager())
  }
}

function printing(time: ManualScheduler): Log {
  const line =
    (level: string) =>
    (fields: LogFields, text: string): void =>
      console.log(time.nowMs().toFixed(2), level, text, JSON.stringify(fields))
  return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') }
}
