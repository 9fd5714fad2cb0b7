// Job bundles on this machine, by content. A bundle is fetched once however many slots want it, checked against its
// hash, written under a name that says it, and used from there by every slot. What is found on disk is checked again:
// the directory is a cache, never trusted. A process that lives for long sees many jobs: those asked for last stay.

import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isAbsence, toFailure, WeirError } from '@weirjs/common/core/errors'
import type { BundleHash, JobId } from '@weirjs/common/core/ids'
import { giveToGroup, letPass } from '@weirjs/common/node/group-rights'

export const BUNDLE_BYTES_MAX = 67_108_864
/** Bundles on the disk, and more of them where more jobs can be started at the same time. */
export const BUNDLES_MAX = 32
/** One of them is being loaded while the slot's former job still has its own. */
const BUNDLES_A_SLOT = 2

export interface BundleCacheOptions {
  readonly directory: string
  readonly fetch: (jobId: JobId, hash: BundleHash) => Promise<Uint8Array>
  /** Makes the staging name unique. */
  readonly tag: string
  /** Of this process: as many jobs may be started at the same time. */
  readonly slots: number
  /** A group that may read the bundles, beside this process's user. Default: none. */
  readonly readers?: number | null
}

export class BundleCache {
  readonly #options: BundleCacheOptions
  /** Nothing is remembered behind it: the next attempt looks at the disk again, where others may have tidied up. */
  readonly #underWay = new Map<BundleHash, Promise<string>>()
  /** The one that was asked for the longest ago first. */
  readonly #kept = new Set<BundleHash>()

  constructor(options: BundleCacheOptions) {
    this.#options = options
  }

  /**
   * Path of the bundle. Errors: `job/bundle-mismatch`, `job/bundle-too-large`, `worker/bundle-cache` when the disk does not
   * do its part, which may pass, `worker/bundle-fetch` when the JobManager does not answer, and other errors of `fetch`.
   */
  path(jobId: JobId, hash: BundleHash): Promise<string> {
    const underWay = this.#underWay.get(hash)
    if (underWay !== undefined) return underWay
    const path = this.#provide(jobId, hash).finally(() => this.#underWay.delete(hash))
    this.#underWay.set(hash, path)
    return path
  }

  #pathOf(hash: BundleHash): string {
    return join(this.#options.directory, `${hash}.mjs`)
  }

  /** What cannot be deleted now stays: that is no reason not to start a job. */
  async #tidy(): Promise<void> {
    const most = Math.max(BUNDLES_MAX, BUNDLES_A_SLOT * this.#options.slots)
    const [oldest] = this.#kept
    if (this.#kept.size <= most || oldest === undefined) return
    this.#kept.delete(oldest)
    await rm(this.#pathOf(oldest), { force: true }).catch(() => {})
  }

  async #letRead(directory: string, file: string): Promise<void> {
    const { readers = null } = this.#options
    if (readers === null) return
    await letPass(directory, readers)
    await giveToGroup(file, readers, 0o640)
  }

  async #provide(jobId: JobId, hash: BundleHash): Promise<string> {
    const path = this.#pathOf(hash)
    this.#kept.delete(hash)
    this.#kept.add(hash)
    await this.#tidy()
    if (await holds(path, hash).catch((cause: unknown) => this.#refuse(cause))) return path
    const bytes = await this.#options.fetch(jobId, hash).catch(notFetched)
    check(bytes, hash)
    const { directory, tag } = this.#options
    const staged = `${path}.${tag}`
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 })
      await writeFile(staged, bytes, { mode: 0o600 })
      await this.#letRead(directory, staged)
      await rename(staged, path)
    } catch (cause) {
      await rm(staged, { force: true }).catch(() => {}) // the first failure says more
      this.#refuse(cause)
    }
    return path
  }

  #refuse(cause: unknown): never {
    const message = `cannot keep the job's code in ${this.#options.directory}`
    throw new WeirError('worker/bundle-cache', message, {
      domain: 'external',
      cause,
      hint: toFailure(cause).message,
    })
  }
}

/** That the JobManager was not there for us says nothing about us being there for it. */
function notFetched(error: unknown): never {
  if (!isAbsence(error)) throw error
  const message = `cannot fetch the job's code: ${toFailure(error).message}`
  throw new WeirError('worker/bundle-fetch', message, { domain: 'external', cause: error })
}

function check(bytes: Uint8Array, hash: BundleHash): void {
  if (bytes.byteLength > BUNDLE_BYTES_MAX) {
    throw new WeirError(
      'job/bundle-too-large',
      `the bundle has ${bytes.byteLength} bytes, over ${BUNDLE_BYTES_MAX}`,
      {
        domain: 'user',
      },
    )
  }
  if (sha256(bytes) !== hash) {
    throw new WeirError(
      'job/bundle-mismatch',
      'the bundle that arrived is not the one that was submitted',
      {
        domain: 'internal',
        retry: 'backoff',
      },
    )
  }
}

async function holds(path: string, hash: BundleHash): Promise<boolean> {
  try {
    return sha256(await readFile(path)) === hash
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false
    throw error
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
