// Requests that wait for their answer over a message channel. Ids are counted here; when the other side ends, everything
// that still waits is rejected with the reason, so that no caller hangs on a dead process.

import { assert } from '@weirjs/common/core/assert'
import { fromFailure, WeirError } from '@weirjs/common/core/errors'
import type { Reply } from './protocol.ts'

export const PENDING_REPLIES_MAX = 1_024

interface Waiter {
  readonly isAnswer: (ok: unknown) => boolean
  readonly resolve: (value: unknown) => void
  readonly reject: (error: WeirError) => void
}

export class PendingReplies {
  readonly #waiters = new Map<number, Waiter>()
  #nextId = 1
  #ended: WeirError | null = null

  /** Calls `send` with a fresh id; settles with the answer. Rejects at once after `end`. */
  request<T>(send: (id: number) => void, isAnswer: (ok: unknown) => ok is T): Promise<T> {
    if (this.#ended !== null) return Promise.reject(this.#ended)
    if (this.#waiters.size >= PENDING_REPLIES_MAX) {
      return Promise.reject(
        new WeirError('slot/too-many-requests', 'the job process does not answer', {
          domain: 'internal',
          retry: 'backoff',
        }),
      )
    }
    const id = this.#nextId++
    return new Promise<T>((resolve, reject) => {
      this.#waiters.set(id, { isAnswer, resolve: (value) => resolve(value as T), reject })
      try {
        send(id)
      } catch (cause) {
        this.#waiters.delete(id)
        reject(cause)
      }
    })
  }

  /** Somebody waits for it, in this form, or nobody does any more. */
  expects({ id, outcome }: Reply): boolean {
    if (this.#ended !== null) return true
    const waiter = this.#waiters.get(id)
    return waiter !== undefined && (!('ok' in outcome) || waiter.isAnswer(outcome.ok))
  }

  settle(reply: Reply): void {
    // The end of a process may be heard before its last words.
    if (this.#ended !== null) return
    const waiter = this.#waiters.get(reply.id)
    assert(waiter !== undefined, 'an answer belongs to a request')
    this.#waiters.delete(reply.id)
    if ('ok' in reply.outcome) waiter.resolve(reply.outcome.ok)
    else waiter.reject(fromFailure(reply.outcome.failure))
  }

  /** The other side is gone: rejects what waits and what will be asked. The first reason stays. */
  end(reason: WeirError): void {
    this.#ended ??= reason
    for (const waiter of this.#waiters.values()) waiter.reject(this.#ended)
    this.#waiters.clear()
  }

  get size(): number {
    return this.#waiters.size
  }
}
