// kill -9 in the middle of a counting job on real processes: the output stays exact, in every order of events that a
// test can name. The orders that nobody thought of are the chaos run's (test/chaos).

import { expect, test } from 'vitest'
import {
  CommittedOutput,
  isNewer,
  readRows,
  stagedFiles,
  type WriterLife,
} from '../processes/src/committed-output.ts'
import { submitCounting } from '../processes/src/counting-run.ts'
import type { ClusterProcess } from '../processes/src/cluster-process.ts'
import { ProcessCluster } from '../processes/src/process-cluster.ts'
import { until } from '../processes/src/until.ts'

/** Twelve seconds: what is done to the cluster must find the job at work, on a slow machine too. */
const RECORDS = 36_000
const RECORDS_PER_SECOND = 3_000
const KEYS = 97
const PARALLELISM = 4
/** Only ends what hangs. */
const WITHIN = { withinMs: 100_000 }
/** Nobody is silent here but those who are dead, which their connections tell. */
const PATIENT = { slots: 2, defines: ['heartbeat.timeout=60s'] }

interface Described {
  readonly state: string
  readonly restarts: number
}

/** A job at work, with what is known of its output. */
class Job {
  readonly id: string
  readonly #cluster: ProcessCluster
  readonly #output: CommittedOutput

  private constructor(cluster: ProcessCluster, id: string, output: CommittedOutput) {
    this.id = id
    this.#cluster = cluster
    this.#output = output
  }

  /** Submits, and waits until some of the output is committed. */
  static async underWay(cluster: ProcessCluster): Promise<Job> {
    const id = await submitCounting(cluster, {
      records: RECORDS,
      perSecond: RECORDS_PER_SECOND,
      keys: KEYS,
      parallelism: PARALLELISM,
    })
    const out = cluster.path('out')
    const output = new CommittedOutput({ directory: out, records: RECORDS, keys: KEYS })
    const job = new Job(cluster, id, output)
    await job.outputAfter(job.life)
    return job
  }

  /** The newest attempt that readers have output of. */
  get life(): WriterLife {
    return this.#output.newestLife
  }

  /** Resolves when readers see output of an attempt after `life`. */
  async outputAfter(life: WriterLife): Promise<void> {
    await until('new output', WITHIN, () => {
      this.#output.look()
      return isNewer(this.life, life) ? true : null
    })
  }

  /** Newest completed checkpoint, once there is one above `above`. */
  async checkpoint(above = 0): Promise<number> {
    return until(`a checkpoint above ${above}`, WITHIN, async () => {
      const seen = await this.#cluster.ask((client) => client.describe(this.id))
      const id = seen?.lastCheckpointId ?? 0
      return id > above ? id : null
    })
  }

  async busyWorkerPids(): Promise<readonly number[]> {
    const { taskViews } = await this.#cluster.client.describe(this.id)
    const busy = new Set(taskViews.map(({ worker }) => worker))
    const workers = await this.#cluster.client.workers()
    return workers.filter(({ workerId }) => busy.has(workerId)).map(({ pid }) => pid)
  }

  /** Waits for the end; every record is there exactly once, and nothing else. */
  async endsExactly(): Promise<Described> {
    await until('a JobManager', WITHIN, () => this.#cluster.ask((client) => client.cluster()))
    await this.#cluster.json('job', 'wait', this.id, '--timeout', '60s')
    expect(this.#output.judge()).toEqual([])
    expect(readRows(this.#cluster.path('alerts'))).toEqual([])
    expect(stagedFiles(this.#cluster.path('out'))).toEqual([])
    return this.#cluster.json<Described>('job', 'describe', this.id)
  }
}

function processOf(cluster: ProcessCluster, pid: number | undefined): ClusterProcess {
  const found = cluster.taskManagers.find((one) => one.pid === pid)
  if (found === undefined) throw new Error(`no TaskManager has pid ${pid}`)
  return found
}

test('C32: one of two TaskManagers is killed, a spare takes its tasks, the result is exact', async () => {
  await using cluster = await ProcessCluster.start({ taskManagers: 3, ...PATIENT })
  const spare = cluster.taskManagers[2]
  const drain = async (draining: boolean): Promise<void> => {
    const workers = await cluster.client.workers()
    const id = workers.find(({ pid }) => pid === spare?.pid)?.workerId ?? ''
    await cluster.client.drainWorker(id, draining)
  }
  await drain(true)
  const job = await Job.underWay(cluster)
  await drain(false)
  const before = await job.busyWorkerPids()
  expect(before).toHaveLength(2)
  const victim = processOf(cluster, before[0])
  const { life } = job
  expect(await cluster.killWithOrphans(victim)).toEqual([])
  await job.outputAfter(life)
  expect((await job.busyWorkerPids()).toSorted()).toEqual([before[1], spare?.pid].toSorted())
  expect(await job.endsExactly()).toMatchObject({ state: 'FINISHED', restarts: 1 })
  expect(cluster.surprises()).toEqual([])
})

test('C32: a job whose TaskManager was killed, with none to replace it, is canceled all the same', async () => {
  await using cluster = await ProcessCluster.start({ taskManagers: 2, ...PATIENT })
  const job = await Job.underWay(cluster)
  const [pid] = await job.busyWorkerPids()
  await cluster.killWithOrphans(processOf(cluster, pid))
  const canceled = await cluster.json<Described>('job', 'cancel', job.id)
  expect(canceled.state).toBe('CANCELED')
  expect(await cluster.stop()).toEqual([])
})

test('the JobManager is killed and comes back: the job goes on, and checkpoint ids keep rising', async () => {
  await using cluster = await ProcessCluster.start({ taskManagers: 2, ...PATIENT })
  const job = await Job.underWay(cluster)
  const { life } = job
  const before = await job.checkpoint()
  await cluster.jobManager.kill()
  cluster.jobManager.start()
  await job.checkpoint(before)
  await job.outputAfter(life)
  expect(await job.endsExactly()).toMatchObject({ state: 'FINISHED', restarts: 1 })
  expect(cluster.surprises()).toEqual([])
})

test('everything is killed at once and started again: the result is exact, and all ends well', async () => {
  await using cluster = await ProcessCluster.start({ taskManagers: 2, ...PATIENT })
  const job = await Job.underWay(cluster)
  await cluster.killEverything()
  cluster.startAll()
  expect(await job.endsExactly()).toMatchObject({ state: 'FINISHED' })
  expect(await cluster.stop()).toEqual([])
  expect(cluster.surprises()).toEqual([])
})
