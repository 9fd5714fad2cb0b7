// A TaskManager's control side, whole: the bond with the JobManager, the way out, and the service that holds slots.
// Made of interfaces only, so that the same class serves a process, `weir dev` and the simulator. It never loads user
// code and never blocks: what its slots do is their hosts' business.

import type { Scheduler } from '@weirjs/common/core/clock'
import type { Failure } from '@weirjs/common/core/errors'
import {
  ALLOCATE_TIMEOUT_MS,
  type CoordinatorGateway,
  type WorkerGateway,
  type WorkerRegistration,
} from '@weirjs/common/core/gateways'
import type { Log } from '@weirjs/common/core/log'
import type { Prng } from '@weirjs/common/core/prng'
import { CoordinatorClient } from './coordinator-client.ts'
import { Outgoing } from './outgoing.ts'
import type { SlotHost } from './slots/slot.ts'
import { WorkerService } from './worker-service.ts'

export const CANCEL_GRACE_MS = 10_000
export const CLOSE_GRACE_MS = 5_000
const UNUSED_SLOTS_MS = 1.5 * ALLOCATE_TIMEOUT_MS

export interface WorkerOptions {
  readonly registration: WorkerRegistration
  readonly coordinator: CoordinatorGateway
  readonly host: SlotHost
  readonly scheduler: Scheduler
  readonly prng: Prng
  readonly log: Log
  /** Resident memory of this process and the job processes, for the heartbeat. */
  readonly rssBytes: () => number
  /** The JobManager refuses this worker for good; nothing is left to do but to end. */
  readonly onRefused: (failure: Failure) => void
  readonly cancelGraceMs?: number
  readonly closeGraceMs?: number
  readonly unusedSlotsMs?: number
}

export class Worker {
  readonly #outgoing: Outgoing
  readonly #service: WorkerService
  readonly #client: CoordinatorClient

  constructor(options: WorkerOptions) {
    const { registration, coordinator, scheduler, prng, log } = options
    const { workerId, slots } = registration
    this.#outgoing = new Outgoing({
      gateway: coordinator,
      workerId,
      scheduler,
      log,
      onOverflow: (jobId) => this.#service.overflow(jobId),
      onUntold: (fence, reason) => this.#service.untold(fence, reason),
    })
    this.#service = new WorkerService({
      workerId,
      slots,
      host: options.host,
      outgoing: this.#outgoing,
      scheduler,
      log,
      onEndOfData: () => this.#client.beatNow(),
      cancelGraceMs: options.cancelGraceMs ?? CANCEL_GRACE_MS,
      closeGraceMs: options.closeGraceMs ?? CLOSE_GRACE_MS,
      unusedSlotsMs: options.unusedSlotsMs ?? UNUSED_SLOTS_MS,
    })
    this.#client = new CoordinatorClient({
      gateway: coordinator,
      registration,
      scheduler,
      prng,
      log,
      reports: () => this.#service.reports(),
      rssBytes: options.rssBytes,
      onMasterLost: (reason) => this.#service.abandonAll(reason),
      onRefused: options.onRefused,
    })
  }

  /** What the JobManager calls; to be served before `start`. */
  get gateway(): WorkerGateway {
    return this.#service
  }

  /** Registers, and keeps trying. */
  start(): void {
    this.#client.start()
  }

  /** The transport knows that the connection to the JobManager broke. */
  connectionLost(reason: string): void {
    this.#client.connectionLost(reason)
  }

  get registered(): boolean {
    return this.#client.registered
  }

  /** Groups of slots that are held or starting. */
  get groupCount(): number {
    return this.#service.groupCount
  }

  get counters(): {
    readonly strangersRefused: number
    readonly messagesRefused: number
    readonly linesDropped: number
  } {
    return {
      strangersRefused: this.#service.strangersRefused,
      messagesRefused: this.#outgoing.refused,
      linesDropped: this.#outgoing.linesDropped,
    }
  }

  /** Says good-bye, ends all slots within the grace, stops. */
  async close(reason: string): Promise<void> {
    await this.#client.close(reason)
    await this.#service.close(reason)
    this.#outgoing.close()
  }

  /** As kill -9 would: no good-bye, nothing closed well. For tests and the simulator. */
  crash(): void {
    this.#client.abandon()
    this.#service.abandonAll('crashed')
    this.#outgoing.close()
  }
}
