// Looks at the slots of a job process from outside: a slot whose loop does not turn is blocked by the job's code, and
// the job's followers are told so, once when it begins and once when it ends. A step may think for long; but a slot that
// stands still takes part in no checkpoint and hears no cancel, so there is a limit, and behind it the process is ended.
// So is one whose main thread, which runs no code of the job, does not answer.
//
// A verdict needs two looks: who wakes up after the whole machine was asleep finds everybody late.

import type { Scheduler } from '@weirjs/common/core/clock'
import type { ProbeResult } from './protocol.ts'

export const PROBE_INTERVAL_MS = 1_000
/** A loop that stands still for so long is news. */
export const BLOCKED_MS_MIN = 5_000
/** A loop that stands still, or a process that says nothing, for so long is ended. */
export const PROGRESS_TIMEOUT_MS = 120_000

export interface SlotWatchOptions {
  readonly slots: readonly number[]
  readonly probe: () => Promise<ProbeResult>
  readonly scheduler: Scheduler
  readonly tell: (text: string) => void
  /** null: a slot may be blocked for ever. */
  readonly progressTimeoutMs: number | null
  /** Once; the watch has stopped. */
  readonly onStuck: (reason: string) => void
}

export class SlotWatch {
  readonly #options: SlotWatchOptions
  /** Blocked slots, and for how long at the last look. */
  readonly #blocked = new Map<number, number>()
  /** The slot that was blocked for too long at the last look. */
  #suspect: number | null = null
  #cancel = (): void => {}
  #cancelSilence = (): void => {}
  #stopped = false

  constructor(options: SlotWatchOptions) {
    this.#options = options
    this.#later()
  }

  stop(): void {
    this.#stopped = true
    this.#cancel()
    this.#cancelSilence()
  }

  #later(): void {
    if (this.#stopped) return
    this.#cancel = this.#options.scheduler.timer(PROBE_INTERVAL_MS, () => {
      this.#expectAnswer()
      // Cannot reject: both outcomes are handled. A process that is gone needs no watch.
      void this.#options.probe().then(
        (result) => this.#look(result),
        () => this.stop(),
      )
    })
  }

  #expectAnswer(): void {
    const { scheduler, progressTimeoutMs } = this.#options
    if (progressTimeoutMs === null) return
    const silent = `the job process has not answered for ${seconds(progressTimeoutMs)}`
    this.#cancelSilence = scheduler.timer(progressTimeoutMs, () => {
      this.#cancelSilence = scheduler.timer(PROBE_INTERVAL_MS, () => this.#stuck(silent))
    })
  }

  #look({ slotLoopAgesMs }: ProbeResult): void {
    if (this.#stopped) return
    this.#cancelSilence()
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
    this.#judge(slotLoopAgesMs)
    this.#later()
  }

  #judge(agesMs: readonly number[]): void {
    const { slots, progressTimeoutMs } = this.#options
    const timeoutMs = progressTimeoutMs ?? Number.POSITIVE_INFINITY
    const tooLong = slots.find((_slot, i) => (agesMs[i] ?? 0) >= timeoutMs) ?? null
    const before = this.#suspect
    this.#suspect = tooLong
    if (tooLong === null || before === null) return
    const ageMs = agesMs[slots.indexOf(tooLong)] ?? 0
    this.#stuck(`slot ${tooLong} has been blocked by the job's code for ${seconds(ageMs)}`)
  }

  #stuck(reason: string): void {
    if (this.#stopped) return
    this.stop()
    this.#options.onStuck(reason)
  }
}

const seconds = (ms: number): string => `${Math.round(ms / 1_000)} s`
