// Finds a job that this JobManager has not heard of, and somebody asks for. Two of them may have lived for a while, one
// believed dead, and the one that is gone now may have accepted a job after the other had read the storage: what was
// accepted must not be denied. Only whole ids are looked up; each costs one listing of the storage.

import type { CheckpointStorage } from '@weirjs/common/core/checkpoint/storage'
import { WeirError } from '@weirjs/common/core/errors'
import { jobId, type JobId } from '@weirjs/common/core/ids'
import { readHistory } from './store/log-reader.ts'

/** At the same time. Whoever comes on top is told what is known without a look. */
export const LOOK_UPS_MAX = 16
const WHOLE_ID = /^[0-9a-f]{32}$/

export class LookUps {
  readonly #look: (job: JobId) => Promise<void>
  readonly #running = new Map<JobId, Promise<void>>()

  /** `look` takes the job over if it is there and is not ours. One at a time runs for a job; who asks hears its error. */
  constructor(look: (job: JobId) => Promise<void>) {
    this.#look = look
  }

  async lookUp(id: string): Promise<void> {
    if (!WHOLE_ID.test(id)) return
    const job = jobId(id)
    const running = this.#running.get(job)
    if (running !== undefined) return running
    if (this.#running.size >= LOOK_UPS_MAX) return
    const looked = this.#look(job).finally(() => this.#running.delete(job))
    this.#running.set(job, looked)
    return looked
  }
}

/**
 * Of a JobManager without workers, which may have been replaced while it slept: it must not take a job from the one that
 * runs it, nor deny it. Throws `rpc/unavailable` when the job is there: ask again, or somebody else.
 */
export async function leftToOthers(storage: CheckpointStorage, job: JobId): Promise<void> {
  try {
    await readHistory(storage, job)
  } catch (error) {
    // Not there, or not to be read: then nothing more is known of it than before.
    if (error instanceof WeirError) return
    throw error
  }
  const message = `job ${job} is on the storage, but no TaskManager is registered here that could run it`
  throw new WeirError('rpc/unavailable', message, { domain: 'external', retry: 'backoff' })
}
