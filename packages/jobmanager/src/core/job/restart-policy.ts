// What a failure means for the job: give up, or try again after a delay. It keeps the count and the delays; it does not
// wait, and it does not know who must restart. Whatever the strategy, a failure that can never heal (`retry: never`) ends
// the job at once, and the first restart after the loss of a worker is immediate, because its cause is already gone.

import { backoffDelayMs } from '@weirjs/common/core/backoff'
import type { Failure } from '@weirjs/common/core/errors'
import type { RestartSettings } from '@weirjs/common/core/graph/logical-graph'
import type { Prng } from '@weirjs/common/core/prng'
import { unreachable } from '@weirjs/common/core/assert'

/** Running this long after a restart shows that the restart worked: the next lost worker is a new misfortune. */
export const SETTLED_AFTER_MS = 1_000
export type RestartDecision =
  | { readonly verdict: 'restart'; readonly delayMs: number }
  | { readonly verdict: 'give-up'; readonly reason: string }

export interface FailureFacts {
  readonly failure: Failure
  readonly nowMs: number
  /** Since when all tasks ran before this failure; null when they did not. */
  readonly runningSinceMs: number | null
}

export class RestartPolicy {
  readonly #settings: RestartSettings
  readonly #prng: Prng
  #restarts = 0
  /** Exponential delay: restarts since the last reset, immediate ones not counted. */
  #steps = 0
  /** Rising. */
  readonly #failureTimes: number[] = []
  /** The last decision was a restart with delay, and would have been immediate for a lost worker. */
  #revisable = false

  constructor(settings: RestartSettings, prng: Prng) {
    this.#settings = settings
    this.#prng = prng
  }

  /** Restarts granted so far. */
  get restarts(): number {
    return this.#restarts
  }

  /** To be asked exactly once per incident: failures that come together, or one after the other while the delay passes, are one. */
  decide(facts: FailureFacts): RestartDecision {
    const { failure } = facts
    this.#revisable = false
    if (failure.retry === 'never') return { verdict: 'give-up', reason: 'restarting cannot help' }
    const decision = this.#byStrategy(facts)
    if (decision.verdict === 'give-up') return decision
    const immediate = failure.retry === 'immediate' && this.#settled(facts)
    this.#revisable = !immediate && this.#settled(facts)
    if (!immediate) this.#steps++
    this.#restarts++
    return immediate ? { verdict: 'restart', delayMs: 0 } : decision
  }

  /** The last failure turns out to be the shadow of a lost worker: true when it may be restarted at once, then. */
  revise(): boolean {
    if (!this.#revisable) return false
    this.#revisable = false
    this.#steps--
    return true
  }

  #settled(facts: FailureFacts): boolean {
    return this.#restarts === 0 || ranMs(facts) >= SETTLED_AFTER_MS
  }

  #byStrategy(facts: FailureFacts): RestartDecision {
    const settings = this.#settings
    switch (settings.strategy) {
      case 'none':
        return { verdict: 'give-up', reason: 'the job has no restart strategy' }
      case 'fixed-delay':
        return this.#restarts < settings.attempts
          ? { verdict: 'restart', delayMs: settings.delayMs }
          : { verdict: 'give-up', reason: `all ${settings.attempts} restarts are used up` }
      case 'failure-rate':
        return this.#byRate(settings, facts.nowMs)
      case 'exponential-delay':
        return this.#byExponent(settings, facts)
      default:
        return unreachable(settings)
    }
  }

  /** More than `failuresMax` failures within the window end the job; so many are remembered, and no more. */
  #byRate(
    settings: Extract<RestartSettings, { strategy: 'failure-rate' }>,
    nowMs: number,
  ): RestartDecision {
    const times = this.#failureTimes
    times.push(nowMs)
    const sinceMs = nowMs - settings.windowMs
    while (times.length > settings.failuresMax + 1 || (times[0] ?? nowMs) <= sinceMs) times.shift()
    if (times.length <= settings.failuresMax) {
      return { verdict: 'restart', delayMs: settings.delayMs }
    }
    const reason = `more than ${settings.failuresMax} failures within ${settings.windowMs} ms`
    return { verdict: 'give-up', reason }
  }

  #byExponent(
    settings: Extract<RestartSettings, { strategy: 'exponential-delay' }>,
    facts: FailureFacts,
  ): RestartDecision {
    // Delays, and waiting for slots, show nothing: else a delay longer than this would be the last one that grew.
    if (ranMs(facts) >= settings.resetAfterMs) {
      this.#steps = 0
      this.#restarts = 0
    }
    if (settings.attempts !== null && this.#restarts >= settings.attempts) {
      return { verdict: 'give-up', reason: `all ${settings.attempts} restarts are used up` }
    }
    return { verdict: 'restart', delayMs: backoffDelayMs(settings, this.#steps, this.#prng) }
  }
}

/** How long the job ran as a whole before it failed. */
const ranMs = ({ nowMs, runningSinceMs }: FailureFacts): number =>
  runningSinceMs === null ? 0 : nowMs - runningSinceMs
