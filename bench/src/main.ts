// npm run bench -- --workload wordcount --events 10000000 --parallelism 1 …   measures; `bench clean` removes inputs.
// Starts a cluster of processes, runs the workload on it, checks the result, and prints figures; the last line of stdout
// is one JSON object. Exit code 1 when a result differs from the expected one, 2 for a wrong flag.

import { WeirError } from '@weirjs/common/core/errors'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expectedCheck } from './expected.ts'
import { type BenchOptions, cacheDirectory, parseOptions } from './options.ts'
import type { RowCheck } from './row-hash.ts'
import { type BenchCluster, startCluster } from './run/cluster.ts'
import { prepareInput } from './run/job.ts'
import { type RunFigures, runOnce } from './run/run.ts'

const note = (text: string): void => console.error(`bench: ${text}`)

/** Below this much of a second, figures mean nothing. */
const DIGITS = 3

function figures(options: BenchOptions, cluster: BenchCluster, run: RunFigures): object {
  const {
    workload,
    seed,
    events,
    parallelism,
    source,
    group,
    checkpointInterval,
    taskManagers,
    state,
  } = options
  const round = (value: number): number => Number(value.toFixed(DIGITS))
  return {
    workload,
    seed,
    events,
    parallelism,
    source,
    outOfOrder: group,
    checkpointInterval,
    state,
    taskManagers,
    rows: run.check.rows,
    hash: run.check.hash,
    wallSeconds: round(run.wallSeconds),
    eventsPerSecond: Math.round(events / run.wallSeconds),
    cpuSeconds: round(run.cpuSeconds),
    eventsPerCpuSecond: Math.round(events / run.cpuSeconds),
    peakRssBytes: run.memory.total,
    jobManagerRssBytes: run.memory.jobManager,
    taskManagerRssBytes: run.memory.taskManager,
    jobProcessRssBytes: run.memory.jobProcess,
    checkpoints: run.checkpoints,
    checkpointStallMsMax: round(run.checkpointStallMsMax),
    checkpointBytesMax: run.checkpointBytesMax,
    checkpointMsMax: round(run.checkpointMsMax),
    clusterReadySeconds: round(cluster.readySeconds),
    submitToRunningSeconds: round(run.submitToRunningSeconds),
    submitToEndSeconds: round(run.submitToEndSeconds),
  }
}

function describe(run: RunFigures, { events }: BenchOptions, index: number): string {
  const million = (value: number): string => `${(value / 1e6).toFixed(2)} M`
  const mb = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`
  return [
    `run ${index + 1}: ${million(events / run.wallSeconds)} events/s`,
    `${million(events / run.cpuSeconds)} per CPU second`,
    `${run.checkpoints} checkpoints (stall ${run.checkpointStallMsMax.toFixed(1)} ms, ${run.checkpointMsMax} ms, ${mb(run.checkpointBytesMax)})`,
    `job process ${mb(run.memory.jobProcess)}, JobManager ${mb(run.memory.jobManager)}, TaskManager ${mb(run.memory.taskManager)}`,
    `submit to running ${run.submitToRunningSeconds.toFixed(2)} s`,
  ].join(', ')
}

async function measure(
  options: BenchOptions,
): Promise<readonly [BenchCluster, readonly RunFigures[]]> {
  const slots = Math.ceil(options.parallelism / options.taskManagers)
  const input = prepareInput(options, note)
  const nodeFlags =
    options.profile === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${options.profile}`]
  const cluster = await startCluster({ taskManagers: options.taskManagers, slots, nodeFlags })
  note(`cluster ready in ${cluster.readySeconds.toFixed(2)} s`)
  const runs: RunFigures[] = []
  try {
    for (let i = 0; i < options.runs; i++) {
      const run = await runOnce(cluster, options, input)
      runs.push(run)
      if (!options.json) console.log(describe(run, options, i))
    }
  } finally {
    await cluster.stop()
  }
  return [cluster, runs]
}

const sameCheck = (a: RowCheck, b: RowCheck): boolean => a.rows === b.rows && a.hash === b.hash

/** Exit code. */
async function bench(options: BenchOptions): Promise<number> {
  const { workload, seed, events } = options
  const expected = expectedCheck({ workload, seed, events }, cacheDirectory(process.env), note)
  const [cluster, runs] = await measure(options)
  const wrong = runs.find(({ check }) => !sameCheck(check, expected))
  if (wrong !== undefined) {
    note(`WRONG RESULT: ${JSON.stringify(wrong.check)}, expected is ${JSON.stringify(expected)}`)
    console.log(JSON.stringify({ ...figures(options, cluster, wrong), expected }))
    return 1
  }
  const byCpu = [...runs].sort((a, b) => a.cpuSeconds - b.cpuSeconds)
  const median = byCpu[Math.floor((byCpu.length - 1) / 2)] as RunFigures
  const all = runs.length === 1 ? {} : { runs: runs.map((run) => figures(options, cluster, run)) }
  console.log(JSON.stringify({ ...figures(options, cluster, median), ...all }))
  return 0
}

function clean(): void {
  const directory = cacheDirectory(process.env)
  for (const part of ['inputs', 'references'])
    rmSync(join(directory, part), { recursive: true, force: true })
  note(`removed inputs and references below ${directory}`)
}

async function main(argv: readonly string[]): Promise<number> {
  if (argv[0] === 'clean') {
    clean()
    return 0
  }
  try {
    return await bench(parseOptions(argv, process.env))
  } catch (error) {
    const mistaken =
      error instanceof RangeError || (error instanceof WeirError && error.domain === 'user')
    if (!mistaken) throw error
    note(error.message)
    return 2
  }
}

process.exitCode = await main(process.argv.slice(2))
