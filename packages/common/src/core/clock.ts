// Time and turns of the event loop, as a thing that is passed in (decision D11). Production hands in the system's,
// the simulator a virtual one; nothing else in Weir may ask what time it is or wait by itself.

/** Takes the timer or turn back; harmless when it has already happened. */
export type CancelTimer = () => void

export interface Clock {
  /** Monotonic milliseconds with fraction, from an arbitrary origin. For time-outs and durations. */
  nowMs(): number
  /** Milliseconds since 1970 UTC; may jump. For what a person reads and for processing time only. */
  wallMs(): number
}

export interface Scheduler extends Clock {
  /** Calls `fn` once, after at least `delayMs` (≥ 0, any size: no 2^31 limit). */
  timer(delayMs: number, fn: () => void): CancelTimer
  /** Calls `fn` in the next turn of the event loop, after pending I/O had its chance. */
  nextTurn(fn: () => void): CancelTimer
}

/** Resolves in the next turn of the event loop. */
export function nextTurn(scheduler: Scheduler): Promise<void> {
  return new Promise((resolve) => {
    scheduler.nextTurn(resolve)
  })
}

/** Resolves after at least `delayMs`. */
export function sleep(scheduler: Scheduler, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    scheduler.timer(delayMs, resolve)
  })
}
