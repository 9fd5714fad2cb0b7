// One follower of one job: events go in at the job's pace and come out at the follower's. A follower that cannot follow
// loses output first, counted, then all but the newest progress; what tells the job's fate is never dropped. One that
// falls behind even so is cut off with an error. Ends when the job has ended, or when the follower has gone.

import { WeirError } from '@weirjs/common/core/errors'
import type { JobEventView } from '@weirjs/common/job-client'

/** Output lines that wait for one follower. */
export const WATCH_OUTPUT_MAX = 5_000
/** Other events that wait for one follower. */
export const WATCH_EVENTS_MAX = 10_000

type Next = IteratorResult<JobEventView, undefined>

export class WatchStream implements AsyncIterableIterator<JobEventView, undefined> {
  #events: JobEventView[] = []
  #outputWaiting = 0
  #lostLines = 0
  #waiting: PromiseWithResolvers<Next> | null = null
  #ended = false
  #error: WeirError | null = null
  readonly #onEnd: (stream: WatchStream) => void

  /** `onEnd`: called once, when nothing more will be read. */
  constructor(onEnd: (stream: WatchStream) => void, signal: AbortSignal) {
    this.#onEnd = onEnd
    if (signal.aborted) this.#drop()
    else signal.addEventListener('abort', () => this.#drop(), { once: true })
  }

  push(event: JobEventView): void {
    if (this.#ended) return
    if (this.#waiting !== null) {
      const waiting = this.#waiting
      this.#waiting = null
      waiting.resolve({ done: false, value: event })
      return
    }
    if (event.type === 'output') return this.#pushOutput(event)
    if (event.type === 'progress') {
      this.#events = this.#events.filter((old) => old.type !== 'progress')
    } else if (this.#events.length - this.#outputWaiting >= WATCH_EVENTS_MAX) {
      return this.end(
        new WeirError('watch/too-slow', `${WATCH_EVENTS_MAX} events wait to be read`, {
          domain: 'external',
        }),
      )
    }
    this.#events.push(event)
  }

  /** Nothing more will come; what waits can still be read, and then `why`, if there is a reason, is thrown. */
  end(why: WeirError | null = null): void {
    if (this.#ended) return
    this.#ended = true
    const waiting = this.#waiting
    this.#waiting = null
    if (why === null) waiting?.resolve({ done: true, value: undefined })
    else if (waiting === null) this.#error = why
    else waiting.reject(why)
    this.#onEnd(this)
  }

  next(): Promise<Next> {
    if (this.#lostLines > 0) {
      const lines = this.#lostLines
      this.#lostLines = 0
      return Promise.resolve({ done: false, value: { type: 'lost-output', lines } })
    }
    const event = this.#events.shift()
    if (event !== undefined) {
      if (event.type === 'output') this.#outputWaiting--
      return Promise.resolve({ done: false, value: event })
    }
    if (this.#error !== null) return Promise.reject(this.#error)
    if (this.#ended) return Promise.resolve({ done: true, value: undefined })
    this.#waiting = Promise.withResolvers()
    return this.#waiting.promise
  }

  return(): Promise<Next> {
    this.#drop()
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #drop(): void {
    this.#events = []
    this.#lostLines = 0
    this.end()
  }

  #pushOutput(event: JobEventView): void {
    if (this.#outputWaiting >= WATCH_OUTPUT_MAX) {
      this.#lostLines++
      return
    }
    this.#outputWaiting++
    this.#events.push(event)
  }
}
