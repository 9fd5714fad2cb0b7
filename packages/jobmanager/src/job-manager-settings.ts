// What a JobManager is told at its start, and what it takes for granted when it is not.

import type { Fence } from '@weirjs/common/core/ids'
import { DEPLOY_TIMEOUT_MS } from './core/job/deploy-watch.ts'

export interface JobManagerSettings {
  readonly version: string
  readonly pid: number
  readonly heartbeatIntervalMs: number
  readonly heartbeatTimeoutMs: number
  readonly failover: 'region' | 'full'
  /** Tasks have so long to report `running` after their deployment; then they have failed (`job/deploy-timeout`). */
  readonly deployTimeoutMs: number
  /** From the end of a job to the sweep of what tasks have left that were believed dead. */
  readonly lateSweepMs: number
  /** Names this process life; default: from the prng. */
  readonly coordinatorId?: string
  /**
   * What slots of one attempt show each other, the same for every call with the same fence. Default: derived from the
   * prng, which is not for hostile networks.
   */
  readonly credential?: (fence: Fence) => string
}

export const DEFAULT_JOB_MANAGER_SETTINGS: JobManagerSettings = {
  version: '0.0.0',
  pid: 0,
  heartbeatIntervalMs: 1_000,
  heartbeatTimeoutMs: 10_000,
  failover: 'region',
  deployTimeoutMs: DEPLOY_TIMEOUT_MS,
  lateSweepMs: 60_000,
}
