// Makes sure that what a job decides stands in its log. The storage may be away for as long as it likes: the entry is
// offered again and again, because an entry whose fate is unknown may exist (D2), and nothing may be decided before that
// is known. Only a deposed leader stops, and one that is being closed.

import { Backoff } from '@weirjs/common/core/backoff'
import { type Scheduler, sleep } from '@weirjs/common/core/clock'
import { type Failure, toFailure, WeirError } from '@weirjs/common/core/errors'
import type { CheckpointId } from '@weirjs/common/core/ids'
import type { Prng } from '@weirjs/common/core/prng'
import type { AppendableBody, JobHistory } from './store/job-history.ts'
import type { JobLog } from './store/job-log.ts'

const RETRY = { initialMs: 200, maxMs: 5_000, multiplier: 2, jitter: 0.2 } as const

export interface LogKeeperOptions {
  readonly log: JobLog
  readonly scheduler: Scheduler
  readonly prng: Prng
  /** The storage does not take an entry, which is being tried again; null: it takes them again. */
  readonly onHealth: (stalled: Failure | null) => void
}

export class LogKeeper {
  readonly #options: LogKeeperOptions
  #closed = false
  #stalled = false

  constructor(options: LogKeeperOptions) {
    this.#options = options
  }

  get history(): JobHistory {
    return this.#options.log.history
  }

  /**
   * Resolves when the entry is durable, or needed no more (`there`, as JobLog.append asks it). Throws `log/deposed`, `log/closed`,
   * and what can never be written (`log/entry-too-large`).
   */
  async write(body: AppendableBody, there: (history: JobHistory) => boolean): Promise<void> {
    const { log, scheduler, prng } = this.#options
    const backoff = new Backoff(RETRY, prng)
    for (;;) {
      try {
        await log.append(body, there)
        return this.#flows()
      } catch (error) {
        if (!isUnavailable(error)) throw error
        this.#stalls(toFailure(error))
      }
      await sleep(scheduler, backoff.nextDelayMs())
      if (this.#closed) throw closed()
    }
  }

  /** Before checkpoint `id` is triggered. Throws `log/deposed`, `log/unavailable`. */
  reserve(id: CheckpointId): Promise<void> {
    return this.#options.log.reserve(id)
  }

  /** Throws `log/deposed` when somebody else leads the job; other errors tell nothing. */
  check(): Promise<void> {
    return this.#options.log.check()
  }

  /** For the record only: one try. Throws as JobLog.append does. */
  note(body: Extract<AppendableBody, { type: 'attempt' }>): Promise<void> {
    return this.#options.log.append(body)
  }

  close(): void {
    this.#closed = true
  }

  #stalls(failure: Failure): void {
    this.#stalled = true
    this.#options.onHealth(failure)
  }

  #flows(): void {
    if (!this.#stalled) return
    this.#stalled = false
    this.#options.onHealth(null)
  }
}

function isUnavailable(error: unknown): boolean {
  return error instanceof WeirError && error.code === 'log/unavailable'
}

function closed(): WeirError {
  return new WeirError('log/closed', 'the JobManager is closing', { domain: 'internal' })
}
