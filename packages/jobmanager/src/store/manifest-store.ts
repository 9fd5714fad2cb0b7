// Manifests on the checkpoint storage, and the directories of checkpoints beside them. A manifest is written once, never
// replaced, and means nothing until the job log says that its checkpoint is complete. Reading one back proves that it is
// whole, and that every file it names is there in its length; contents are checked by whoever reads them.

import { createHash } from 'node:crypto'
import { Backoff } from '@weirjs/common/core/backoff'
import type { StateFile } from '@weirjs/common/core/checkpoint/handles'
import type { Manifest } from '@weirjs/common/core/checkpoint/manifest'
import {
  checkpointDirectory,
  jobDirectory,
  manifestFile,
} from '@weirjs/common/core/checkpoint/paths'
import type { CheckpointStorage } from '@weirjs/common/core/checkpoint/storage'
import { type Scheduler, sleep } from '@weirjs/common/core/clock'
import { WeirError } from '@weirjs/common/core/errors'
import { type CheckpointId, checkpointId, type JobId } from '@weirjs/common/core/ids'
import type { Prng } from '@weirjs/common/core/prng'
import { openManifest, sealManifest } from './manifest-format.ts'

const WRITE_TRIES_MAX = 4
const RETRY = { initialMs: 50, maxMs: 1_000, multiplier: 2, jitter: 0.2 } as const
/** Deletions that one sweep tries while a job waits for it, or runs: what is left has its turn with the next one. */
export const SWEEP_TRIES_MAX = 100
/** Files whose length is asked for at the same time. */
const CHECKS_AT_ONCE_MAX = 16

export interface ManifestStoreOptions {
  readonly storage: CheckpointStorage
  readonly scheduler: Scheduler
  readonly prng: Prng
}

export interface StoredManifest {
  readonly manifest: Manifest
  /** Of the manifest, relative to the storage root. */
  readonly path: string
  /** Of the job that wrote it, relative to the storage root: where the files of its handles lie. */
  readonly directory: string
}

export class ManifestStore {
  readonly #options: ManifestStoreOptions

  constructor(options: ManifestStoreOptions) {
    this.#options = options
  }

  /**
   * Writes the manifest of a checkpoint that every task has acknowledged, when all files that it names are there; `path` is
   * relative to the storage root. Throws `checkpoint/state-not-here` for a file that is not on the storage of this
   * JobManager, `checkpoint/manifest-exists`, `storage/io` or `storage/full`; then nobody knows whether the manifest is
   * there, and nobody cares: without a log entry it means nothing.
   */
  async write(manifest: Manifest): Promise<{ readonly path: string; readonly sha256: string }> {
    const path = `${jobDirectory(manifest.jobId)}/${manifestFile(manifest.checkpointId)}`
    const bytes = sealManifest(manifest)
    const { storage, scheduler, prng } = this.#options
    const backoff = new Backoff(RETRY, prng)
    for (let tries = 1; ; tries++) {
      try {
        await this.#checkFiles(manifest, jobDirectory(manifest.jobId), notHere)
        const outcome = await storage.createExclusive(path, bytes, `manifest-${manifest.epoch}`)
        if (outcome === 'exists') await this.#mustBeOurs(path, bytes)
        return { path, sha256: sha256Of(bytes) }
      } catch (error) {
        const again = error instanceof WeirError && error.code === 'storage/io'
        if (!again || tries === WRITE_TRIES_MAX) throw error
      }
      await sleep(scheduler, backoff.nextDelayMs())
    }
  }

  /**
   * The manifest at `path`, whole, with every file that it names in place. Throws `restore/not-found` when there is none,
   * `state/file-damaged` naming the file that is damaged, missing or cut.
   */
  async load(path: string, sha256: string | null): Promise<StoredManifest> {
    const stored = await this.read(path, sha256)
    await this.#checkFiles(stored.manifest, stored.directory, damaged)
    return stored
  }

  /** As `load`, without looking at the files. `sha256` null: not known, the manifest's own checksum must do. */
  async read(path: string, sha256: string | null): Promise<StoredManifest> {
    const { storage } = this.#options
    const located = storage.locate(path)
    const bytes = await storage.read(path).catch((error: unknown) => {
      if (!(error instanceof WeirError) || error.code !== 'storage/not-found') throw error
      throw new WeirError('restore/not-found', `there is no checkpoint at ${located}`, {
        domain: 'user',
        cause: error,
        hint: 'Bring it back from a copy, or choose another checkpoint with -s.',
      })
    })
    if (sha256 !== null && sha256Of(bytes) !== sha256) {
      openManifest(bytes, located) // says more exactly what is wrong, if it can
      throw damaged(located, 'is damaged at byte 0: it is not the manifest that the job log knows')
    }
    const [chk, directory] = [parentOf(path), parentOf(parentOf(path))]
    if (chk === '' || directory === '') throw damaged(located, 'does not lie in <job>/chk-<n>')
    const manifest = openManifest(bytes, located)
    checkPlace(manifest, path, located)
    return { manifest, path, directory }
  }

