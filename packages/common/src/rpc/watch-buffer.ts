// What waits for a watcher that is slower than its job. It holds a bounded number of events and never makes the job
// wait: lines of output go first (counted: a `lost-output` stands where they were), of progress only the latest stays,
// then old checkpoints go. A watcher that is still too slow is told so and cut off. One reader.

import { WeirError } from '../core/errors.ts'
import type { JobEventView } from '../job-client.ts'

export const WATCH_EVENTS_MAX = 4_096
export const WATCH_CHARS_MAX: number = 4 * 1_024 * 1_024

export class WatchBuffer implements AsyncIterable<JobEventView> {
  readonly #eventsMax: number
  readonly #charsMax: number
  #events: JobEventView[] = []
  #chars = 0
  #ended = false
  #error: unknown = null
  #wake: (() => void) | null = null

  constructor(
    limits: { readonly eventsMax: number; readonly charsMax: number } = {
      eventsMax: WATCH_EVENTS_MAX,
      charsMax: WATCH_CHARS_MAX,
    },
  ) {
    this.#eventsMax = limits.eventsMax
    this.#charsMax = limits.charsMax
  }

  /** Events and characters of output that wait. */
  get size(): { readonly events: number; readonly chars: number } {
    return { events: this.#events.length, chars: this.#chars }
  }

  push(event: JobEventView): void {
    if (this.#ended) return
    switch (event.type) {
      case 'output':
        this.#pushOutput(event)
        break
      case 'progress':
        this.#replace(event)
        break
      default:
        this.#makeRoom()
        if (!this.#ended) this.#events.push(event)
    }
    this.#notify()
  }

  /** No more events; with `error`, reading ends by throwing it after what still waits. */
  end(error: unknown = null): void {
    if (this.#ended) return
    this.#ended = true
    this.#error = error
    this.#notify()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<JobEventView> {
    for (;;) {
      const event = this.#events.shift()
      if (event !== undefined) {
        if (event.type === 'output') this.#chars -= event.text.length
        yield event
      } else if (this.#ended) {
        if (this.#error !== null) throw this.#error
        return
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    }
  }

  #notify(): void {
    this.#wake?.()
    this.#wake = null
  }

  #pushOutput(event: JobEventView & { type: 'output' }): void {
    const fits =
      this.#events.length < this.#eventsMax && this.#chars + event.text.length <= this.#charsMax
    const last = this.#events.at(-1)
    if (fits && last?.type !== 'lost-output') {
      this.#chars += event.text.length
      this.#events.push(event)
    } else if (last?.type === 'lost-output') {
      this.#events[this.#events.length - 1] = { type: 'lost-output', lines: last.lines + 1 }
    } else {
      this.#makeRoom()
      if (!this.#ended) this.#events.push({ type: 'lost-output', lines: 1 })
    }
  }

  #replace(event: JobEventView & { type: 'progress' }): void {
    this.#events = this.#events.filter((waiting) => waiting.type !== 'progress')
    if (this.#events.length < this.#eventsMax) this.#events.push(event)
  }

  /** Leaves room for one event, or ends the watch. */
  #makeRoom(): void {
    if (this.#events.length < this.#eventsMax) return
    this.#loseOutput()
    if (this.#events.length < this.#eventsMax) return
    this.#joinLosses()
    if (this.#events.length < this.#eventsMax) return
    const oldest = this.#events.findIndex(
      (event) => event.type === 'progress' || event.type === 'checkpoint',
    )
    if (oldest >= 0) {
      this.#events.splice(oldest, 1)
      return
    }
    this.end(
      new WeirError(
        'rpc/watch-overrun',
        `more than ${this.#eventsMax} events wait for this watcher`,
        {
          domain: 'external',
          retry: 'backoff',
          hint: 'Watch again: it starts with the present state.',
        },
      ),
    )
  }

  /** Turns each run of waiting output lines into one note of how many there were. */
  #loseOutput(): void {
    const kept: JobEventView[] = []
    for (const event of this.#events) {
      const lines = event.type === 'output' ? 1 : event.type === 'lost-output' ? event.lines : 0
      const last = kept.at(-1)
      if (lines === 0) kept.push(event)
      else if (last?.type === 'lost-output')
        kept[kept.length - 1] = { type: 'lost-output', lines: last.lines + lines }
      else kept.push({ type: 'lost-output', lines })
    }
    this.#events = kept
    this.#chars = 0
  }

  /** One note for all lost lines, where the last of them was. */
  #joinLosses(): void {
    let lines = 0
    for (const event of this.#events) if (event.type === 'lost-output') lines += event.lines
    const last = this.#events.findLastIndex((event) => event.type === 'lost-output')
    if (last < 0) return
    this.#events[last] = { type: 'lost-output', lines }
    this.#events = this.#events.filter((event, i) => event.type !== 'lost-output' || i === last)
  }
}
