// The last lines that a job printed, for whoever starts to follow it. Bounded in lines and in characters; what falls out
// is counted, never missed silently.

import { RingBuffer } from '@weirjs/common/core/ring-buffer'
import type { JobEventView } from '@weirjs/common/job-client'

export const OUTPUT_LINES_KEPT_MAX = 2_000
export const OUTPUT_CHARS_KEPT_MAX = 2_000_000
/** Of an ended job whose lines nobody else keeps: there may be five hundred of them. */
export const OUTPUT_CHARS_HELD_MAX = 100_000

export type OutputView = Extract<JobEventView, { type: 'output' }>

export class OutputRing {
  readonly #lines = new RingBuffer<OutputView>(OUTPUT_LINES_KEPT_MAX)
  #chars = 0
  #lost = 0

  push(line: OutputView): void {
    if (this.#lines.full) this.#dropOldest()
    this.#lines.push(line)
    this.#chars += line.text.length
    this.shrinkTo(OUTPUT_CHARS_KEPT_MAX)
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

  /** Drops the oldest until there are no more than so many characters; the last line stays in any case. */
  shrinkTo(chars: number): void {
    while (this.#chars > chars && this.#lines.length > 1) this.#dropOldest()
  }

  #dropOldest(): void {
    this.#chars -= this.#lines.shift()?.text.length ?? 0
    this.#lost++
  }
}
