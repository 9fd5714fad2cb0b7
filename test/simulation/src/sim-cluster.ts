// A simulated cluster: the real JobManager and the real workers, each in a process that can be killed, paused and cut off,
// over the simulated network, on one shared disk. Restarting a process makes a new life with a new identity.

import type { JobFunctions } from '@weirjs/api/functions'
import {
  MemoryDisk,
  MemoryStorage,
  type StorageOperation,
  type StorageVerdict,
} from '@weirjs/common/core/checkpoint/memory-storage'
import type { CoordinatorGateway, SlotRequest, WorkerGateway } from '@weirjs/common/core/gateways'
import { type WorkerId, workerId } from '@weirjs/common/core/ids'
import type { Log, LogFields } from '@weirjs/common/core/log'
import type { Prng } from '@weirjs/common/core/prng'
import { MemoryFileSystem } from '@weirjs/connectors/files/memory-file-system'
import { DEFAULT_JOB_MANAGER_SETTINGS, JobManager } from '@weirjs/jobmanager/job-manager'
import { MemoryHistory } from '@weirjs/jobmanager/store/history-index'
import { Worker } from '@weirjs/taskmanager/worker'
import { HEALTHY_NETWORK, Network } from './network.ts'
import { SimProcess } from './process.ts'
import { type DiskFaults, HEALTHY_DISK, SimFiles } from './sim-files.ts'
import { coordinatorOver, type Party, workerOver } from './sim-gateways.ts'
import { SimSlotHost } from './sim-slot-host.ts'
import { Switchboard } from './sim-transport.ts'
import type { World } from './world.ts'

export const HEARTBEAT_INTERVAL_MS = 250
export const HEARTBEAT_TIMEOUT_MS = 2_000

export interface SimClusterOptions {
  readonly world: World
  readonly taskManagers: number
  readonly slots: number
  /** The job's functions, built anew for a slot; `files` is how its process reaches the disk. */
  readonly build: (request: SlotRequest, files: SimFiles) => JobFunctions
}

interface TaskManager {
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
  readonly disk: MemoryDisk = new MemoryDisk()
  readonly files: MemoryFileSystem = new MemoryFileSystem()
  diskFaults: DiskFaults = { ...HEALTHY_DISK }
  /** Completed checkpoints that a JobManager announced, by id. */
  readonly completed: Set<number> = new Set()
  readonly #options: SimClusterOptions
  readonly #world: World
  readonly #board: Switchboard
  readonly #nobody: SimProcess
  readonly #diskPrng: Prng
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
    this.#diskPrng = world.prng.fork()
    this.startJobManager()
    for (let i = 0; i < options.taskManagers; i++) this.startTaskManager(`tm${i}`)
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
    const process = new SimProcess(world, `jm-${this.#lives++}`)
    world.trace(`${process.name} starts`)
    const manager = new JobManager({
      scheduler: process,
      prng: world.prng.fork(),
      storage: this.#storage(process),
      dialer: {
        connect: (registration, onLost) => {
          const target = this.#workerById(registration.workerId)
          target?.process.onKill(() => {
            world.scheduler.timer(this.network.delay(null), () =>
              process.run(() => onLost('connection reset')),
            )
          })
          return workerOver(this.network, process, this.#nobody, () =>
            this.#workerParty(registration.workerId),
          )
        },
        disconnect: () => {},
      },
      history: new MemoryHistory(),
      log: this.#log(process),
      options: {
        ...DEFAULT_JOB_MANAGER_SETTINGS,
        heartbeatIntervalMs: HEARTBEAT_INTERVAL_MS,
        heartbeatTimeoutMs: HEARTBEAT_TIMEOUT_MS,
      },
    })
    process.onKill(() => {
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

  startTaskManager(name: string): void {
    const world = this.#world
    const life = this.#lives++
    const id = workerId(`${name}-${life}`)
    const process = new SimProcess(world, id)
    world.trace(`${id} starts`)
    const host = new SimSlotHost({
      world,
      board: this.#board,
      workerId: id,
      parent: process,
      storage: { disk: this.disk, ...this.#storageHooks() },
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
      coordinator: coordinatorOver(this.network, process, this.#nobody, () =>
        this.#coordinatorParty(),
      ),
      host,
      scheduler: process,
      prng: world.prng.fork(),
      log: this.#log(process),
      rssBytes: () => 0,
      onRefused: () => world.trace(`${id} refused`),
      cancelGraceMs: 2_000,
      closeGraceMs: 1_000,
    })
    this.#taskManagers.set(name, { name, process, workerId: id, worker, host })
    worker.start()
  }

  #filesOf(process: SimProcess): SimFiles {
    return new SimFiles(this.#world, process, this.files, () => this.diskFaults)
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

  #storage(process: SimProcess): MemoryStorage {
    return new MemoryStorage({ disk: this.disk, scheduler: process, ...this.#storageHooks() })
  }

  #storageHooks(): {
    latencyMs: (operation: StorageOperation) => number
    onOperation: (operation: StorageOperation, path: string) => StorageVerdict
  } {
    const prng = this.#diskPrng
    return {
      latencyMs: () => 0.02 + prng.float() * this.diskFaults.delayMsMax,
      onOperation: (operation, path) => {
        const { failProbability, ambiguousProbability } = this.diskFaults
        if (prng.chance(failProbability)) {
          this.#world.fault('storage-fail', `${operation} ${path}`)
          return { verdict: 'fail' }
        }
        if (operation !== 'read' && operation !== 'list' && prng.chance(ambiguousProbability)) {
          this.#world.fault('storage-ambiguous', `${operation} ${path}`)
          return { verdict: 'ambiguous' }
        }
        return { verdict: 'ok' }
      },
    }
  }

  /** What the processes log is part of the history. */
  #log(process: SimProcess): Log {
    const line =
      (level: string) =>
      (fields: LogFields, text: string): void => {
        const id = /^Checkpoint completed with ID (\d+)/.exec(text)?.[1]
        if (id !== undefined) this.completed.add(Number(id))
        this.#world.trace(`${process.name} ${level} ${text} ${brief(fields)}`)
      }
    return { debug: () => {}, info: line('info'), warn: line('warn'), error: line('error') }
  }
}

function brief(fields: LogFields): string {
  const text = JSON.stringify(fields)
  return text.length > 300 ? `${text.slice(0, 300)}…` : text
}
