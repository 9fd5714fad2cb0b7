// How far a follower has come in what a job prints. A JobManager tells whoever begins to watch all that it has kept; one
// whose connection broke has been told most of it. Lines are counted from the beginning of the log of one epoch, lost ones
// too; in the log of another epoch the count means nothing.

import type { JobEventView } from '@weirjs/common/job-client'

/** What a person is told; the rest is for counting. */
export type ToldEvent = Exclude<JobEventView, { type: 'output-log' }>

export class OutputPlace {
  #epoch: number | null = null
  /** Lines of this log that were told, here or as lost. */
  #told = 0
  /** Where this watch is in it. */
  #at = 0

  /** A watch begins with the log of this epoch. False: its lines cannot be held against those that were told before. */
  begin(epoch: number): boolean {
    const goesOn = this.#told === 0 || this.#epoch === epoch
    if (this.#epoch !== epoch) this.#told = 0
    this.#epoch = epoch
    this.#at = 0
    return goesOn
  }

  /** What of the event is new; null: nothing. */
  newOf(event: ToldEvent): ToldEvent | null {
    if (event.type !== 'output' && event.type !== 'lost-output') return event
    this.#at += event.type === 'output' ? 1 : event.lines
    const fresh = this.#at - this.#told
    if (fresh <= 0) return null
    this.#told = this.#at
    return event.type === 'output' ? event : { ...event, lines: Math.min(event.lines, fresh) }
  }
}
