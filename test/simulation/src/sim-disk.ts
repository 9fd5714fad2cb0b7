// The disk beneath the checkpoint storage of a simulated cluster, as POSIX promises it and no more: what is written is on it
// when the file was synced, a name when its directory was. Until then a loss of power keeps it, loses it, or tears it, as
// chance has it; a name that was taken away may come back. It is seen by the real FsStorage, whose steps it must survive,
// and by somebody who looks at what becomes durable or is deleted, at the moment when it happens.

import { STAGING_PREFIX } from '@weirjs/common/core/checkpoint/storage-path'
import type { PowerToll } from '@weirjs/connectors/files/memory-file-system'

/** Where the storage lies. */
export const STORE = '/store'
/** Of what it promised last, a disk that lies may lose so much. */
const LIES_MAX = 24

export interface DiskWatcher {
  /** Neither a loss of power nor anything else but `deleted` takes it away any more. */
  created(path: string, bytes: Uint8Array): void
  deleted(path: string): void
}

export class FileNode {
  bytes: Uint8Array = new Uint8Array(0)
  /** So many of them are on the disk. */
  synced = 0
}

export class DirectoryNode {
  /** As processes see it. */
  names = new Map<string, Node>()
  /** As it lies on the disk. */
  durable = new Map<string, Node>()
  /** Names of which the two may say something else. */
  readonly changed: Set<string> = new Set()
}

type Node = FileNode | DirectoryNode

interface Promised {
  readonly directory: DirectoryNode
  readonly name: string
}

export class SimDisk {
  watcher: DiskWatcher | null = null
  /** How often something was written. */
  writes = 0
  readonly #honest: boolean
  readonly #root = new DirectoryNode()
  /** What a disk that lies has said last. */
  readonly #promised: Promised[] = []

  /** One that is not honest may lose what it said was safe: the negative control. */
  constructor(options: { readonly honest: boolean }) {
    this.#honest = options.honest
  }

  // ---- for those who look: paths are relative to the store ----

  /** A file that would survive a loss of power, all of it. */
  get(path: string): Uint8Array | undefined {
    let at: Node | undefined = this.#root
    for (const name of path.split('/')) {
      if (!(at instanceof DirectoryNode)) return undefined
      const below: Node | undefined = at.durable.get(name)
      at = below === at.names.get(name) ? below : undefined
    }
    return at instanceof FileNode && at.synced === at.bytes.length ? at.bytes : undefined
  }

  /** Files below a directory that have their final names, sorted. */
  paths(directory: string): readonly string[] {
    const found: string[] = []
    const at = this.find(directory === '' ? STORE : `${STORE}/${directory}`)
    if (at instanceof DirectoryNode) gather(at, directory, found)
    return found.sort()
  }

  // ---- for processes: each is one step, and throws what a system would ----

  find(path: string): Node | undefined {
    let at: Node | undefined = this.#root
    for (const name of namesOf(path)) {
      if (at === undefined) return undefined
      if (!(at instanceof DirectoryNode)) throw errno('ENOTDIR')
      at = at.names.get(name)
    }
    return at
  }

  file(path: string): FileNode {
    const node = this.find(path)
    if (node === undefined) throw errno('ENOENT')
    if (!(node instanceof FileNode)) throw errno('EISDIR')
    return node
  }

  directory(path: string): DirectoryNode {
    const node = this.find(path)
    if (node === undefined) throw errno('ENOENT')
    if (!(node instanceof DirectoryNode)) throw errno('ENOTDIR')
    return node
  }

  create(path: string): FileNode {
    const node = new FileNode()
    this.#name(path, node)
    return node
  }

  makeDirectory(path: string): void {
    this.#name(path, new DirectoryNode())
  }

  link(from: string, to: string): void {
    this.#name(to, this.file(from))
  }

  unlink(path: string): void {
    this.file(path)
    this.#unname(path)
    if (!isStaging(path)) this.watcher?.deleted(inStore(path))
  }

  removeEmptyDirectory(path: string): void {
    if (this.directory(path).names.size === 0) this.#unname(path)
  }

  append(file: FileNode, bytes: Uint8Array): void {
    this.writes += 1
    const whole = new Uint8Array(file.bytes.length + bytes.length)
    whole.set(file.bytes)
    whole.set(bytes, file.bytes.length)
    file.bytes = whole
  }

  sync(file: FileNode): void {
    file.synced = file.bytes.length
  }

