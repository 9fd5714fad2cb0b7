// Brings regions from "to be started" to "deployed". Regions that start together form a batch with one attempt number:
//
//   seats wanted and state loaded, side by side → slots allocated on every worker → tasks deployed
//
// A batch fails as a whole, before anything of it runs. Not enough slots is no failure: it waits, and says so, and other
// batches do not wait with it. Seats that live regions sit in are shared and never moved; those of regions that rest stay
// the job's, so that who fails finds his place again. What a failure means is not decided here; it is returned.

import { assert, present, unreachable } from '@weirjs/common/core/assert'
import { type Failure, toFailure } from '@weirjs/common/core/errors'
import type { Manifest } from '@weirjs/common/core/checkpoint/manifest'
import {
  ALLOCATE_TIMEOUT_MS,
  type SlotEndpoint,
  type TaskPlacement,
} from '@weirjs/common/core/gateways'
import { type Attempt, type SlotRef, slotKey, type WorkerId } from '@weirjs/common/core/ids'
import { assignState } from '../checkpoint/state-assignment.ts'
import type { JobEvent, RestoreSource } from '../events.ts'
import type { SeatName } from '../plan/slot-allocator.ts'
import { groupBy, holdsSeats, type Region } from './execution-graph.ts'
import { type JobContext, jobFailure } from './job-context.ts'
import {
  type Allocation,
  allocateTimedOut,
  type Batch,
  type Restore,
  seatNames,
} from './start-batch.ts'

/** Waiting for slots longer than this makes a job DEGRADED. */
export const SLOTS_WAIT_NOTICE_MS = 5_000

/** What came of a step: regions that are on their workers now, or that did not get there. */
export type StartOutcome =
  | { readonly tag: 'deployed'; readonly regions: readonly Region[]; readonly attempt: Attempt }
  | {
      readonly tag: 'failed'
      readonly regions: readonly Region[]
      readonly attempt: Attempt
      readonly failure: Failure
    }

export type StartAnswer = Extract<
  JobEvent,
  { type: 'restore-loaded' | 'restore-failed' | 'slots-allocated' | 'allocate-failed' }
>

export interface StarterHooks {
  /** Null: start from nothing. */
  restoreSource(): RestoreSource | null
  readonly deciding: () => boolean
  onRestored(attempt: Attempt, manifest: Manifest): void
  onFailed(attempt: Attempt, failure: Failure): void
}

export class Starter {
  readonly #context: JobContext
  readonly #hooks: StarterHooks
  #batches: Batch[] = []
  readonly #held = new Map<SeatName, SlotRef>()
  /** Where seats were last, also on workers that are gone. */
  readonly #previous = new Map<SeatName, SlotRef>()
  #requestId = 0
  #ticket = 0

  constructor(context: JobContext, hooks: StarterHooks) {
    this.#context = context
    this.#hooks = hooks
  }

  begin(regions: readonly Region[]): Attempt {
    const attempt = this.#context.raiseAttempt()
    for (const region of regions) {
      assert(region.phase.tag === 'resting', 'a region rests before it starts')
      region.phase = { tag: 'starting' }
    }
    const sinceMs = this.#context.now.nowMs
    const restore: Restore = { tag: 'blocked' }
    const batch: Batch = { attempt, regions, sinceMs, seated: false, restore, allocation: null }
    this.#batches.push(batch)
    this.#requestSeats()
    this.loadRestores()
    return attempt
  }

