// A TaskManager process: the control side of one worker, served over gRPC, with job processes below it. It loads no user
// code. It ends when it is told to (SIGTERM, SIGINT), or when the JobManager refuses it for good.

import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { hostname, totalmem } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Failure, fromFailure } from '@weirjs/common/core/errors'
import type { WorkerId } from '@weirjs/common/core/ids'
import type { Log } from '@weirjs/common/core/log'
import { Prng } from '@weirjs/common/core/prng'
import { WEIR_VERSION } from '@weirjs/common/core/version'
import type { SystemUser } from '@weirjs/common/node/config-values'
import { memoryLimitBytes } from '@weirjs/common/node/control-group'
import { advertisedHost } from '@weirjs/common/node/exposure'
import { HttpAccess } from '@weirjs/common/node/http-access'
import type { ProbeMetrics } from '@weirjs/common/node/probes'
import { ProcessMeter, residentBytes as ownResidentBytes } from '@weirjs/common/node/process-meter'
import { findRuntimeRoot } from '@weirjs/common/node/runtime-modules'
import { heldSecrets } from '@weirjs/common/node/secrets'
import { systemScheduler } from '@weirjs/common/node/system-scheduler'
import { nameWorker, openWorkDirectory } from '@weirjs/common/node/work-directories'
import { connectCoordinator } from '@weirjs/common/rpc/coordinator-client'
import { joinAddress } from '@weirjs/common/rpc/listen'
import { serve } from '@weirjs/common/rpc/serve'
import { readToken } from '@weirjs/common/rpc/token'
import { workerService } from '@weirjs/common/rpc/worker-server'
import { checkOwnName, type Identity } from '@weirjs/common/tls/identity'
import { type MemoryShares, shareMemory } from './core/memory-shares.ts'
import { workerMetrics } from './metrics.ts'
import { BundleCache } from './slots/bundle-cache.ts'
import { jobEnvironment } from './slots/job-environment.ts'
import { JOB_PROCESS_ENTRY } from './slots/job-node.ts'
import { JobUser } from './slots/job-user.ts'
import { JobGroups } from './slots/job-groups.ts'
import { withKeptOutput } from './slots/kept-output.ts'
import { residentBytes } from './slots/kernel-memory.ts'
import { OutputFiles, type OutputFilesOptions } from './slots/output-files.ts'
import type { PortRange } from './slots/protocol.ts'
import { type JobProcessView, ProcessSlotHost } from './slots/slot-host.ts'
import { JOB_PROCESSES_MAX } from './slots/process-family.ts'
import { PROGRESS_TIMEOUT_MS } from './slots/slot-watch.ts'
import { CANCEL_GRACE_MS, CLOSE_GRACE_MS, Worker } from './worker.ts'

export interface TaskManagerSettings {
  /** `host:port` of the JobManager. */
  readonly jobManager: string
  readonly tokenFile: string
  /** For every gRPC connection, those of its slots included (with keys of their own); null: they are not encrypted. */
  readonly tls: Identity | null
  /** Root of the checkpoint storage, the same for all. */
  readonly checkpointDirectory: string
  /** Of this process alone: cached bundles and the like. Emptied at the end. */
  readonly workDirectory: string
  readonly slots: number
  readonly bindHost: string
  /** What others dial; null: `bindHost`, or the name of this machine where that means every address. */
  readonly advertisedHost: string | null
  /** 0: any free port. */
  readonly controlPort: number
  readonly dataPorts: PortRange
  /** null: by the memory that this process may use. */
  readonly slotHeapBytesMax: number | null
  /** Resident memory of a job process with all slots; null: by the memory that this process may use. */
  readonly jobProcessBytesMax: number | null
  /** Processes that the code of a job may have started at a time, for each job process. */
  readonly jobProcessesMax: number
  /** Whom job processes run as; null: whom this process does. `above`: directories above `workDirectory` that let it through. */
  readonly jobUser: (SystemUser & { readonly above: readonly string[] }) | null
  /** A directory of control groups (version 2) in which each job process gets one; null: none gets one. */
  readonly controlGroup: string | null
  /** Keep one job process started ahead. */
  readonly prepareJobProcess: boolean
  readonly cancelGraceMs: number
  /** Longest time that user code may block a slot; null: no limit. */
  readonly progressTimeoutMs: number | null
  /** Environment variables that jobs may see. */
  readonly jobEnvironment: readonly string[]
  /** Directory with a file for each secret; null: none. */
  readonly secretsDirectory: string | null
  /** Where and how much of what jobs print is kept on disk; null: nothing. */
  readonly output: OutputSettings | null
  readonly log: Log
}

export type OutputSettings = Pick<
  OutputFilesOptions,
  'directory' | 'fileBytesMax' | 'filesMax' | 'totalBytesMax'
>

