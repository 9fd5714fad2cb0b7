// What a misfortune does to the regions that it hits: one question to the restart policy, one incident, and the regions
// stop, to start again together when the delay has passed; or nothing helps, and the job has to end. A failure is often
// only the shadow of another: a task that loses sight of its neighbour fails before it is known that the neighbour's
// process, or its worker, is gone. A shadow therefore waits like any failure until its cause is known; when that turns
// out to be a lost worker, there is nothing to wait for.

import type { Failure } from '@weirjs/common/core/errors'
import type { AttemptHistory } from './attempt-history.ts'
import type { Region } from './execution-graph.ts'
import type { JobContext } from './job-context.ts'
import type { RegionStopper } from './region-stopper.ts'
import { RestartPolicy } from './restart-policy.ts'

/** Failures of those who only lost sight of somebody that fell. */
const SHADOWS: ReadonlySet<string> = new Set(['exchange/peer-lost'])

/** A worker that lives is to be left: no misfortune, and the restart strategy is not asked. */
export const WORKER_DRAINED = 'worker/drained'

export type FailoverOutcome = 'ignored' | 'restarting' | 'given-up'

export class Failover {
  readonly #context: JobContext
  readonly #policy: RestartPolicy
  readonly #stopper: RegionStopper
  readonly #history: AttemptHistory
  #incident = 0
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

  /** Regions among `regions` that a failure means something to; those being stopped have failed already. */
  hit(regions: readonly Region[]): Region[] {
    const open: ReadonlySet<string> = new Set(['deploying', 'launching', 'running', 'stopped'])
    return [...new Set(regions)].filter(({ phase }) => open.has(phase.tag))
  }

  /** `hit` is what `hit` answered, not empty. `runningSinceMs`: since when all tasks ran; null when they did not. */
  fail(hit: readonly Region[], failure: Failure, runningSinceMs: number | null): FailoverOutcome {
    const { nowMs } = this.#context.now
    this.#failure = failure
    for (const { phase } of hit) if ('attempt' in phase) this.#history.end(phase.attempt, failure)
    const judged = isShadow(failure) ? ({ ...failure, retry: 'backoff' } as const) : failure
    const decision =
      failure.code === WORKER_DRAINED
        ? ({ verdict: 'restart', delayMs: 0 } as const)
        : this.#policy.decide({ failure: judged, nowMs, runningSinceMs })
    if (decision.verdict === 'give-up') {
      this.#context.emit({ type: 'failed', failure, willRestart: false, delayMs: 0 })
      return 'given-up'
    }
    this.#restarts++
    const { delayMs } = decision
    this.#context.emit({ type: 'failed', failure, willRestart: true, delayMs })
    const resume = { untilMs: nowMs + delayMs, incident: ++this.#incident }
    for (const region of hit) this.#stopper.stop(region, resume)
    return 'restarting'
  }

  /** These regions had tasks where this was lost. If what they fell by was its shadow, it gets its name. */
  revise(regions: readonly Region[], loss: Failure): void {
    const mine = regions.filter((region) => this.#stopper.incidentOf(region) === this.#incident)
    if (mine.length === 0 || this.#failure === null || !isShadow(this.#failure)) return
    const immediate = loss.retry === 'immediate' && this.#policy.revise()
    if (immediate) this.#stopper.hurry(this.#incident)
    this.#failure = loss
    for (const attempt of new Set(mine.flatMap((region) => region.tasks[0]?.attempt ?? []))) {
      this.#history.amend(attempt, loss)
    }
    const delayMs = Math.max(0, ...mine.map((region) => this.#stopper.restsForMs(region)))
    this.#context.emit({ type: 'failed', failure: loss, willRestart: true, delayMs })
  }
}

const isShadow = (failure: Failure): boolean => SHADOWS.has(failure.code)
