// People who asked for a job to be canceled, and wait to hear that no leader will forget it.

import { WeirError } from '@weirjs/common/core/errors'

/** Who waits at the same time; each is one open call. */
export const CANCEL_REQUESTS_MAX = 1_000

interface Request {
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

export class CancelRequests {
  #waiting: Request[] = []

  get any(): boolean {
    return this.#waiting.length > 0
  }

  /** `ask` is called when the request has been taken down. */
  add(ask: () => void): Promise<void> {
    if (this.#waiting.length >= CANCEL_REQUESTS_MAX) {
      const message = `${CANCEL_REQUESTS_MAX} requests to cancel the job wait already`
      return Promise.reject(new WeirError('rpc/unavailable', message, { domain: 'external' }))
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      ask()
    })
  }

  accepted(): void {
    for (const { resolve } of this.#take()) resolve()
  }

  refused(error: WeirError): void {
    for (const { reject } of this.#take()) reject(error)
  }

  /** Somebody else knows the answer. */
  passTo(cancel: () => Promise<void>): void {
    // `then` hands every outcome to whoever waits.
    for (const { resolve, reject } of this.#take()) void cancel().then(resolve, reject)
  }

  #take(): Request[] {
    return this.#waiting.splice(0)
  }
}
