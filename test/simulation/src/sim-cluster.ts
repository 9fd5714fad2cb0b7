// A simulated cluster: the real JobManager and the real workers, each in a process that can be killed, paused and cut off,
// over the simulated network, on one shared disk. Restarting a process makes a new life with a new identity.

import type { JobFunctions } from '@weirjs/api/functions'
import type { CoordinatorGateway, SlotRequest, WorkerGateway } from '@weirjs/common/core/gateways'
import { type WorkerId, workerId } from '@weirjs/common/core/ids'
import type { Log } from '@weirjs/common/core/log'
import type { Prng } from '@weirjs/common/core/prng'
import { MemoryFileSystem } from '@weirjs/connectors/files/memory-file-system'
import { JobManager } from '@weirjs/jobmanager/job-manager'
import { DEFAULT_JOB_MANAGER_SETTINGS } from '@weirjs/jobmanager/job-manager-settings'
import { MemoryHistory } from '@weirjs/jobmanager/store/history-index'
import { Worker } from '@weirjs/taskmanager/worker'
import { Failpoints } from './failpoints.ts'
import { HEALTHY_NETWORK, Network } from './network.ts'
import { pauseFor, SimProcess } from './process.ts'
import { OutputWatch } from './oracles/o2-watch.ts'
import { LogAuditor } from './oracles/o3-job-log.ts'
import { RestoreAuditor } from './oracles/o3-restores.ts'
import { VisibilityAuditor } from './oracles/o3-visible.ts'
import type { Violation } from './oracles/violation.ts'
import { SimDisk } from './sim-disk.ts'
import { type DiskFaults, type FileWatcher, HEALTHY_DISK, SimFiles } from './sim-files.ts'
import { coordinatorOver, type Party, workerOver } from './sim-gateways.ts'
import { type Hearing, LogReader, tracedLog } from './sim-log.ts'
import { storageOf, type StorageWorld } from './sim-storage.ts'
import { SimSlotHost } from './sim-slot-host.ts'
import { Switchboard } from './sim-transport.ts'
import type { World } from './world.ts'

/** Here nobody waits for slots for minutes: a call that is not answered has failed after two seconds. */
export const UNUSED_SLOTS_MS = 15_000
/** Of the middling cluster: how long faults last follows from it. */
export const HEARTBEAT_TIMEOUT_MS = 2_000
const HEARTBEATS_IN_TIMEOUT = 8
const SUPERVISOR_MS = 500
/** A process that was killed is back after 50 to 1,550 ms. */
const BACK_MS_MIN = 50
const BACK_MS_MAX = 1_500
const PAUSE_MS_MAX = 3 * HEARTBEAT_TIMEOUT_MS
/** Beyond twice the heartbeat time-out: longer than a worker that is cut off keeps its tasks, and they take to end. */
const LATE_SWEEP_MS = 4_000

export interface SimClusterOptions {
  readonly world: World
  readonly taskManagers: number
  readonly slots: number
  readonly heartbeatTimeoutMs: number
  readonly deployTimeoutMs: number
  /** False: what was published may be gone after a loss of power. */
  readonly honestDisk: boolean
  /** Of a sound disk, ms. */
  readonly diskDelayMs: number
  readonly failover: 'region' | 'full'
  /** The job's functions, built anew for a slot; `files` is how its process reaches the disk. */
  readonly build: (request: SlotRequest, files: SimFiles) => JobFunctions
}

export interface TaskManager {
  readonly name: string
  readonly process: SimProcess
  readonly workerId: WorkerId
  readonly worker: Worker
  readonly host: SimSlotHost
}

interface JobManagerLife {
  readonly process: SimProcess
  readonly manager: JobManager
}

export class SimCluster {
  readonly network: Network
  readonly disk: SimDisk
  readonly auditor: LogAuditor
  readonly restores: RestoreAuditor
  readonly #visibility = new VisibilityAuditor()
  readonly #outputWatch = new OutputWatch()
  readonly files: MemoryFileSystem = new MemoryFileSystem()
  #diskFaults: DiskFaults
  /** Machines that have a trouble of their own with the disks. */
  readonly #ownDiskFaults = new Map<string, DiskFaults>()
  /** When it did last. */
  powerLostAtMs = Number.NEGATIVE_INFINITY
  /** Completed checkpoints that a JobManager announced: job and id. */
  readonly completed: Set<string> = new Set()
  /** Is told when a JobManager finds that another one has a job of its. */
  onDeposed: () => void = () => {}
  /** Is told what the JobManagers log of checkpoints that failed. */
  onCheckpointFailed: (job: string, code: string) => void = () => {}
  readonly #createdAtMs = new Map<string, number>()
  #fileWrites = 0
  /** JobManagers that were replaced while they lived. */
  readonly #usurped = new Set<SimProcess>()
  readonly #options: SimClusterOptions
  readonly #world: World
  readonly #board: Switchboard
  readonly #nobody: SimProcess
  /** Whoever sits at the command line: on a machine of his own, and outside of the faults. */
  readonly client: SimProcess
  readonly failpoints: Failpoints
  /** Machines that do not reach any storage. */
  readonly cutOff: Set<string> = new Set()
  /** Machines that find no room for anything new. */
  readonly full: Set<string> = new Set()
  readonly #storage: StorageWorld
  readonly #prng: Prng
  readonly #taskManagers = new Map<string, TaskManager>()
  #jobManager: JobManagerLife | null = null
  #lives = 0

