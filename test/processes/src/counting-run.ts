// How the counting job is started by those who treat it badly.

import { fileURLToPath } from 'node:url'
import type { CheckpointMode } from '@weirjs/common/core/graph/logical-graph'
import type { ProcessCluster } from './process-cluster.ts'

const COUNTING_JOB = fileURLToPath(new URL('counting-job.ts', import.meta.url))

/** What a job must be told so that it bears being killed all the time. */
const DEFINES: readonly string[] = [
  'execution.checkpointing.timeout=10s',
  'restart-strategy.type=fixed-delay',
  'restart-strategy.fixed-delay.attempts=1000000',
  'restart-strategy.fixed-delay.delay=100ms',
]

export interface CountingOptions {
  readonly records: number
  readonly perSecond: number
  readonly keys: number
  /** Of every step. */
  readonly parallelism: number
  /** Default: exactly once. */
  readonly mode?: CheckpointMode
  /** Default: 500ms. */
  readonly checkpointEach?: string
  /** Beside those of every such job. */
  readonly defines?: readonly string[]
  /** Default: `out` in the cluster's directory. */
  readonly out?: string
  /** Default: `alerts` in the cluster's directory. */
  readonly alerts?: string
  /** What the job's code does once when this file appears: see `trap.ts`. Default: nothing. */
  readonly trap?: string
}

/** See `collected-heap.ts`. */
export const heapDirectory = (cluster: ProcessCluster): string => cluster.path('heaps')

/** Submits; answers the job's id. */
export function submitCounting(cluster: ProcessCluster, options: CountingOptions): Promise<string> {
  const { records, perSecond, keys, parallelism, defines = [] } = options
  const { mode = 'exactly-once', checkpointEach = '500ms' } = options
  const args = {
    count: records,
    rate: perSecond,
    keys,
    parts: parallelism,
    out: options.out ?? cluster.path('out'),
    alerts: options.alerts ?? cluster.path('alerts'),
    trap: options.trap ?? '',
    heaps: heapDirectory(cluster),
  }
  return cluster.submit({
    file: COUNTING_JOB,
    args: Object.entries(args).flatMap(([name, value]) => [`--${name}`, `${value}`]),
    defines: [
      ...DEFINES,
      `execution.checkpointing.mode=${mode}`,
      `execution.checkpointing.interval=${checkpointEach}`,
      ...defines,
    ],
    parallelism,
  })
}
