// Pairs of workers that did not reach each other although both live (a partition that the JobManager does not see): a job
// that has just fallen by it should not sit down on the same pair again where there is another choice (Z6). Learnt from
// the failure of a task that names the other end; forgotten after a while, because ways heal and nobody tells, and at
// once when one end turns out to have been lost: then it was no matter of the way.

import type { WorkerId } from '@weirjs/common/core/ids'

export type WorkerPair = readonly [WorkerId, WorkerId]

/** How long a pair is avoided after its last failure. */
export const PAIR_APART_MS = 300_000
/** Pairs of one job; the oldest is forgotten. */
export const PAIRS_MAX = 16

export class BrokenPairs {
  /** By their names, oldest failure first. */
  readonly #pairs = new Map<string, { readonly pair: WorkerPair; readonly untilMs: number }>()

  note(one: WorkerId, other: WorkerId, nowMs: number): void {
    if (one === other) return
    const pair: WorkerPair = one < other ? [one, other] : [other, one]
    const name = pair.join(' ')
    this.#pairs.delete(name)
    this.#pairs.set(name, { pair, untilMs: nowMs + PAIR_APART_MS })
    for (const oldest of this.#pairs.keys()) {
      if (this.#pairs.size <= PAIRS_MAX) break
      this.#pairs.delete(oldest)
    }
  }

  /** A process of this worker was lost, or all of it. */
  forget(worker: WorkerId): void {
    for (const [name, { pair }] of this.#pairs) if (pair.includes(worker)) this.#pairs.delete(name)
  }

  at(nowMs: number): readonly WorkerPair[] {
    return [...this.#pairs.values()]
      .filter(({ untilMs }) => untilMs > nowMs)
      .map(({ pair }) => pair)
  }
}