  /** The names in it, as they are now. */
  syncDirectory(path: string): void {
    const directory = this.directory(path)
    const fresh: [string, Node][] = []
    for (const name of directory.changed) {
      const node = directory.names.get(name)
      if (node === undefined) directory.durable.delete(name)
      else if (directory.durable.get(name) !== node) {
        directory.durable.set(name, node)
        fresh.push([name, node])
      }
    }
    directory.changed.clear()
    if (!this.#honest) this.#promise(directory, fresh)
    this.#tell(fresh.map(([name, node]): [string, Node] => [inStore(`${path}/${name}`), node]))
  }

  // ---- a loss of power ----

  /** `luck` (0 … 1) is asked again and again. Files that are open write to nowhere from now on. */
  losePower(luck: () => number): PowerToll {
    for (const { directory, name } of this.#promised.splice(0)) {
      const node = directory.durable.get(name)
      if (node instanceof FileNode && luck() < 0.5) node.synced = 0
      else if (luck() < 0.5) directory.durable.delete(name)
    }
    const left: Left = { kept: [], lost: 0, torn: 0, back: 0 }
    settle(this.#root, '', luck, left)
    this.#tell(left.kept)
    return left
  }

  #name(path: string, node: Node): void {
    const directory = this.directory(parentOf(path))
    const name = nameOf(path)
    if (directory.names.has(name)) throw errno('EEXIST')
    directory.names.set(name, node)
    directory.changed.add(name)
  }

  #unname(path: string): void {
    const directory = this.directory(parentOf(path))
    const name = nameOf(path)
    directory.names.delete(name)
    directory.changed.add(name)
  }

  #promise(directory: DirectoryNode, fresh: readonly (readonly [string, Node])[]): void {
    for (const [name] of fresh) this.#promised.push({ directory, name })
    this.#promised.splice(0, this.#promised.length - LIES_MAX)
  }

  #tell(fresh: readonly (readonly [string, Node])[]): void {
    const files = fresh.filter(([path]) => !isStaging(path))
    for (const [path, node] of files.toSorted(([a], [b]) => (a < b ? -1 : 1)))
      if (node instanceof FileNode) this.watcher?.created(path, node.bytes)
  }
}

/** What a loss of power leaves. */
interface Left {
  /** What nobody had promised and is there all the same. */
  readonly kept: [string, Node][]
  lost: number
  torn: number
  back: number
}

/** Brings a directory and all below it to what is left of them. */
function settle(directory: DirectoryNode, path: string, luck: () => number, toll: Left): void {
  const left = new Map(directory.durable)
  for (const [name, node] of directory.names) {
    if (directory.durable.get(name) === node || luck() >= 0.5) continue
    left.set(name, node)
    toll.kept.push([join(path, name), node])
  }
  for (const [name, node] of directory.durable)
    if (directory.names.get(name) !== node && left.get(name) === node && luck() < 0.5)
      left.delete(name)
  for (const name of directory.names.keys()) if (!left.has(name)) toll.lost += 1
  for (const [name, node] of left) {
    if (!directory.names.has(name)) toll.back += 1
    if (node instanceof DirectoryNode) settle(node, join(path, name), luck, toll)
    else left.set(name, torn(node, luck, toll))
  }
  directory.names = left
  directory.durable = new Map(left)
  directory.changed.clear()
}

/** What was synced, and perhaps the beginning of what was not, of which the end may be something else. */
function torn(file: FileNode, luck: () => number, toll: Left): FileNode {
  const unsynced = file.bytes.length - file.synced
  if (unsynced === 0) return file
  const left = new FileNode()
  left.bytes = file.bytes.slice(0, file.synced + Math.floor(luck() * (unsynced + 1)))
  if (left.bytes.length > file.synced && luck() < 0.5) left.bytes[left.bytes.length - 1] = 0
  if (left.bytes.length === file.synced) toll.lost += 1
  else if (!sameBytes(left.bytes, file.bytes)) toll.torn += 1
  left.synced = left.bytes.length
  return left
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0

function gather(directory: DirectoryNode, path: string, found: string[]): void {
  for (const [name, node] of directory.names) {
    if (node instanceof DirectoryNode) gather(node, join(path, name), found)
    else if (!name.startsWith(STAGING_PREFIX)) found.push(join(path, name))
  }
}

/** Many are made and caught at once: without their stacks, which nobody reads. */
export function errno(code: string): Error {
  const lines = Error.stackTraceLimit
  Error.stackTraceLimit = 0
  const error = Object.assign(new Error(`${code}: simulated`), { code })
  Error.stackTraceLimit = lines
  return error
}

export const isStaging = (path: string): boolean => nameOf(path).startsWith(STAGING_PREFIX)

const join = (path: string, name: string): string => (path === '' ? name : `${path}/${name}`)
const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)
const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/'))
const inStore = (path: string): string => path.slice(STORE.length + 1)
const namesOf = (path: string): readonly string[] =>
  path === STORE ? [] : inStore(path).split('/')
