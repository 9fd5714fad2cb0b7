// One seed, one run: draw jobs, a story of each, a cluster and faults; let them happen; heal; want the jobs to finish; judge.

import type { CheckpointMode } from '@weirjs/common/core/graph/logical-graph'
import type { Prng } from '@weirjs/common/core/prng'
import { drawFaults, type FaultPlan, heal, inflict, jobProcesses } from './faults.ts'
import { judgeParty } from './judge.ts'
import { Reader } from './oracles/o2-reader.ts'
import { END_MS, type Recovery } from './oracles/o6-liveness.ts'
import { judgeProcesses, TIDY_MS } from './oracles/o9-leftovers.ts'
import { type Moment, Moments } from './oracles/o8-moments.ts'
import { Bystanders } from './oracles/o10-bystander.ts'
import type { Violation } from './oracles/violation.ts'
import { Party } from './party.ts'
import type { SimProcess } from './process.ts'
import { describeSecond, drawSecondJob, type SecondJob, slotsFor } from './second-job.ts'
import { SimCluster } from './sim-cluster.ts'
import { drawStory, runsOf, type StoryOptions, widest } from './story.ts'
import { drawWorkload, type WorkloadOptions } from './workload/options.ts'
import { withPayloads } from './workload/payloads.ts'
import { buildWorkload, writeInput } from './workload/workload.ts'
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
  /** What the faults came to. */
  readonly effects: Readonly<Record<string, number>>
  /** States that are rare, and how often the run was in each. */
  readonly moments: Readonly<Partial<Record<Moment, number>>>
  /** Faults by kind that were to happen before the job ended. */
  readonly drawn: Readonly<Record<string, number>>
  /** Times between two faults that a checkpoint interval fits in, and those of them in which a checkpoint completed. */
  readonly gaps: number
  readonly gapsWithCheckpoint: number
  /** From healing until the slowest job ran and a checkpoint had completed; null: none did. */
  readonly recoveryMs: number | null
  /** Faults in the plan; those that were not reached or found no victim among them. */
  readonly planned: number
  /** Failpoints at which something happened, and how often. */
  readonly failpoints: Readonly<Record<string, number>>
  readonly checkpoints: number
  readonly restarts: number
  /** What only some seeds have, and this one has. */
  readonly options: readonly string[]
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

const PAYLOADS_STREAM = 0x7a11
/** Where one job is spared, faults wait so long for a process of the other one; slots may be scarce. */
const VICTIM_WAIT_MS_MAX = 60_000

/** Of the input, behind which late faults begin at the latest. */
const LATE_PART = 0.15

/** From the trigger of the final checkpoint to the first fault. */
const INTO_FINAL_MS_MAX = 50
/** A loss of power waits so long for a write that it comes into. */
const A_WRITE_MS_MAX = 500

/** All that a run is made of. */
interface Run {
  readonly world: World
  readonly plan: FaultPlan
  readonly second: SecondJob | null
  readonly cluster: SimCluster
  readonly parties: readonly Party[]
  readonly reader: Reader
  readonly bystanders: Bystanders
  readonly moments: Moments
  readonly description: string
}

/** What was counted while it was played. */
class Tally {
  readonly drawn = new Map<string, number>()
  gaps = 0
  gapsWithCheckpoint = 0
  /** By party, when the time for it was up; null: it need not have. */
  recoveries: readonly (Recovery | null)[] = []
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
  const { plan, cluster, parties } = run
  return {
    seed,
    violations,
    traceHash: world.traceHash,
    simulatedMs: tally.workMs,
    events: world.events,
    faults: Object.fromEntries(world.faults),
    effects: Object.fromEntries(world.effects),
    moments: Object.fromEntries(run.moments.seen),
    drawn: Object.fromEntries(tally.drawn),
    gaps: tally.gaps,
    gapsWithCheckpoint: tally.gapsWithCheckpoint,
    recoveryMs: slowest(tally.recoveries),
    planned: plan.faults.length,
    failpoints: Object.fromEntries(cluster.failpoints.hits),
    checkpoints: cluster.completed.size,
    restarts: parties.reduce((sum, party) => sum + party.restarts, 0),
    options: optionsOf(run),
    description: run.description,
    trace: world.tail,
  }
}

function slowest(recoveries: readonly (Recovery | null)[]): number | null {
  const known = recoveries.flatMap((one) =>
    one === null || one.afterMs === null ? [] : [one.afterMs],
  )
  return known.length === 0 ? null : Math.max(...known)
}

