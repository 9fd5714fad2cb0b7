// A file system in memory that can lose power: what was not synced is then gone, names as well as bytes. Faults and
// delays come in by a hook, so that a test or the simulator decides when an operation fails.

import { fileError } from './file-errors.ts'
import {
  type DirectoryEntry,
  type FileFacts,
  type FileSystem,
  type ReadableFile,
  type WritableFile,
  directoryOf,
} from './file-system.ts'

export type FileOperation =
  | 'facts'
  | 'list'
  | 'open'
  | 'read'
  | 'create'
  | 'write'
  | 'sync'
  | 'close'
  | 'make-directories'
  | 'rename'
  | 'remove'
  | 'remove-directory'
  | 'sync-directory'

/** Called before each operation: a rejection is its failure, a delay its time. */
export type FileHook = (operation: FileOperation, path: string) => Promise<void> | void

/** Of files and names that were not synced when the power failed. */
export interface PowerToll {
  /** Names that are gone, and files whose end is, all that was not synced. */
  readonly lost: number
  /** Files that end in a part of what was not synced, or in something else. */
  readonly torn: number
  /** Names that had been removed, and are there. */
  readonly back: number
}

interface Inode {
  content: Buffer
  /** What a power loss leaves. */
  durable: Buffer
}

export class MemoryFileSystem implements FileSystem {
  /** Exchange it at any time. */
  hook: FileHook = () => {}
  #names = new Map<string, Inode>()
  /** Names that a power loss leaves, with what they name. */
  #durable = new Map<string, Inode>()
  /** New names of files whose renaming a power loss may undo, but not tear: one of the two names is there. */
  readonly #renamed = new Map<string, { readonly from: string; readonly inode: Inode }>()
  /** Names, by their directories, of which the two may say something else. */
  readonly #changed = new Map<string, Set<string>>()
  readonly #directories = new Set<string>(['/', '.'])

