// Who works for us, and which slots of theirs belong to which job. A worker is in it from its registration until it is
// given up, for whatever reason; from that moment its slots are gone. Jobs get all the seats that they ask for, or none.
// The registry talks to nobody: telling jobs and closing connections is the JobManager's part.

import { assert, present } from '@weirjs/common/core/assert'
import { WeirError } from '@weirjs/common/core/errors'
import {
  type Heartbeat,
  type HeartbeatReply,
  WORKER_SLOTS_MAX,
  type WorkerRegistration,
} from '@weirjs/common/core/gateways'
import { type JobId, type SlotRef, slotKey, type WorkerId } from '@weirjs/common/core/ids'
import { allocateSeats, type SeatName, type SeatRequest } from '../plan/slot-allocator.ts'
import { type DetectorSettings, FailureDetector } from './failure-detector.ts'

export const WORKERS_MAX = 10_000
export const WORKER_ID_CHARS_MAX = 255
/** Workers that are being drained and are not registered just now; the oldest is forgotten. */
export const DRAINED_MAX = 10_000

export interface WorkerEntry {
  readonly registration: WorkerRegistration
  readonly registeredAtMs: number
  rssBytes: number
  /** Per slot: the job that holds it. */
  readonly holders: (JobId | null)[]
  /** Nothing more is given to it. */
  draining: boolean
}

/** `again`: the worker was known and has started anew; what it ran is gone. */
export type RegistrationOutcome = 'new' | 'again'

export class WorkerRegistry {
  readonly #workers = new Map<WorkerId, WorkerEntry>()
  /** Of this life of theirs, whether they are registered or not: ids are not used again. */
  readonly #drained = new Set<WorkerId>()
  readonly #detector: FailureDetector

  constructor(settings: DetectorSettings) {
    this.#detector = new FailureDetector(settings)
  }

  /** Throws `worker/bad-registration` or `worker/too-many`. */
  register(registration: WorkerRegistration, nowMs: number): RegistrationOutcome {
    checkRegistration(registration)
    const known = this.#workers.has(registration.workerId)
    if (!known && this.#workers.size >= WORKERS_MAX) {
      throw new WeirError('worker/too-many', `this cluster has ${WORKERS_MAX} workers already`, {
        domain: 'external',
        retry: 'backoff',
      })
    }
    this.#workers.set(registration.workerId, {
      registration,
      registeredAtMs: nowMs,
      rssBytes: 0,
      draining: this.#drained.has(registration.workerId),
      holders: Array.from({ length: registration.slots }, () => null),
    })
    this.#detector.heard(registration.workerId, nowMs)
    return known ? 'again' : 'new'
  }

  heartbeat(heartbeat: Heartbeat, nowMs: number): HeartbeatReply {
    const entry = this.#workers.get(heartbeat.workerId)
    if (entry === undefined) return 'unknown-worker'
    this.#detector.heard(heartbeat.workerId, nowMs)
    entry.rssBytes = heartbeat.rssBytes
    return 'ok'
  }

  /** Gives a worker up; undefined when it was not known. */
  remove(worker: WorkerId): WorkerEntry | undefined {
    const entry = this.#workers.get(worker)
    this.#workers.delete(worker)
    this.#detector.forget(worker)
    return entry
  }

  /** True when that changes something. A worker that connects anew is still what it was told to be. */
  drain(worker: WorkerId, draining: boolean): boolean {
    const entry = this.#workers.get(worker)
    if (entry === undefined || entry.draining === draining) return false
    entry.draining = draining
    if (draining) this.#drained.add(worker)
    else this.#drained.delete(worker)
    for (const oldest of this.#drained) {
      if (this.#drained.size <= DRAINED_MAX) break
      this.#drained.delete(oldest)
    }
    return true
  }

  suspects(nowMs: number): WorkerId[] {
    return this.#detector.suspects(nowMs)
  }

  silentMs(worker: WorkerId, nowMs: number): number {
    return this.#detector.silentMs(worker, nowMs) ?? 0
  }

  get(worker: WorkerId): WorkerEntry | undefined {
    return this.#workers.get(worker)
  }

  /** In id order. */
  get workers(): WorkerEntry[] {
    return [...this.#workers.values()].toSorted((a, b) =>
      a.registration.workerId < b.registration.workerId ? -1 : 1,
    )
  }

  get slotCount(): number {
    return this.workers.reduce((sum, entry) => sum + entry.holders.length, 0)
  }

  get freeCount(): number {
    return this.workers.reduce((sum, entry) => sum + offeredBy(entry).length, 0)
  }

  /**
   * Takes all slots from `job` that are not in `request.kept`, then gives it what it asks for. Null when there is not
   * enough for all seats: the job then holds only what it keeps.
   */
  reserve(job: JobId, request: SeatRequest): Map<SeatName, SlotRef> | null {
    this.free(job, [...request.kept.values()])
    const offers = this.workers.map((entry) => ({
      workerId: entry.registration.workerId,
      free: offeredBy(entry),
    }))
    const placed = allocateSeats(request, offers)
    if (placed === null) return null
    for (const slot of placed.values()) {
      const entry = present(this.#workers.get(slot.workerId), 'worker of a placed seat')
      assert(
        entry.holders[slot.index] === null,
        `slot ${slotKey(slot)} is free when it is given away`,
      )
      entry.holders[slot.index] = job
    }
    return placed
  }

  /** Takes back all slots of `job` except `kept`. */
  free(job: JobId, kept: readonly SlotRef[] = []): void {
    const keep = new Set(kept.map(slotKey))
    for (const entry of this.#workers.values()) {
      for (const [index, holder] of entry.holders.entries()) {
        const slot = { workerId: entry.registration.workerId, index }
        if (holder === job && !keep.has(slotKey(slot))) entry.holders[index] = null
      }
    }
  }
}

export function freeOf(entry: WorkerEntry): number[] {
  return [...entry.holders.keys()].filter((index) => entry.holders[index] === null)
}

/** Free slots that jobs may have. */
const offeredBy = (entry: WorkerEntry): number[] => (entry.draining ? [] : freeOf(entry))

function checkRegistration(registration: WorkerRegistration): void {
  const { workerId, slots } = registration
  const wrong =
    workerId === '' || workerId.length > WORKER_ID_CHARS_MAX
      ? `a worker id has 1 to ${WORKER_ID_CHARS_MAX} characters`
      : !Number.isInteger(slots) || slots < 1 || slots > WORKER_SLOTS_MAX
        ? `a worker has 1 to ${WORKER_SLOTS_MAX} slots, not ${slots}`
        : null
  if (wrong !== null) {
    throw new WeirError('worker/bad-registration', wrong, { domain: 'user', retry: 'never' })
  }
}
