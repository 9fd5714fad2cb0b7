// What is left to do when a job has ended: of its files nothing stays but the log and the checkpoints that are retained.
// Nobody waits for it, so a storage that fails is asked again for a while; after that it is left to the next start.

import { Backoff } from '@weirjs/common/core/backoff'
import { bundleFile } from '@weirjs/common/core/checkpoint/paths'
import type { CheckpointStorage } from '@weirjs/common/core/checkpoint/storage'
import { type Scheduler, sleep } from '@weirjs/common/core/clock'
import { toFailure } from '@weirjs/common/core/errors'
import {
  type BundleHash,
  type CheckpointId,
  checkpointId,
  type JobId,
} from '@weirjs/common/core/ids'
import type { Log } from '@weirjs/common/core/log'
import type { Prng } from '@weirjs/common/core/prng'
import type { CompletedCheckpoint } from './core/checkpoint/events.ts'
import type { ManifestStore } from './store/manifest-store.ts'

/** Some twenty minutes. */
export const CLEAN_UP_TRIES_MAX = 25
const RETRY = { initialMs: 200, maxMs: 60_000, multiplier: 2, jitter: 0.2 } as const
/** Above every id: the job has ended, nothing is pending. */
const ANY_CHECKPOINT: CheckpointId = checkpointId(Number.MAX_SAFE_INTEGER)

export interface EndedJob {
  readonly jobId: JobId
  readonly bundleHash: BundleHash
  readonly storage: CheckpointStorage
  readonly manifests: ManifestStore
}

export interface CleanUpWorld extends EndedJob {
  readonly scheduler: Scheduler
  readonly prng: Prng
  readonly logger: Log
  readonly closed: () => boolean
}

/** One try. Throws `storage/…`. */
export async function sweepEndedJob(
  { jobId, bundleHash, storage, manifests }: EndedJob,
  retained: readonly CompletedCheckpoint[],
): Promise<void> {
  const kept = new Set(retained.map((one) => one.checkpointId))
  await manifests.sweep(jobId, kept, ANY_CHECKPOINT, Number.POSITIVE_INFINITY)
  await storage.remove(bundleFile(jobId, bundleHash))
}

/** Resolves when it is done, given up, or the JobManager closes. Never rejects. */
export async function cleanUpEndedJob(
  world: CleanUpWorld,
  retained: () => readonly CompletedCheckpoint[],
): Promise<void> {
  const { jobId, scheduler, prng, logger, closed } = world
  const backoff = new Backoff(RETRY, prng)
  for (let tries = 1; tries <= CLEAN_UP_TRIES_MAX && !closed(); tries++) {
    try {
      await sweepEndedJob(world, retained())
      return
    } catch (error) {
      const { code, message } = toFailure(error)
      const fields = { jobId, code, reason: message, tries }
      logger.warn(fields, 'not everything of the job could be cleaned up yet')
    }
    await sleep(scheduler, backoff.nextDelayMs())
  }
}
