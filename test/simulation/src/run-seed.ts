// One seed, one run: draw a job, a story, a cluster and faults; let them happen; heal; want the job to finish; judge.

import type { CheckpointMode } from '@weirjs/common/core/graph/logical-graph'
import { SimClient } from './client.ts'
import { drawFaults, type FaultPlan, heal, inflict } from './faults.ts'
import { judgeLedger, type LedgerLine } from './oracles/o1-ledger.ts'
import { judgeOrder } from './oracles/o1-order.ts'
import { Reader } from './oracles/o2-reader.ts'
import { judgeAlerts } from './oracles/o4-alerts.ts'
import {
  END_MS,
  judgeLiveness,
  judgeRecovery,
  RECOVERY_MS,
  type Recovery,
} from './oracles/o6-liveness.ts'
import { judgeHits } from './oracles/o8-hits.ts'
import { judgeLeftovers, TIDY_MS } from './oracles/o9-leftovers.ts'
import type { Violation } from './oracles/violation.ts'
import { readFileLines, readLines } from './oracles/visible-files.ts'
import { SimCluster } from './sim-cluster.ts'
import { drawStory, Story, type StoryOptions } from './story.ts'
import { expectationOf, orderOf } from './workload/expectation.ts'
import { drawWorkload, type RunOptions, type WorkloadOptions } from './workload/options.ts'
import { ALERTS, buildWorkload, writeInput } from './workload/workload.ts'
import { World } from './world.ts'

