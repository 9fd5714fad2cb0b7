// The last lines that a job printed, for whoever starts to follow it. Bounded in lines and in characters; what falls out
// is counted, never missed silently.

import { RingBuffer } from '@weirjs/common/core/ring-buffer'
import type { JobEventView } from '@weirjs/common/job-client'

export const OUTPUT_LINES_KEPT_MAX = 2_000
export const OUTPUT_CHARS_KEPT_MAX = 2_000_000

export type OutputView = Extract<JobEventView, { type: 'output' }>

/** What a job printed under the leader of one epoch, as far as it is kept. */
export interface KeptOutput {
  /** null: nobody knows any more. */
  readonly epoch: number | null
  /** Older lines. */
  readonly lost: number
  readonly lines: readonly OutputView[]
}

/** A record of the history index, if it still has the form of one; older ones are the lines alone. */
export function asKeptOutput(value: unknown): KeptOutput | null {
  if (Array.isArray(value)) return { epoch: null, lost: 0, lines: value }
  if (typeof value !== 'object' || value === null) return null
  const { epoch, lost, lines } = value as Partial<KeptOutput>
  const isWhole = Number.isSafeInteger(epoch) && Number.isSafeInteger(lost) && Array.isArray(lines)
  return isWhole ? (value as KeptOutput) : null
}

export class OutputRing {
  readonly #lines = new RingBuffer<OutputView>(OUTPUT_LINES_KEPT_MAX)
  #chars = 0
  #lost: number

  /** `lost`: lines before the first one. */
  constructor(lost = 0) {
    this.#lost = lost
  }

  /** Lines that are not kept any more. */
  get lost(): number {
    return this.#lost
  }

  push(line: OutputView): void {
    if (this.#lines.full) this.#dropOldest()
    this.#lines.push(line)
    this.#chars += line.text.length
    while (this.#chars > OUTPUT_CHARS_KEPT_MAX && this.#lines.length > 1) this.#dropOldest()
  }

  /** Oldest first. */
  lines(): OutputView[] {
    const lines: OutputView[] = []
    for (let i = 0; i < this.#lines.length; i++) {
      const line = this.#lines.at(i)
      if (line !== undefined) lines.push(line)
    }
    return lines
  }

  #dropOldest(): void {
    this.#chars -= this.#lines.shift()?.text.length ?? 0
    this.#lost++
  }
}
