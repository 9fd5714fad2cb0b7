// Which slot runs what. A slot of the job (a "seat") runs one subtask of every vertex of its slot-sharing group, so a
// group needs as many seats as its widest vertex, and seat i holds all subtasks i: neighbours in a pipeline meet in one
// slot, and the enumerator sits with subtask 0. Seats are dealt out evenly over workers; given the same input, always in
// the same way. Nothing is reserved here: that is the registry's.

import { present } from '@weirjs/common/core/assert'
import type { PhysicalPlan, PlanVertex } from '@weirjs/common/core/graph/physical-plan'
import { type SlotRef, slotKey, type WorkerId } from '@weirjs/common/core/ids'
import type { WorkerPair } from '../workers/broken-pairs.ts'

/** Name of a seat: `group#index`. */
export type SeatName = string

export interface Seat {
  readonly name: SeatName
  readonly group: string
  readonly index: number
}

export const seatName = (group: string, index: number): SeatName => `${group}#${index}`
export const seatOf = (vertex: PlanVertex, subtask: number): SeatName =>
  seatName(vertex.slotSharingGroup, subtask)

/** All seats of a plan, or of some of its vertices, index by index so that equal indexes are placed together. */
export function seatsOf(
  plan: PhysicalPlan,
  wanted: (vertex: PlanVertex) => boolean = () => true,
): Seat[] {
  const widths = new Map<string, number>()
  for (const vertex of plan.vertices) {
    if (wanted(vertex))
      widths.set(
        vertex.slotSharingGroup,
        Math.max(widths.get(vertex.slotSharingGroup) ?? 0, vertex.parallelism),
      )
  }
  const seats = [...widths].flatMap(([group, width]) =>
    Array.from(
      { length: width },
      (_, index): Seat => ({ name: seatName(group, index), group, index }),
    ),
  )
  return seats.sort((a, b) => a.index - b.index)
}

export interface FreeSlots {
  readonly workerId: WorkerId
  /** Indexes of free slots, rising. */
  readonly free: readonly number[]
}

export interface SeatRequest {
  readonly seats: readonly Seat[]
  /** Seats that the job keeps: their workers attract seats of the same index. */
  readonly kept: ReadonlyMap<SeatName, SlotRef>
  /** Where a seat was before; taken again when it is free. */
  readonly previous: ReadonlyMap<SeatName, SlotRef>
  /** Workers that should not both be used, where there is another choice. */
  readonly apart?: readonly WorkerPair[]
}

/** What a job asks for. */
export interface SeatsWanted extends Omit<SeatRequest, 'seats'> {
  /** Each is of use without the others, and of none in part. A seat may be in several. */
  readonly batches: readonly (readonly Seat[])[]
}

export interface SeatGrant {
  readonly seats: ReadonlyMap<SeatName, SlotRef>
  /** Batches, without what they have got, for which there is not enough. */
  readonly left: readonly (readonly Seat[])[]
}

/** All batches, or else those for which there is enough; what can go back to where it was comes first. */
export function allocateBatches(wanted: SeatsWanted, workers: readonly FreeSlots[]): SeatGrant {
  const together = new Map(wanted.batches.flat().map((seat) => [seat.name, seat]))
  const all = allocateSeats(
    { ...wanted, seats: [...together.values()].sort((a, b) => a.index - b.index) },
    workers,
  )
  if (all !== null) return { seats: all, left: [] }
  const seats = new Map<SeatName, SlotRef>()
  for (const batch of homeFirst(wanted, workers)) {
    const missing = batch.filter(({ name }) => !seats.has(name))
    const kept = new Map([...wanted.kept, ...seats])
    const placed = allocateSeats({ ...wanted, seats: missing, kept }, without(workers, seats))
    for (const [name, slot] of placed ?? []) seats.set(name, slot)
  }
  const left = wanted.batches
    .map((batch) => batch.filter(({ name }) => !seats.has(name)))
    .filter((batch) => batch.length > 0)
  return { seats, left }
}

/** Null when there are not enough free slots: all seats or none. */
export function allocateSeats(
  request: SeatRequest,
  workers: readonly FreeSlots[],
): Map<SeatName, SlotRef> | null {
  const avoided = workersToAvoid(request, workers)
  if (avoided.size === 0) return place(request, workers)
  const others = workers.filter(({ workerId }) => !avoided.has(workerId))
  return place(request, others) ?? place(request, workers)
}

