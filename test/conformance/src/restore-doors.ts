// Everything that is read and checked before a record of a restored job runs, in the order in which a cluster does it, but
// without a cluster: the log, the manifest, the assignment of state to tasks, and each task's files. What it refuses no
// task ever sees. (corruption.test.ts shows on whole clusters that these are the doors.)

import type { CheckpointStorage } from '@weirjs/common/core/checkpoint/storage'
import { ManualScheduler } from '@weirjs/common/core/manual-scheduler'
import type { JobId } from '@weirjs/common/core/ids'
import { Prng } from '@weirjs/common/core/prng'
import { assignState } from '@weirjs/jobmanager/core/checkpoint/state-assignment'
import { readLog } from '@weirjs/jobmanager/store/log-reader'
import { ManifestStore, type StoredManifest } from '@weirjs/jobmanager/store/manifest-store'
import { resolveRestorePath } from '@weirjs/jobmanager/store/restore-path'
import { FileRestoreReader } from '@weirjs/taskmanager/state/snapshot-reader'
import type { PhysicalPlan } from '@weirjs/common/core/graph/physical-plan'

const restoring = { allowNonRestoredState: false, commitOnly: false }

/** What the next JobManager restores by itself: the newest checkpoint of the job's log. Answers its id. */
export async function takeOver(storage: CheckpointStorage, job: JobId): Promise<number> {
  const { history } = await readLog(storage, job)
  const newest = history.retained.at(-1)
  if (newest === undefined) throw new Error('the log knows no checkpoint')
  const { manifestPath, manifestSha256 } = newest
  const stored = await manifests(storage).load(manifestPath, manifestSha256)
  return readFiles(storage, stored, history.submission.plan)
}

/** What -s restores. Answers the checkpoint's id. */
export async function restoreFrom(
  storage: CheckpointStorage,
  said: string,
  plan: PhysicalPlan,
): Promise<number> {
  const { manifestPath, sha256 } = await resolveRestorePath(storage, said)
  return readFiles(storage, await manifests(storage).load(manifestPath, sha256), plan)
}

const manifests = (storage: CheckpointStorage): ManifestStore =>
  new ManifestStore({ storage, scheduler: new ManualScheduler(), prng: new Prng(1) })

async function readFiles(
  storage: CheckpointStorage,
  { manifest, directory }: StoredManifest,
  plan: PhysicalPlan,
): Promise<number> {
  for (const restore of assignState(manifest, plan, directory, restoring).values()) {
    const reader = new FileRestoreReader(storage, restore)
    await reader.load()
    reader.close()
  }
  return manifest.checkpointId
}
