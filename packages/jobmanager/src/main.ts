// A JobManager process: one JobManager behind gRPC, on a file system. What it needs is handed in, resolved; reading
// configuration and catching signals are the command line's. It serves before it has taken its jobs over, so that a slow
// storage never looks like a dead process.

import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Scheduler } from '@weirjs/common/core/clock'
import { toFailure } from '@weirjs/common/core/errors'
import type { Log } from '@weirjs/common/core/log'
import { Prng } from '@weirjs/common/core/prng'
import { MetricText } from '@weirjs/common/core/metrics/metric-text'
import { WEIR_VERSION } from '@weirjs/common/core/version'
import { FsStorage } from '@weirjs/common/node/fs-storage'
import { HttpAccess } from '@weirjs/common/node/http-access'
import type { HttpServer } from '@weirjs/common/node/http-server'
import type { ProbeMetrics } from '@weirjs/common/node/probes'
import { ProcessMeter } from '@weirjs/common/node/process-meter'
import { systemScheduler } from '@weirjs/common/node/system-scheduler'
import { coordinatorService } from '@weirjs/common/rpc/coordinator-server'
import { jobService } from '@weirjs/common/rpc/job-server'
import { type RpcServer, serve } from '@weirjs/common/rpc/serve'
import { readToken } from '@weirjs/common/rpc/token'
import { workerDialer } from '@weirjs/common/rpc/worker-client'
import type { Identity } from '@weirjs/common/tls/identity'
import type { JobDefault } from '@weirjs/common/job-client'
import { DEPLOY_TIMEOUT_MS } from './core/job/deploy-watch.ts'
import { credentials } from './credentials.ts'
import { JobManager } from './job-manager.ts'
import { DEFAULT_JOB_MANAGER_SETTINGS } from './job-manager-settings.ts'
import { writeClusterMetrics } from './rest/metrics.ts'
import { startRest } from './rest/rest-server.ts'
import type { ConfigEntry } from './rest/route.ts'
import { LevelHistory } from './store/history-index.ts'

export interface JobManagerProcessSettings {
  readonly bindHost: string
  /** 0: any free port. */
  readonly port: number
  readonly tokenFile: string
  /** For every gRPC connection; null: they are not encrypted. */
  readonly tls: Identity | null
  /** Root of the checkpoint storage, the same for all processes of the cluster: the truth about jobs. */
  readonly checkpointDirectory: string
  /** Of this JobManager alone: the rebuildable index. */
  readonly dataDirectory: string
  readonly heartbeatIntervalMs: number
  readonly heartbeatTimeoutMs: number
  readonly failover: 'region' | 'full'
  /** Default: DEPLOY_TIMEOUT_MS. */
  readonly deployTimeoutMs?: number
  /** What the configuration says of jobs; default: nothing. */
  readonly jobDefaults?: readonly JobDefault[]
  /** Names of settings that jobs are not told, because they are named like secrets; default: none. */
  readonly keptFromJobs?: readonly string[]
  /** null: no HTTP port. */
  readonly rest: RestSettings | null
  readonly log: Log
}

export interface RestSettings {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  /** `host:port` as people reach it, behind a mapped port or a proxy; left out: as bound. */
  readonly advertisedAddress?: string | undefined
  /** HTTPS; null: plain HTTP. */
  readonly tls: Identity | null
  /** What is told of this process's configuration; secrets masked. */
  readonly configuration: readonly ConfigEntry[]
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
  tls: null,
  rest: null,
}

