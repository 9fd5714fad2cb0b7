// Lines that a job prints, on their way out of its process: gathered to batches, a few batches under way, no more at a
// time than the control processes behind can take without being late for others, and dropped, counted, when nobody takes
// them. What is printed must never slow a task down or fill memory.

import type { OutputLine } from '@weirjs/common/core/gateways'
import type { CancelTimer, Scheduler } from '@weirjs/common/core/clock'
import { batchLength } from '../core/output-batch.ts'

export const LINES_PER_BATCH_MAX = 500
export const BATCHES_UNDER_WAY_MAX = 4
export const LINES_WAITING_MAX = 10_000
export const CHARS_WAITING_MAX: number = 8 * 1_024 * 1_024
/** Of each batch, and of all that leave within GATHER_MS: 8 MiB a second. A line is never cut. */
export const CHARS_PER_GATHER_MAX: number = 160 * 1_024
export const GATHER_MS = 20
const BATCH = { linesMax: LINES_PER_BATCH_MAX, charsMax: CHARS_PER_GATHER_MAX }

export class OutputBuffer {
  readonly #scheduler: Scheduler
  readonly #deliver: (lines: readonly OutputLine[]) => void
  #waiting: OutputLine[] = []
  #waitingChars = 0
  #underWay = 0
  /** Characters that may still leave before the timer rings. */
  #allowance = CHARS_PER_GATHER_MAX
  #dropped = 0
  #timer: CancelTimer | null = null

  /** `deliver` sends a batch; the other side answers each with `taken`. */
  constructor(scheduler: Scheduler, deliver: (lines: readonly OutputLine[]) => void) {
    this.#scheduler = scheduler
    this.#deliver = deliver
  }

  push(line: OutputLine): void {
    const chars = this.#waitingChars + line.text.length
    if (this.#waiting.length >= LINES_WAITING_MAX || chars > CHARS_WAITING_MAX) {
      this.#dropped++
      return
    }
    this.#waitingChars = chars
    this.#waiting.push(line)
    this.#sendLater()
  }

  /** The other side has a batch; another may go. */
  taken(): void {
    this.#underWay--
    if (this.#timer === null) this.#send()
  }

  /** Sends what waits, whatever is under way: the last words. */
  flush(): void {
    this.#timer?.()
    this.#timer = null
    while (this.#waiting.length > 0) this.#sendBatch()
  }

  #sendLater(): void {
    this.#timer ??= this.#scheduler.timer(GATHER_MS, () => {
      this.#timer = null
      this.#allowance = CHARS_PER_GATHER_MAX
      this.#send()
    })
  }

  #send(): void {
    while (this.#waiting.length > 0 && this.#underWay < BATCHES_UNDER_WAY_MAX) {
      if (this.#allowance <= 0) return this.#sendLater()
      this.#sendBatch()
    }
  }

  #sendBatch(): void {
    const lines = this.#waiting.splice(0, batchLength(this.#waiting, BATCH))
    for (const { text } of lines) {
      this.#waitingChars -= text.length
      this.#allowance -= text.length
    }
    const last = lines.at(-1)
    if (this.#dropped > 0 && last !== undefined) {
      lines.push({
        fence: last.fence,
        task: null,
        stream: 'stderr',
        text: `… ${this.#dropped} lines dropped`,
      })
      this.#dropped = 0
    }
    this.#underWay++
    this.#deliver(lines)
  }
}
