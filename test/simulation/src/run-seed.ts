// One seed, one run: draw a job, a story, a cluster and faults; let them happen; heal; want the job to finish; judge.

import type { CheckpointMode } from '@weirjs/common/core/graph/logical-graph'
import { SimClient } from './client.ts'
import { drawFaults, type FaultPlan, heal, inflict } from './faults.ts'
import { judgeLedger, type LedgerLine } from './oracles/o1-ledger.ts'
import { Reader } from './oracles/o2-reader.ts'
import { judgeAlerts } from './oracles/o4-alerts.ts'
import { judgeLiveness, LIVENESS_MS } from './oracles/o6-liveness.ts'
import { judgeHits } from './oracles/o8-hits.ts'
import { judgeLeftovers, TIDY_MS } from './oracles/o9-leftovers.ts'
import type { Violation } from './oracles/violation.ts'
import { readLines } from './oracles/visible-files.ts'
import { SimCluster } from './sim-cluster.ts'
import { drawStory, Story, type StoryOptions } from './story.ts'
import { expectationOf } from './workload/expectation.ts'
import { drawWorkload, type RunOptions, type WorkloadOptions } from './workload/options.ts'
import { ALERTS, buildWorkload, writeInput } from './workload/workload.ts'
import { World } from './world.ts'

const TASK_MANAGERS = 3

export interface SeedResult {
  readonly seed: number
  readonly violations: readonly Violation[]
  readonly traceHash: string
  readonly simulatedMs: number
  /** Callbacks of simulated processes that ran. */
  readonly events: number
  readonly faults: Readonly<Record<string, number>>
  /** Faults in the plan; those that were not reached or found no victim among them. */
  readonly planned: number
  /** Failpoints at which something happened, and how often. */
  readonly failpoints: Readonly<Record<string, number>>
  readonly checkpoints: number
  readonly restarts: number
  readonly description: string
  /** The newest trace lines. */
  readonly trace: readonly string[]
}

export interface SeedOptions {
  /** `at-least-once` is the negative control: the oracles must find what it does. Default `exactly-once`. */
  readonly mode?: CheckpointMode
  /** A disk that says that it has written and has not: another negative control, for losses of power. */
  readonly lyingDisk?: boolean
  readonly onTrace?: (line: string) => void
  /** Faults that do not happen, by their place in the plan. */
  readonly skip?: readonly number[]
}

/** All that a run is made of. */
interface Run {
  readonly world: World
  readonly workload: WorkloadOptions
  readonly plan: FaultPlan
  readonly cluster: SimCluster
  readonly client: SimClient
  readonly story: Story
  readonly storyOptions: StoryOptions
  readonly reader: Reader
}

export async function runSeed(seed: number, options: SeedOptions = {}): Promise<SeedResult> {
  const world = new World(seed, options.onTrace ?? null)
  const run = prepare(world, options)
  const stray = (error: unknown): void => world.bug(error)
  process.on('unhandledRejection', stray)
  try {
    await play(run, new Set(options.skip ?? []))
  } catch (error) {
    world.bug(error)
  }
  const violations = await judge(run)
  process.off('unhandledRejection', stray)
  for (const { oracle, message } of violations) world.trace(`VIOLATION ${oracle} ${message}`)
  const { workload, plan, storyOptions, cluster, client, story } = run
  return {
    seed,
    violations,
    traceHash: world.traceHash,
    simulatedMs: world.scheduler.nowMs(),
    events: world.events,
    faults: Object.fromEntries(world.faults),
    planned: plan.faults.length,
    failpoints: Object.fromEntries(cluster.failpoints.hits),
    checkpoints: cluster.completed.size,
    restarts: story.jobs.reduce((sum, job) => sum + (client.job(job)?.restarts ?? 0), 0),
    description: describe(workload, storyOptions, plan),
    trace: world.tail,
  }
}

