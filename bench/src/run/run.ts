// One run of a workload on a cluster: bundled, built and submitted as `weir run` does it, followed to its end, measured
// from outside by /proc and from inside by the marks that its tasks leave.

import { submitRequest } from '@weirjs/cli/job/prepare'
import type { SubmitRequest } from '@weirjs/common/job-client'
import { TERMINAL_STATES, type CheckpointView, type JobSummary } from '@weirjs/common/job-client'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BenchOptions } from '../options.ts'
import type { RowCheck } from '../row-hash.ts'
import type { BenchCluster } from './cluster.ts'
import { benchJob } from './job.ts'
import { readMarks } from './marks.ts'
import { MemoryWatch, type PeakMemory } from './memory-watch.ts'
import { prepareBenchJob } from './prepare.ts'
import { cpuSecondsOf } from './proc.ts'

export interface RunFigures {
  readonly check: RowCheck
  /** First record to drain. */
  readonly wallSeconds: number
  /** All processes of the engine, from submission to the end of the job. */
  readonly cpuSeconds: number
  readonly memory: PeakMemory
  readonly checkpoints: number
  readonly checkpointStallMsMax: number
  readonly checkpointBytesMax: number
  readonly checkpointMsMax: number
  /** From the submit call to the state RUNNING. */
  readonly submitToRunningSeconds: number
  readonly submitToEndSeconds: number
}

/** Throws when the job does not finish. */
export async function runOnce(
  cluster: BenchCluster,
  options: BenchOptions,
  input: string,
): Promise<RunFigures> {
  const results = mkdtempSync(join(tmpdir(), 'weir-bench-results-'))
  try {
    const prepared = await prepareBenchJob(benchJob(options, input, results), options.parallelism)
    const fresh = { restoreFrom: null, allowNonRestoredState: false }
    const request = submitRequest(prepared, fresh)
    const pids = [cluster.jobManager, ...cluster.taskManagers]
    const memory = new MemoryWatch(cluster)
    const cpuBefore = cpuSecondsOf(pids)
    const followed = await submitAndFollow(cluster, request)
    const cpuSeconds = cpuSecondsOf(pids) - cpuBefore
    const { check, firstRecordMs, drainedMs } = readMarks(results)
    return {
      check,
      wallSeconds: (drainedMs - firstRecordMs) / 1e3,
      cpuSeconds,
      memory: memory.stop(),
      ...followed,
    }
  } finally {
    rmSync(results, { recursive: true, force: true })
  }
}

type Followed = Omit<RunFigures, 'check' | 'wallSeconds' | 'cpuSeconds' | 'memory'>

async function submitAndFollow(
  { connection }: BenchCluster,
  request: SubmitRequest,
): Promise<Followed> {
  const { client } = connection
  const startMs = performance.now()
  const id = await client.submit(request)
  let runningMs = Number.NaN
  let last: JobSummary | null = null
  const completed = new Map<number, CheckpointView>()
  for await (const event of client.watch(id, new AbortController().signal)) {
    if (event.type === 'checkpoint' && event.checkpoint.state === 'COMPLETED')
      completed.set(event.checkpoint.checkpointId, event.checkpoint)
    else if (event.type === 'output') console.error(event.text)
    if (event.type !== 'state') continue
    last = event.job
    if (
      last.state === 'RUNNING' &&
      last.tasks.running === last.tasks.total &&
      Number.isNaN(runningMs)
    )
      runningMs = performance.now()
    if (TERMINAL_STATES.includes(last.state)) break
  }
  const endMs = performance.now()
  if (last?.state !== 'FINISHED')
    throw new Error(
      `the job ended ${last?.state}: ${last?.failure?.message} ${last?.failure?.stack ?? ''}`,
    )
  const views = [...completed.values()]
  const highest = (of: (view: CheckpointView) => number): number => Math.max(0, ...views.map(of))
  return {
    checkpoints: views.length,
    checkpointStallMsMax: highest(({ stallMsMax }) => stallMsMax),
    checkpointBytesMax: highest(({ stateBytes }) => stateBytes),
    checkpointMsMax: highest(
      ({ triggeredAtMs, endedAtMs }) => (endedAtMs ?? triggeredAtMs) - triggeredAtMs,
    ),
    submitToRunningSeconds: (runningMs - startMs) / 1e3,
    submitToEndSeconds: (endMs - startMs) / 1e3,
  }
}