function prepare(world: World, options: SeedOptions): Run {
  const drawn = drawWorkload(world.prng.fork(), options.mode ?? 'exactly-once')
  const workload = withPayloads(drawn, world.stream(PAYLOADS_STREAM))
  const drawnStory = drawStory(world.prng.fork(), workload)
  const drawnPlan = drawFaults(world.prng.fork())
  const second = drawSecondJob(world, workload, drawnStory)
  const story = { ...drawnStory, beginsMs: second?.firstBeginsMs ?? 0 }
  const plan = second?.sparing?.plan ?? drawnPlan
  const description = describe(workload, story, plan, second)
  world.trace(description)
  const jobs = [{ workload, story }, ...(second === null ? [] : [second])]
  const cluster = new SimCluster({
    world,
    taskManagers: workload.taskManagers,
    heartbeatTimeoutMs: workload.heartbeatTimeoutMs,
    deployTimeoutMs: workload.deployTimeoutMs,
    honestDisk: options.lyingDisk !== true,
    diskDelayMs: workload.diskDelayMs,
    failover: workload.failover,
    slots: second?.slots ?? slotsFor(workload.taskManagers, widest(story)),
    build: ({ args }, files) => {
      for (const job of jobs) {
        const run = runsOf(job.story).find(({ output }) => output === args['output'])
        if (run !== undefined) return buildWorkload(job.workload, run, files).functions
      }
      throw new Error('no job has this output')
    },
  })
  for (const job of jobs) writeInput(job.workload, cluster.files)
  const parties = jobs.map(
    (job, i) =>
      new Party(i === 0 ? 'client' : 'second client', job.workload, job.story, { world, cluster }),
  )
  const reader = new Reader(
    cluster.files,
    parties.flatMap((party) => party.outputs),
  )
  const watchers = watched(world, cluster)
  return { world, plan, second, cluster, parties, reader, ...watchers, description }
}

function watched(world: World, cluster: SimCluster): Pick<Run, 'bystanders' | 'moments'> {
  const bystanders = new Bystanders()
  const moments = new Moments()
  world.onFault = (job) => {
    bystanders.hit(job)
    moments.fault(job)
  }
  cluster.auditor.onEntry = (job, entry) => moments.logged(job, entry)
  cluster.restores.onTrigger = (job, final) => moments.triggered(job, final)
  cluster.onDeposed = () => moments.note('deposed leader refused')
  cluster.onCheckpointFailed = (job, code) => bystanders.checkpointFailed(job, code)
  cluster.auditor.onAttempt = (job, attempt) => bystanders.attempt(job, attempt)
  return { bystanders, moments }
}

async function play(run: Run, tally: Tally, skip: ReadonlySet<number>): Promise<void> {
  const { world, parties, reader, second } = run
  const done = (): boolean => parties.every(({ story }) => story.done) || world.broken
  const nowMs = (): number => world.scheduler.nowMs()
  for (const { story } of parties) story.begin()
  await safetyPhase(run, tally, skip, done)
  heal(world, run.cluster)
  const healedAtMs = nowMs()
  for (const party of parties) party.healed()
  tally.recoveries = await recovery(run, done)
  const workMs = parties.map((one) => 2 * one.inputMs + one.openingMs + one.untilBeginMs)
  const untilEndMs = second?.scarce === true ? sum(workMs) : Math.max(...workMs)
  await world.run(healedAtMs + untilEndMs + END_MS, done)
  tally.workMs = nowMs()
  await reader.look()
  const ended = parties.every(({ story }) => story.end !== null)
  if (ended) await world.run(nowMs() + TIDY_MS, () => world.broken)
  await reader.look()
  for (const { story } of parties)
    if (story.rescaled) run.moments.note('resumed with another parallelism')
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0)

async function safetyPhase(
  run: Run,
  tally: Tally,
  skip: ReadonlySet<number>,
  done: () => boolean,
): Promise<void> {
  const { world, plan, cluster, reader, parties, second } = run
  await untilFaultsBegin(run, done)
  const spared = sparedParty(parties, second)
  const isSpared = ({ job }: SimProcess): boolean =>
    job !== null && spared?.story.jobs.includes(job) === true
  const intervalMs = checkpointIntervalMs(parties)
  const mayHit = (): boolean => jobProcesses(cluster, isSpared).length > 0
  if (spared !== null) await world.run(VICTIM_WAIT_MS_MAX, () => done() || mayHit())
  for (const [i, fault] of plan.faults.entries()) {
    if (done()) return
    const beganAtMs = world.scheduler.nowMs()
    if (fault.kind === 'power-loss') await aWrite(run, fault.prng, done)
    if (!skip.has(i)) {
      tally.drawn.set(fault.kind, (tally.drawn.get(fault.kind) ?? 0) + 1)
      inflict(fault, world, cluster, isSpared)
      if (fault.kind === 'power-loss') await reader.powerFailed()
    }
    await world.run(beganAtMs + fault.thenMs, done)
    if (world.scheduler.nowMs() - beganAtMs >= intervalMs) {
      tally.gaps += 1
      if (cluster.auditor.lastCompletionMs > beganAtMs) tally.gapsWithCheckpoint += 1
    }
    await reader.look()
  }
}

