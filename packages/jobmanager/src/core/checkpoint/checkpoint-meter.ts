// What the checkpoints of one job took, added up for measures: it only grows, as counters must, while the book of
// checkpoints forgets the oldest. One for each life of a job's master.

import type { Distribution } from '@weirjs/common/core/metrics/metric-text'
import type { CheckpointRecord } from './events.ts'

/** Seconds. */
export const DURATION_BOUNDS: readonly number[] = [
  0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600,
]

const MS = 1_000

export class CheckpointMeter {
  readonly #counts: number[] = Array.from({ length: DURATION_BOUNDS.length + 1 }, () => 0)
  #seconds = 0
  #completed = 0
  #failed = 0
  #stateBytes = 0
  #stallMs = 0

  /** Takes ended ones; the others are not over yet. */
  record(record: CheckpointRecord): void {
    if (record.state === 'FAILED') this.#failed++
    if (record.state !== 'COMPLETED' || record.endedAtMs === null) return
    const seconds = Math.max(0, record.endedAtMs - record.triggeredAtMs) / MS
    const above = DURATION_BOUNDS.findIndex((bound) => seconds <= bound)
    const part = above < 0 ? DURATION_BOUNDS.length : above
    this.#counts[part] = (this.#counts[part] ?? 0) + 1
    this.#seconds += seconds
    this.#completed++
    this.#stateBytes = record.stateBytes
    this.#stallMs = record.stallMsMax
  }

  get durations(): Distribution {
    return { bounds: DURATION_BOUNDS, counts: this.#counts, sum: this.#seconds }
  }

  get completed(): number {
    return this.#completed
  }

  get failed(): number {
    return this.#failed
  }

  /** Of the newest completed one; 0 before it. */
  get stateBytes(): number {
    return this.#stateBytes
  }

  /** Longest stop of a task's loop for the newest completed one. */
  get stallSeconds(): number {
    return this.#stallMs / MS
  }
}