/**
 * Without these no pair of `apart` is used as a whole, as far as the kept seats allow. First the worker of most pairs (it
 * is the one that is cut off), then that with fewer free slots.
 */
function workersToAvoid(request: SeatRequest, workers: readonly FreeSlots[]): Set<WorkerId> {
  const kept = new Set([...request.kept.values()].map(({ workerId }) => workerId))
  const free = new Map(workers.map((worker) => [worker.workerId, worker.free.length]))
  const avoided = new Set<WorkerId>()
  const usable = (worker: WorkerId): boolean =>
    !avoided.has(worker) && (kept.has(worker) || (free.get(worker) ?? 0) > 0)
  const open = (): WorkerId[] =>
    (request.apart ?? [])
      .filter((pair) => pair.every(usable) && !pair.every((worker) => kept.has(worker)))
      .flat()
  for (let ends = open(); ends.length > 0; ends = open()) {
    const count = (worker: WorkerId): number => ends.filter((end) => end === worker).length
    const [worst] = ends
      .filter((worker) => !kept.has(worker))
      .toSorted((a, b) => count(b) - count(a) || (free.get(a) ?? 0) - (free.get(b) ?? 0))
    avoided.add(present(worst, 'an end of a pair that is not kept'))
  }
  return avoided
}

function homeFirst(
  { batches, previous }: SeatsWanted,
  workers: readonly FreeSlots[],
): (readonly Seat[])[] {
  const free = new Set(
    workers.flatMap(({ workerId, free: own }) => own.map((index) => slotKey({ workerId, index }))),
  )
  const atHome = (batch: readonly Seat[]): boolean =>
    batch.every(({ name }) => {
      const old = previous.get(name)
      return old !== undefined && free.has(slotKey(old))
    })
  return [...batches.filter(atHome), ...batches.filter((batch) => !atHome(batch))]
}

function without(
  workers: readonly FreeSlots[],
  taken: ReadonlyMap<SeatName, SlotRef>,
): readonly FreeSlots[] {
  const gone = new Set([...taken.values()].map(slotKey))
  return workers.map(({ workerId, free }) => ({
    workerId,
    free: free.filter((index) => !gone.has(slotKey({ workerId, index }))),
  }))
}

function place(request: SeatRequest, workers: readonly FreeSlots[]): Map<SeatName, SlotRef> | null {
  const free = new Map(workers.map((worker) => [worker.workerId, [...worker.free]]))
  const total = workers.reduce((sum, worker) => sum + worker.free.length, 0)
  if (total < request.seats.length) return null
  const result = new Map<SeatName, SlotRef>()
  for (const seat of request.seats) {
    const old = request.previous.get(seat.name)
    if (old !== undefined && takeSlot(free, old)) result.set(seat.name, old)
  }
  const indexHomes = homesByIndex(request, result)
  for (const seat of request.seats) {
    if (result.has(seat.name)) continue
    const workerId = roomiest(free, indexHomes.get(seat.index))
    const index = present(free.get(workerId)?.shift(), 'a free slot')
    result.set(seat.name, { workerId, index })
    if (!indexHomes.has(seat.index)) indexHomes.set(seat.index, workerId)
  }
  return result
}

function takeSlot(free: Map<WorkerId, number[]>, slot: SlotRef): boolean {
  const list = free.get(slot.workerId)
  const at = list?.indexOf(slot.index) ?? -1
  if (list === undefined || at < 0) return false
  list.splice(at, 1)
  return true
}

function homesByIndex(
  request: SeatRequest,
  placed: ReadonlyMap<SeatName, SlotRef>,
): Map<number, WorkerId> {
  const homes = new Map<number, WorkerId>()
  for (const [name, slot] of [...request.kept, ...placed]) {
    const index = Number(name.slice(name.lastIndexOf('#') + 1))
    if (!homes.has(index)) homes.set(index, slot.workerId)
  }
  return homes
}

/** The worker with most free slots; among equals the seat's neighbour, else the lowest id. */
function roomiest(
  free: ReadonlyMap<WorkerId, readonly number[]>,
  neighbour: WorkerId | undefined,
): WorkerId {
  let best: WorkerId | null = null
  let bestFree = 0
  for (const [workerId, slots] of free) {
    if (slots.length === 0 || slots.length < bestFree) continue
    const better =
      slots.length > bestFree ||
      best === null ||
      workerId === neighbour ||
      (best !== neighbour && workerId < best)
    if (better) {
      best = workerId
      bestFree = slots.length
    }
  }
  return present(best, 'a worker with a free slot')
}
