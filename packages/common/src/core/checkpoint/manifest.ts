// The stored description of one completed checkpoint, version 1. It is self-contained: whoever holds the manifest and
// the files that it names can restore the job. Stored as JSON inside a checked envelope (see codec/envelope).

import type { JobSettings, LogicalGraph } from '../graph/logical-graph.ts'
import type { CheckpointId, JobId, LeaderEpoch, OperatorUid } from '../ids.ts'
import type { AcknowledgedSnapshot } from './handles.ts'

export interface ManifestOperator {
  readonly uid: OperatorUid
  readonly vertex: string
  readonly parallelism: number
  /** Recorded for good: state is laid out by it (decision D18). */
  readonly maxParallelism: number
}

export interface Manifest {
  readonly version: 1
  readonly jobId: JobId
  readonly jobName: string
  readonly epoch: LeaderEpoch
  readonly checkpointId: CheckpointId
  /** Wall clock, ms since 1970. */
  readonly triggeredAtMs: number
  readonly completedAtMs: number
  /** The final checkpoint of a bounded job: what is left to do is to commit. */
  readonly final: boolean
  readonly operators: readonly ManifestOperator[]
  readonly tasks: readonly AcknowledgedSnapshot[]
  readonly graph: LogicalGraph
  readonly settings: JobSettings
}
