// Calls about one job must be taken up by a worker in the order in which they were sent, or not at all, although each
// is a stream of its own: a deploy of megabytes would be overtaken by the cancel behind it, and a call that lies in the
// buffers of a broken connection could arrive after its successor on the new one. Two halves keep the order:
//
//   CallLanes (sender)    the next call of a lane leaves when the one before has been taken up, or has failed. An
//                         allocate that takes seconds holds nobody up: it is answered late, but taken up at once.
//   OrderGuard (receiver) refuses a call that is older, by sender and sequence number, than one that was taken up.

import { WeirError } from '../core/errors.ts'
import type { JobId } from '../core/ids.ts'
import type { Caller } from './convert.ts'
import { overloaded } from './status.ts'

/** Calls that wait behind another in one lane; more than this is a worker that has stopped answering. */
export const LANE_CALLS_MAX = 1_024
/** Jobs whose last call is remembered; the longest quiet are forgotten first. */
export const GUARDED_JOBS_MAX = 10_000

export class CallLanes {
  readonly #lanes = new Map<string, (() => void)[]>()

  /** Runs `send` when its turn has come. `send` calls `takenUp`, or settles, to let the next one go. */
  run<T>(lane: string, send: (takenUp: () => void) => Promise<T>): Promise<T> {
    const waiting = this.#lanes.get(lane)
    if (waiting === undefined) {
      this.#lanes.set(lane, [])
      return this.#send(lane, send)
    }
    if (waiting.length >= LANE_CALLS_MAX) {
      return Promise.reject(overloaded(`${waiting.length} calls already wait in lane ${lane}`))
    }
    return new Promise((resolve) => {
      waiting.push(() => resolve(this.#send(lane, send)))
    })
  }

  async #send<T>(lane: string, send: (takenUp: () => void) => Promise<T>): Promise<T> {
    let passed = false
    const takenUp = (): void => {
      if (passed) return
      passed = true
      this.#next(lane)
    }
    try {
      return await send(takenUp)
    } finally {
      takenUp()
    }
  }

  #next(lane: string): void {
    const start = this.#lanes.get(lane)?.shift()
    if (start === undefined) this.#lanes.delete(lane)
    else start()
  }
}

export class OrderGuard {
  readonly #last = new Map<JobId, Caller>()

  /** Throws `rpc/out-of-order` when a later call of the same sender about the job has been taken up before. */
  admit(job: JobId, caller: Caller): void {
    const last = this.#last.get(job)
    if (last !== undefined && last.sender === caller.sender && last.sequence >= caller.sequence) {
      const what = `call ${caller.sequence} of ${caller.sender} about job ${job}`
      throw new WeirError('rpc/out-of-order', `${what} came after its call ${last.sequence}`, {
        domain: 'internal',
        retry: 'never',
      })
    }
    this.#last.delete(job)
    this.#last.set(job, caller)
    if (this.#last.size <= GUARDED_JOBS_MAX) return
    for (const oldest of this.#last.keys()) {
      this.#last.delete(oldest)
      return
    }
  }
}
