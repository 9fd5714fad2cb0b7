// What a simulated job is like, drawn from the seed: its shape, its size, and the settings that change how records travel.

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
const STAGES = ['map', 'spread', 'keyed', 'diamond'] as const

export interface WorkloadOptions {
  readonly shape: Shape
  /** Numbers that the sources make, in all. */
  readonly records: number
  readonly recordsPerSecond: number
  /** Sources look at the clock so often. */
  readonly tickMs: number
  readonly keys: number
  /** Nine of ten records have the same key. */
  readonly skewed: boolean
  /** Shape `blow-up`: records made of each. */
  readonly copies: number
  /** Shape `files`: files that the input lies in. */
  readonly inputFiles: number
  /** Shape `mixed`: its steps. */
  readonly stages: readonly (typeof STAGES)[number][]
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
  readonly mode: CheckpointMode
  readonly failover: 'region' | 'full'
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
/** Records that the shape `blow-up` comes to, about. */
const BLOWN_UP_RECORDS = 20_000

export function drawWorkload(prng: Prng, mode: CheckpointMode): WorkloadOptions {
  const recordsPerSecond = prng.pick([40, 100, 300])
  const records = prng.between(6, 20) * recordsPerSecond
  const shape = prng.pick(SHAPES)
  const frameBytes = prng.pick([1_024, 1_024, 4_096, 32_768])
  return {
    shape,
    records,
    recordsPerSecond,
    tickMs: prng.pick([5, 25, 60, 200]),
    keys: prng.pick([1, 7, 100]),
    skewed: prng.chance(0.2),
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
    checkpointMs: prng.pick([100, 300, 300, 1_000, 1_000, 3_000, null]),
    minPauseMs: prng.pick([0, 0, 0, 200]),
    maxConcurrent: prng.pick([1, 1, 1, 2]),
    retained: prng.pick([1, 2, 3]),
    mode,
    failover: prng.pick(['region', 'region', 'full']),
    diskDelayMs: shape === 'files' ? 80 : prng.pick([0.5, 0.5, 5]),
  }
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
