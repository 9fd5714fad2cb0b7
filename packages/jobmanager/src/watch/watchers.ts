// Everybody who follows one job, and what a newcomer is told first: how the job stands, and its last lines of output.

import { WeirError } from '@weirjs/common/core/errors'
import type { JobEventView } from '@weirjs/common/job-client'
import { OUTPUT_CHARS_HELD_MAX, OutputRing, type OutputView } from './output-ring.ts'
import { WatchStream } from './watch-stream.ts'

/** Followers of one job; the oldest goes when one more comes. */
export const WATCHERS_MAX = 100

export class Watchers {
  #output = new OutputRing()
  #handedOver: OutputRing | null = null
  readonly #epoch: number | null
  readonly #streams = new Set<WatchStream>()
  #ended = false

  /** `epoch`: of the leader under whom the lines are printed; null: nobody leads here. */
  constructor(epoch: number | null) {
    this.#epoch = epoch
  }

  /** What was printed since the output was handed over, if it was: lines that came behind the end of the job. */
  get printed(): readonly JobEventView[] {
    return this.#output.told()
  }

  /** What was handed over, with the log that it belongs to, as long as it is not written; null: it is elsewhere. */
  get handedOver(): readonly JobEventView[] | null {
    return this.#handedOver === null ? null : [...this.#begin(), ...this.#handedOver.told()]
  }

  /** Hands over what was printed, once, to somebody who says by `written` what became of it. */
  handOver(): readonly JobEventView[] {
    this.#handedOver = this.#output
    this.#output = new OutputRing()
    return this.handedOver ?? []
  }

  /** Whether what was handed over is safe there. If not, some of it stays here. */
  written(written: boolean): void {
    if (written) this.#handedOver = null
    else this.#handedOver?.shrinkTo(OUTPUT_CHARS_HELD_MAX)
  }

  publish(event: JobEventView): void {
    for (const stream of this.#streams) stream.push(event)
  }

  print(line: OutputView): void {
    this.#output.push(line)
    this.publish(line)
  }

  get watched(): boolean {
    return this.#streams.size > 0
  }

  /** `first`: how the job stands. */
  watch(first: readonly JobEventView[], signal: AbortSignal): WatchStream {
    const stream = new WatchStream((done) => this.#streams.delete(done), signal)
    for (const event of first) stream.push(event)
    for (const event of [...this.#begin(), ...this.#output.told()]) stream.push(event)
    if (this.#ended) {
      stream.end()
      return stream
    }
    const oldest = this.#streams.values().next()
    if (this.#streams.size >= WATCHERS_MAX && oldest.done !== true) oldest.value.end(tooMany())
    if (!signal.aborted) this.#streams.add(stream)
    return stream
  }

  /** The job has ended, or its JobManager ends. */
  end(): void {
    this.#ended = true
    for (const stream of this.#streams) stream.end()
  }

  /** Says of which log the lines are that follow it; without a leader here they are of none. */
  #begin(): readonly JobEventView[] {
    return this.#epoch === null ? [] : [{ type: 'output-log', epoch: this.#epoch }]
  }
}

/** Told to whoever has to go, so that it does not come back at once and puts the next one out. */
const tooMany = (): WeirError =>
  new WeirError('watch/too-many', `${WATCHERS_MAX} others follow this job by now`, {
    domain: 'external',
    hint: 'the job goes on; weir job describe tells how it stands',
  })
