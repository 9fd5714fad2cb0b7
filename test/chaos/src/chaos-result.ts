// What a run of chaos is told, and what it tells.

import type { CheckpointMode } from '@weirjs/common/core/graph/logical-graph'
import type { Slopes } from '../../processes/src/growth.ts'
import type { Violation } from '../../processes/src/violation.ts'
import type { KillKind } from './kills.ts'
import type { QuietTail } from './quiet-tail.ts'
import type { RecoverySummary } from './recoveries.ts'

/** `nightly` adds bursts: many kills in a row, then time to recover; and spares the JobManager in the end. */
export type ChaosProfile = 'pr' | 'nightly'

export interface ChaosOptions {
  readonly profile: ChaosProfile
  readonly minutes: number
  /** Behind them, without faults: memory must be flat. 0: none. */
  readonly quietMinutes: number
  /** In the last third of the kills the JobManager lives, so that a leak of it can show. */
  readonly spareJobManager: boolean
  readonly seed: number
  readonly mode: CheckpointMode
  readonly keep: boolean
  readonly echo: boolean
}

export interface ChaosResult {
  readonly seed: number
  readonly minutes: number
  readonly profile: ChaosProfile
  readonly mode: CheckpointMode
  /** Faults in all; `pauses` are among them. */
  readonly kills: number
  readonly pauses: number
  /** By partitions; null: this machine knows none. */
  readonly droppedPackets: number | null
  readonly killsByKind: Readonly<Record<string, number>>
  /** Of processes, by the harness. */
  readonly processRestarts: number
  /** Of the job, by the engine. */
  readonly restarts: number
  readonly checkpoints: number
  readonly records: number
  readonly files: number
  readonly gapsWithCheckpoint: number
  /** By the minute, after the beginning; null: the run was too short. */
  readonly growth: Slopes | null
  /** More would have been a violation. */
  readonly growthMax: Slopes | null
  /** null: none was wanted. */
  readonly quiet: QuietTail | null
  readonly recovery: Readonly<Record<KillKind, RecoverySummary>>
  readonly wallSeconds: number
  readonly failures: readonly Violation[]
  /** Where everything lies; null when it was removed. */
  readonly directory: string | null
  /** On failure: what happened, merged from all logs. */
  readonly history: readonly string[]
}
