// Checkpoint storage on a shared file system (decision D3). A file is written under a staging name in its final
// directory, fsynced, closed, then linked to its final name: link fails when the name is taken, so nothing is ever
// replaced, and readers see the whole file or none. The directory is fsynced before anyone is told. A file whose
// fsync failed is abandoned, never tried again: the kernel may have dropped its pages.

import { basename, dirname, join, resolve } from 'node:path'
import type { CheckpointStorage, StagedFile } from '../core/checkpoint/storage.ts'
import { checkStoragePath, safeTag, STAGING_PREFIX } from '../core/checkpoint/storage-path.ts'
import { WeirError } from '../core/errors.ts'
import {
  type DurableCalls,
  type FileEntry,
  type LookCalls,
  type OpenFile,
  SYSTEM_CALLS,
} from './fs-calls.ts'
import { codeOf, storageError } from './fs-errors.ts'

/** Leftovers of a dead process with the same tag and pid are stepped over so often. */
const STAGING_NAME_TRIES_MAX = 1_000
/** Directories known to exist; forgotten all at once when more are met. */
const KNOWN_DIRECTORIES_MAX = 10_000

export class FsStorage implements CheckpointStorage {
  readonly root: string
  readonly #calls: DurableCalls
  readonly #looks: LookCalls
  readonly #known = new Set<string>()
  #stagings = 0
  #closed = false

  private constructor(root: string, calls: DurableCalls, looks: LookCalls) {
    this.root = root
    this.#calls = calls
    this.#looks = looks
  }

  /** On another system than this one, whose `root` is there and can be written. */
  static on(system: DurableCalls & LookCalls, root: string): FsStorage {
    return new FsStorage(root, system, system)
  }

  /**
   * Makes `root` when it is missing. Throws `storage/io` or `storage/full` when it cannot be written, and
   * `storage/unsupported` when its file system has no hard links.
   */
  static async open(root: string, calls: DurableCalls = SYSTEM_CALLS): Promise<FsStorage> {
    const storage = new FsStorage(resolve(root), calls, SYSTEM_CALLS)
    try {
      await storage.#makeDirectory(storage.root)
    } catch (error) {
      throw storageError(error, 'create directory', storage.root)
    }
    await storage.#probe()
    return storage
  }

  async stage(path: string, tag: string): Promise<StagedFile> {
    this.#check(path)
    const final = join(this.root, path)
    const { name, handle } = await this.#openStaging(final, tag, path)
    return this.#stagedFile(path, final, name, handle)
  }

  async createExclusive(
    path: string,
    bytes: Uint8Array,
    tag: string,
  ): Promise<'created' | 'exists'> {
    try {
      await this.#createNew(path, bytes, tag)
      return 'created'
    } catch (error) {
      if (!(error instanceof WeirError) || !(await this.#isTaken(path, error))) throw error
    }
    // Whoever made it may have died before its name was durable; who hears "exists" builds on it.
    try {
      await this.#syncDirectory(dirname(join(this.root, path)))
      return 'exists'
    } catch (error) {
      throw storageError(error, 'sync the directory of', this.locate(path))
    }
  }

  async #createNew(path: string, bytes: Uint8Array, tag: string): Promise<void> {
    const staged = await this.stage(path, tag)
    try {
      await staged.write(bytes)
      await staged.publish()
    } catch (error) {
      await staged.abandon()
      throw error
    }
  }

  /** A name that is taken is taken on a full disk, too, which has no room to find that out by a link. */
  async #isTaken(path: string, { code }: WeirError): Promise<boolean> {
    if (code !== 'storage/full') return code === 'storage/exists'
    try {
      await this.#looks.stat(join(this.root, path))
      return true
    } catch (error) {
      if (isAbsent(error)) return false
      throw storageError(error, 'look at', this.locate(path))
    }
  }

  async read(path: string): Promise<Uint8Array> {
    this.#check(path)
    try {
      return await this.#looks.readFile(join(this.root, path))
    } catch (error) {
      throw storageError(error, 'read', this.locate(path))
    }
  }