async function untilFaultsBegin(
  { world, plan, parties, moments }: Run,
  done: () => boolean,
): Promise<void> {
  const chance = world.prng.fork()
  const inputMs = latestInputMs(parties)
  // Files are read as fast as the disk gives them.
  const isFiles = parties[0]?.workload.shape === 'files'
  switch (plan.begin) {
    case 'early':
      return
    case 'soon':
      if (!isFiles) await world.run(1_000 + chance.float() * 2_000, done)
      return
    case 'late':
      if (!isFiles) await world.run(inputMs * (1 - chance.float() * LATE_PART), done)
      return
    case 'final':
      await world.run(2 * inputMs + END_MS, () => done() || moments.ending)
      await world.run(world.scheduler.nowMs() + chance.float() * INTO_FINAL_MS_MAX, done)
  }
}

/** In half of the cases, until something was just written, which is not synced yet. */
async function aWrite({ world, cluster }: Run, prng: Prng, done: () => boolean): Promise<void> {
  if (prng.chance(0.5)) return
  const before = cluster.writes
  const limitMs = world.scheduler.nowMs() + A_WRITE_MS_MAX
  await world.run(limitMs, () => done() || cluster.writes > before)
}

/** Of the job that takes the most checkpoints. */
const checkpointIntervalMs = (parties: readonly Party[]): number =>
  Math.min(...parties.map(({ workload }) => workload.checkpointMs ?? Number.POSITIVE_INFINITY))

/** When the input of the last one would end if nothing happened. */
const latestInputMs = (parties: readonly Party[]): number =>
  Math.max(...parties.map(({ inputMs, storyOptions }) => storyOptions.beginsMs + inputMs))

/** Whose processes no fault hits; null: everybody's may be hit. */
function sparedParty(parties: readonly Party[], second: SecondJob | null): Party | null {
  const sparing = second?.sparing ?? null
  if (sparing === null) return null
  return parties[sparing.spared === 'first' ? 0 : 1] ?? null
}

/**
 * Waits until every job runs, and a checkpoint of it has completed since; or it has ended. Where slots are scarce, one that
 * is left waits for the other.
 */
async function recovery(
  { world, parties, second }: Run,
  done: () => boolean,
): Promise<readonly (Recovery | null)[]> {
  const healedAtMs = world.scheduler.nowMs()
  const recovered = (): boolean => {
    const there = parties.filter((party) => party.recovers())
    const holdsSlots = second?.scarce === true && there.some(({ story }) => !story.done)
    return there.length === parties.length || holdsSlots
  }
  const limitMs = Math.max(...parties.map((party) => party.recoveryLimitMs))
  const inTime = await world.run(healedAtMs + limitMs, () => recovered() || done())
  return parties.map((party) => (inTime && !party.recovers() ? null : party.recovery))
}

async function judge(run: Run, tally: Tally): Promise<readonly Violation[]> {
  const { world, cluster, parties, reader, bystanders } = run
  const found: Violation[] = []
  for (const [i, party] of parties.entries()) {
    const own = await judgeParty(party, tally.recoveries[i] ?? null, cluster)
    const where = i === 0 ? '' : 'second job: '
    found.push(...own.map(({ oracle, message }) => ({ oracle, message: where + message })))
  }
  return [
    ...found,
    ...reader.violations,
    ...cluster.violations,
    ...bystanders.violations,
    ...(parties.every(({ story }) => story.end !== null)
      ? judgeProcesses(cluster.taskManagers)
      : []),
    ...world.bugs.map((message): Violation => ({ oracle: 'O7', message })),
  ]
}

/** What only some seeds have. */
function optionsOf({ second, parties }: Run): readonly string[] {
  const found = {
    'second job': second !== null,
    'slots for one job': second?.scarce === true,
    'one job spared': second !== null && second.sparing !== null,
    payloads: parties.some(({ workload }) => workload.payloads !== null),
  }
  return Object.entries(found).flatMap(([name, has]) => (has ? [name] : []))
}

function describe(
  workload: WorkloadOptions,
  story: StoryOptions,
  plan: FaultPlan,
  second: SecondJob | null,
): string {
  const faults = `${plan.kinds.join(',')} × ${plan.faults.length} every ${plan.everyMs} ms`
  const other =
    second === null
      ? ''
      : `${describeSecond(second)}: ${describeJob(second.workload, second.story)}`
  return `${describeJob(workload, story)}${other}, faults ${plan.begin} ${faults}`
}

function describeJob(workload: WorkloadOptions, story: StoryOptions): string {
  const { cancelAfterMs, abandoned, second, checkpointEveryMs } = story
  const then = abandoned ? 'for good' : `resumed with ${second.parallelism}`
  const canceled =
    cancelAfterMs === null ? '' : `, canceled after ${Math.round(cancelAfterMs)} ms, ${then}`
  const asked =
    checkpointEveryMs === null ? '' : `, checkpoints asked every ${checkpointEveryMs} ms`
  return `${JSON.stringify(workload)}${canceled}${asked}`
}
