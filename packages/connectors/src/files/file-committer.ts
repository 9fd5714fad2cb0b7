// The committing half of the exactly-once file sink: gives sealed parts their final names, never in place of anything.
// Every step may be repeated, and a crash between any two leaves something to repeat it with:
// rename → sync the directory of the final name → sync the staging directory.
//
// The reader may take a finished file away before the next step. So a part that waits to be published and one that was
// must be told apart without its final name: by its staging name, which the rename takes away in the same moment. A hard
// link, and its staging name removed later, would leave both where a process dies between, and the part would be
// published once more. The price is that a rename replaces what is there, so it is looked for first. Nobody makes a file
// of that name between the two: names are not used twice, and whoever commits the same part (an attempt that does not
// know that it is dead) renames the same staging name, of which there is one.

import { createHash } from 'node:crypto'
import type { SinkCommitter, SinkContext } from '@weirjs/api/connector'
import { WeirError } from '@weirjs/common/core/errors'
import { READ_BYTES } from './byte-blocks.ts'
import { hasCode } from './file-errors.ts'
import {
  type FileCommittable,
  isEarlier,
  isOwn,
  lifeName,
  lifeOf,
  stagingOf,
} from './file-parts.ts'
import { type DirectoryEntry, type FileSystem, directoryOf, joinPath } from './file-system.ts'

export class FileCommitter implements SinkCommitter<FileCommittable> {
  readonly #fs: FileSystem
  readonly #directory: string
  readonly #context: SinkContext
  #placeTried = false

  constructor(fs: FileSystem, directory: string, context: SinkContext) {
    this.#fs = fs
    this.#directory = directory
    this.#context = context
  }

  async commit(parts: readonly FileCommittable[]): Promise<void> {
    const twice: string[] = []
    for (const part of parts)
      if ((await this.#publish(part)) === 'has-both-names') twice.push(part.staging)
    await this.#sync(parts.map((part) => part.final))
    for (const staging of twice) await this.#fs.remove(staging)
    await this.#sync(parts.map((part) => part.staging))
  }

  async cleanUp(): Promise<void> {
    const root = stagingOf(this.#directory, this.#context)
    await this.#tryPlace(root)
    for (const { name } of await this.#entries(root)) {
      const life = lifeOf(name)
      if (life !== null && isEarlier(life, this.#context))
        await this.#removeAttempt(joinPath(root, name))
    }
  }

  /** A place where nothing can be written is told with the first checkpoint: the first part may be hours away. */
  async #tryPlace(root: string): Promise<void> {
    if (this.#placeTried) return
    this.#placeTried = true
    try {
      await this.#fs.makeDirectories(root)
    } catch (error) {
      // Whoever closes meanwhile has taken the empty directories away: they can be made, and are when they are wanted.
      if (!hasCode(error, 'files/not-found')) throw error
    }
  }

  /** Leaves no empty staging directories behind, if it can be helped. */
  async close(): Promise<void> {
    const root = stagingOf(this.#directory, this.#context)
    const above = [directoryOf(root), directoryOf(directoryOf(root))]
    try {
      for (const directory of [joinPath(root, lifeName(this.#context)), root, ...above]) {
        await this.#fs.removeEmptyDirectory(directory)
      }
    } catch {
      // An empty directory that stays is untidy, no reason to fail a job that is done.
    }
  }

  /** A loss of power may leave both names, where the file system does not rename in one step on the disk. */
  async #publish(part: FileCommittable): Promise<'published' | 'has-both-names'> {
    let staged = true
    try {
      if ((await this.#fs.rename(part.staging, part.final)) === 'renamed') return 'published'
    } catch (error) {
      if (!hasCode(error, 'files/not-found')) throw error
      staged = false
      if ((await this.#fs.facts(part.final)) === null) {
        this.#gone(part)
        return 'published'
      }
    }
    if (await this.#isShown(part)) return staged ? 'has-both-names' : 'published'
    throw new WeirError(
      'files/output-exists',
      `${part.final} is already there, with other content`,
      {
        domain: 'external',
        retry: 'never',
        location: part.final,
        hint: 'Output is never overwritten. Move that file away, or write to another directory.',
      },
    )
  }

  /** Neither staged nor published. Published before and taken away by its reader, or lost. */
  #gone(part: FileCommittable): void {
    if (isEarlier(part, this.#context) || !isOwn(part, this.#directory, this.#context)) {
      this.#context.print(
        `${part.final} was committed before and has been taken away since: nothing to do`,
      )
      return
    }
    throw new WeirError(
      'files/output-lost',
      `${part.staging} has vanished before it was committed`,
      {
        domain: 'external',
        retry: 'never',
        location: part.staging,
        hint: 'Nothing but the job may touch its staging directory.',
      },
    )
  }

  /** Makes what happened to these names survive a power loss. A staging directory may be gone: it was empty. */
  async #sync(paths: readonly string[]): Promise<void> {
    for (const directory of new Set(paths.map(directoryOf))) {
      try {
        await this.#fs.syncDirectory(directory)
      } catch (error) {
        if (!hasCode(error, 'files/not-found')) throw error
      }
    }
  }

  /** The final name, which nobody else uses, was there. If it is gone by now, its reader has taken it. */
  async #isShown(part: FileCommittable): Promise<boolean> {
    try {
      return await this.#isSame(part)
    } catch (error) {
      if (hasCode(error, 'files/not-found')) return true
      throw error
    }
  }

  async #isSame(part: FileCommittable): Promise<boolean> {
    const file = await this.#fs.openRead(part.final)
    try {
      if (file.bytes !== part.bytes) return false
      const hash = createHash('sha256')
      for (let at = 0; at < file.bytes; ) {
        const bytes = await file.read(at, READ_BYTES)
        if (bytes.length === 0) return false
        hash.update(bytes)
        at += bytes.length
      }
      return hash.digest('hex') === part.sha256
    } finally {
      await file.close()
    }
  }

  async #removeAttempt(directory: string): Promise<void> {
    for (const { name, kind } of await this.#entries(directory)) {
      if (kind === 'file') await this.#fs.remove(joinPath(directory, name))
    }
    await this.#fs.removeEmptyDirectory(directory)
  }

  /** None where there is no directory: other subtasks that finish take empty ones away, at any time. */
  async #entries(directory: string): Promise<readonly DirectoryEntry[]> {
    try {
      return await this.#fs.list(directory)
    } catch (error) {
      if (hasCode(error, 'files/not-found')) return []
      throw error
    }
  }
}
