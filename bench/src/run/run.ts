// One run of a workload on a cluster: bundled, built and submitted as `weir run` does it, followed to its end, measured
// from outside by /proc and from inside by the marks that its tasks leave.

import { GraphBuilder } from '@weirjs/cli/job/build-graph'
import { bundleJob } from '@weirjs/cli/job/bundle'
import { overrideSettings } from '@weirjs/cli/job/override-settings'
import { submitRequest } from '@weirjs/cli/job/prepare'
import type { SubmitRequest } from '@weirjs/common/job-client'
import { TERMINAL_STATES, type CheckpointView, type JobSummary } from '@weirjs/common/job-client'
import { findRuntimeRoot } from '@weirjs/common/node/runtime-modules'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BenchOptions } from '../options.ts'
import type { RowCheck } from '../row-hash.ts'
import type { BenchCluster } from './cluster.ts'
import { benchJob } from './job.ts'
import { readMarks } from './marks.ts'
import { MemoryWatch, type PeakMemory } from './memory-watch.ts'
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
    const request = await prepare(options, input, results)
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

async function prepare(
  options: BenchOptions,
  input: string,
  results: string,
): Promise<SubmitRequest> {
  const { file, argv, defines } = benchJob(options, input, results)
  const submittedAtMs = Date.now()
  using builder = new GraphBuilder((chunk) => process.stderr.write(chunk))
  const bundle = await bundleJob(file)
  const runtimeRoot = findRuntimeRoot(process.env)
  const request = { file, runtimeRoot, argv, directory: process.cwd(), submittedAtMs }
  const built = await builder.build(bundle.bytes, request)
  const settings = overrideSettings(built.settings, { parallelism: options.parallelism, defines })
  return submitRequest(
    { bundle, built: { ...built, settings }, submittedAtMs },
    { restoreFrom: null, allowNonRestoredState: false },
  )
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
