// Ends the tasks of a region and waits until they are over: canceled, failed, or gone with their worker. Cancel calls are
// repeated, and waiting has an end: after it the region goes on without an answer, because the fence of the next attempt
// keeps whatever still runs harmless. Then the region rests until its delay has passed and all regions of the same
// incident have come to rest too, so that they start together; or it stops for good.

import { present } from '@weirjs/common/core/assert'
import type { Attempt, WorkerId } from '@weirjs/common/core/ids'
import { allOver, isOver, type Region, type RegionPhase } from './execution-graph.ts'
import type { JobContext } from './job-context.ts'

export const CANCEL_RETRY_MS = 2_000
/** Above the worker's own grace, after which it kills the job's process. */
export const CANCEL_TIMEOUT_MS = 30_000

type Resume = { readonly untilMs: number; readonly incident: number }
type Canceling = Extract<RegionPhase, { tag: 'canceling' }>

export class RegionStopper {
  readonly #context: JobContext

  constructor(context: JobContext) {
    this.#context = context
  }

  /** `resume` null: for good. Repeated: the newer wish counts. */
  stop(region: Region, resume: Resume | null): void {
    const { phase } = region
    switch (phase.tag) {
      case 'resting':
      case 'starting': // its batch has been dropped
      case 'stopped':
        region.phase = resume === null ? { tag: 'stopped' } : { tag: 'resting', ...resume }
        return
      case 'canceling':
        region.phase = { ...phase, resume }
        return
      case 'deploying':
      case 'launching':
      case 'running':
      case 'finished': {
        const { nowMs } = this.#context.now
        const deadlineMs = nowMs + CANCEL_TIMEOUT_MS
        const retryAtMs = nowMs + CANCEL_RETRY_MS
        region.phase = { tag: 'canceling', attempt: phase.attempt, retryAtMs, deadlineMs, resume }
        this.#sendCancels(region)
      }
    }
  }

  /** The misfortune that the region is recovering from; null when it is not recovering. */
  incidentOf(region: Region): number | null {
    const { phase } = region
    if (phase.tag === 'resting') return phase.incident
    return phase.tag === 'canceling' ? (phase.resume?.incident ?? null) : null
  }

  /** How long the region still has to wait, if it waits. */
  restsForMs(region: Region): number {
    const { phase } = region
    const untilMs =
      phase.tag === 'canceling' ? phase.resume?.untilMs : 'untilMs' in phase ? phase.untilMs : 0
    return Math.max(0, (untilMs ?? 0) - this.#context.now.nowMs)
  }

  /** No delay for the regions of `incident`. */
  hurry(incident: number): void {
    const resume = { untilMs: this.#context.now.nowMs, incident }
    for (const region of this.#context.graph.regions) {
      if (this.incidentOf(region) !== incident) continue
      const { phase } = region
      if (phase.tag === 'resting') region.phase = { tag: 'resting', ...resume }
      else if (phase.tag === 'canceling') region.phase = { ...phase, resume }
    }
  }

  tick(): void {
    const { nowMs } = this.#context.now
    for (const region of this.#context.graph.regions) {
      const { phase } = region
      if (phase.tag !== 'canceling' || phase.retryAtMs > nowMs) continue
      region.phase = { ...phase, retryAtMs: nowMs + CANCEL_RETRY_MS }
      this.#sendCancels(region)
    }
  }

  /** Lets go of regions that are over, or have had their time. */
  settle(): void {
    for (const region of this.#context.graph.regions) {
      const { phase } = region
      if (phase.tag !== 'canceling') continue
      if (!allOver(region) && phase.deadlineMs > this.#context.now.nowMs) continue
      this.#letGo(region, phase)
    }
  }

  /** Regions whose rest is over. */
  rested(): Region[] {
    const { regions } = this.#context.graph
    const busy = new Set(
      regions.flatMap((region) =>
        region.phase.tag === 'canceling' ? [this.incidentOf(region)] : [],
      ),
    )
    return regions.filter(
      ({ phase }) =>
        phase.tag === 'resting' &&
        phase.untilMs <= this.#context.now.nowMs &&
        !busy.has(phase.incident),
    )
  }

  get nextWakeMs(): number | null {
    const times = this.#context.graph.regions.flatMap(({ phase }) => {
      if (phase.tag === 'canceling') return [Math.min(phase.retryAtMs, phase.deadlineMs)]
      return phase.tag === 'resting' && phase.untilMs > this.#context.now.nowMs
        ? [phase.untilMs]
        : []
    })
    return times.length === 0 ? null : Math.min(...times)
  }

  #sendCancels(region: Region): void {
    const alive = region.tasks.filter((entry) => !isOver(entry.state) && entry.state !== 'waiting')
    for (const { workerId, attempt, entries } of this.#context.shares(alive)) {
      const fence = this.#context.fence(attempt)
      const tasks = entries.map((entry) => entry.task)
      this.#context.emit({ type: 'cancel', workerId, request: { fence, tasks } })
    }
  }

  #letGo(region: Region, phase: Canceling): void {
    for (const entry of region.tasks) {
      if (!isOver(entry.state)) this.#context.graph.set(entry, 'lost')
    }
    region.phase = phase.resume === null ? { tag: 'stopped' } : { tag: 'resting', ...phase.resume }
    const fence = this.#context.fence(phase.attempt)
    for (const workerId of this.#idleWorkers(region, phase.attempt)) {
      this.#context.emit({ type: 'release', workerId, fence })
    }
  }

  /** Workers on which no other region is at work under this attempt. */
  #idleWorkers(region: Region, attempt: Attempt): WorkerId[] {
    const busy = new Set<WorkerId>()
    for (const other of this.#context.graph.regions) {
      if (other === region || !('attempt' in other.phase) || other.phase.attempt !== attempt)
        continue
      for (const { slot } of other.tasks)
        busy.add(present(slot, 'slot of a deployed task').workerId)
    }
    const own = new Set(region.tasks.flatMap(({ slot }) => (slot === null ? [] : [slot.workerId])))
    return [...own].filter((worker) => !busy.has(worker))
  }
}
