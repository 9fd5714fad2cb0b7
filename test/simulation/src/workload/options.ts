// What a simulated job is like, drawn from the seed: its shape, its size, and the settings that change how records travel.

import type { Duration } from '@weirjs/api/durations'
import type { RestartOptions } from '@weirjs/api/settings'
import type { CheckpointMode } from '@weirjs/common/core/graph/logical-graph'
import type { Prng } from '@weirjs/common/core/prng'

export const SHAPES = [
  'keyed',
  'keyed-twice',
  'union',
  'rebalanced',
  'connected',
  'rules',
  'lists',
  'blow-up',
  'timers',
  'event-timers',
  'folds',
  'pipelines',
  'diamond',
  'mixed',
  'files',
] as const
/** Ways to spread records over subtasks without a key. */
const SPREADS = ['rebalance', 'rescale', 'shuffle', 'global'] as const
export type Shape = (typeof SHAPES)[number]
/** Steps of the shape `mixed`. */
const STAGES = ['map', 'spread', 'keyed', 'diamond', 'connect', 'broadcast', 'side'] as const
export type Stage = (typeof STAGES)[number]

/** What records carry. */
export interface Payloads {
  readonly smallBytes: number
  readonly bigBytes: number
  /** One number of so many carries much, beginning with `from`. */
  readonly bigEach: number
  readonly from: number
}

export interface WorkloadOptions {
  /** What its input and its output lie in; '' is the root. */
  readonly directory: string
  readonly shape: Shape
  /** Numbers that the sources make, in all. */
  readonly records: number
  readonly recordsPerSecond: number
  /** Numbers in a row that one subtask makes: parts with none, and many that change in turn. */
  readonly blockRecords: number
  /** Sources look at the clock so often. */
  readonly tickMs: number
  readonly keys: number
  /** Nine of ten records have the same key. */
  readonly skewed: boolean
  /** null: records carry nothing. */
  readonly payloads: Payloads | null
  /** Shape `blow-up`: records made of each. */
  readonly copies: number
  /** Shape `files`: files that the input lies in. */
  readonly inputFiles: number
  /** Shape `mixed`: its steps. */
  readonly stages: readonly Stage[]
  /** How records without a key are spread. */
  readonly spread: (typeof SPREADS)[number]
  /** Shape `rules`: control records. */
  readonly rules: number
  readonly parallelism: number
  readonly sinkParallelism: number
  readonly maxParallelism: number | null
  readonly chaining: boolean
  /** null: only full frames leave. */
  readonly bufferTimeoutMs: number | null
  readonly frameBytes: number
  readonly creditBytes: number
  readonly freezeRecords: boolean
  /** null: only the final checkpoint. */
  readonly checkpointMs: number | null
  readonly minPauseMs: number
  readonly maxConcurrent: number
  readonly retained: number
  readonly checkpointTimeoutMs: number
  /** Failed checkpoints in a row that the job bears; null: any number. */
  readonly tolerableFailures: number | null
  readonly restart: RestartOptions
  /** Some records are shown to whoever follows the job. */
  readonly prints: boolean
  /** When a sink begins another file, beside every checkpoint. */
  readonly roll: { readonly bytes: number } | { readonly every: Duration } | null
  /** Sources and steps without functions of their own say no type: it is found out record by record. */
  readonly dynamic: boolean
  readonly mode: CheckpointMode
  readonly failover: 'region' | 'full'
  readonly taskManagers: number
  readonly heartbeatTimeoutMs: number
  readonly deployTimeoutMs: number
  /** How slow the disk is while it is sound, ms. */
  readonly diskDelayMs: number
}

/** How one of the runs of a job differs from the others: it may be canceled and resumed. */
export interface RunOptions {
  readonly parallelism: number
  readonly sinkParallelism: number
  readonly output: string
}

export const PARALLELISM_MAX = 4
/** After a failure. A simulated job has attempts enough, whatever the faults. */
const ATTEMPTS = 1_000_000
const ROLLS: readonly WorkloadOptions['roll'][] = [null, null, { bytes: 4_000 }, { every: '250ms' }]
const RESTARTS: readonly RestartOptions[] = [
  { strategy: 'fixed-delay', attempts: ATTEMPTS, delay: '100ms' },
  { strategy: 'fixed-delay', attempts: ATTEMPTS, delay: '1s' },
  { strategy: 'exponential-delay', initial: '50ms', max: '2s', attempts: ATTEMPTS },
  { strategy: 'failure-rate', failuresMax: ATTEMPTS, window: '1m', delay: '100ms' },
]
/** How long the input of most jobs takes: several of their checkpoints' logs are folded in it. */
const INPUT_SECONDS = [18, 42] as const
/** Some are over soon, with most of their faults behind them or in their end. */
const SHORT_INPUT_SECONDS = [4, 14] as const
const SHARE_SHORT = 0.2
/** Records that the shape `blow-up` comes to, about. */
export const BLOWN_UP_RECORDS = 20_000

