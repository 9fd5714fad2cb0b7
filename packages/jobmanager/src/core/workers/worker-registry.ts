// Who works for us, and which slots of theirs belong to which job. A worker is in it from its registration until it is
// given up, for whatever reason; from that moment its slots are gone. Jobs get the seats of a batch all together, or none.
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
import { allocateBatches, type SeatName, type SeatsWanted } from '../plan/slot-allocator.ts'
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

export interface Reservation {
  readonly seats: ReadonlyMap<SeatName, SlotRef>
  /** What there is not enough for; null: it has everything. */
  readonly rest: SeatsWanted | null
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
   * Gives `job` the seats that it asks for, or else the batches for which there is enough: out of what is free, what it has
   * and does not keep, and what `lenders` have and do not keep. When it has all that it asks for, it loses whatever else it had;
   * until then that stays its own, but not on workers that are being drained, which wait for it. Null when there is not
   * enough for any batch.
   */
  reserve(
    job: JobId,
    wanted: SeatsWanted,
    lenders: ReadonlyMap<JobId, SeatsWanted> = new Map(),
  ): Reservation | null {
    const keeps = new Map(
      [...lenders, [job, wanted] as const].map(([who, { kept }]) => [who, slotKeys(kept)]),
    )
    const offers = this.workers.map((entry) => ({
      workerId: entry.registration.workerId,
      free: entry.draining ? [] : spareOf(entry, keeps),
    }))
    const { seats, left } = allocateBatches(wanted, offers)
    for (const slot of seats.values()) {
      const entry = present(this.#workers.get(slot.workerId), 'worker of a placed seat')
      assert(
        spareOf(entry, keeps).includes(slot.index),
        `slot ${slotKey(slot)} is nobody's, or is lent, when it is given away`,
      )
      entry.holders[slot.index] = job
    }
    const kept = new Map([...wanted.kept, ...seats])
    const mine = slotKeys(kept)
    for (const entry of this.#workers.values())
      if (left.length === 0 || entry.draining) freeIn(entry, job, mine)
    if (left.length > 0 && left.length === wanted.batches.length) return null
    return { seats, rest: left.length === 0 ? null : { ...wanted, kept, batches: left } }
  }

  /** Takes back all slots of `job` except `kept`, and answers how many those were. */
  free(job: JobId, kept: ReadonlyMap<SeatName, SlotRef> = new Map()): number {
    const keep = slotKeys(kept)
    return [...this.#workers.values()].reduce((sum, entry) => sum + freeIn(entry, job, keep), 0)
  }
}

const slotKeys = (seats: ReadonlyMap<SeatName, SlotRef>): ReadonlySet<string> =>
  new Set([...seats.values()].map(slotKey))

const slotOf = ({ registration }: WorkerEntry, index: number): string =>
  slotKey({ workerId: registration.workerId, index })

function freeIn(entry: WorkerEntry, job: JobId, keep: ReadonlySet<string>): number {
  let freed = 0
  for (const [index, holder] of entry.holders.entries()) {
    if (holder !== job || keep.has(slotOf(entry, index))) continue
    entry.holders[index] = null
    freed++
  }
  return freed
}

/** Slots that are free, or of one of those who are named in `keeps` and not among what it keeps. */
function spareOf(entry: WorkerEntry, keeps: ReadonlyMap<JobId, ReadonlySet<string>>): number[] {
  return [...entry.holders.keys()].filter((index) => {
    const holder = entry.holders[index] ?? null
    return holder === null || keeps.get(holder)?.has(slotOf(entry, index)) === false
  })
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