  /** Deletes a checkpoint's directory. The leader only, after the log says that it may go (D6). */
  async discard(job: JobId, id: CheckpointId): Promise<void> {
    await this.#options.storage.removeTree(checkpointDirectory(job, id))
  }

  /** What aborted and crashed checkpoints left, rising: every chk-<n> below `newest` that is not in `keep`. */
  async garbage(
    job: JobId,
    keep: ReadonlySet<CheckpointId>,
    newest: CheckpointId,
  ): Promise<readonly CheckpointId[]> {
    return (await this.#options.storage.listDirectories(jobDirectory(job)))
      .map((name) => /^chk-([1-9]\d*)$/.exec(name)?.[1])
      .filter((digits) => digits !== undefined)
      .map((digits) => checkpointId(Number(digits)))
      .filter((id) => id < newest && !keep.has(id))
      .sort((a, b) => a - b)
  }

  /**
   * Deletes `garbage`, `atMost` of it. The leader only; `newest` is complete, so nothing below it is pending any
   * more. Answers the ids that it deleted. Throws when one could not be deleted, behind those that could.
   */
  async sweep(
    job: JobId,
    keep: ReadonlySet<CheckpointId>,
    newest: CheckpointId,
    atMost: number,
  ): Promise<readonly CheckpointId[]> {
    const garbage = (await this.garbage(job, keep, newest)).slice(0, atMost)
    const errors: unknown[] = []
    for (const id of garbage) {
      if (errors.length >= SWEEP_TRIES_MAX) break // the storage denies; not for as long as there are directories
      await this.discard(job, id).catch((error: unknown) => errors.push(error))
    }
    if (errors.length > 0) throw errors[0]
    return garbage
  }

  async #mustBeOurs(path: string, bytes: Uint8Array): Promise<void> {
    const { storage } = this.#options
    const found = await storage.read(path)
    if (found.length === bytes.length && found.every((byte, i) => byte === bytes[i])) return
    const message = `${storage.locate(path)} exists already and is another one`
    throw new WeirError('checkpoint/manifest-exists', message, {
      domain: 'internal',
      retry: 'backoff',
    })
  }

  async #checkFiles(manifest: Manifest, directory: string, problem: Problem): Promise<void> {
    const files = new Map<string, StateFile>()
    for (const { snapshot } of manifest.tasks) {
      if (snapshot.file !== null) files.set(snapshot.file.path, snapshot.file)
    }
    const left = [...files.values()]
    const worker = async (): Promise<void> => {
      for (let file = left.pop(); file !== undefined; file = left.pop())
        await this.#checkFile(directory, file, problem)
    }
    await Promise.all(Array.from({ length: Math.min(left.length, CHECKS_AT_ONCE_MAX) }, worker))
  }

  async #checkFile(directory: string, file: StateFile, problem: Problem): Promise<void> {
    const { storage } = this.#options
    const path = `${directory}/${file.path}`
    const bytes = await storage.size(path).catch((error: unknown) => {
      if (!(error instanceof WeirError) || error.code !== 'storage/not-found') throw error
      throw problem(storage.locate(path), 'is missing', error)
    })
    if (bytes === file.bytes) return
    const what = `is damaged at byte ${Math.min(bytes, file.bytes)}: it has ${bytes} bytes instead of ${file.bytes}`
    throw problem(storage.locate(path), what)
  }
}

type Problem = (located: string, what: string, cause?: unknown) => WeirError

/** Somebody says that he has written it. */
function notHere(located: string, what: string, cause?: unknown): WeirError {
  return new WeirError('checkpoint/state-not-here', `${located} was acknowledged, and ${what}`, {
    domain: 'external',
    retry: 'backoff',
    hint: 'execution.checkpointing.dir must be the same directory for the JobManager and all TaskManagers: is it mounted on each of their machines?',
    ...(cause === undefined ? {} : { cause }),
  })
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** A whole manifest at the wrong place leads to other files, which may be whole as well: an older checkpoint, unnoticed. */
function checkPlace({ jobId, checkpointId: id }: Manifest, path: string, located: string): void {
  // A copy of a job's directory may lie elsewhere.
  if (`/${path}`.endsWith(`/${jobDirectory(jobId)}/${manifestFile(id)}`)) return
  throw damaged(located, `is damaged at byte 0: it is the manifest of ${jobId}/chk-${id}`)
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')))
}

function damaged(located: string, what: string, cause?: unknown): WeirError {
  return new WeirError('state/file-damaged', `${located} ${what}`, {
    domain: 'external',
    retry: 'never',
    hint: 'Bring the file back from a copy, or choose another checkpoint with -s.',
    ...(cause === undefined ? {} : { cause }),
  })
}