const REPORT_INTERVAL_MS = 200
const WORKER_NAME_BYTES = 6
const SEED_BYTES = 4

export const TASK_MANAGER_DEFAULTS: Omit<
  TaskManagerSettings,
  'jobManager' | 'tokenFile' | 'checkpointDirectory' | 'workDirectory' | 'log'
> = {
  tls: null,
  slots: 1,
  bindHost: '127.0.0.1',
  advertisedHost: null,
  controlPort: 0,
  dataPorts: { first: 0, last: 0 },
  slotHeapBytesMax: null,
  jobProcessBytesMax: null,
  jobProcessesMax: JOB_PROCESSES_MAX,
  jobUser: null,
  controlGroup: null,
  prepareJobProcess: true,
  cancelGraceMs: CANCEL_GRACE_MS,
  progressTimeoutMs: PROGRESS_TIMEOUT_MS,
  jobEnvironment: [],
  secretsDirectory: null,
  output: null,
}

export interface TaskManagerProcess {
  readonly workerId: string
  readonly controlAddress: string
  /** Settles when the process has nothing left to do: resolves after `close`, rejects when it was refused. */
  readonly ended: Promise<void>
  /** null: it is registered; else why not. */
  whyNotReady(): Promise<string | null>
  readonly metrics: ProbeMetrics
  /** Resident memory of this process and the job processes. */
  readonly rssBytes: () => number
  readonly jobProcesses: () => readonly JobProcessView[]
  close(reason: string): Promise<void>
}

/** Errors: `config/token-...`, `config/tls-wrong-name`, `net/...`, `config/no-runtime`, `config/bad-value`. */
export async function startTaskManagerProcess(
  settings: TaskManagerSettings,
): Promise<TaskManagerProcess> {
  const { log, slots } = settings
  const token = readToken(settings.tokenFile)
  if (settings.tls !== null) checkOwnName(settings.tls, advertised(settings))
  const runtimeRoot = findRuntimeRoot(process.env)
  const shares = shareMemory({
    limitBytes: memoryLimitBytes(),
    machineBytes: totalmem(),
    slots,
    slotHeapBytes: settings.slotHeapBytesMax,
    jobProcessBytes: settings.jobProcessBytesMax,
  })
  const scheduler = systemScheduler()
  const life = randomBytes(WORKER_NAME_BYTES).toString('hex')
  const name = { host: hostname(), pid: process.pid, life }
  const id = nameWorker(name)
  await using undo = new AsyncDisposableStack()
  const workDirectory = openWorkDirectory(settings.workDirectory, name)
  undo.defer(() => rmSync(workDirectory, { recursive: true, force: true }))
  const user = await takeJobUser(settings, { workDirectory, runtimeRoot })
  const groups =
    settings.controlGroup === null
      ? null
      : await JobGroups.open({ directory: settings.controlGroup, worker: name, scheduler, log })
  undo.defer(() => groups?.close())
  const { server, controlAddress } = await serveControl(settings, token, {
    later: () => worker.gateway,
    scheduler,
  })
  undo.defer(() => server.close())
  const connection = connectCoordinator({
    address: settings.jobManager,
    token,
    workerId: id,
    scheduler,
    tls: settings.tls ?? undefined,
    onLost: (reason) => worker.connectionLost(reason),
  })
  const host = makeHost(settings, {
    id,
    workDirectory,
    runtimeRoot,
    user,
    shares,
    groups,
    scheduler,
    fetch: (job, hash) => connection.gateway.fetchBundle(job, hash),
  })
  const output =
    settings.output === null
      ? null
      : new OutputFiles({ ...settings.output, workerId: id, scheduler, log })
  const ending = Promise.withResolvers<void>()
  const rssBytes = (): number => rssOf([process.pid, ...host.pids.inUse])
  const worker = new Worker({
    registration: { workerId: id, controlAddress, slots, pid: process.pid, version: WEIR_VERSION },
    coordinator: connection.gateway,
    host: output === null ? host : withKeptOutput(host, (line) => output.take(line)),
    scheduler,
    log,
    prng: new Prng(randomBytes(SEED_BYTES).readUInt32LE()),
    rssBytes,
    onRefused: (failure: Failure) => ending.reject(fromFailure(failure)),
    cancelGraceMs: settings.cancelGraceMs,
    closeGraceMs: CLOSE_GRACE_MS,
  })
  worker.start()
  log.info(
    { workerId: id, controlAddress, jobManager: settings.jobManager, slots },
    'TaskManager started',
  )
  const close = async (reason: string): Promise<void> => {
    log.info({ reason }, 'TaskManager ends')
    await worker.close(reason)
    host.close()
    await groups?.close()
    await output?.close()
    connection.close()
    await server.close()
    rmSync(workDirectory, { recursive: true, force: true })
    ending.resolve()
  }
  const whyNotReady = async (): Promise<string | null> =>
    worker.registered ? null : `not registered at the JobManager ${settings.jobManager}`
  const meter = new ProcessMeter({ role: 'taskmanager', version: WEIR_VERSION })
  const metrics: ProbeMetrics = {
    access: new HttpAccess(token),
    text: () =>
      workerMetrics(meter, {
        worker,
        slots,
        jobProcesses: host.jobProcesses.map(({ pid, ...own }) => ({
          ...own,
          memoryBytes: residentBytes(pid) ?? 0,
        })),
      }),
  }
  undo.move()
  return {
    workerId: id,
    controlAddress,
    ended: ending.promise,
    whyNotReady,
    metrics,
    rssBytes,
    jobProcesses: () => host.jobProcesses,
    close,
  }
}

