// The workers of this JobManager and who gets their slots. A worker is given up when its connection breaks, when nobody
// answers there, when its heartbeats stay away, or when it says so; its slots are gone at that moment, and all jobs are
// told. Jobs that wait for seats are served in the order in which they asked, whoever fits first, but those that ran before
// come before those that never did, and what they had stays theirs for a while: a job that restarts takes its own slots
// back, whoever waits. Among themselves such jobs do not hold on to anything, or each of two could hold what the other needs.

import type { CancelTimer, Scheduler } from '@weirjs/common/core/clock'
import type { Failure } from '@weirjs/common/core/errors'
import type {
  Heartbeat,
  HeartbeatReply,
  WorkerDialer,
  WorkerGateway,
  WorkerRegistration,
} from '@weirjs/common/core/gateways'
import type { JobId, SlotRef, WorkerId } from '@weirjs/common/core/ids'
import type { Log } from '@weirjs/common/core/log'
import type { WorkerView } from '@weirjs/common/job-client'
import type { JobHappening } from './core/events.ts'
import { WORKER_DRAINED } from './core/job/failover.ts'
import type { SeatName, SeatsWanted } from './core/plan/slot-allocator.ts'
import type { DetectorSettings } from './core/workers/failure-detector.ts'
import { freeOf, type Reservation, WorkerRegistry } from './core/workers/worker-registry.ts'
import type { WorkerHub } from './worker-hub.ts'

/** How long a job that ran, and waits for slots, keeps those that it had from jobs that never ran. */
export const SLOTS_KEPT_MS = 60_000

type WorkerHappening = Extract<JobHappening, { type: 'worker-lost' | 'worker-draining' }>

export interface ClusterOptions {
  readonly detector: DetectorSettings
  readonly dialer: WorkerDialer
  readonly scheduler: Scheduler
  readonly log: Log
  /** Tells all jobs that a worker is lost, or is to be left. */
  readonly tell: (happening: WorkerHappening) => void
}

interface SeatWish {
  readonly wanted: SeatsWanted
  /** Since when its job waits: who asks anew has waited all the same. */
  readonly sinceMs: number
  readonly granted: (seats: ReadonlyMap<SeatName, SlotRef>) => void
}

export class Cluster implements WorkerHub {
  readonly #options: ClusterOptions
  readonly #registry: WorkerRegistry
  readonly #gateways = new Map<WorkerId, WorkerGateway>()
  readonly #wishes = new Map<JobId, SeatWish>()
  #timer: CancelTimer | null = null
  #closed = false
  #serving = false
  #serveAgain = false

  constructor(options: ClusterOptions) {
    this.#options = options
    this.#registry = new WorkerRegistry(options.detector)
  }