  async size(path: string): Promise<number> {
    this.#check(path)
    try {
      return Number((await this.#looks.stat(join(this.root, path))).size)
    } catch (error) {
      throw storageError(error, 'read', this.locate(path))
    }
  }

  async list(directory: string): Promise<readonly string[]> {
    this.#check(directory)
    const found: string[] = []
    await this.#listInto(directory, found)
    return found.sort()
  }

  async listDirectories(directory: string): Promise<readonly string[]> {
    if (directory !== '') this.#check(directory)
    const entries = await this.#entries(directory)
    return entries
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
      .sort()
  }

  async remove(path: string): Promise<void> {
    this.#check(path)
    try {
      await this.#calls.unlink(join(this.root, path))
    } catch (error) {
      if (!isAbsent(error)) throw storageError(error, 'remove', this.locate(path))
    }
  }

  async removeTree(directory: string): Promise<void> {
    this.#check(directory)
    const target = join(this.root, directory)
    for (const known of this.#known)
      if (known === target || known.startsWith(`${target}/`)) this.#known.delete(known)
    try {
      await this.#looks.removeTree(target)
    } catch (error) {
      if (codeOf(error) !== 'ENOTDIR') throw storageError(error, 'remove', this.locate(directory))
    }
  }

  /** Error: `storage/...` when the root cannot be read just now. */
  async reach(): Promise<void> {
    try {
      await this.#looks.readdir(this.root)
    } catch (error) {
      throw storageError(error, 'read', this.root)
    }
  }

  locate(path: string): string {
    return join(this.root, path)
  }

  /** Later calls reject with `storage/closed`. Staged files that were not published stay as garbage. */
  close(): void {
    this.#closed = true
  }

  #stagedFile(path: string, final: string, staging: string, handle: OpenFile): StagedFile {
    let state: 'open' | 'ended' = 'open'
    const drop = async (): Promise<void> => {
      state = 'ended'
      await dropStaging(this.#calls, handle, staging)
    }
    return {
      write: async (bytes) => {
        if (state !== 'open') throw endedError(this.locate(path))
        try {
          await writeAll(handle, bytes)
        } catch (error) {
          await drop()
          throw storageError(error, 'write', this.locate(path))
        }
      },
      publish: async () => {
        if (state !== 'open') throw endedError(this.locate(path))
        state = 'ended'
        await this.#publish(path, final, staging, handle)
      },
      abandon: async () => {
        if (state === 'open') await drop()
      },
    }
  }

  async #publish(path: string, final: string, staging: string, handle: OpenFile): Promise<void> {
    try {
      await handle.sync()
      await handle.close()
      await this.#linkExclusive(staging, final)
      await this.#syncDirectory(dirname(final))
    } catch (error) {
      await dropStaging(this.#calls, handle, staging)
      throw storageError(error, 'publish', this.locate(path))
    }
    await removeStaging(this.#calls, staging)
  }

  /** Over a network a link may have succeeded although it reports an error: one inode under both names proves it. */
  async #linkExclusive(staging: string, final: string): Promise<void> {
    try {
      await this.#calls.link(staging, final)
    } catch (error) {
      if (!(await sameFile(this.#looks, staging, final))) throw error
    }
  }

  async #openStaging(
    final: string,
    tag: string,
    path: string,
  ): Promise<{ name: string; handle: OpenFile }> {
    const directory = dirname(final)
    for (let tries = 0; tries < STAGING_NAME_TRIES_MAX; tries++) {
      const own = `${safeTag(tag)}-${this.#looks.pid}-${this.#stagings++}`
      const name = join(directory, `${STAGING_PREFIX}${own}-${basename(final).slice(0, 60)}`)
      try {
        await this.#makeDirectory(directory)
        return { name, handle: await this.#calls.open(name, 'wx') }
      } catch (error) {
        // Somebody removed the directory since we made it: make it again.
        if (codeOf(error) === 'ENOENT') this.#known.clear()
        else if (codeOf(error) !== 'EEXIST') throw storageError(error, 'create', this.locate(path))
      }
    }
    throw new WeirError('storage/io', `no free staging name for ${this.locate(path)}`, {
      domain: 'external',
    })
  }

  /**
   * Makes missing directories from the top, each durable before the next. One below the root that is there already counts
   * as missing until its name has been synced here: whoever made it may have died, or failed, before that.
   */
  async #makeDirectory(directory: string): Promise<void> {
    if (this.#known.has(directory)) return
    const parent = dirname(directory)
    const isOurs = directory.startsWith(`${this.root}/`)
    if (parent !== directory && (isOurs || !(await isDirectory(this.#looks, directory)))) {
      await this.#makeDirectory(parent)
      try {
        await this.#calls.mkdir(directory)
      } catch (error) {
        // The parent was removed since we knew it: whoever asked begins anew.
        if (codeOf(error) === 'ENOENT') throw error
        if (codeOf(error) !== 'EEXIST') throw storageError(error, 'create directory', directory)
        if (!isOurs && !(await isDirectory(this.#looks, directory))) throw noDirectory(directory)
      }
      await this.#syncDirectory(parent)
    }
    if (this.#known.size >= KNOWN_DIRECTORIES_MAX) this.#known.clear()
    this.#known.add(directory)
  }

  async #syncDirectory(directory: string): Promise<void> {
    const handle = await this.#calls.open(directory, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  }

  async #listInto(directory: string, found: string[]): Promise<void> {
    for (const entry of await this.#entries(directory)) {
      const path = `${directory}/${entry.name}`
      if (entry.isDirectory()) await this.#listInto(path, found)
      else if (entry.isFile()) found.push(path)
    }
  }

  async #entries(directory: string): Promise<readonly FileEntry[]> {
    try {
      const entries = await this.#looks.readdir(join(this.root, directory))
      return entries.filter((entry) => !entry.name.startsWith(STAGING_PREFIX))
    } catch (error) {
      if (isAbsent(error)) return []
      throw storageError(error, 'list', this.locate(directory))
    }
  }

  /** Finds out at the start, not at the first checkpoint, that the directory cannot do what publishing needs. */
  async #probe(): Promise<void> {
    const { name, handle } = await this.#openStaging(join(this.root, 'probe'), 'probe', '')
    // Ours alone as long as we have the name: the slots of a process, of many machines, open at the same moment.
    const target = `${name}-link`
    try {
      await handle.close()
      await this.#calls.link(name, target).catch(unlessTaken)
      await this.#calls.unlink(target)
    } catch (error) {
      throw storageError(error, 'link', this.root)
    } finally {
      await removeStaging(this.#calls, name)
    }
  }

  #check(path: string): void {
    checkStoragePath(path)
    if (!this.#closed) return
    throw new WeirError('storage/closed', `${path}: the storage is closed`, {
      domain: 'internal',
      retry: 'never',
    })
  }
}

async function writeAll(handle: OpenFile, bytes: Uint8Array): Promise<void> {
  let offset = 0
  while (offset < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, offset, bytes.length - offset)
    offset += bytesWritten
  }
}

/** The file is given up: whatever closing says, there is nothing left to lose. */
async function dropStaging(calls: DurableCalls, handle: OpenFile, staging: string): Promise<void> {
  await handle.close().then(undefined, ignoreGarbage)
  await removeStaging(calls, staging)
}

/** A staging file that stays is garbage that no reader sees; the next sweep of its directory takes it. */
async function removeStaging(calls: DurableCalls, staging: string): Promise<void> {
  await calls.unlink(staging).then(undefined, ignoreGarbage)
}

function ignoreGarbage(_error: unknown): void {}

/** Of the probe's link: one that an earlier process with our pid could not remove. It proves as much. */
function unlessTaken(error: unknown): void {
  if (codeOf(error) !== 'EEXIST') throw error
}

async function sameFile(looks: LookCalls, a: string, b: string): Promise<boolean> {
  try {
    const [one, two] = [await looks.stat(a), await looks.stat(b)]
    return one.ino === two.ino && one.dev === two.dev
  } catch (error) {
    if (isAbsent(error)) return false
    throw error
  }
}

async function isDirectory(looks: LookCalls, path: string): Promise<boolean> {
  try {
    return (await looks.stat(path)).isDirectory()
  } catch (error) {
    if (isAbsent(error)) return false
    throw storageError(error, 'look at', path)
  }
}

function isAbsent(error: unknown): boolean {
  const code = codeOf(error)
  return code === 'ENOENT' || code === 'ENOTDIR'
}

function noDirectory(path: string): WeirError {
  const message = `${path} is no directory, but a file, or a link that leads nowhere`
  return new WeirError('storage/io', message, {
    domain: 'external',
    hint: 'Is what it leads to mounted?',
  })
}

function endedError(location: string): WeirError {
  return new WeirError(
    'storage/io',
    `${location}: the staged file is already published or abandoned`,
    {
      domain: 'internal',
    },
  )
}
