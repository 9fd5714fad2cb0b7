// The counting job of the process tests on the cluster in containers: submitted from outside, writing into the directory
// that containers share with this machine, where the same reader of committed output judges it.
//
// It has more records than any machine takes long enough to treat it badly for. When that is done it is stopped, and goes
// on from where it was as fast as it can: so no fault comes too late, and nobody waits for the end.

import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { JobDetail } from '@weirjs/common/job-client'
import { CommittedOutput, readRows, stagedFiles } from '../../processes/src/committed-output.ts'
import { until } from '../../processes/src/until.ts'
import type { ComposeCluster, Container } from './compose-cluster.ts'
import { hostOf } from './compose-cluster.ts'
import { NotProven, prove } from './steps.ts'

const JOB = fileURLToPath(new URL('../../processes/src/counting-job.ts', import.meta.url))
const RECORDS = 600_000
const PER_SECOND = 1_000
const PER_SECOND_AT_LAST = 1_000_000
const KEYS = 1_000
/** One slot each: so records travel between containers. */
const PARALLELISM = 2
const RECOVERED_MS_MAX = 120_000
const FINISHED_MS_MAX = 180_000
const LOOK_MS = 50
const DEFINES: readonly string[] = [
  'execution.checkpointing.interval=500ms',
  'execution.checkpointing.timeout=10s',
  'restart-strategy.type=fixed-delay',
  'restart-strategy.fixed-delay.attempts=1000000',
  'restart-strategy.fixed-delay.delay=100ms',
]

export class Counting {
  #jobId: string
  readonly #cluster: ComposeCluster
  readonly #output: CommittedOutput

  private constructor(cluster: ComposeCluster, jobId: string) {
    this.#cluster = cluster
    this.#jobId = jobId
    const directory = join(cluster.files, 'out')
    this.#output = new CommittedOutput({ directory, records: RECORDS, keys: KEYS })
  }

  static async submit(cluster: ComposeCluster): Promise<Counting> {
    return new Counting(cluster, await run(cluster, PER_SECOND))
  }

  async detail(): Promise<JobDetail | null> {
    return this.#cluster.ask((client) => client.describe(this.#jobId))
  }

  /** Runs in a later attempt than `attempt`, and readers see more than they did. Answers the attempt. */
  async workingAfter(attempt: number): Promise<JobDetail> {
    const limit = { withinMs: RECOVERED_MS_MAX, everyMs: LOOK_MS }
    const running = await until(`the job at work after attempt ${attempt}`, limit, async () => {
      const job = await this.detail()
      if (job === null) return null
      if (job.endedAtMs !== null) throw new NotProven(`the job is ${job.state} already`)
      const isRunning = job.state === 'RUNNING' && job.tasks.running === job.tasks.total
      return isRunning && job.attempt > attempt ? job : null
    })
    this.#output.look()
    const before = this.#output.records
    await until('more committed output', limit, () => {
      this.#output.look()
      return this.#output.records > before ? true : null
    })
    return running
  }

  /** A container whose TaskManager runs tasks of the job. */
  async busyContainer(): Promise<Container> {
    const job = await this.workingAfter(0)
    const hosts = job.taskViews.map(({ worker }) => worker?.slice(0, worker.indexOf('-')))
    const containers = await this.#cluster.containers('taskmanager')
    const busy = containers.find((one) => hosts.includes(hostOf(one)))
    if (busy === undefined) throw new NotProven('no container runs tasks of the job')
    return busy
  }

  /** Ends the job by a checkpoint, and goes on from it at full speed. Answers what was proven. */
  async hurry(): Promise<readonly string[]> {
    const stop = ['job', 'stop', this.#jobId]
    const { state, path } = await this.#cluster.json<{ state: string; path: string }>(...stop)
    prove(state === 'CANCELED', `the job is ${state}`)
    this.#output.look()
    const before = this.#output.records
    prove(before < RECORDS, 'there is nothing left to do')
    this.#jobId = await run(this.#cluster, PER_SECOND_AT_LAST, '--from', path)
    return [`stopped after ${before} records that readers see, and started again from ${path}`]
  }

  /** Waits for the end and judges. Answers what was proven. */
  async judge(): Promise<readonly string[]> {
    const limit = { withinMs: FINISHED_MS_MAX, everyMs: LOOK_MS }
    const job = await until('the end of the job', limit, async () => {
      this.#output.look()
      const seen = await this.detail()
      return seen?.endedAtMs === null ? null : seen
    })
    prove(job.state === 'FINISHED', `the job is ${job.state}: ${job.failure?.message}`)
    const violations = this.#output.judge().map(({ message }) => message)
    prove(violations.length === 0, violations.join('; '))
    prove(this.#output.records === RECORDS, `${this.#output.records} of ${RECORDS} records`)
    const alerts = readRows(join(this.#cluster.files, 'alerts'))
    prove(alerts.length === 0, `the checker in the job spoke: ${JSON.stringify(alerts[0])}`)
    for (const name of ['out', 'alerts']) {
      // Of the job that was stopped, what belonged to a checkpoint that was under way stays: somebody might restore that.
      const all = stagedFiles(join(this.#cluster.files, name))
      const left = all.filter((path) => path.includes(this.#jobId))
      prove(left.length === 0, `staged files were left: ${left.join(', ')}`)
    }
    const { files } = this.#output
    return [`${RECORDS} records, each exactly once, in ${files} files`]
  }
}

async function run(
  cluster: ComposeCluster,
  rate: number,
  ...more: readonly string[]
): Promise<string> {
  const asked = {
    count: RECORDS,
    rate,
    keys: KEYS,
    parts: PARALLELISM,
    out: '/files/out',
    alerts: '/files/alerts',
  }
  const args = Object.entries(asked).flatMap(([name, value]) => [`--${name}`, `${value}`])
  const defines = DEFINES.flatMap((define) => ['-D', define])
  const flags = ['--detach', ...defines, '-p', `${PARALLELISM}`, ...more]
  const { jobId } = await cluster.json<{ jobId: string }>('run', ...flags, JOB, ...args)
  return jobId
}
