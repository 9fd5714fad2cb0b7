// A JobManager process: one JobManager behind gRPC, on a file system. What it needs is handed in, resolved; reading
// configuration and catching signals are the command line's. It serves before it has taken its jobs over, so that a slow
// storage never looks like a dead process.

import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { toFailure } from '@weirjs/common/core/errors'
import type { Log } from '@weirjs/common/core/log'
import { Prng } from '@weirjs/common/core/prng'
import { WEIR_VERSION } from '@weirjs/common/core/version'
import { FsStorage } from '@weirjs/common/node/fs-storage'
import { systemScheduler } from '@weirjs/common/node/system-scheduler'
import { coordinatorService } from '@weirjs/common/rpc/coordinator-server'
import { jobService } from '@weirjs/common/rpc/job-server'
import { serve } from '@weirjs/common/rpc/serve'
import { readToken } from '@weirjs/common/rpc/token'
import { workerDialer } from '@weirjs/common/rpc/worker-client'
import { DEPLOY_TIMEOUT_MS } from './core/job/deploy-watch.ts'
import { credentials } from './credentials.ts'
import { JobManager } from './job-manager.ts'
import { DEFAULT_JOB_MANAGER_SETTINGS } from './job-manager-settings.ts'
import { LevelHistory } from './store/history-index.ts'

export interface JobManagerProcessSettings {
  readonly bindHost: string
  /** 0: any free port. */
  readonly port: number
  readonly tokenFile: string
  /** Root of the checkpoint storage, the same for all processes of the cluster: the truth about jobs. */
  readonly checkpointDirectory: string
  /** Of this JobManager alone: the rebuildable index. */
  readonly dataDirectory: string
  readonly heartbeatIntervalMs: number
  readonly heartbeatTimeoutMs: number
  readonly failover: 'region' | 'full'
  /** Default: DEPLOY_TIMEOUT_MS. */
  readonly deployTimeoutMs?: number
  readonly log: Log
}

export const JOB_MANAGER_DEFAULTS: Omit<
  JobManagerProcessSettings,
  'tokenFile' | 'checkpointDirectory' | 'dataDirectory' | 'log'
> = {
  bindHost: '127.0.0.1',
  port: 6123,
  heartbeatIntervalMs: 1_000,
  heartbeatTimeoutMs: 10_000,
  failover: 'region',
}

export interface JobManagerProcess {
  /** `host:port` as bound. */
  readonly address: string
  readonly port: number
  readonly coordinatorId: string
  /** Resolves when all jobs on the storage have been looked at. Rejects when that is not possible. */
  readonly recovered: Promise<void>
  /** null: it leads its jobs, and their storage answers; else why not. */
  whyNotReady(): Promise<string | null>
  /** Ends; jobs go on under the next JobManager. */
  close(): Promise<void>
}

const SEED_BYTES = 4

/** Errors: `config/token-...`, `net/...`, `storage/...`, `history/unavailable`. */
export async function startJobManagerProcess(
  settings: JobManagerProcessSettings,
): Promise<JobManagerProcess> {
  const { log, heartbeatIntervalMs, heartbeatTimeoutMs, failover } = settings
  const token = readToken(settings.tokenFile)
  const scheduler = systemScheduler()
  const coordinatorId = randomBytes(8).toString('hex')
  const storage = await FsStorage.open(settings.checkpointDirectory)
  const history = await LevelHistory.open(join(settings.dataDirectory, 'history'), log)
  const manager = new JobManager({
    scheduler,
    prng: new Prng(randomBytes(SEED_BYTES).readUInt32LE()),
    storage,
    dialer: workerDialer({ token, sender: coordinatorId, scheduler }),
    history,
    log,
    options: {
      ...DEFAULT_JOB_MANAGER_SETTINGS,
      version: WEIR_VERSION,
      pid: process.pid,
      coordinatorId,
      heartbeatIntervalMs,
      heartbeatTimeoutMs,
      failover,
      deployTimeoutMs: settings.deployTimeoutMs ?? DEPLOY_TIMEOUT_MS,
      credential: credentials(randomBytes(32).toString('hex')),
    },
  })
  const server = await serveOrClose(settings, { token, scheduler, manager, history })
  const { address, port } = server
  log.info(
    { address, coordinatorId, version: WEIR_VERSION, checkpoints: storage.root },
    'JobManager started',
  )
  let standing = 'jobs are being taken over'
  const recovered = manager.start().then(
    () => {
      standing = ''
      log.info({ coordinatorId }, 'jobs taken over')
    },
    (error: unknown) => {
      const { code, message } = toFailure(error)
      standing = `jobs cannot be taken over: ${message}`
      log.error({ code, reason: message }, 'jobs cannot be taken over')
      throw error
    },
  )
  // Who does not ask for it must not die of it: it has been logged.
  recovered.catch(() => {})
  const whyNotReady = async (): Promise<string | null> => {
    if (standing !== '') return standing
    await storage.reach()
    return null
  }
  const close = async (): Promise<void> => {
    standing = 'it is closing'
    manager.close()
    await server.close()
    await history.close()
    log.info({ coordinatorId }, 'JobManager ended')
  }
  return { address, port, coordinatorId, recovered, whyNotReady, close }
}

async function serveOrClose(
  settings: JobManagerProcessSettings,
  own: {
    readonly token: string
    readonly scheduler: ReturnType<typeof systemScheduler>
    readonly manager: JobManager
    readonly history: LevelHistory
  },
): Promise<Awaited<ReturnType<typeof serve>>> {
  const { token, scheduler, manager, history } = own
  try {
    return await serve({
      host: settings.bindHost,
      port: settings.port,
      flag: 'jobmanager.rpc.port',
      token,
      scheduler,
      services: [
        coordinatorService({
          gateway: manager,
          onWorkerLost: (worker, reason) => manager.connectionLost(worker, reason),
        }),
        jobService(manager.client),
      ],
    })
  } catch (error) {
    manager.close()
    await history.close()
    throw error
  }
}
