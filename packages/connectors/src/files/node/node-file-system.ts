// The machine's own file system.

import {
  type FileHandle,
  lstat,
  mkdir,
  open,
  readdir,
  realpath,
  rename,
  rmdir,
  stat,
  unlink,
} from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileError, hasCode } from '../file-errors.ts'
import type {
  DirectoryEntry,
  EntryKind,
  FileFacts,
  FileSystem,
  ReadableFile,
  WritableFile,
} from '../file-system.ts'

/** What is said of a directory that others keep for themselves, or that nobody can sync. */
const MAY_NOT: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS', 'EINVAL'])
/** Directories whose names are known to be on the disk. More are forgotten, and synced once more. */
const DURABLE_MAX = 10_000

class NodeFileSystem implements FileSystem {
  readonly #sync: (directory: string) => Promise<void>
  readonly #durable = new Set<string>()

  constructor(sync: (directory: string) => Promise<void>) {
    this.#sync = sync
  }

  facts(path: string): Promise<FileFacts | null> {
    return orNull(
      attempt(path, async () => {
        const facts = await stat(path)
        return { kind: kindOf(facts), bytes: facts.size }
      }),
    )
  }

  realPath(path: string): Promise<string> {
    return attempt(path, () => realpath(path))
  }

  list(directory: string): Promise<readonly DirectoryEntry[]> {
    return attempt(directory, async () => {
      const entries = await readdir(directory, { withFileTypes: true })
      return Promise.all(
        entries.map(async (entry): Promise<DirectoryEntry> => {
          const { name } = entry
          if (!entry.isSymbolicLink()) return { name, kind: kindOf(entry) }
          return { name, kind: await linkedKind(`${directory}/${name}`), link: true }
        }),
      )
    })
  }

  openRead(path: string): Promise<ReadableFile> {
    return attempt(path, async () => {
      const handle = await open(path, 'r')
      const { size } = await handle.stat()
      return new NodeReadableFile(path, handle, size)
    })
  }

  create(path: string): Promise<WritableFile> {
    return attempt(path, async () => new NodeWritableFile(path, await open(path, 'wx')))
  }

  makeDirectories(path: string): Promise<void> {
    return attempt(path, async () => {
      const first = await mkdir(path, { recursive: true })
      const isNew = (at: string): boolean => first !== undefined && at.length >= first.length
      const synced: string[] = []
      // The names of the directories lie in their parents. Of one that is there already, whoever made it may have died
      // before its name was on the disk.
      for (let at = path; dirname(at) !== at; at = dirname(at)) {
        if (!isNew(at) && this.#durable.has(at)) break
        if (!(await this.#syncName(at, isNew(at)))) break
        synced.push(at)
      }
      if (this.#durable.size >= DURABLE_MAX) this.#durable.clear()
      for (const at of synced) this.#durable.add(at)
    })
  }

  /** False: its parent may not be read by us, so it is none of those that Weir makes. */
  async #syncName(directory: string, isNew: boolean): Promise<boolean> {
    try {
      await this.#sync(dirname(directory))
      return true
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException
      if (!isNew && MAY_NOT.has(code)) return false
      throw error
    }
  }

  async rename(from: string, to: string): Promise<'renamed' | 'exists'> {
    // rename(2) replaces what is there, and Node does not have the flag that forbids it.
    if ((await orNull(attempt(to, () => lstat(to)))) !== null) return 'exists'
    await attempt(from, () => rename(from, to))
    return 'renamed'
  }

  async remove(path: string): Promise<void> {
    await orNull(attempt(path, () => unlink(path)))
  }

  async removeEmptyDirectory(path: string): Promise<void> {
    try {
      await rmdir(path)
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code
      if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'ENOENT')
        throw fileError(path, error)
    }
  }

  syncDirectory(path: string): Promise<void> {
    return attempt(path, () => this.#sync(path))
  }
}

class NodeReadableFile implements ReadableFile {
  readonly bytes: number
  readonly #path: string
  readonly #handle: FileHandle

  constructor(path: string, handle: FileHandle, bytes: number) {
    this.#path = path
    this.#handle = handle
    this.bytes = bytes
  }

  read(offset: number, length: number): Promise<Uint8Array> {
    return attempt(this.#path, async () => {
      const buffer = Buffer.allocUnsafe(Math.max(0, Math.min(length, this.bytes - offset)))
      let filled = 0
      while (filled < buffer.length) {
        const { bytesRead } = await this.#handle.read(
          buffer,
          filled,
          buffer.length - filled,
          offset + filled,
        )
        if (bytesRead === 0) break
        filled += bytesRead
      }
      return filled === buffer.length ? buffer : buffer.subarray(0, filled)
    })
  }

  close(): Promise<void> {
    return attempt(this.#path, () => this.#handle.close())
  }
}

class NodeWritableFile implements WritableFile {
  readonly #path: string
  readonly #handle: FileHandle

  constructor(path: string, handle: FileHandle) {
    this.#path = path
    this.#handle = handle
  }

  write(bytes: Uint8Array): Promise<void> {
    return attempt(this.#path, async () => {
      let at = 0
      while (at < bytes.length)
        at += (await this.#handle.write(bytes, at, bytes.length - at)).bytesWritten
    })
  }

  sync(): Promise<void> {
    return attempt(this.#path, () => this.#handle.sync())
  }

  close(): Promise<void> {
    return attempt(this.#path, () => this.#handle.close())
  }
}

async function attempt<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw fileError(path, error)
  }
}

async function orNull<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work
  } catch (error) {
    if (hasCode(error, 'files/not-found') || hasCode(error, 'files/not-a-directory')) return null
    throw error
  }
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

interface KindFacts {
  isFile(): boolean
  isDirectory(): boolean
}

function kindOf(facts: KindFacts): EntryKind {
  if (facts.isFile()) return 'file'
  return facts.isDirectory() ? 'directory' : 'other'
}

/** A link to nowhere, or round in a circle, is neither file nor directory. */
async function linkedKind(path: string): Promise<EntryKind> {
  try {
    const facts = await nodeFileSystem.facts(path)
    return facts?.kind ?? 'other'
  } catch (error) {
    if (hasCode(error, 'files/link-loop')) return 'other'
    throw error
  }
}

/** With another way to sync directories, to see which are. */
export const nodeFileSystemWith = (sync: (directory: string) => Promise<void>): FileSystem =>
  new NodeFileSystem(sync)

/** The machine's own file system. */
export const nodeFileSystem: FileSystem = new NodeFileSystem(syncDirectory)