export function drawWorkload(prng: Prng, mode: CheckpointMode): WorkloadOptions {
  const recordsPerSecond = prng.pick([40, 100, 300])
  const [least, most] = prng.chance(SHARE_SHORT) ? SHORT_INPUT_SECONDS : INPUT_SECONDS
  const records = prng.between(least, most) * recordsPerSecond
  const shape = prng.pick(SHAPES)
  const frameBytes = prng.pick([1_024, 1_024, 4_096, 32_768])
  return {
    directory: '',
    shape,
    records,
    recordsPerSecond,
    blockRecords: prng.pick([50, 200, 1_000]),
    tickMs: prng.pick([5, 25, 60, 200]),
    keys: prng.pick([1, 7, 100]),
    skewed: prng.chance(0.2),
    payloads: null,
    copies: shape === 'blow-up' ? Math.max(2, Math.floor(BLOWN_UP_RECORDS / records)) : 1,
    inputFiles: prng.between(60, 200),
    stages: Array.from({ length: prng.between(1, 4) }, () => prng.pick(STAGES)),
    spread: prng.pick(SPREADS),
    rules: prng.between(1, 40),
    parallelism: prng.between(1, PARALLELISM_MAX),
    sinkParallelism: prng.between(1, 3),
    maxParallelism: prng.pick([null, PARALLELISM_MAX, 7, 16]),
    chaining: !prng.chance(0.15),
    bufferTimeoutMs: prng.pick([5, 5, 0, 50, 400, null]),
    frameBytes,
    creditBytes: frameBytes * prng.pick([1, 1, 2, 4]),
    freezeRecords: prng.chance(0.3),
    checkpointMs: prng.pick([100, 300, 300, 300, 500, 500, 1_000, 1_000, 1_000, 3_000, null]),
    minPauseMs: prng.pick([0, 0, 0, 200]),
    maxConcurrent: prng.pick([1, 1, 1, 2]),
    retained: prng.pick([1, 2, 3]),
    checkpointTimeoutMs: shape === 'files' ? 10_000 : prng.pick([2_500, 5_000, 5_000, 20_000]),
    tolerableFailures: prng.pick([null, null, null, 5, 2]),
    restart: prng.pick(RESTARTS),
    roll: prng.pick(ROLLS),
    prints: prng.chance(0.1),
    dynamic: prng.chance(0.25),
    mode,
    failover: prng.pick(['region', 'region', 'full']),
    taskManagers: prng.pick([2, 3, 3, 4]),
    heartbeatTimeoutMs: prng.pick([1_000, 2_000, 2_000, 4_000]),
    // Opening many files on a slow disk takes longer than the short one.
    deployTimeoutMs: shape === 'files' ? 300_000 : prng.pick([10_000, 300_000]),
    diskDelayMs: shape === 'files' ? 80 : prng.pick([0.5, 0.5, 5]),
  }
}

/** What jobs of one cluster have in common, whatever else is drawn. */
export function ofCluster({
  mode,
  failover,
  taskManagers,
  heartbeatTimeoutMs,
  deployTimeoutMs,
  diskDelayMs,
}: WorkloadOptions): Partial<WorkloadOptions> {
  return { mode, failover, taskManagers, heartbeatTimeoutMs, deployTimeoutMs, diskDelayMs }
}

/** The key of number n. */
export function keyOf(n: number, { keys, skewed }: WorkloadOptions): string {
  return skewed && n % 10 !== 0 ? 'k0' : `k${(n * 7919) % keys}`
}

/** Numbers that must arrive in the output. */
export const outputRecords = (options: WorkloadOptions): number => options.records * options.copies

/** Numbers of the first of two sources. */
export const firstHalf = ({ records }: WorkloadOptions): number => Math.floor(records / 2)

/** The key that number n must have in the output. */
export function outputKey(n: number, options: WorkloadOptions): string {
  const key = keyOf(Math.floor(n / options.copies), options)
  return options.shape === 'pipelines' && n >= firstHalf(options) ? secondKey(key) : key
}

/** The second of two pipelines counts by itself. */
export const secondKey = (key: string): string => `second-${key}`

/** True when counts in the output are 1 … k for each key; else they are 0. */
export const isCounted = ({ shape }: WorkloadOptions): boolean => shape !== 'lists'

/** Stages behind which the records of one key and part still come in order. */
const ORDERED_STAGES: ReadonlySet<Stage> = new Set(['map', 'keyed', 'broadcast'])

/** True when there is one path from the source to where records are counted. */
export function isOrdered({ shape, stages }: WorkloadOptions): boolean {
  if (shape === 'mixed') return stages.every((stage) => ORDERED_STAGES.has(stage))
  return shape !== 'rebalanced' && shape !== 'diamond' && shape !== 'lists'
}