  constructor(options: SimClusterOptions) {
    const { world } = options
    this.#options = options
    this.#world = world
    this.network = new Network(world, { ...HEALTHY_NETWORK })
    this.#board = new Switchboard(world, this.network)
    this.#nobody = new SimProcess(world, 'nobody')
    this.#nobody.kill()
    this.client = new SimProcess(world, 'client')
    const prng = world.prng.fork()
    this.#prng = world.prng.fork()
    this.#diskFaults = this.soundDisk
    this.disk = new SimDisk({ honest: options.honestDisk })
    this.auditor = new LogAuditor(world, this.disk)
    this.disk.watcher = this.auditor
    this.auditor.onCompleted = (states) => this.#visibility.completed(states)
    this.restores = new RestoreAuditor(this.auditor)
    this.failpoints = new Failpoints({
      world,
      crash: (process) => this.crash(process),
      pause: (process) => pauseFor(world, [process], PAUSE_MS_MAX * this.#prng.float()),
    })
    this.network.onStep = (when, step, process) => this.failpoints.pass(when, step, process)
    const { disk, failpoints, cutOff, full } = this
    const faults = (machine: string): DiskFaults =>
      this.#ownDiskFaults.get(machine) ?? this.#diskFaults
    const soundDelayMs = options.diskDelayMs
    this.#storage = { world, disk, prng, failpoints, cutOff, full, faults, soundDelayMs }
    this.startJobManager()
    for (let i = 0; i < options.taskManagers; i++) this.startTaskManager(`tm${i}`)
  }

  /** What the oracles have seen that sit inside. */
  get violations(): readonly Violation[] {
    const judges = [this.auditor, this.restores, this.#visibility, this.#outputWatch]
    return judges.flatMap((judge) => judge.violations)
  }

  /** No faults, and its own speed. */
  get soundDisk(): DiskFaults {
    return { ...HEALTHY_DISK, delayMsMax: this.#options.diskDelayMs }
  }

  /** From now on the disks behave so to a machine; null: to all of them. */
  troubleDisk(machine: string | null, faults: DiskFaults): void {
    if (machine !== null) {
      this.#ownDiskFaults.set(machine, faults)
      return
    }
    this.#ownDiskFaults.clear()
    this.#diskFaults = faults
  }

  get jobManager(): JobManagerLife | null {
    return this.#jobManager?.process.alive === true ? this.#jobManager : null
  }

  get taskManagers(): readonly TaskManager[] {
    return [...this.#taskManagers.values()].filter(({ process }) => process.alive)
  }

  get missingTaskManagers(): readonly string[] {
    return [...this.#taskManagers.values()]
      .filter(({ process }) => !process.alive)
      .map(({ name }) => name)
  }

  startJobManager(): void {
    const world = this.#world
    const { heartbeatTimeoutMs, deployTimeoutMs } = this.#options
    const process = new SimProcess(world, `jm-${this.#lives++}`)
    world.trace(`${process.name} starts`)
    const manager = new JobManager({
      scheduler: process,
      prng: world.prng.fork(),
      storage: storageOf(this.#storage, process),
      dialer: {
        connect: (registration, onLost) => {
          const target = this.#workerById(registration.workerId)
          target?.process.onKill(() => {
            world.scheduler.timer(this.network.delay(null), () =>
              process.run(() => onLost('connection reset')),
            )
          })
          const gateway = workerOver(this.network, process, this.#nobody, () =>
            this.#workerParty(registration.workerId),
          )
          return this.restores.watching(gateway)
        },
        disconnect: () => {},
      },
      history: new MemoryHistory(),
      log: this.#log(process),
      options: {
        ...DEFAULT_JOB_MANAGER_SETTINGS,
        heartbeatIntervalMs: heartbeatTimeoutMs / HEARTBEATS_IN_TIMEOUT,
        heartbeatTimeoutMs,
        deployTimeoutMs,
        failover: this.#options.failover,
        lateSweepMs: 2 * heartbeatTimeoutMs + LATE_SWEEP_MS,
      },
    })
    process.onKill(() => {
      if (this.#usurped.delete(process)) return
      for (const { process: other, worker } of this.taskManagers) {
        world.scheduler.timer(this.network.delay(null), () =>
          other.run(() => worker.connectionLost('connection reset')),
        )
      }
    })
    this.#jobManager = { process, manager }
    // Cannot be waited for: the process may die at any time, and then it never settles.
    void manager
      .start()
      .catch((error: unknown) => world.trace(`${process.name} could not start: ${String(error)}`))
  }

  /** Another JobManager starts while this one lives on, and believes that it leads. */
  usurpJobManager(): void {
    const life = this.jobManager
    if (life !== null) this.#usurped.add(life.process)
    this.startJobManager()
  }

  /** One that slept through its own start has taken the job: whoever should lead is started anew by its supervisor. */
  #restartDeposed(): void {
    this.#world.scheduler.timer(SUPERVISOR_MS, () => {
      this.jobManager?.process.kill()
      this.startJobManager()
    })
  }

  /** Those that were replaced and have not ended. */
  get usurped(): readonly SimProcess[] {
    return [...this.#usurped]
  }

  /** kill -9 of a process, whatever it is; it, or another one in its place, is back after a while. */
  crash(process: SimProcess): void {
    if (process === this.client) return
    const backAfterMs = BACK_MS_MIN + this.#prng.float() * BACK_MS_MAX
    const tm = this.taskManagers.find((one) => one.process === process)
    const isLeader = this.jobManager?.process === process
    process.kill()
    this.#world.scheduler.timer(backAfterMs, () => {
      if (tm !== undefined) this.startMissing(tm.name)
      else if (isLeader) this.startMissingJobManager()
    })
  }

  startMissing(name: string): void {
    if (this.missingTaskManagers.includes(name)) this.startTaskManager(name)
  }

  startMissingJobManager(): void {
    if (this.jobManager === null) this.startJobManager()
  }

  /** The machine under everything loses power: processes, and what nobody has made durable. */
  losePower(): void {
    this.powerLostAtMs = this.#world.scheduler.nowMs()
    for (const { process } of this.taskManagers) process.kill()
    for (const process of this.#usurped) process.kill()
    this.jobManager?.process.kill()
    const luck = (): number => this.#prng.float()
    for (const toll of [this.files.losePower(luck), this.disk.losePower(luck)])
      this.#world.powerLost(toll)
    this.auditor.powerFailed()
  }

  startTaskManager(name: string): void {
    const world = this.#world
    const life = this.#lives++
    const id = workerId(`${name}-${life}`)
    const process = new SimProcess(world, id)
    world.trace(`${id} starts`)
    const coordinator = coordinatorOver(this.network, process, this.#nobody, () =>
      this.#coordinatorParty(),
    )
    const host = new SimSlotHost({
      world,
      fetch: (job, hash) => coordinator.fetchBundle(job, hash),
      board: this.#board,
      workerId: id,
      parent: process,
      storage: (job) => storageOf(this.#storage, job),
      build: (request, job) => this.#options.build(request, this.#filesOf(job)),
    })
    const worker = new Worker({
      registration: {
        workerId: id,
        controlAddress: id,
        slots: this.#options.slots,
        pid: life,
        version: 'sim',
      },
      coordinator,
      host,
      scheduler: process,
      prng: world.prng.fork(),
      log: this.#log(process),
      rssBytes: () => 0,
      onRefused: () => world.trace(`${id} refused`),
      cancelGraceMs: 2_000,
      closeGraceMs: 1_000,
      unusedSlotsMs: UNUSED_SLOTS_MS,
    })
    this.#taskManagers.set(name, { name, process, workerId: id, worker, host })
    worker.start()
  }

  #filesOf(process: SimProcess): SimFiles {
    return new SimFiles(this.#world, process, this.files, {
      ...this.#storage,
      watcher: this.#fileWatcher,
    })
  }

  /** How often something was written, to files or to the storage. */
  get writes(): number {
    return this.#fileWrites + this.disk.writes
  }

  /** When the file was begun, virtual ms. */
  createdAtMs(path: string): number {
    return this.#createdAtMs.get(path) ?? 0
  }

  readonly #fileWatcher: FileWatcher = {
    created: (path) => {
      this.#createdAtMs.set(path, this.#world.scheduler.nowMs())
    },
    written: (path) => {
      this.#fileWrites += 1
      this.#outputWatch.written(path)
    },
    sealed: (path) => this.#visibility.sealed(path),
    removed: (path) => this.#outputWatch.removed(path),
    published: (staging, final) => {
      this.#visibility.published(staging, final)
      this.#outputWatch.published(staging, final)
    },
  }

  #coordinatorParty(): Party<CoordinatorGateway> | null {
    const life = this.jobManager
    return life === null ? null : { process: life.process, party: life.manager }
  }

  #workerById(id: WorkerId): TaskManager | undefined {
    return this.taskManagers.find((one) => one.workerId === id)
  }

  #workerParty(id: WorkerId): Party<WorkerGateway> | null {
    const target = this.#workerById(id)
    return target === undefined ? null : { process: target.process, party: target.worker.gateway }
  }

  /** What the processes log is part of the history. */
  #log(process: SimProcess): Log {
    return tracedLog(this.#world, process, new LogReader(process, this.#hearing))
  }

  readonly #hearing: Hearing = {
    bug: (what) => this.#world.bug(what),
    isNewest: (process) => this.#jobManager?.process === process,
    epoch: (job) => this.auditor.epoch(job),
    completed: (job, id) => this.completed.add(`${job}/${id}`),
    checkpointFailed: (job, code) => this.onCheckpointFailed(job, code),
    deposed: (process) => {
      this.onDeposed()
      if (this.#jobManager?.process === process) this.#restartDeposed()
    },
  }
}
