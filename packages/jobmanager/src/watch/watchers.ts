// Everybody who follows one job, and what a newcomer is told first: how the job stands, and its last lines of output.

import { WeirError } from '@weirjs/common/core/errors'
import type { JobEventView } from '@weirjs/common/job-client'
import { OutputRing, type OutputView } from './output-ring.ts'
import { WatchStream } from './watch-stream.ts'

/** Followers of one job; the oldest goes when one more comes. */
export const WATCHERS_MAX = 100

export class Watchers {
  readonly #output = new OutputRing()
  readonly #epoch: number | null
  readonly #streams = new Set<WatchStream>()
  #ended = false

  /** `epoch`: of the leader under whom the lines are printed; null: nobody leads here. */
  constructor(epoch: number | null) {
    this.#epoch = epoch
  }

  /** What was printed since the output was taken, if it was: lines that came behind the end of the job. */
  get printed(): readonly JobEventView[] {
    return this.#output.told()
  }

  /** Hands over what was printed, with the log that it belongs to. */
  takeOutput(): readonly JobEventView[] {
    return [...this.#begin(), ...this.#output.take()]
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

  /** Whose lines those that follow are, if anybody's. */
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
