// What a misfortune does to the regions that it hits: one question to the restart policy, one incident, and the regions
// stop, to start again together when the delay has passed; or nothing helps, and the job has to end. What fails while
// regions still wait joins them: a data base that is away makes all pipelines of a job fail within a second, and that is one
// misfortune, not ten.
//
// A failure is often only the shadow of another: a task that loses sight of its neighbour fails before it is known that the
// neighbour's process, or its worker, is gone. A shadow therefore waits like any failure until its cause is known; when that
// turns out to be a lost worker, there is nothing to wait for.

import type { Failure } from '@weirjs/common/core/errors'
import type { Attempt, WorkerId } from '@weirjs/common/core/ids'
import type { AttemptHistory } from './attempt-history.ts'
import type { Region } from './execution-graph.ts'
import type { JobContext } from './job-context.ts'
import type { RegionStopper } from './region-stopper.ts'
import { RestartPolicy } from './restart-policy.ts'

/** Failures of those who only lost sight of somebody that fell. */
const SHADOWS: ReadonlySet<string> = new Set(['exchange/peer-lost'])

/**
 * Attempts of a job that live on one worker. Each has a process of its own there, and each process may have the memory of
 * all the slots that it is given, because it knows of no other.
 */
export const ATTEMPTS_PER_WORKER_MAX = 3

/** A worker that lives is to be left: no misfortune, and the restart strategy is not asked. */
export const WORKER_DRAINED = 'worker/drained'

export type FailoverOutcome = 'ignored' | 'restarting' | 'given-up'

interface Incident {
  readonly id: number
  /** When its regions may start again. */
  untilMs: number
  /** No cause is known yet. */
  onlyShadows: boolean
}

export class Failover {
  readonly #context: JobContext
  readonly #policy: RestartPolicy
  readonly #stopper: RegionStopper
  readonly #history: AttemptHistory
  #incidents = 0
  /** The last one that the policy was asked about. */
  #present: Incident | null = null
  #restarts = 0
  #failure: Failure | null = null

  constructor(context: JobContext, stopper: RegionStopper, history: AttemptHistory) {
    this.#context = context
    this.#policy = new RestartPolicy(context.options.settings.restart, context.options.prng)
    this.#stopper = stopper
    this.#history = history
  }

  get restarts(): number {
    return this.#restarts
  }

  /** What the job is dealing with; null when it has come over it. */
  get failure(): Failure | null {
    return this.#failure
  }

  /** All tasks run again. */
  overcome(): void {
    this.#failure = null
  }

  /**
   * Regions among `regions` that a failure means something to; those being stopped have failed already. All regions, when
   * another attempt would be one too many beside those that go on: then they share one again.
   */
  hit(regions: readonly Region[]): Region[] {
    const hit = [...new Set(regions)].filter(isOpen)
    return hit.length > 0 && this.#crowded(hit) ? this.#context.graph.regions.filter(isOpen) : hit
  }

  /** Regions that still look for slots are nowhere, and not counted. */
  #crowded(hit: readonly Region[]): boolean {
    const attempts = new Map<WorkerId, Set<Attempt>>()
    for (const region of this.#context.graph.regions) {
      const { phase } = region
      if (hit.includes(region) || phase.tag === 'canceling' || !('attempt' in phase)) continue
      for (const worker of this.#context.graph.byWorker(region.tasks).keys())
        attempts.set(worker, (attempts.get(worker) ?? new Set()).add(phase.attempt))
    }
    return [...attempts.values()].some((here) => here.size >= ATTEMPTS_PER_WORKER_MAX)
  }

  /** `hit` is what `hit` answered, not empty. `runningSinceMs`: since when all tasks ran; null when they did not. */
  fail(hit: readonly Region[], failure: Failure, runningSinceMs: number | null): FailoverOutcome {
    for (const { phase } of hit) if ('attempt' in phase) this.#history.end(phase.attempt, failure)
    const incident = this.#join(failure) ?? this.#begin(failure, runningSinceMs)
    if (incident === null) {
      this.#context.emit({ type: 'failed', failure, willRestart: false, delayMs: 0 })
      return 'given-up'
    }
    const { id, untilMs } = incident
    const delayMs = Math.max(0, untilMs - this.#context.now.nowMs)
    this.#context.emit({ type: 'failed', failure, willRestart: true, delayMs })
    for (const region of hit) this.#stopper.stop(region, { untilMs, incident: id })
    return 'restarting'
  }

  /** The present incident, as long as one of its regions waits; what cannot heal, and what is no misfortune, is no part of it. */
  #join(failure: Failure): Incident | null {
    const present = this.#present
    if (present === null || failure.retry === 'never' || failure.code === WORKER_DRAINED)
      return null
    const { regions } = this.#context.graph
    if (!regions.some((region) => this.#stopper.incidentOf(region) === present.id)) return null
    // A shadow says less than what is known already.
    if (present.onlyShadows || !isShadow(failure)) this.#failure = failure
    present.onlyShadows &&= isShadow(failure)
    return present
  }

  /** Null: nothing helps. */
  #begin(failure: Failure, runningSinceMs: number | null): Incident | null {
    const { nowMs } = this.#context.now
    this.#failure = failure
    const drained = failure.code === WORKER_DRAINED
    const onlyShadows = isShadow(failure)
    const judged = onlyShadows ? ({ ...failure, retry: 'backoff' } as const) : failure
    const decision = drained
      ? ({ verdict: 'restart', delayMs: 0 } as const)
      : this.#policy.decide({ failure: judged, nowMs, runningSinceMs })
    if (decision.verdict === 'give-up') return null
    this.#restarts++
    const incident = { id: ++this.#incidents, untilMs: nowMs + decision.delayMs, onlyShadows }
    if (!drained) this.#present = incident
    return incident
  }

  /** These regions had tasks where this was lost. If what they fell by was its shadow, it gets its name. */
  revise(regions: readonly Region[], loss: Failure): void {
    const present = this.#present
    if (present === null || !present.onlyShadows) return
    const mine = regions.filter((region) => this.#stopper.incidentOf(region) === present.id)
    if (mine.length === 0) return
    present.onlyShadows = false
    if (loss.retry === 'immediate' && this.#policy.revise()) {
      present.untilMs = this.#context.now.nowMs
      this.#stopper.hurry(present.id)
    }
    this.#failure = loss
    for (const attempt of new Set(mine.flatMap((region) => region.tasks[0]?.attempt ?? []))) {
      this.#history.amend(attempt, loss)
    }
    const delayMs = Math.max(0, ...mine.map((region) => this.#stopper.restsForMs(region)))
    this.#context.emit({ type: 'failed', failure: loss, willRestart: true, delayMs })
  }
}

const OPEN: ReadonlySet<string> = new Set(['deploying', 'launching', 'running', 'stopped'])
const isOpen = ({ phase }: Region): boolean => OPEN.has(phase.tag)

const isShadow = (failure: Failure): boolean => SHADOWS.has(failure.code)
