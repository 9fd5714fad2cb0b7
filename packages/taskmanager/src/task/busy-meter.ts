// Where did the time of a task go? Fed by the loop at every change, read with each report.

/** `busy`: working, or waiting for its turn with work at hand. */
export type Activity = 'busy' | 'idle' | 'back-pressured'

export interface ActivityRatios {
  readonly busyRatio: number
  readonly idleRatio: number
  readonly backPressuredRatio: number
}

export class BusyMeter {
  #activity: Activity = 'idle'
  #sinceMs: number
  #busyMs = 0
  #idleMs = 0
  #backPressuredMs = 0

  constructor(nowMs: number) {
    this.#sinceMs = nowMs
  }

  enter(activity: Activity, nowMs: number): void {
    this.#account(nowMs)
    this.#activity = activity
  }

  /** Shares since the last call; they sum to 1. */
  take(nowMs: number): ActivityRatios {
    this.#account(nowMs)
    const total = this.#busyMs + this.#idleMs + this.#backPressuredMs
    const share = (ms: number, activity: Activity): number =>
      total > 0 ? ms / total : this.#activity === activity ? 1 : 0
    const ratios = {
      busyRatio: share(this.#busyMs, 'busy'),
      idleRatio: share(this.#idleMs, 'idle'),
      backPressuredRatio: share(this.#backPressuredMs, 'back-pressured'),
    }
    this.#busyMs = 0
    this.#idleMs = 0
    this.#backPressuredMs = 0
    return ratios
  }

  #account(nowMs: number): void {
    const ms = Math.max(0, nowMs - this.#sinceMs)
    this.#sinceMs = nowMs
    if (this.#activity === 'busy') this.#busyMs += ms
    else if (this.#activity === 'idle') this.#idleMs += ms
    else this.#backPressuredMs += ms
  }
}
