// The end of bounded jobs, again and again, while all processors burn: a job of some thirty records and three
// checkpoints a second comes to its end with a few records behind the last barrier. What they became is decided by the
// final checkpoint alone, so their loss or repetition is what this looks for; in a part of the runs somebody is killed
// around that moment. Its sources have one part with records and one with none, which has ended from the start.

import { Prng } from '@weirjs/common/core/prng'
import { Burners } from '../../processes/src/burners.ts'
import { ProcessCluster } from '../../processes/src/process-cluster.ts'
import { judgeLogs } from '../../processes/src/process-logs.ts'
import type { Violation } from '../../processes/src/violation.ts'
import { networkHere, placed } from './chaos-network.ts'
import { ABSENCE_EXPLAINS, Bag, Killer, type KillKind } from './kills.ts'
import { FinishRun, type FinishOutcome } from './finish-run.ts'

/** So many clusters side by side, each with one job after the other. */
const LANES = 2
const TASK_MANAGERS = 2
const SLOTS = 2
const KILLED_SHARE = 0.3
const KILLS: readonly KillKind[] = [
  'taskmanager',
  'job-process',
  'jobmanager',
  'everything',
  'taskmanager',
  'job-process',
  'jobmanager',
  'pause',
  'partition',
]
/** Of the runs, with records behind the last barrier: fewer would prove little. Far below what twenty runs do by chance. */
const TAIL_SHARE_MIN = 0.2
const HISTORY_LINES = 120

export interface FinishOptions {
  readonly runs: number
  readonly burners: number
  readonly seed: number
  readonly keep: boolean
  readonly echo: boolean
}

export interface FinishResult {
  readonly seed: number
  readonly runs: number
  /** Runs with a violation. */
  readonly failed: number
  readonly burners: number
  readonly kills: number
  readonly killsByKind: Readonly<Record<string, number>>
  /** By partitions. */
  readonly droppedPackets: number
  /** Of jobs, by the engine. */
  readonly restarts: number
  readonly records: number
  readonly checkpoints: number
  /** Runs by the number of records behind the last barrier before the final checkpoint. */
  readonly tails: Readonly<Record<'none' | 'oneToSeven' | 'more' | 'unknown', number>>
  readonly wallSeconds: number
  readonly failures: readonly Violation[]
  readonly directories: readonly string[]
  readonly history: readonly string[]
}

interface LaneResult {
  readonly droppedPackets: number
  readonly outcomes: readonly FinishOutcome[]
  readonly failures: readonly Violation[]
  readonly directory: string | null
  readonly history: readonly string[]
}

export async function runFinishes(options: FinishOptions): Promise<FinishResult> {
  const startedMs = performance.now()
  using burning = new Burners(options.burners)
  const prng = new Prng(options.seed)
  const progress = { left: options.runs, failed: false }
  const lanes = await Promise.all(
    Array.from({ length: Math.min(LANES, options.runs) }, () =>
      runLane(options, prng.fork(), progress),
    ),
  )
  const outcomes = lanes.flatMap((lane) => lane.outcomes)
  const sum = (of: (one: FinishOutcome) => number): number =>
    outcomes.reduce((all, one) => all + of(one), 0)
  const tails = {
    none: sum(({ tail }) => Number(tail === 0)),
    oneToSeven: sum(({ tail }) => Number(tail !== null && tail >= 1 && tail <= 7)),
    more: sum(({ tail }) => Number(tail !== null && tail > 7)),
    unknown: sum(({ tail }) => Number(tail === null)),
  }
  const kinds = outcomes.flatMap(({ killed }) => killed ?? [])
  const droppedPackets = lanes.reduce((all, lane) => all + lane.droppedPackets, 0)
  return {
    seed: options.seed,
    runs: outcomes.length,
    failed: sum(({ failures }) => Number(failures.length > 0)),
    burners: burning.alive,
    kills: kinds.length,
    killsByKind: Object.fromEntries(
      [...new Set(kinds)].map((kind) => [kind, kinds.filter((one) => one === kind).length]),
    ),
    droppedPackets,
    restarts: sum(({ restarts }) => restarts),
    records: sum(({ records }) => records),
    checkpoints: sum(({ checkpoints }) => checkpoints),
    tails,
    wallSeconds: Math.round((performance.now() - startedMs) / 100) / 10,
    failures: [
      ...lanes.flatMap((lane) => lane.failures),
      ...judgeVacuity({
        runs: outcomes.length,
        withTail: tails.oneToSeven + tails.more,
        burnersLost: options.burners - burning.alive,
        cutNothing: kinds.includes('partition') && droppedPackets === 0,
      }),
    ],
    directories: lanes.flatMap(({ directory }) => directory ?? []),
    history: lanes.flatMap(({ history }) => history),
  }
}

interface Vacuity {
  readonly runs: number
  /** With records behind the last barrier. */
  readonly withTail: number
  readonly burnersLost: number
  /** There were partitions, and no packet was lost. */
  readonly cutNothing: boolean
}

function judgeVacuity({ runs, withTail, burnersLost, cutNothing }: Vacuity): readonly Violation[] {
  const said: string[] = []
  if (withTail < runs * TAIL_SHARE_MIN)
    said.push(`only ${withTail} of ${runs} runs had records behind the last barrier`)
  if (burnersLost !== 0) said.push('a burner has ended')
  if (cutNothing) said.push('no partition dropped a packet')
  return said.map((message) => ({ oracle: 'vacuity', message }))
}

/** Jobs on one cluster until no run is left, or one has failed anywhere. */
async function runLane(
  { keep, echo }: FinishOptions,
  prng: Prng,
  progress: { left: number; failed: boolean },
): Promise<LaneResult> {
  using network = networkHere()
  await using cluster = await ProcessCluster.start({
    taskManagers: TASK_MANAGERS,
    slots: SLOTS,
    echo,
    ...placed(network),
  })
  await using killer = new Killer({ cluster, network, prng: prng.fork() })
  const possible = KILLS.filter((kind) => killer.kinds.includes(kind))
  const kinds = new Bag(prng.fork(), possible, possible)
  const outcomes: FinishOutcome[] = []
  while (progress.left > 0 && !progress.failed) {
    progress.left -= 1
    const kill = prng.chance(KILLED_SHARE) ? kinds.draw() : null
    const outcome = await new FinishRun({ cluster, killer, prng, kill, keep }).play()
    outcomes.push(outcome)
    progress.failed ||= outcome.failures.length > 0
  }
  const badEnds = await cluster.stop()
  const failures: readonly Violation[] = [
    ...outcomes.flatMap((outcome) => outcome.failures),
    ...killer.violations,
    ...[...cluster.surprises(), ...badEnds].map((message) => ({
      oracle: 'processes' as const,
      message,
    })),
    ...judgeLogs(cluster.logDirectory, ABSENCE_EXPLAINS, (entry) => killer.excuses(entry)),
  ]
  const kept = failures.length > 0 || keep
  if (kept) cluster.keep()
  return {
    outcomes,
    droppedPackets: killer.droppedPackets,
    failures,
    directory: kept ? cluster.directory : null,
    history: failures.length > 0 ? cluster.history().slice(-HISTORY_LINES) : [],
  }
}
