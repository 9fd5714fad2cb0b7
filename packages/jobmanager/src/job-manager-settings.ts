// What a JobManager is told at its start, and what it takes for granted when it is not.

import type { CheckpointStorage } from '@weirjs/common/core/checkpoint/storage'
import type { Scheduler } from '@weirjs/common/core/clock'
import type { WorkerDialer } from '@weirjs/common/core/gateways'
import type { Fence } from '@weirjs/common/core/ids'
import type { Log } from '@weirjs/common/core/log'
import type { Prng } from '@weirjs/common/core/prng'
import type { JobDefault } from '@weirjs/common/job-client'
import { DEPLOY_TIMEOUT_MS } from './core/job/deploy-watch.ts'
import type { HistoryIndex } from './store/history-index.ts'

export interface JobManagerSettings {
  readonly version: string
  readonly pid: number
  readonly heartbeatIntervalMs: number
  readonly heartbeatTimeoutMs: number
  readonly failover: 'region' | 'full'
  /** Tasks have so long to restore, and again so long to run when all have; then they failed (`job/deploy-timeout`). */
  readonly deployTimeoutMs: number
  /** From the end of a job to the sweep of what tasks have left that were believed dead. */
  readonly lateSweepMs: number
  /** What is told to whoever submits; the settings of a submitted job are complete. */
  readonly jobDefaults: readonly JobDefault[]
  /** Names this process life; default: from the prng. */
  readonly coordinatorId?: string
  /**
   * What slots of one attempt show each other, the same for every call with the same fence. Default: derived from the
   * prng, which is not for hostile networks.
   */
  readonly credential?: (fence: Fence) => string
}

export interface JobManagerOptions {
  readonly scheduler: Scheduler
  /** Seeded differently in every process life: ids come from it. */
  readonly prng: Prng
  readonly storage: CheckpointStorage
  readonly dialer: WorkerDialer
  /** Not closed by the JobManager. */
  readonly history: HistoryIndex
  readonly log: Log
  readonly options: JobManagerSettings
}

export const DEFAULT_JOB_MANAGER_SETTINGS: JobManagerSettings = {
  version: '0.0.0',
  pid: 0,
  heartbeatIntervalMs: 1_000,
  heartbeatTimeoutMs: 10_000,
  failover: 'region',
  deployTimeoutMs: DEPLOY_TIMEOUT_MS,
  lateSweepMs: 60_000,
  jobDefaults: [],
}
