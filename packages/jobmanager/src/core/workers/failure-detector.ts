// Judges workers by the lateness of their heartbeats. It is asked with the present time and answers who must be given up;
// it never waits by itself. Lateness is measured on our own monotonic clock, so no clock of another machine matters. When
// the JobManager itself was stopped (paused, starved), nobody could be heard: that gap is not held against anyone.

import { assert } from '@weirjs/common/core/assert'
import type { WorkerId } from '@weirjs/common/core/ids'
import { OwnPause } from '@weirjs/common/core/own-pause'

export interface DetectorSettings {
  readonly heartbeatIntervalMs: number
  /** Silence after which a worker is given up; at least two intervals. */
  readonly heartbeatTimeoutMs: number
}

export class FailureDetector {
  readonly #settings: DetectorSettings
  readonly #lastHeardMs = new Map<WorkerId, number>()
  readonly #ownPause: OwnPause

  constructor(settings: DetectorSettings) {
    assert(settings.heartbeatIntervalMs > 0, 'the heartbeat interval is positive')
    assert(
      settings.heartbeatTimeoutMs >= 2 * settings.heartbeatIntervalMs,
      'the heartbeat time-out covers at least two intervals',
    )
    this.#settings = settings
    this.#ownPause = new OwnPause(settings.heartbeatIntervalMs)
  }

  /** A sign of life. */
  heard(worker: WorkerId, nowMs: number): void {
    this.#lastHeardMs.set(worker, nowMs)
  }

  forget(worker: WorkerId): void {
    this.#lastHeardMs.delete(worker)
  }

  /** How long ago the worker was last heard, in ms; null when it is not watched. */
  silentMs(worker: WorkerId, nowMs: number): number | null {
    const last = this.#lastHeardMs.get(worker)
    return last === undefined ? null : Math.max(0, nowMs - last)
  }

  /** Workers that were silent for too long, in id order. To be asked about once per interval. */
  suspects(nowMs: number): WorkerId[] {
    this.#forgiveOwnPause(nowMs)
    const limitMs = nowMs - this.#settings.heartbeatTimeoutMs
    const late = [...this.#lastHeardMs].filter(([, last]) => last <= limitMs)
    return late.map(([worker]) => worker).toSorted()
  }

  #forgiveOwnPause(nowMs: number): void {
    const awayMs = this.#ownPause.look(nowMs)
    if (awayMs === 0) return
    for (const [worker, heardMs] of this.#lastHeardMs)
      this.#lastHeardMs.set(worker, Math.min(nowMs, heardMs + awayMs))
  }
}