  /**
   * Everything not synced is gone; with `luck` (0 … 1, asked again and again) some of it is not: names, and torn pieces
   * of what was written. Files that are open write to nowhere from now on.
   */
  losePower(luck: () => number = () => 1): PowerToll {
    const before = this.#names
    const left = new Map(this.#durable)
    for (const [path, inode] of this.#names) if (luck() < 0.5) left.set(path, inode)
    for (const path of this.#durable.keys())
      if (!this.#names.has(path) && luck() < 0.5) left.delete(path)
    for (const [to, { from, inode }] of this.#renamed) if (!left.has(to)) left.set(from, inode)
    this.#renamed.clear()
    const lost = [...before.keys()].filter((path) => !left.has(path)).length
    const back = [...left.keys()].filter((path) => !before.has(path)).length
    const copies = new Map<Inode, Inode>()
    const kept = [...left].map(([path, inode]) => {
      const copy = copies.get(inode) ?? torn(inode, luck())
      copies.set(inode, copy)
      return [path, copy] as const
    })
    this.#names = new Map(kept)
    this.#durable = new Map(kept)
    this.#changed.clear()
    // A directory that was taken away since comes back with the names in it.
    for (const [path] of kept) this.#addDirectories(directoryOf(path))
    const ends = [...copies].map(([inode, copy]) => endOf(inode, copy))
    const count = (end: string): number => ends.filter((one) => one === end).length
    return { lost: lost + count('lost'), torn: count('torn'), back }
  }

  /** Puts a durable file there, for tests that read. */
  put(path: string, content: string | Uint8Array): void {
    const bytes = Buffer.from(content)
    const inode = { content: bytes, durable: bytes }
    this.#addDirectories(directoryOf(path))
    this.#names.set(path, inode)
    this.#durable.set(path, inode)
  }

  /** Paths of all files, sorted. */
  paths(): readonly string[] {
    return [...this.#names.keys()].sort((a, b) => (a < b ? -1 : 1))
  }

  /** The content of a file as text. */
  text(path: string): string {
    return this.#inode(path).content.toString('utf8')
  }

  async facts(path: string): Promise<FileFacts | null> {
    await this.#before('facts', path)
    const inode = this.#names.get(path)
    if (inode !== undefined) return { kind: 'file', bytes: inode.content.length }
    return this.#directories.has(trimmed(path)) ? { kind: 'directory', bytes: 0 } : null
  }

  /** There are no links here. */
  async realPath(directory: string): Promise<string> {
    if (!this.#directories.has(trimmed(directory))) throw failure('ENOENT', directory)
    return trimmed(directory)
  }

  async list(directory: string): Promise<readonly DirectoryEntry[]> {
    await this.#before('list', directory)
    const at = trimmed(directory)
    if (!this.#directories.has(at)) throw failure('ENOENT', directory)
    const inside = (path: string): boolean => directoryOf(path) === at && path !== at
    const files = [...this.#names.keys()].filter(inside).map((path) => entry(path, 'file'))
    return [
      ...files,
      ...[...this.#directories].filter(inside).map((path) => entry(path, 'directory')),
    ]
  }

  async openRead(path: string): Promise<ReadableFile> {
    await this.#before('open', path)
    const inode = this.#inode(path)
    return {
      bytes: inode.content.length,
      read: async (offset, length) => {
        await this.#before('read', path)
        return Buffer.from(inode.content.subarray(offset, offset + length))
      },
      close: async () => this.#before('close', path),
    }
  }

  async create(path: string): Promise<WritableFile> {
    await this.#before('create', path)
    if (this.#names.has(path)) throw failure('EEXIST', path)
    if (!this.#directories.has(directoryOf(path))) throw failure('ENOENT', path)
    const inode: Inode = { content: Buffer.alloc(0), durable: Buffer.alloc(0) }
    this.#names.set(path, inode)
    this.#change(path)
    return {
      write: async (bytes) => {
        const copy = Buffer.from(bytes)
        await this.#before('write', path)
        inode.content = Buffer.concat([inode.content, copy])
      },
      sync: async () => {
        const { content } = inode
        await this.#before('sync', path)
        inode.durable = content
      },
      close: async () => this.#before('close', path),
    }
  }

  async makeDirectories(path: string): Promise<void> {
    await this.#before('make-directories', path)
    this.#addDirectories(path)
  }

  async rename(from: string, to: string): Promise<'renamed' | 'exists'> {
    await this.#before('rename', to)
    // As on a disk: what is there is looked at first.
    if (this.#names.has(to)) return 'exists'
    const inode = this.#inode(from)
    if (!this.#directories.has(directoryOf(to))) throw failure('ENOENT', to)
    this.#names.delete(from)
    this.#names.set(to, inode)
    this.#change(from)
    this.#change(to)
    this.#renamed.set(to, { from, inode })
    return 'renamed'
  }

  async remove(path: string): Promise<void> {
    await this.#before('remove', path)
    this.#names.delete(path)
    this.#change(path)
  }

  async removeEmptyDirectory(path: string): Promise<void> {
    await this.#before('remove-directory', path)
    const at = `${trimmed(path)}/`
    const used = [...this.#names.keys(), ...this.#directories].some((other) => other.startsWith(at))
    if (!used) this.#directories.delete(trimmed(path))
  }

  async syncDirectory(path: string): Promise<void> {
    await this.#before('sync-directory', path)
    const at = trimmed(path)
    for (const name of this.#changed.get(at) ?? []) {
      const inode = this.#names.get(name)
      if (inode === undefined) this.#durable.delete(name)
      else this.#durable.set(name, inode)
    }
    this.#changed.delete(at)
    for (const to of this.#renamed.keys()) if (directoryOf(to) === at) this.#renamed.delete(to)
  }

  async #before(operation: FileOperation, path: string): Promise<void> {
    try {
      await this.hook(operation, path)
    } catch (error) {
      throw fileError(path, error)
    }
  }

  #change(path: string): void {
    const at = directoryOf(path)
    const names = this.#changed.get(at)
    if (names === undefined) this.#changed.set(at, new Set([path]))
    else names.add(path)
  }

  #inode(path: string): Inode {
    const inode = this.#names.get(path)
    if (inode === undefined) throw failure('ENOENT', path)
    return inode
  }

  #addDirectories(path: string): void {
    for (let at = trimmed(path); !this.#directories.has(at); at = directoryOf(at))
      this.#directories.add(at)
  }
}

/** What was synced, and perhaps the beginning of what was not, of which the end may be something else. */
function torn({ content, durable }: Inode, luck: number): Inode {
  if (luck >= 0.5 || content.length <= durable.length) return { content: durable, durable }
  const bytes = durable.length + Math.floor(2 * luck * (content.length - durable.length))
  const copy = Buffer.from(content.subarray(0, bytes))
  if (luck < 0.25 && bytes > durable.length) copy[bytes - 1] = 0
  return { content: copy, durable: copy }
}

function endOf({ content, durable }: Inode, copy: Inode): 'whole' | 'lost' | 'torn' {
  if (content.length <= durable.length) return 'whole'
  if (copy.content.length === durable.length) return 'lost'
  return copy.content.equals(content) ? 'whole' : 'torn'
}

const trimmed = (path: string): string =>
  path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path

const entry = (path: string, kind: 'file' | 'directory'): DirectoryEntry => ({
  name: path.slice(path.lastIndexOf('/') + 1),
  kind,
})

const failure = (code: string, path: string): Error =>
  fileError(path, Object.assign(new Error(code), { code }))
