// Looks at the slots of a job process from outside: a slot whose loop does not turn is blocked by the job's code, and
// the job's followers are told so, once when it begins and once when it ends. Telling is all that it does: a step may
// think for as long as it likes, and what follows (missed checkpoints, a cancel that nobody hears) has watches of its own.

import type { Scheduler } from '@weirjs/common/core/clock'
import type { ProbeResult } from './protocol.ts'

export const PROBE_INTERVAL_MS = 1_000
/** A loop that stands still for so long is news. */
export const BLOCKED_MS_MIN = 5_000

export interface SlotWatchOptions {
  readonly slots: readonly number[]
  readonly probe: () => Promise<ProbeResult>
  readonly scheduler: Scheduler
  readonly tell: (text: string) => void
}

export class SlotWatch {
  readonly #options: SlotWatchOptions
  /** Blocked slots, and for how long at the last look. */
  readonly #blocked = new Map<number, number>()
  #cancel = (): void => {}
  #stopped = false

  constructor(options: SlotWatchOptions) {
    this.#options = options
    this.#later()
  }

  stop(): void {
    this.#stopped = true
    this.#cancel()
  }

  #later(): void {
    if (this.#stopped) return
    this.#cancel = this.#options.scheduler.timer(PROBE_INTERVAL_MS, () => {
      // Cannot reject: both outcomes are handled. A process that is gone needs no watch.
      void this.#options.probe().then(
        (result) => this.#look(result),
        () => this.stop(),
      )
    })
  }

  #look({ slotLoopAgesMs }: ProbeResult): void {
    const { slots, tell } = this.#options
    slots.forEach((slot, i) => {
      const ageMs = slotLoopAgesMs[i] ?? 0
      const before = this.#blocked.get(slot)
      if (ageMs >= BLOCKED_MS_MIN) {
        this.#blocked.set(slot, ageMs)
        if (before === undefined)
          tell(`slot ${slot} has been blocked by the job's code for ${seconds(ageMs)}`)
      } else if (before !== undefined) {
        this.#blocked.delete(slot)
        tell(`slot ${slot} goes on after ${seconds(before)} or more`)
      }
    })
    this.#later()
  }
}

const seconds = (ms: number): string => `${Math.round(ms / 1_000)} s`