  /** Begins to watch for heartbeats that stay away. */
  start(): void {
    const { scheduler, detector } = this.#options
    if (this.#closed) return
    this.#timer = scheduler.timer(detector.heartbeatIntervalMs, () => {
      for (const worker of this.#registry.suspects(scheduler.nowMs())) {
        this.lose(worker, `no heartbeat for ${detector.heartbeatTimeoutMs} ms`)
      }
      this.#giveUpSpare()
      this.start()
    })
  }

  close(): void {
    this.#closed = true
    this.#timer?.()
    for (const worker of this.#gateways.keys()) this.#options.dialer.disconnect(worker)
    this.#gateways.clear()
    this.#wishes.clear()
  }

  // ---- workers ----

  /** Throws `worker/bad-registration`, `worker/too-many`. */
  register(registration: WorkerRegistration): void {
    const { workerId, controlAddress, slots, pid } = registration
    if (this.#gateways.has(workerId)) this.lose(workerId, 'it has registered anew')
    this.#registry.register(registration, this.#options.scheduler.nowMs())
    const gateway: WorkerGateway = this.#options.dialer.connect(registration, (reason) => {
      if (this.#gateways.get(workerId) === gateway) this.lose(workerId, reason)
    })
    this.#gateways.set(workerId, gateway)
    this.#options.log.info({ workerId, controlAddress, slots, workerPid: pid }, 'worker registered')
    this.#serve()
  }

  heartbeat(heartbeat: Heartbeat): HeartbeatReply {
    return this.#registry.heartbeat(heartbeat, this.#options.scheduler.nowMs())
  }

  /** Gives a worker up; nothing happens when it is not known. */
  lose(worker: WorkerId, reason: string): void {
    const entry = this.#registry.remove(worker)
    if (entry === undefined) return
    this.#gateways.delete(worker)
    this.#options.dialer.disconnect(worker)
    this.#options.log.warn({ workerId: worker, reason }, 'worker lost')
    const failure: Failure = {
      code: 'worker/lost',
      message: `worker ${worker} (${entry.registration.controlAddress}) is lost: ${reason}`,
      domain: 'external',
      retry: 'immediate',
    }
    this.#options.tell({ type: 'worker-lost', workerId: worker, failure })
  }

  /** Gives all up: they may look for another JobManager. */
  loseAll(reason: string): void {
    for (const worker of this.#gateways.keys()) this.lose(worker, reason)
  }

  /** Nothing happens when the worker is not known. */
  drain(worker: WorkerId, draining: boolean): void {
    const entry = this.#registry.get(worker)
    if (entry === undefined) return
    if (this.#registry.drain(worker, draining))
      this.#options.log.info({ workerId: worker, draining }, 'worker draining')
    if (!draining) return this.#serve()
    const failure: Failure = {
      code: WORKER_DRAINED,
      message: `worker ${worker} (${entry.registration.controlAddress}) is being drained`,
      domain: 'external',
      retry: 'immediate',
    }
    this.#options.tell({ type: 'worker-draining', workerId: worker, failure })
    this.#serve() // who waits with slots there gives them up
  }

  gateway(worker: WorkerId): WorkerGateway | null {
    return this.#gateways.get(worker) ?? null
  }

  unreachable(worker: WorkerId, gateway: WorkerGateway, failure: Failure): void {
    if (this.#gateways.get(worker) === gateway) this.lose(worker, failure.message)
  }

  // ---- seats ----

  requestSeats(job: JobId, wanted: SeatsWanted, granted: SeatWish['granted']): void {
    const sinceMs = this.#wishes.get(job)?.sinceMs ?? this.#options.scheduler.nowMs()
    // Also a wish for none is granted: a region that restarts beside others may sit in their seats only.
    this.#wishes.set(job, { wanted, sinceMs, granted })
    this.#serve()
  }

  freeSeats(job: JobId): void {
    this.#wishes.delete(job)
    this.#registry.free(job)
    this.#serve()
  }

  /** Granting makes a job speak, which may ask again: then it is gone through once more instead of within. */
  #serve(): void {
    this.#serveAgain = true
    if (this.#serving) return
    this.#serving = true
    while (this.#serveAgain) {
      this.#serveAgain = false
      const all = [...this.#wishes]
      const old = all.filter(([, wish]) => hasRun(wish))
      for (const [job] of [...old, ...all.filter(([, wish]) => !hasRun(wish))]) {
        const wish = this.#wishes.get(job)
        if (wish !== undefined) this.#grant(job, wish)
      }
    }
    this.#serving = false
  }

  #grant(job: JobId, wish: SeatWish): void {
    const given = this.#reserve(job, wish)
    if (given === null) return
    if (given.rest === null) this.#wishes.delete(job)
    else this.#wishes.set(job, { ...wish, wanted: given.rest })
    wish.granted(given.seats)
  }

  #reserve(job: JobId, wish: SeatWish): Reservation | null {
    const own = this.#registry.reserve(job, wish.wanted)
    if (own?.rest === null || !hasRun(wish)) return own
    const lenders = new Map([...this.#wishes].map(([who, { wanted }]) => [who, wanted]))
    const lent = this.#registry.reserve(job, own?.rest ?? wish.wanted, lenders)
    if (lent === null) return own
    return { seats: new Map([...(own?.seats ?? []), ...lent.seats]), rest: lent.rest }
  }

  /** Whoever has waited for long keeps no slots from others. */
  #giveUpSpare(): void {
    const lateMs = this.#options.scheduler.nowMs() - SLOTS_KEPT_MS
    const freed = [...this.#wishes].reduce(
      (sum, [job, { wanted, sinceMs }]) =>
        sinceMs > lateMs ? sum : sum + this.#registry.free(job, wanted.kept),
      0,
    )
    if (freed > 0) this.#serve()
  }

  // ---- views ----

  get workers(): WorkerView[] {
    const nowMs = this.#options.scheduler.nowMs()
    return this.#registry.workers.map((entry) => {
      const { workerId, controlAddress, pid, slots } = entry.registration
      return {
        workerId,
        address: controlAddress,
        pid,
        slots,
        freeSlots: freeOf(entry).length,
        lastHeartbeatAgeMs: Math.round(this.#registry.silentMs(workerId, nowMs)),
        rssBytes: entry.rssBytes,
        draining: entry.draining,
      }
    })
  }

  get slots(): { readonly total: number; readonly free: number } {
    return { total: this.#registry.slotCount, free: this.#registry.freeCount }
  }
}

/** Its job was given seats before, in this JobManager's time. */
const hasRun = ({ wanted }: SeatWish): boolean => wanted.previous.size > 0