export interface JobManagerProcess {
  /** `host:port` as bound. */
  readonly address: string
  readonly port: number
  readonly coordinatorId: string
  /** `host:port` of the REST interface and the page as people reach them, behind `https://` where it is that; null: there is none. */
  readonly restAddress: string | null
  /**
   * Takes the jobs of the storage over: once, when all that may fail at a start has been opened, because from here on another
   * JobManager that led them does not. Resolves when all have been looked at; rejects when that is not possible.
   */
  takeOver(): Promise<void>
  /** null: it leads its jobs, and their storage answers; else why not. */
  whyNotReady(): Promise<string | null>
  readonly metrics: ProbeMetrics
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
    dialer: workerDialer({
      token,
      sender: coordinatorId,
      scheduler,
      tls: settings.tls ?? undefined,
    }),
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
      jobDefaults: settings.jobDefaults ?? [],
      credential: credentials(randomBytes(32).toString('hex')),
    },
  })
  const standing: Standing = { notReady: 'jobs are being taken over' }
  const metrics = { access: new HttpAccess(token), text: metricsOf(manager) }
  const own: Own = { settings, scheduler, manager, history, storage, standing, metrics }
  const { server, rest } = await serveOrClose(own, token)
  const { address, port } = server
  const scheme = (settings.rest?.tls ?? null) === null ? '' : 'https://'
  const restAddress =
    rest === null ? null : `${scheme}${settings.rest?.advertisedAddress ?? rest.address}`
  manager.restAddress = restAddress
  manager.address = address
  log.info(
    { address, restAddress, coordinatorId, version: WEIR_VERSION, checkpoints: storage.root },
    'JobManager started',
  )
  const { keptFromJobs = [] } = settings
  if (keptFromJobs.length > 0)
    log.info({ settings: keptFromJobs }, 'settings named like secrets are not told to jobs')
  const takeOver = async (): Promise<void> => {
    try {
      await manager.start()
    } catch (error) {
      const { code, message } = toFailure(error)
      standing.notReady = `jobs cannot be taken over: ${message}`
      log.error({ code, reason: message }, 'jobs cannot be taken over')
      throw error
    }
    standing.notReady = null
    log.info({ coordinatorId }, 'jobs taken over')
  }
  const close = async (): Promise<void> => {
    standing.notReady = 'it is closing'
    manager.close()
    await Promise.all([server.close(), rest?.close()])
    await history.close()
    log.info({ coordinatorId }, 'JobManager ended')
  }
  const whyNotReady = (): Promise<string | null> => notReady(own)
  return {
    address,
    port,
    coordinatorId,
    restAddress,
    takeOver,
    whyNotReady,
    metrics: own.metrics,
    close,
  }
}

/** What the probe says without asking the storage; null: nothing stands against it. */
interface Standing {
  notReady: string | null
}

async function notReady({ standing, storage, manager }: Own): Promise<string | null> {
  const why = standing.notReady ?? manager.notLeading
  if (why === null) await storage.reach()
  return why
}

interface Own {
  readonly settings: JobManagerProcessSettings
  readonly scheduler: Scheduler
  readonly manager: JobManager
  readonly history: LevelHistory
  readonly storage: FsStorage
  readonly standing: Standing
  readonly metrics: ProbeMetrics
}

interface Served {
  readonly server: RpcServer
  readonly rest: HttpServer | null
}

async function serveOrClose(own: Own, token: string): Promise<Served> {
  const { settings, scheduler, manager, history } = own
  let server: RpcServer | null = null
  try {
    server = await serve({
      host: settings.bindHost,
      port: settings.port,
      flag: 'jobmanager.rpc.port',
      token,
      scheduler,
      tls: settings.tls === null ? undefined : { identity: settings.tls, log: settings.log },
      log: settings.log,
      services: [
        coordinatorService({
          gateway: manager,
          onWorkerLost: (worker, reason) => manager.connectionLost(worker, reason),
        }),
        jobService(manager.client),
      ],
    })
    return { server, rest: settings.rest === null ? null : await serveRest(own, settings.rest) }
  } catch (error) {
    manager.close()
    await server?.close()
    await history.close()
    throw error
  }
}

function serveRest(own: Own, rest: RestSettings): Promise<HttpServer> {
  const { settings, scheduler, manager, metrics } = own
  const { client } = manager
  return startRest({
    host: rest.host,
    port: rest.port,
    tls: rest.tls ?? undefined,
    version: WEIR_VERSION,
    scheduler,
    log: settings.log,
    source: { client, jobs: () => manager.jobs, configuration: rest.configuration, scheduler },
    whyNotReady: () => notReady(own),
    metrics,
  })
}

function metricsOf(manager: JobManager): () => string {
  const meter = new ProcessMeter({ role: 'jobmanager', version: WEIR_VERSION })
  return () => {
    const text = new MetricText()
    meter.write(text)
    writeClusterMetrics(text, manager.measures())
    return text.toString()
  }
}