export interface SeedResult {
  readonly seed: number
  readonly violations: readonly Violation[]
  readonly traceHash: string
  /** Virtual time from the submission to the end of the last job; what is given for tidying up is not in it. */
  readonly simulatedMs: number
  /** Callbacks of simulated processes that ran. */
  readonly events: number
  readonly faults: Readonly<Record<string, number>>
  /** Faults by kind that were to happen before the job ended. */
  readonly drawn: Readonly<Record<string, number>>
  /** Times between two faults, and those of them in which a checkpoint completed. */
  readonly gaps: number
  readonly gapsWithCheckpoint: number
  /** From healing until the job ran and a checkpoint had completed; null: it never did. */
  readonly recoveryMs: number | null
  /** From healing to the end, beyond what the whole input takes. */
  readonly afterInputMs: number
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

/** What was counted while it was played. */
class Tally {
  readonly drawn = new Map<string, number>()
  gaps = 0
  gapsWithCheckpoint = 0
  recovery: Recovery = { afterMs: null, limitMs: RECOVERY_MS, state: 'not healed' }
  afterInputMs = 0
  workMs = 0
}

export async function runSeed(seed: number, options: SeedOptions = {}): Promise<SeedResult> {
  const world = new World(seed, options.onTrace ?? null)
  const run = prepare(world, options)
  const tally = new Tally()
  const stray = (error: unknown): void => world.bug(error)
  process.on('unhandledRejection', stray)
  try {
    await play(run, tally, new Set(options.skip ?? []))
  } catch (error) {
    world.bug(error)
  }
  const violations = await judge(run, tally)
  process.off('unhandledRejection', stray)
  for (const { oracle, message } of violations) world.trace(`VIOLATION ${oracle} ${message}`)
  const { workload, plan, storyOptions, cluster, client, story } = run
  return {
    seed,
    violations,
    traceHash: world.traceHash,
    simulatedMs: tally.workMs,
    events: world.events,
    faults: Object.fromEntries(world.faults),
    drawn: Object.fromEntries(tally.drawn),
    gaps: tally.gaps,
    gapsWithCheckpoint: tally.gapsWithCheckpoint,
    recoveryMs: tally.recovery.afterMs,
    afterInputMs: tally.afterInputMs,
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
    taskManagers: workload.taskManagers,
    heartbeatTimeoutMs: workload.heartbeatTimeoutMs,
    deployTimeoutMs: workload.deployTimeoutMs,
    honestDisk: options.lyingDisk !== true,
    diskDelayMs: workload.diskDelayMs,
    failover: workload.failover,
    // One of them may be dead, and the job still fits.
    slots: Math.ceil(widest / (workload.taskManagers - 1)),
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

async function play(run: Run, tally: Tally, skip: ReadonlySet<number>): Promise<void> {
  const { world, story, reader, workload } = run
  const done = (): boolean => story.done || world.broken
  const nowMs = (): number => world.scheduler.nowMs()
  story.begin()
  await safetyPhase(run, tally, skip, done)
  heal(world, run.cluster)
  const healedAtMs = nowMs()
  await recovery(run, tally, done)
  const inputMs = (workload.records / workload.recordsPerSecond) * 1_000
  await world.run(healedAtMs + 2 * inputMs + END_MS + openingMs(workload), done)
  tally.workMs = nowMs()
  tally.afterInputMs = nowMs() - healedAtMs - inputMs
  await reader.look()
  if (story.end !== null) await world.run(nowMs() + TIDY_MS, () => world.broken)
  await reader.look()
}

async function safetyPhase(
  { world, plan, cluster, reader, workload }: Run,
  tally: Tally,
  skip: ReadonlySet<number>,
  done: () => boolean,
): Promise<void> {
  const chance = world.prng.fork()
  // Files are read as fast as the disk gives them.
  const early = plan.early || workload.shape === 'files'
  if (!early) await world.run(1_000 + chance.float() * 2_000, done)
  for (const [i, fault] of plan.faults.entries()) {
    if (done()) return
    const beganAtMs = world.scheduler.nowMs()
    if (!skip.has(i)) {
      tally.drawn.set(fault.kind, (tally.drawn.get(fault.kind) ?? 0) + 1)
      inflict(fault, world, cluster)
      if (fault.kind === 'power-loss') await reader.powerFailed()
    }
    await world.run(beganAtMs + fault.thenMs, done)
    tally.gaps += 1
    if (cluster.auditor.lastCompletionMs > beganAtMs) tally.gapsWithCheckpoint += 1
    await reader.look()
  }
}

/** Waits until the job runs, and a checkpoint has completed since; or it has ended. */
async function recovery(
  { world, cluster, story, workload }: Run,
  tally: Tally,
  done: () => boolean,
): Promise<void> {
  const healedAtMs = world.scheduler.nowMs()
  const fresh = (): boolean =>
    workload.checkpointMs === null || cluster.auditor.lastCompletionMs > healedAtMs
  const recovered = (): boolean => done() || (AT_WORK.has(story.state) && fresh())
  const limitMs = RECOVERY_MS + openingMs(workload)
  const inTime = await world.run(healedAtMs + limitMs, recovered)
  const state = `${story.state}, with ${fresh() ? 'a' : 'no'} new checkpoint`
  const afterMs = inTime ? world.scheduler.nowMs() - healedAtMs : null
  tally.recovery = { afterMs, limitMs, state }
}

/** Every file is looked at before the first is read: by the attempt that the healing met, the one that follows, and a job resumed. */
const openingMs = ({ shape, inputFiles, diskDelayMs }: WorkloadOptions): number =>
  shape === 'files' ? 4 * inputFiles * diskDelayMs : 0

const AT_WORK: ReadonlySet<string> = new Set(['RUNNING', 'FINISHING', 'FINISHED'])

async function judge(run: Run, tally: Tally): Promise<readonly Violation[]> {
  const { world, workload, cluster, client, story, storyOptions, reader } = run
  const runs: RunOptions[] = [storyOptions.first, storyOptions.second]
  const finished = story.end?.state === 'FINISHED'
  const outputs = runs.map((one) => one.output)
  const files = (await readFileLines(cluster.files, outputs)).map((lines) =>
    lines.map((one) => JSON.parse(one) as LedgerLine),
  )
  return [
    ...judgeLiveness(story),
    ...judgeRecovery(tally.recovery),
    ...reader.violations,
    ...judgeLedger(files.flat(), expectationOf(workload, runs, finished)),
    ...judgeOrder(files, orderOf(workload)),
    ...cluster.violations,
    ...judgeAlerts(await readLines(cluster.files, [ALERTS])),
    ...client.violations,
    ...world.bugs.map((message): Violation => ({ oracle: 'O7', message })),
    ...judgeHits(cluster.completed.size),
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