  /** A decision has fallen, or a batch has begun: whoever waits for it may load. */
  loadRestores(): void {
    if (this.#hooks.deciding()) return
    for (const batch of this.#batches) {
      if (batch.restore.tag !== 'blocked') continue
      const source = this.#hooks.restoreSource()
      if (source === null) {
        batch.restore = { tag: 'ready', tasks: null }
        this.#allocateWhenReady(batch)
      } else {
        batch.restore = { tag: 'loading', ticket: ++this.#ticket }
        this.#context.emit({ type: 'load-restore', ticket: this.#ticket, source })
      }
    }
  }

  // ---- answers ----

  seatsGranted(requestId: number, seats: ReadonlyMap<SeatName, SlotRef>): void {
    if (requestId !== this.#requestId) return
    for (const [name, slot] of seats) {
      this.#held.set(name, slot)
      this.#previous.set(name, slot)
    }
    for (const batch of this.#batches) {
      batch.seated = seatNames(batch).every((name) => this.#held.has(name))
      this.#allocateWhenReady(batch)
    }
  }

  answered(event: StartAnswer): StartOutcome[] {
    switch (event.type) {
      case 'restore-loaded':
        return this.#restoreLoaded(event.ticket, event.manifest, event.directory)
      case 'restore-failed':
        return this.#restoreFailed(event.ticket, event.failure)
      case 'slots-allocated':
        return this.#slotsAllocated(event.attempt, event.workerId, event.endpoints)
      case 'allocate-failed':
        return this.#allocateFailed(event.attempt, event.workerId, event.failure)
      default:
        return unreachable(event)
    }
  }

  #restoreLoaded(ticket: number, manifest: Manifest, directory: string): StartOutcome[] {
    const batch = this.#loading(ticket)
    if (batch === undefined) return []
    const { plan, allowNonRestoredState } = this.#context.options
    const commitOnly = this.#context.finishing !== null
    try {
      const tasks = assignState(manifest, plan, directory, { allowNonRestoredState, commitOnly })
      batch.restore = { tag: 'ready', tasks }
    } catch (error) {
      return [this.#fail(batch, toFailure(error))]
    }
    this.#hooks.onRestored(batch.attempt, manifest)
    this.#allocateWhenReady(batch)
    return []
  }

  #restoreFailed(ticket: number, failure: Failure): StartOutcome[] {
    const batch = this.#loading(ticket)
    return batch === undefined ? [] : [this.#fail(batch, failure)]
  }

  #slotsAllocated(
    attempt: Attempt,
    worker: WorkerId,
    endpoints: readonly SlotEndpoint[],
  ): StartOutcome[] {
    const batch = this.#allocating(attempt, worker)
    if (batch === undefined) {
      // Too late: nobody will deploy there.
      if (!this.#attemptInUse(attempt)) this.#release(attempt, worker)
      return []
    }
    const allocation = present(batch.allocation, 'allocation')
    for (const endpoint of endpoints) {
      allocation.endpoints.set(slotKey({ workerId: worker, index: endpoint.slot }), endpoint)
    }
    allocation.waiting.delete(worker)
    if (allocation.waiting.size > 0) return []
    const gap = this.#missingEndpoint(batch, allocation)
    return [gap === null ? this.#deploy(batch, allocation) : this.#fail(batch, gap)]
  }

  #allocateFailed(attempt: Attempt, worker: WorkerId, failure: Failure): StartOutcome[] {
    const batch = this.#allocating(attempt, worker)
    return batch === undefined ? [] : [this.#fail(batch, failure)]
  }

  /** The worker's slots are gone. Batches that only had seats there look for others. */
  workerLost(worker: WorkerId, failure: Failure): StartOutcome[] {
    this.#context.brokenPairs.forget(worker)
    for (const [name, slot] of this.#held) if (slot.workerId === worker) this.#held.delete(name)
    const outcomes = this.#batches
      .filter((batch) => batch.allocation?.workers.includes(worker) === true)
      .map((batch) => this.#fail(batch, failure))
    this.#reseat()
    return outcomes
  }

  /** Whatever was to start there, with all that was to start with it, looks for another place. */
  workerDraining(worker: WorkerId, failure: Failure): StartOutcome[] {
    return this.#batches
      .filter((batch) => seatNames(batch).some((name) => this.#held.get(name)?.workerId === worker))
      .map((batch) => this.#fail(batch, failure))
  }

  /** The process that was to carry a batch died while it started. */
  slotsLost(attempt: Attempt, worker: WorkerId, failure: Failure): StartOutcome[] {
    this.#context.brokenPairs.forget(worker)
    return this.#batches
      .filter((one) => one.attempt === attempt && one.allocation?.workers.includes(worker) === true)
      .map((batch) => this.#fail(batch, failure))
  }

  tick(): StartOutcome[] {
    const { nowMs } = this.#context.now
    return this.#batches
      .filter((batch) => batch.allocation !== null && batch.allocation.deadlineMs <= nowMs)
      .map((batch) => this.#fail(batch, allocateTimedOut(present(batch.allocation, 'allocation'))))
  }

  /** Takes the regions' batches back: nothing of them will be deployed. Answers all regions concerned. */
  drop(regions: readonly Region[]): readonly Region[] {
    const dropped = this.#batches.filter((batch) => batch.regions.some((r) => regions.includes(r)))
    for (const batch of dropped) this.#forget(batch)
    return dropped.flatMap((batch) => batch.regions)
  }

  // ---- views ----

  /** Why the job does not start, when that has lasted. */
  get waitingTooLong(): Failure | null {
    const unseated = this.#batches.filter((batch) => !batch.seated)
    const lateMs = this.#context.now.nowMs - SLOTS_WAIT_NOTICE_MS
    if (!unseated.some((batch) => batch.sinceMs <= lateMs)) return null
    const seats = new Set(unseated.flatMap(seatNames).filter((name) => !this.#held.has(name)))
    const slots = seats.size === 1 ? 'a free slot' : `${seats.size} free slots`
    return jobFailure('job/not-enough-slots', `the job waits for ${slots}`, {
      retry: 'immediate',
      hint: 'Start another TaskManager, or cancel another job.',
    })
  }

  get nextWakeMs(): number | null {
    const times = this.#batches.flatMap((batch) => [
      ...(batch.allocation === null ? [] : [batch.allocation.deadlineMs]),
      ...(batch.seated ? [] : [batch.sinceMs + SLOTS_WAIT_NOTICE_MS]),
    ])
    const future = times.filter((time) => time > this.#context.now.nowMs)
    return future.length === 0 ? null : Math.min(...future)
  }

  // ---- seats ----

  /** Asks for the missing seats of each batch. */
  #requestSeats(): void {
    const kept = this.#keptSeats()
    for (const name of this.#held.keys()) if (!kept.has(name)) this.#held.delete(name)
    const batches = this.#batches
      .filter((batch) => !batch.seated)
      .map(({ regions }) =>
        regions.flatMap(({ seats }) => seats).filter(({ name }) => !kept.has(name)),
      )
    const apart = this.#context.brokenPairs.at(this.#context.now.nowMs)
    this.#context.emit({
      type: 'request-seats',
      requestId: ++this.#requestId,
      wanted: { batches, kept, previous: new Map(this.#previous), apart },
    })
  }

  /** Where somebody sits, or will sit again unless the seat moves with one who begins now. */
  #keptSeats(): Map<SeatName, SlotRef> {
    const sitting = this.#context.graph.regions.filter((region) => holdsSeats(region.phase))
    const fixed = new Set([
      ...sitting.flatMap((region) => region.seats.map(({ name }) => name)),
      ...this.#batches.filter((batch) => batch.seated).flatMap(seatNames),
    ])
    const moving = new Set(this.#batches.filter((batch) => !batch.seated).flatMap(seatNames))
    return new Map([...this.#held].filter(([name]) => fixed.has(name) || !moving.has(name)))
  }

  /** After seats were lost: batches that are short of one ask again. */
  #reseat(): void {
    let short = false
    for (const batch of this.#batches) {
      if (!batch.seated || seatNames(batch).every((name) => this.#held.has(name))) continue
      batch.seated = false
      short = true
    }
    if (short) this.#requestSeats()
  }

  // ---- allocation and deployment ----

  #allocateWhenReady(batch: Batch): void {
    if (!batch.seated || batch.restore.tag !== 'ready' || batch.allocation !== null) return
    const slots = [...new Set(seatNames(batch))].map((name) => present(this.#held.get(name), name))
    const byWorker = groupBy(slots, (slot) => slot.workerId)
    batch.allocation = {
      workers: [...byWorker.keys()],
      waiting: new Set(byWorker.keys()),
      endpoints: new Map(),
      deadlineMs: this.#context.now.nowMs + ALLOCATE_TIMEOUT_MS,
    }
    const fence = this.#context.fence(batch.attempt)
    for (const [workerId, group] of byWorker) {
      const indexes = group.map((slot) => slot.index).sort((a, b) => a - b)
      this.#context.emit({ type: 'allocate', workerId, fence, slots: indexes })
    }
  }

  #missingEndpoint(batch: Batch, allocation: Allocation): Failure | null {
    for (const name of seatNames(batch)) {
      const slot = present(this.#held.get(name), name)
      if (allocation.endpoints.has(slotKey(slot))) continue
      return jobFailure(
        'worker/bad-reply',
        `worker ${slot.workerId} did not start slot ${slot.index}`,
      )
    }
    return null
  }

  #deploy(batch: Batch, allocation: Allocation): StartOutcome {
    const { graph, options, now } = this.#context
    this.#batches = this.#batches.filter((one) => one !== batch)
    const deadlineMs = now.nowMs + options.deployTimeoutMs
    for (const region of batch.regions) {
      region.phase = { tag: 'deploying', attempt: batch.attempt, deadlineMs }
      graph.deployed(region, batch.attempt, this.#held)
    }
    const entries = batch.regions.flatMap((region) => region.tasks)
    const placements = entries.map((entry): TaskPlacement => {
      const slot = present(entry.slot, 'slot of a deployed task')
      return {
        task: entry.task,
        endpoint: present(allocation.endpoints.get(slotKey(slot)), 'endpoint'),
      }
    })
    const fence = this.#context.fence(batch.attempt)
    const restore = batch.restore.tag === 'ready' ? batch.restore.tasks : null
    for (const { workerId, entries: own } of this.#context.shares(entries)) {
      const tasks = own.map((entry) => ({
        task: entry.task,
        slot: present(entry.slot, 'slot').index,
        restore: restore?.get(entry.key) ?? null,
      }))
      const request = { fence, plan: options.plan, placements, tasks }
      this.#context.emit({ type: 'deploy', workerId, request })
    }
    return { tag: 'deployed', regions: batch.regions, attempt: batch.attempt }
  }

  // ---- the end of a batch ----

  #fail(batch: Batch, failure: Failure): StartOutcome {
    this.#forget(batch)
    this.#hooks.onFailed(batch.attempt, failure)
    return { tag: 'failed', regions: batch.regions, attempt: batch.attempt, failure }
  }

  /** Its regions rest; the caller says for how long. */
  #forget(batch: Batch): void {
    this.#batches = this.#batches.filter((one) => one !== batch)
    for (const region of batch.regions) region.phase = { tag: 'stopped' }
    for (const worker of batch.allocation?.workers ?? []) this.#release(batch.attempt, worker)
    // What it sat in stays the job's: its regions come back. What it waited for it does not want now.
    if (!batch.seated) this.#requestSeats()
  }

  #release(attempt: Attempt, workerId: WorkerId): void {
    this.#context.emit({ type: 'release', workerId, fence: this.#context.fence(attempt) })
  }

  #loading(ticket: number): Batch | undefined {
    return this.#batches.find(
      ({ restore }) => restore.tag === 'loading' && restore.ticket === ticket,
    )
  }

  #allocating(attempt: Attempt, worker: WorkerId): Batch | undefined {
    return this.#batches.find(
      (batch) => batch.attempt === attempt && batch.allocation?.waiting.has(worker) === true,
    )
  }

  #attemptInUse(attempt: Attempt): boolean {
    if (this.#batches.some((batch) => batch.attempt === attempt)) return true
    return this.#context.graph.regions.some(
      ({ phase }) => 'attempt' in phase && phase.attempt === attempt,
    )
  }
}
