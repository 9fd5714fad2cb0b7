// Looks through a checkpoint storage on a file system for files that are not what they say: job logs, code, manifests, and
// the state files that manifests name. It reads and never writes, and knows the envelope and the names only, so that it
// works beside a running JobManager: what is deleted under its hands is no damage.

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { open, openJson } from '../codec/envelope.ts'
import type { StateFile } from '../core/checkpoint/handles.ts'
import type { Manifest } from '../core/checkpoint/manifest.ts'
import { toFailure } from '../core/errors.ts'
import { codeOf } from './fs-errors.ts'

/** Content of state files that is read unless all of it is wanted; sizes are always held against the manifest. */
export const READ_BYTES_MAX: number = 1_024 * 1_024 * 1_024
const DAMAGES_MAX = 100
const ENTRY_BYTES_MAX = 64 * 1_024 ** 2

export interface Damage {
  readonly path: string
  readonly what: string
}

export interface StorageReport {
  readonly jobs: number
  readonly checkpoints: number
  readonly files: number
  readonly bytes: number
  /** Of `bytes`, those whose content was not read. */
  readonly unreadBytes: number
  /** At most 100. */
  readonly damages: readonly Damage[]
}

const JOB = /^[0-9a-f]{32}$/
const CHECKPOINT = /^chk-\d+$/
const BUNDLE = /^bundle-([0-9a-f]{64})\.mjs$/
const KIND = /^weir ([a-z][a-z0-9-]*) /

/** `deep`: reads every byte. Rejects when the directory itself cannot be read. */
export async function checkStorage(root: string, deep: boolean): Promise<StorageReport> {
  const check = new StorageCheck(deep ? Number.POSITIVE_INFINITY : READ_BYTES_MAX)
  for (const name of await readdir(root)) if (JOB.test(name)) await check.job(join(root, name))
  return check.report
}

class StorageCheck {
  #jobs = 0
  #checkpoints = 0
  #files = 0
  #bytes = 0
  #unreadBytes = 0
  readonly #damages: Damage[] = []
  #budget: number

  constructor(budget: number) {
    this.#budget = budget
  }

  get report(): StorageReport {
    return {
      jobs: this.#jobs,
      checkpoints: this.#checkpoints,
      files: this.#files,
      bytes: this.#bytes,
      unreadBytes: this.#unreadBytes,
      damages: this.#damages,
    }
  }

  async job(directory: string): Promise<void> {
    this.#jobs++
    for (const name of await namesIn(directory)) {
      const path = join(directory, name)
      const bundle = BUNDLE.exec(name)?.[1]
      if (bundle !== undefined) await this.#whole(path, bundle)
      else if (name === 'log') await this.#log(path)
      else if (CHECKPOINT.test(name)) await this.#checkpoint(directory, name)
    }
  }

  async #log(directory: string): Promise<void> {
    for (const name of await namesIn(directory))
      if (/^\d+$/.test(name)) await this.#envelope(join(directory, name))
  }

  /** One without a manifest is under way, or was never completed. */
  async #checkpoint(job: string, name: string): Promise<void> {
    const path = join(job, name, 'manifest')
    const bytes = await this.#envelope(path)
    if (bytes === null) return
    this.#checkpoints++
    for (const file of filesOf(bytes, path)) await this.#stateFile(job, file, path)
  }

  async #stateFile(job: string, file: StateFile, manifest: string): Promise<void> {
    const path = join(job, file.path)
    const size = await sizeOf(path)
    if (size === null) {
      if ((await sizeOf(manifest)) !== null) this.#damaged(path, `${basename(job)} has lost it`)
      return
    }
    if (size !== file.bytes) this.#damaged(path, `it has ${size} bytes instead of ${file.bytes}`)
    else await this.#whole(path, file.sha256)
  }

  /** Holds a file against its checksum, as far as the budget goes. */
  async #whole(path: string, sha256: string): Promise<void> {
    const size = await sizeOf(path)
    if (size === null) return
    this.#files++
    this.#bytes += size
    if (size > this.#budget) {
      this.#unreadBytes += size
      return
    }
    this.#budget -= size
    const found = await unlessGone(() => hashOf(path))
    if (found !== null && found !== sha256) this.#damaged(path, 'its checksum does not fit')
  }

  /** Null: it is not there, or it is damaged, which has been noted. */
  async #envelope(path: string): Promise<Uint8Array | null> {
    const size = await sizeOf(path)
    if (size === null) return null
    this.#files++
    this.#bytes += size
    if (size > ENTRY_BYTES_MAX) return this.#damaged(path, `it has ${size} bytes`)
    const bytes = await unlessGone(() => readFile(path))
    if (bytes === null) return null
    try {
      open(KIND.exec(bytes.subarray(0, 64).toString('latin1'))?.[1] ?? 'none', bytes, path)
      return bytes
    } catch (error) {
      return this.#damaged(path, toFailure(error).message)
    }
  }

  #damaged(path: string, what: string): null {
    if (this.#damages.length < DAMAGES_MAX) this.#damages.push({ path, what })
    return null
  }
}

function filesOf(bytes: Uint8Array, path: string): readonly StateFile[] {
  const { value } = openJson('manifest', bytes, path)
  const { tasks } = value as Manifest
  return tasks.flatMap(({ snapshot }) => (snapshot.file === null ? [] : [snapshot.file]))
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

const namesIn = async (directory: string): Promise<readonly string[]> =>
  (await unlessGone(() => readdir(directory))) ?? []
const sizeOf = async (path: string): Promise<number | null> =>
  (await unlessGone(() => stat(path)))?.size ?? null

async function unlessGone<T>(look: () => Promise<T>): Promise<T | null> {
  try {
    return await look()
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return null
    throw error
  }
}
