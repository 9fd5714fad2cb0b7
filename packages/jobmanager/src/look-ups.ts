// Finds a job that this JobManager has not heard of, and somebody asks for. Two of them may have lived for a while, one
// believed dead, and the one that is gone now may have accepted a job after the other had read the storage: what was
// accepted must not be denied. Only whole ids are looked up; each costs one listing of the storage.

import { jobId, type JobId } from '@weirjs/common/core/ids'

/** At the same time. Whoever comes on top is told what is known without a look. */
export const LOOK_UPS_MAX = 16
const WHOLE_ID = /^[0-9a-f]{32}$/

export class LookUps {
  readonly #look: (job: JobId) => Promise<void>
  readonly #running = new Map<JobId, Promise<void>>()

  /** `look` takes the job over if it is there and is not ours. It must not reject; one at a time runs for a job. */
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
