// What a person says after -s, as the manifest that is meant:
//
//   /data/checkpoints/<job>/chk-7[/manifest]   a path inside the checkpoint storage, as it is shown everywhere
//   <job>/chk-7                                the same, from its root
//   chk-7                                      when only one job has such a checkpoint
//   <job>                                      the newest completed checkpoint of that job, by its log
//
// Nothing is guessed beyond that: what is not there, or could be two things, is refused with what there is.

import type { CheckpointStorage } from '@weirjs/common/core/checkpoint/storage'
import { checkStoragePath } from '@weirjs/common/core/checkpoint/storage-path'
import { WeirError } from '@weirjs/common/core/errors'
import { jobId } from '@weirjs/common/core/ids'
import { isThere } from './is-there.ts'
import { listJobs, readDurableHistory } from './log-reader.ts'

const JOB_ID = /^[0-9a-f]{32}$/
const CHECKPOINT = /^chk-[1-9]\d*$/
/** Checkpoints that are offered instead of one that is not there. */
const OFFERED_MAX = 8

export interface ResolvedRestore {
  /** Relative to the storage root. */
  readonly manifestPath: string
  /** Known when the job's log was asked. */
  readonly sha256: string | null
}

/**
 * Throws `restore/not-found`, `restore/ambiguous`, `restore/outside-storage`, and for a job without a path whatever
 * reading its log throws.
 */
export async function resolveRestorePath(
  storage: CheckpointStorage,
  text: string,
): Promise<ResolvedRestore> {
  const path = insideStorage(storage, text)
  if (JOB_ID.test(path)) return newestOf(storage, path, text)
  if (CHECKPOINT.test(path)) return { manifestPath: await searchJobs(storage, path), sha256: null }
  const manifestPath = path.endsWith('/manifest') ? path : `${path}/manifest`
  if (manifestPath.split('/').length < 3 || !(await isThere(storage, manifestPath))) {
    throw await notFound(storage, text, path)
  }
  return { manifestPath, sha256: null }
}

/** Relative to the storage root, without slashes at its ends. */
function insideStorage(storage: CheckpointStorage, text: string): string {
  const root = storage.locate('x').slice(0, -1)
  const plain = text.startsWith('file://') ? decodeURIComponent(text.slice('file://'.length)) : text
  if (!plain.startsWith(root) && (plain.startsWith('/') || /^[a-z][a-z0-9+.-]*:\//.test(plain))) {
    throw new WeirError(
      'restore/outside-storage',
      `${text} does not lie in the checkpoint directory ${root}`,
      {
        domain: 'user',
        hint: 'Copy the whole directory of the job there, or start the cluster with that checkpoint directory.',
      },
    )
  }
  const path = withoutSlashesAtEnd(
    (plain.startsWith(root) ? plain.slice(root.length) : plain).replace(/^(\.\/)+/, ''),
  )
  try {
    checkStoragePath(path)
  } catch (cause) {
    throw new WeirError('restore/not-found', `"${text}" names no checkpoint`, {
      domain: 'user',
      cause,
      hint: FORMS,
    })
  }
  return path
}

const FORMS = 'Give the path of a checkpoint, <job>/chk-<n>, chk-<n>, or a whole job id.'

async function newestOf(
  storage: CheckpointStorage,
  job: string,
  text: string,
): Promise<ResolvedRestore> {
  const newest = (await readDurableHistory(storage, jobId(job))).retained.at(-1)
  if (newest === undefined) {
    throw new WeirError('restore/not-found', `job ${text} has no completed checkpoint`, {
      domain: 'user',
    })
  }
  return { manifestPath: newest.manifestPath, sha256: newest.manifestSha256 }
}

async function searchJobs(storage: CheckpointStorage, checkpoint: string): Promise<string> {
  const found: string[] = []
  for (const job of await listJobs(storage)) {
    const path = `${job}/${checkpoint}/manifest`
    if (await isThere(storage, path)) found.push(path)
  }
  const only = found[0]
  if (only === undefined) throw await notFound(storage, checkpoint, checkpoint)
  if (found.length === 1) return only
  const jobs = found.slice(0, OFFERED_MAX).map((path) => path.replace(/\/manifest$/, ''))
  throw new WeirError(
    'restore/ambiguous',
    `${found.length} jobs have a ${checkpoint}: ${jobs.join(', ')}`,
    {
      domain: 'user',
      hint: 'Name the job too.',
    },
  )
}

async function notFound(
  storage: CheckpointStorage,
  text: string,
  path: string,
): Promise<WeirError> {
  const offered = await checkpointsOf(storage, path.split('/')[0] ?? '')
  return new WeirError(
    'restore/not-found',
    `there is no checkpoint "${text}" in ${storage.locate('x').slice(0, -2)}`,
    {
      domain: 'user',
      hint: offered.length === 0 ? FORMS : `That job has ${offered.join(', ')}.`,
    },
  )
}

/** Newest first, at most OFFERED_MAX, with a manifest each. */
async function checkpointsOf(storage: CheckpointStorage, job: string): Promise<readonly string[]> {
  if (!JOB_ID.test(job)) return []
  const names = (await storage.listDirectories(job)).filter((name) => CHECKPOINT.test(name))
  const offered: string[] = []
  for (const name of names.sort((a, b) => Number(b.slice(4)) - Number(a.slice(4)))) {
    if (offered.length === OFFERED_MAX) break
    if (await isThere(storage, `${job}/${name}/manifest`)) offered.push(name)
  }
  return offered
}

/** Not by an expression: that looks from every slash to the end, which takes a client's long path ten seconds. */
function withoutSlashesAtEnd(path: string): string {
  let end = path.length
  while (end > 0 && path[end - 1] === '/') end -= 1
  return path.slice(0, end)
}
