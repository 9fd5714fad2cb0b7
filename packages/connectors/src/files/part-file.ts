// One part being written: chunks go in, in order, in the background; sealing makes it durable and says what it is.

import { createHash } from 'node:crypto'
import type { FileCommittable, Life, PartNames } from './file-parts.ts'
import { hasCode } from './file-errors.ts'
import type { FileSystem, WritableFile } from './file-system.ts'

/** Tries to make the staging directory and a file in it, while others remove empty directories. */
const CREATE_TRIES_MAX = 3

export class PartFile {
  readonly names: PartNames
  readonly #fs: FileSystem
  readonly #life: Life
  readonly #hash = createHash('sha256')
  #file: WritableFile | null = null
  #bytes = 0

  constructor(fs: FileSystem, names: PartNames, { epoch, attempt }: Life) {
    this.#fs = fs
    this.names = names
    this.#life = { epoch, attempt }
  }

  /** Appends. One call at a time. */
  async write(bytes: Uint8Array): Promise<void> {
    this.#file ??= await this.#create()
    await this.#file.write(bytes)
    this.#hash.update(bytes)
    this.#bytes += bytes.length
  }

  /** Makes everything durable. The part takes nothing more; after a failure it is given up. */
  async seal(): Promise<FileCommittable> {
    const { staging, stagingDirectory, final } = this.names
    const file = this.#file ?? (await this.#create())
    this.#file = file
    await file.sync()
    await file.close()
    this.#file = null
    await this.#fs.syncDirectory(stagingDirectory)
    return {
      staging,
      final,
      bytes: this.#bytes,
      sha256: this.#hash.digest('hex'),
      ...this.#life,
    }
  }

  /** Closes and removes the file unless it was sealed: no checkpoint knows of it. Harmless when repeated. */
  async abandon(): Promise<void> {
    const file = this.#file
    if (file === null) return
    this.#file = null
    await file.close()
    await this.#fs.remove(this.names.staging)
  }

  async #create(): Promise<WritableFile> {
    for (let tries = 1; ; tries++) {
      await this.#fs.makeDirectories(this.names.stagingDirectory)
      try {
        return await this.#fs.create(this.names.staging)
      } catch (error) {
        if (!hasCode(error, 'files/not-found') || tries === CREATE_TRIES_MAX) throw error
      }
    }
  }
}
