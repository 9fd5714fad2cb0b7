// How long a job is away after a fault, measured one at a time on an otherwise healthy cluster: no second fault, no drawn
// delay. `npm run chaos -- --measure ROUNDS`, held against what is promised (P7).

import { setTimeout as sleep } from 'node:timers/promises'
import { CommittedOutput } from '../../processes/src/committed-output.ts'
import { submitCounting } from '../../processes/src/counting-run.ts'
import { JobWatch } from '../../processes/src/job-watch.ts'
import { type Kill, type KillKind, putToSleep } from './kills.ts'
import { ProcessCluster } from '../../processes/src/process-cluster.ts'
import { Recoveries, type RecoverySummary } from './recoveries.ts'
import { until } from '../../processes/src/until.ts'

const KEYS = 1_000
const PARALLELISM = 4
const RECORDS_PER_SECOND = 2_000
/** More than any measurement takes. */
const RECORDS = 10_000_000
const RECOVERED_MS_MAX = 60_000
/** Between two kills: what was killed has come back, and a job process has been started ahead again. */
const QUIET_MS = 4_000
const LOOK_MS = 5

/** `pause`: a TaskManager with all that it has started sleeps until the job runs elsewhere. */
type Measured = Exclude<KillKind, 'everything' | 'partition'>
const KINDS: readonly Measured[] = ['taskmanager', 'job-process', 'jobmanager', 'pause']

/** Of the fast profile, ms. */
const HEARTBEAT_TIMEOUT_MS = 2_000
/** What is promised: within so many ms all tasks run again, 95 of 100 times. */
export const PROMISED_MS: Readonly<Record<Measured, number>> = {
  taskmanager: 2_000,
  'job-process': 2_000,
  jobmanager: 8_000,
  pause: HEARTBEAT_TIMEOUT_MS + 2_000,
}

export type Measurements = Readonly<Record<Measured, RecoverySummary>>

/** What was not as promised, in words; none: all was. */
export function broken(measured: Measurements, rounds: number): readonly string[] {
  return KINDS.flatMap((kind) => {
    const { measured: times, runningMs } = measured[kind]
    if (times < rounds || runningMs === null)
      return [`${kind}: measured ${times} times instead of ${rounds}`]
    const { p95 } = runningMs
    const most = PROMISED_MS[kind]
    return p95 > most ? [`${kind}: ${p95} ms for 95 of 100, promised are ${most}`] : []
  })
}

export async function measureRecovery(rounds: number): Promise<Measurements> {
  await using cluster = await ProcessCluster.start({ taskManagers: 3, slots: 2 })
  const jobId = await submitCounting(cluster, {
    records: RECORDS,
    perSecond: RECORDS_PER_SECOND,
    keys: KEYS,
    parallelism: PARALLELISM,
  })
  const watch = new JobWatch(cluster, jobId)
  const output = new CommittedOutput({
    directory: cluster.path('out'),
    records: RECORDS,
    keys: KEYS,
  })
  const recoveries = new Recoveries()
  for (let round = 0; round < rounds * KINDS.length; round++) {
    const kind = KINDS[round % KINDS.length] as Measured
    await until('output', { withinMs: RECOVERED_MS_MAX }, () => {
      output.look()
      return watch.runningAfter(0) !== null && output.files > 0 ? true : null
    })
    await sleep(QUIET_MS)
    output.look()
    const life = { attempt: watch.attempt, writer: output.newestLife }
    const { kill, mend } = await strike(cluster, kind)
    recoveries.begin(kill, life)
    const done = recoveries.count + 1
    await until(`recovery from ${kind}`, { withinMs: RECOVERED_MS_MAX, everyMs: LOOK_MS }, () => {
      output.look()
      recoveries.look(watch, output.newestLife)
      return recoveries.count === done ? true : null
    })
    mend()
    cluster.startAll()
    await cluster.ready()
  }
  await watch.stop()
  return recoveries.summary()
}

interface Struck {
  readonly kill: Kill
  /** When the job has recovered. */
  readonly mend: () => void
}

/** One that surely holds tasks. A JobManager is started again at once, a TaskManager when the job has recovered. */
async function strike(cluster: ProcessCluster, kind: Measured): Promise<Struck> {
  const busy = cluster.taskManagers.find((one) => one.jobProcesses().length > 0)
  if (busy === undefined) throw new Error('no TaskManager has tasks')
  const [child] = busy.jobProcesses()
  const atMs = performance.now()
  let mend = (): void => {}
  if (kind === 'taskmanager') await busy.kill()
  else if (kind === 'pause') mend = putToSleep(busy)
  else if (kind === 'jobmanager') {
    await cluster.jobManager.kill()
    cluster.jobManager.start()
  } else if (child !== undefined) process.kill(child.pid, 'SIGKILL')
  return { kill: { kind, atMs, restartedAtMs: performance.now() }, mend }
}
