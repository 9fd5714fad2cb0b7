// What a process has opened, closed in reverse order, once, whatever happens: a part that does not close in time, or
// throws, does not keep the others from closing. The first signal closes; the second ends the process at once.

import { type Scheduler, sleep } from '../core/clock.ts'
import { toFailure } from '../core/errors.ts'
import type { Log } from '../core/log.ts'

/** Time that one part has to close. */
export const CLOSE_MS_MAX = 10_000
/** Time that everything has to close after a signal. */
export const SHUTDOWN_MS_MAX = 25_000

export interface LifecycleOptions {
  readonly scheduler: Scheduler
  readonly log: Log
  readonly closeMsMax?: number
}

export class Lifecycle {
  readonly #options: LifecycleOptions
  readonly #parts: { readonly name: string; readonly close: () => Promise<void> | void }[] = []
  #closing: Promise<void> | null = null

  constructor(options: LifecycleOptions) {
    this.#options = options
  }

  /** Takes care of `part` from now on. When everything is closing already, it is closed at once. */
  async own(name: string, close: () => Promise<void> | void): Promise<void> {
    this.#parts.push({ name, close })
    if (this.#closing === null) return
    await this.#closing
    await this.#closeAll()
  }

  /** Closes everything, latest first. Never rejects: what fails is logged. Calls after the first wait for the same. */
  close(): Promise<void> {
    this.#closing ??= this.#closeAll()
    return this.#closing
  }

  async #closeAll(): Promise<void> {
    for (let part = this.#parts.pop(); part !== undefined; part = this.#parts.pop())
      await this.#closeOne(part)
  }

  async #closeOne(part: {
    readonly name: string
    readonly close: () => Promise<void> | void
  }): Promise<void> {
    const { scheduler, log, closeMsMax = CLOSE_MS_MAX } = this.#options
    const closed = (async () => part.close())().then(
      () => 'closed' as const,
      (error: unknown) => {
        log.warn({ part: part.name, failure: toFailure(error) }, 'part failed to close')
        return 'failed' as const
      },
    )
    const outcome = await Promise.race([
      closed,
      sleep(scheduler, closeMsMax).then(() => 'late' as const),
    ])
    if (outcome === 'late')
      log.warn({ part: part.name, afterMs: closeMsMax }, 'part did not close in time')
  }
}

/** What signals come from; `process` is one. */
export interface SignalSource {
  on(signal: 'SIGINT' | 'SIGTERM', listener: (signal: 'SIGINT' | 'SIGTERM') => void): unknown
}

export interface SignalOptions {
  readonly signals: SignalSource
  readonly exit: (code: number) => void
  readonly scheduler: Scheduler
  readonly log: Log
}

/** Exit code after SIGINT, as shells expect. */
export const EXIT_INTERRUPTED = 130
const EXIT_NOT_CLOSED = 1

/** First SIGTERM or SIGINT: close, then exit with 0 or 130. A second one, or too long a wait: exit at once with 1. */
export function closeOnSignals(lifecycle: Lifecycle, options: SignalOptions): void {
  const { signals, exit, scheduler, log } = options
  let closing = false
  const onSignal = (signal: 'SIGINT' | 'SIGTERM'): void => {
    if (closing) return exit(EXIT_NOT_CLOSED)
    closing = true
    log.info({ signal }, 'closing')
    const cancel = scheduler.timer(SHUTDOWN_MS_MAX, () => {
      log.error({ signal, afterMs: SHUTDOWN_MS_MAX }, 'did not close in time')
      exit(EXIT_NOT_CLOSED)
    })
    // Cannot reject: see Lifecycle.close.
    void lifecycle.close().then(() => {
      cancel()
      exit(signal === 'SIGINT' ? EXIT_INTERRUPTED : 0)
    })
  }
  signals.on('SIGINT', onSignal)
  signals.on('SIGTERM', onSignal)
}
