// What a fault finds when it strikes: a cluster with a job at work, and those who watch it.

import type { ClusterProcess } from '../../processes/src/cluster-process.ts'
import type { CommittedOutput } from '../../processes/src/committed-output.ts'
import type { JobWatch } from '../../processes/src/job-watch.ts'
import type { ProcessCluster } from '../../processes/src/process-cluster.ts'
import type { ProcessLife } from '../../processes/src/proc.ts'
import { until } from '../../processes/src/until.ts'
import { BadCell, type Words } from './cell.ts'
import type { Need } from '../../processes/src/machine.ts'
import type { World } from './world.ts'

export interface Scene {
  readonly cluster: ProcessCluster
  readonly world: World
  readonly watch: JobWatch
  readonly output: CommittedOutput
  /** Of the job, in all. */
  readonly records: number
  /** How many times longer than on an idle machine things take, at least 1. */
  readonly slowness: number
}

/** One fault that has struck. */
export interface Strike {
  /** Everything is as before. Does nothing the second time. */
  heal(): Promise<void>
  /** What shows that the fault really hit; null: nothing does. Asked once, when the job has ended and all is healed. */
  proof(): Promise<string | null>
  /** What the fault itself has seen and must not be: `references: …`. Asked like `proof`. */
  found?(): readonly string[]
}

export interface FaultKind {
  readonly needs: readonly Need[]
  /** Codes that logs may name, and errors that they may tell, when this fault has struck, beside those of kills. */
  readonly explains: readonly string[]
  /** What all processes of its cluster must find in their environment. */
  readonly env?: Readonly<Record<string, string>>
  strike(scene: Scene, words: Words): Promise<Strike>
}

/** A job that was just accepted gets its slots soon, on a machine however slow. */
const TASKS_MS_MAX = 60_000

type Busy = readonly [ClusterProcess, ...ClusterProcess[]]

/** TaskManagers that have tasks of the job, first the one with the most. Throws when nobody gets any. */
export function busyTaskManagers(scene: Scene): Promise<Busy> {
  return until('a TaskManager has tasks', { withinMs: TASKS_MS_MAX }, () => busyNow(scene))
}

/** One that surely is at work. What a TaskManager starts ahead may not be there yet, so that nobody else is. */
export async function busyJobProcess(scene: Scene): Promise<ProcessLife> {
  return until('a job process', { withinMs: TASKS_MS_MAX }, async () => {
    const [busy] = await busyTaskManagers(scene)
    return busy.jobProcesses()[0] ?? null
  })
}

async function busyNow({ cluster, watch }: Scene): Promise<Busy | null> {
  const { taskViews } = await cluster.client.describe(watch.jobId)
  const tasks = new Map<string, number>()
  for (const { worker } of taskViews)
    if (worker !== null) tasks.set(worker, (tasks.get(worker) ?? 0) + 1)
  const workers = await cluster.client.workers()
  const busy = workers
    .filter(({ workerId }) => tasks.has(workerId))
    .toSorted((a, b) => (tasks.get(b.workerId) ?? 0) - (tasks.get(a.workerId) ?? 0))
    .flatMap(({ pid }) => cluster.taskManagers.filter((one) => one.pid === pid))
  const [first, ...others] = busy
  return first === undefined ? null : [first, ...others]
}

/** By the name that rows use: `jobmanager`, `busiest` and `second` (TaskManagers with tasks), `idle` (one without). */
export async function processOf(scene: Scene, who: string | undefined): Promise<ClusterProcess> {
  const { jobManager, taskManagers } = scene.cluster
  if (who === 'jobmanager') return jobManager
  const busy = await busyTaskManagers(scene)
  const idle = taskManagers.find((one) => !busy.includes(one))
  const found = { busiest: busy[0], second: busy[1], idle }[who ?? '']
  if (found === undefined) throw new BadCell(`nobody is "${who}"`)
  return found
}
