// The last lines that a job printed, for whoever starts to follow it. Bounded in lines and in characters; what falls out
// is counted, never missed silently.

import { RingBuffer } from '@weirjs/common/core/ring-buffer'
import type { JobEventView } from '@weirjs/common/job-client'

export const OUTPUT_LINES_KEPT_MAX = 2_000
export const OUTPUT_CHARS_KEPT_MAX = 2_000_000

export type OutputView = Extract<JobEventView, { type: 'output' }>

export class OutputRing {
  readonly #lines = new RingBuffer<OutputView>(OUTPUT_LINES_KEPT_MAX)
  #chars = 0
  #lost = 0

  push(line: OutputView): void {
    if (this.#lines.full) this.#dropOldest()
    this.#lines.push(line)
    this.#chars += line.text.length
    while (this.#chars > OUTPUT_CHARS_KEPT_MAX && this.#lines.length > 1) this.#dropOldest()
  }

  /** How many lines are gone, if any, and then those that are kept, oldest first. */
  told(): JobEventView[] {
    const told: JobEventView[] = this.#lost > 0 ? [{ type: 'lost-output', lines: this.#lost }] : []
    for (let i = 0; i < this.#lines.length; i++) {
      const line = this.#lines.at(i)
      if (line !== undefined) told.push(line)
    }
    return told
  }

  /** The same; they are somebody else's then. */
  take(): JobEventView[] {
    const told = this.told()
    this.#lines.clear()
    this.#chars = 0
    this.#lost = 0
    return told
  }

  #dropOldest(): void {
    this.#chars -= this.#lines.shift()?.text.length ?? 0
    this.#lost++
  }
}
