// The machine's time. Monotonic time decides, wall time is only shown (decision D11). Node fires a timer of more than
// 2^31 - 1 ms at once, and may fire one a fraction early; both are hidden here.

import { performance } from 'node:perf_hooks'
import type { CancelTimer, Scheduler } from '../core/clock.ts'

/** Longest delay that setTimeout understands. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1

class SystemScheduler implements Scheduler {
  nowMs(): number {
    return performance.now()
  }

  wallMs(): number {
    return Date.now()
  }

  timer(delayMs: number, fn: () => void): CancelTimer {
    const dueMs = performance.now() + Math.max(0, delayMs)
    let handle: NodeJS.Timeout
    const arm = (leftMs: number): void => {
      handle = setTimeout(fire, Math.min(Math.ceil(leftMs), TIMEOUT_MS_MAX))
    }
    const fire = (): void => {
      const leftMs = dueMs - performance.now()
      if (leftMs > 0) arm(leftMs)
      else fn()
    }
    arm(delayMs)
    return () => clearTimeout(handle)
  }

  nextTurn(fn: () => void): CancelTimer {
    const handle = setImmediate(fn)
    return () => clearImmediate(handle)
  }
}

/** The real clock and the real event loop. Timers that wait keep the process alive. */
export function systemScheduler(): Scheduler {
  return new SystemScheduler()
}