function prepare(world: World, options: SeedOptions): Run {
  const workload = drawWorkload(world.prng.fork(), options.mode ?? 'exactly-once')
  const storyOptions = drawStory(world.prng.fork(), workload)
  const plan = drawFaults(world.prng.fork())
  world.trace(describe(workload, storyOptions, plan))
  const runs = [storyOptions.first, storyOptions.second]
  const widest = Math.max(...runs.map((one) => Math.max(one.parallelism, one.sinkParallelism)))
  const cluster = new SimCluster({
    world,
    taskManagers: TASK_MANAGERS,
    honestDisk: options.lyingDisk !== true,
    diskDelayMs: workload.diskDelayMs,
    failover: workload.failover,
    // One of them may be dead, and the job still fits.
    slots: Math.ceil(widest / (TASK_MANAGERS - 1)),
    build: ({ args }, files) => {
      const second = args['output'] === storyOptions.second.output
      return buildWorkload(workload, second ? storyOptions.second : storyOptions.first, files)
        .functions
    },
  })
  writeInput(workload, cluster.files)
  const client = new SimClient(world, cluster, workload)
  const story = new Story(world, client, storyOptions)
  const reader = new Reader(
    cluster.files,
    runs.map((one) => one.output),
  )
  return { world, workload, plan, cluster, client, story, storyOptions, reader }
}

async function play(run: Run, skip: ReadonlySet<number>): Promise<void> {
  const { world, plan, cluster, story, reader, workload } = run
  const done = (): boolean => story.done || world.broken
  const chance = world.prng.fork()
  story.begin()

  // Safety phase.
  // Files are read as fast as the disk gives them.
  const early = plan.early || workload.shape === 'files'
  if (!early) await world.run(1_000 + chance.float() * 2_000, done)
  for (const [i, fault] of plan.faults.entries()) {
    if (done()) break
    if (!skip.has(i)) {
      inflict(fault, world, cluster)
      if (fault.kind === 'power-loss') await reader.powerFailed()
    }
    await world.run(world.scheduler.nowMs() + fault.thenMs, done)
    await reader.look()
  }

  // Liveness phase.
  heal(world, cluster)
  const inputMs = (workload.records / workload.recordsPerSecond) * 1_000
  await world.run(world.scheduler.nowMs() + 2 * inputMs + LIVENESS_MS, done)
  await reader.look()
  if (story.end !== null) await world.run(world.scheduler.nowMs() + TIDY_MS, () => world.broken)
  await reader.look()
}

async function judge(run: Run): Promise<readonly Violation[]> {
  const { world, workload, cluster, client, story, storyOptions, reader } = run
  const runs: RunOptions[] = [storyOptions.first, storyOptions.second]
  const finished = story.end?.state === 'FINISHED'
  const outputs = runs.map((one) => one.output)
  const lines = (await readLines(cluster.files, outputs)).map(
    (one) => JSON.parse(one) as LedgerLine,
  )
  return [
    ...judgeLiveness(story),
    ...reader.violations,
    ...judgeLedger(lines, expectationOf(workload, runs)),
    ...cluster.violations,
    ...judgeAlerts(await readLines(cluster.files, [ALERTS])),
    ...client.violations,
    ...world.bugs.map((message): Violation => ({ oracle: 'O7', message })),
    ...judgeHits({
      faultsWanted: 1,
      faults: world.faultCount,
      checkpoints: cluster.completed.size,
    }),
    ...(finished ? judgeLeftovers(cluster, story.jobs, story.jobs.length === 1) : []),
  ]
}

function describe(workload: WorkloadOptions, story: StoryOptions, plan: FaultPlan): string {
  const { cancelAfterMs, second, checkpointEveryMs } = story
  const resumed =
    cancelAfterMs === null
      ? ''
      : `, canceled after ${Math.round(cancelAfterMs)} ms, resumed with ${second.parallelism}`
  const asked =
    checkpointEveryMs === null ? '' : `, checkpoints asked every ${checkpointEveryMs} ms`
  const faults = `${plan.kinds.join(',')} × ${plan.faults.length} every ${plan.everyMs} ms`
  return `${JSON.stringify(workload)}${resumed}${asked}, faults ${plan.early ? 'early ' : ''}${faults}`
}
