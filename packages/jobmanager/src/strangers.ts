// Tasks that nobody counts any more and that do not know it: deployed by a leader that had been replaced while it slept,
// or on a worker that slept itself. They can do no harm, but they hold slots, and write. They show in the heartbeats of
// the worker that they run on, which is told to let them go, and are behind every message that is refused.

import type { Fence, JobId, WorkerId } from '@weirjs/common/core/ids'
import type { TaskReport, WorkerGateway } from '@weirjs/common/core/gateways'
import type { Log } from '@weirjs/common/core/log'
import type { JobEntry } from './job-entry.ts'
import type { LateSweeps } from './late-sweeps.ts'

export interface StrangersOptions {
  readonly job: (id: JobId) => JobEntry | undefined
  /** It ended so long ago that it is not among them any more. */
  readonly forgotten: (id: JobId) => boolean
  readonly gateway: (worker: WorkerId) => WorkerGateway | null
  readonly sweeps: LateSweeps
  readonly log: Log
}

export class Strangers {
  readonly #options: StrangersOptions
  /** Messages that were refused. */
  refused = 0

  constructor(options: StrangersOptions) {
    this.#options = options
  }

  /** A message of somebody who is not current. */
  refuse(fence: Fence): void {
    this.refused += 1
    this.#options.job(fence.jobId)?.hears(fence)
    this.#noteSweep(fence)
  }

  /** What runs on a worker, as it says. */
  reported(worker: WorkerId, tasks: readonly TaskReport[]): void {
    const past = new Map<string, Fence>()
    for (const { fence } of tasks) {
      this.#noteSweep(fence)
      if (this.#isPast(fence)) past.set(`${fence.jobId} ${fence.epoch} ${fence.attempt}`, fence)
    }
    for (const fence of past.values()) this.#release(worker, fence)
  }

  #isPast(fence: Fence): boolean {
    const { job, forgotten } = this.#options
    return job(fence.jobId)?.hears(fence) ?? forgotten(fence.jobId)
  }

  /** What it has written for a job that has ended nobody will miss. */
  #noteSweep({ jobId }: Fence): void {
    if (this.#options.job(jobId)?.ended === true) this.#options.sweeps.note(jobId)
  }

  #release(worker: WorkerId, fence: Fence): void {
    const { gateway, log } = this.#options
    log.info({ workerId: worker, ...fence }, 'tasks of another time are let go')
    // A hint: with the next heartbeat they show again.
    void gateway(worker)?.release(fence).catch(unheard)
  }
}

const unheard = (): void => {}