type Scheduler = ReturnType<typeof systemScheduler>

async function takeJobUser(
  { jobUser, checkpointDirectory, workDirectory }: TaskManagerSettings,
  own: { readonly workDirectory: string; readonly runtimeRoot: string },
): Promise<JobUser | null> {
  if (jobUser === null) return null
  return JobUser.take(jobUser, {
    storage: checkpointDirectory,
    files: [fileURLToPath(JOB_PROCESS_ENTRY), join(own.runtimeRoot, 'package.json')],
    passages: [...jobUser.above, workDirectory, own.workDirectory],
  })
}

function makeHost(
  settings: TaskManagerSettings,
  own: {
    readonly id: WorkerId
    readonly workDirectory: string
    readonly runtimeRoot: string
    readonly user: JobUser | null
    readonly shares: MemoryShares
    readonly groups: JobGroups | null
    readonly scheduler: Scheduler
    readonly fetch: ConstructorParameters<typeof BundleCache>[0]['fetch']
  },
): ProcessSlotHost {
  const bundles = new BundleCache({
    directory: join(own.workDirectory, 'bundles'),
    fetch: own.fetch,
    tag: own.id,
    slots: settings.slots,
    readers: own.user?.gid ?? null,
  })
  const { shares, user } = own
  return new ProcessSlotHost({
    workerId: own.id,
    slots: settings.slots,
    bundlePath: (job, hash) => bundles.path(job, hash),
    runtimeRoot: own.runtimeRoot,
    checkpointDirectory: settings.checkpointDirectory,
    bindHost: settings.bindHost,
    advertisedHost: advertised(settings),
    dataPorts: settings.dataPorts,
    encrypted: settings.tls !== null,
    heapBytesMax: shares.slotHeapBytes,
    jobProcessBytesMax: shares.jobProcessBytes,
    processesMax: settings.jobProcessesMax,
    user,
    groups: own.groups,
    env: jobEnvironment({
      own: process.env,
      allowed: settings.jobEnvironment,
      slots: settings.slots,
      sameUser: user === null,
    }),
    secrets: () =>
      heldSecrets({
        env: process.env,
        directory: settings.secretsDirectory,
        hidden: [settings.tokenFile],
      }),
    prepare: settings.prepareJobProcess,
    reportIntervalMs: REPORT_INTERVAL_MS,
    progressTimeoutMs: settings.progressTimeoutMs,
    scheduler: own.scheduler,
    log: settings.log,
  })
}

type Gateway = Parameters<typeof workerService>[0]

const advertised = (settings: TaskManagerSettings): string =>
  advertisedHost(settings.advertisedHost, settings.bindHost)

/** The server is up before the worker exists, because the worker's registration names its address. */
async function serveControl(
  settings: TaskManagerSettings,
  token: string,
  own: { readonly later: () => Gateway; readonly scheduler: Scheduler },
): Promise<{
  readonly server: Awaited<ReturnType<typeof serve>>
  readonly controlAddress: string
}> {
  const { later } = own
  const gateway: Gateway = {
    allocate: (request) => later().allocate(request),
    deploy: (request) => later().deploy(request),
    run: (request) => later().run(request),
    cancel: (request) => later().cancel(request),
    release: (fence) => later().release(fence),
    trigger: (request) => later().trigger(request),
    notifyComplete: (notice) => later().notifyComplete(notice),
    notifyAborted: (notice) => later().notifyAborted(notice),
  }
  const server = await serve({
    host: settings.bindHost,
    port: settings.controlPort,
    flag: 'taskmanager.rpc.port',
    token,
    scheduler: own.scheduler,
    tls: settings.tls === null ? undefined : { identity: settings.tls, log: settings.log },
    log: settings.log,
    services: [workerService(gateway)],
  })
  return { server, controlAddress: joinAddress(advertised(settings), server.port) }
}

/** Resident memory of processes; those that are gone or unknown to the system count nothing. */
function rssOf(pids: readonly number[]): number {
  let bytes = 0
  for (const pid of pids)
    bytes += pid === process.pid ? ownResidentBytes() : (residentBytes(pid) ?? 0)
  return bytes
}
