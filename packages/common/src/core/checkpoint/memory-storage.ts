// Checkpoint storage in memory: a MemoryDisk is what survives, a MemoryStorage is how one process reaches it. Published
// files are on the disk, staged ones belong to the process and die with it. Operations may take virtual time and may be
// made to fail, or to succeed and lose the reply (decision D2), by a hook. It promises what FsStorage promises: one
// contract suite judges both.

import { type Scheduler, sleep } from '../clock.ts'
import { WeirError } from '../errors.ts'
import type { CheckpointStorage, StagedFile } from './storage.ts'
import { checkStoragePath, isBelow } from './storage-path.ts'

export type StorageOperation =
  | 'stage'
  | 'write'
  | 'publish'
  | 'create'
  | 'read'
  | 'size'
  | 'list'
  | 'remove'
  | 'remove-tree'

/**
 * What the hook lets happen. `fail`: nothing is done and the operation throws. `ambiguous`: it is done, and throws
 * `storage/io` all the same. `delay`: it takes `ms` longer.
 */
export type StorageVerdict =
  | { readonly verdict: 'ok' }
  | { readonly verdict: 'fail'; readonly code?: 'storage/io' | 'storage/full' }
  | { readonly verdict: 'ambiguous' }
  | { readonly verdict: 'delay'; readonly ms: number }

export interface MemoryStorageOptions {
  /** Default: a fresh one. */
  readonly disk?: MemoryDisk
  /** Needed as soon as something takes time. Default: everything is done at once. */
  readonly scheduler?: Scheduler
  /** Time from asking to the reply; the effect lies in the middle. */
  readonly latencyMs?: (operation: StorageOperation, path: string) => number
  readonly onOperation?: (operation: StorageOperation, path: string) => StorageVerdict
}

/** The durable part, shared by the storages of several processes. */
export class MemoryDisk {
  readonly #files = new Map<string, Uint8Array>()

  get(path: string): Uint8Array | undefined {
    return this.#files.get(path)
  }

  /** Creates the file unless the name is taken. */
  create(path: string, bytes: Uint8Array): boolean {
    if (this.#files.has(path)) return false
    this.#files.set(path, bytes)
    return true
  }

  delete(path: string): void {
    this.#files.delete(path)
  }

  /** All paths, or those below a directory, sorted. */
  paths(directory: string | null = null): readonly string[] {
    const all = [...this.#files.keys()]
    return (directory === null ? all : all.filter((path) => isBelow(path, directory))).sort()
  }

  get bytes(): number {
    let sum = 0
    for (const file of this.#files.values()) sum += file.length
    return sum
  }

  /** For tests: replaces a file's bytes, or deletes it (null), as bit rot or a careless hand would. */
  tamper(path: string, change: (bytes: Uint8Array) => Uint8Array | null): void {
    const before = this.#files.get(path)
    if (before === undefined)
      throw new WeirError('storage/not-found', `${path} does not exist`, { domain: 'external' })
    const after = change(new Uint8Array(before))
    if (after === null) this.delete(path)
    else this.#files.set(path, after)
  }
}

export class MemoryStorage implements CheckpointStorage {
  readonly disk: MemoryDisk
  readonly #options: MemoryStorageOptions
  #closed = false

  constructor(options: MemoryStorageOptions = {}) {
    this.disk = options.disk ?? new MemoryDisk()
    this.#options = options
  }

  /** The process is gone: staged files are lost, and whatever it still asks for rejects with `storage/closed`. */
  crash(): void {
    this.#closed = true
  }

  async stage(path: string, _tag: string): Promise<StagedFile> {
    checkStoragePath(path)
    return this.#run('stage', path, () => this.#stagedFile(path))
  }

  async createExclusive(
    path: string,
    bytes: Uint8Array,
    _tag: string,
  ): Promise<'created' | 'exists'> {
    checkStoragePath(path)
    const copy = new Uint8Array(bytes)
    return this.#run('create', path, () => (this.disk.create(path, copy) ? 'created' : 'exists'))
  }

  async read(path: string): Promise<Uint8Array> {
    checkStoragePath(path)
    return this.#run('read', path, () => this.#present(path).slice())
  }

  async size(path: string): Promise<number> {
    checkStoragePath(path)
    return this.#run('size', path, () => this.#present(path).length)
  }

  async list(directory: string): Promise<readonly string[]> {
    checkStoragePath(directory)
    return this.#run('list', directory, () => this.disk.paths(directory))
  }

  async listDirectories(directory: string): Promise<readonly string[]> {
    if (directory !== '') checkStoragePath(directory)
    const prefix = directory === '' ? '' : `${directory}/`
    return this.#run('list', directory, () => {
      const names = new Set<string>()
      for (const path of this.disk.paths(directory === '' ? null : directory)) {
        const slash = path.indexOf('/', prefix.length)
        if (slash !== -1) names.add(path.slice(prefix.length, slash))
      }
      return [...names].sort()
    })
  }

  async remove(path: string): Promise<void> {
    checkStoragePath(path)
    return this.#run('remove', path, () => this.disk.delete(path))
  }

  async removeTree(directory: string): Promise<void> {
    checkStoragePath(directory)
    return this.#run('remove-tree', directory, () => {
      for (const path of this.disk.paths(directory)) this.disk.delete(path)
    })
  }

  locate(path: string): string {
    return `memory:/${path}`
  }

  #present(path: string): Uint8Array {
    const bytes = this.disk.get(path)
    if (bytes !== undefined) return bytes
    throw new WeirError('storage/not-found', `${path} does not exist`, { domain: 'external' })
  }

  #stagedFile(path: string): StagedFile {
    const parts: Uint8Array[] = []
    let state: 'open' | 'published' | 'abandoned' = 'open'
    const mustBeOpen = (): void => {
      if (state !== 'open') throw ioError(path, `the staged file is already ${state}`)
    }
    return {
      write: async (bytes) => {
        mustBeOpen()
        const copy = new Uint8Array(bytes)
        await this.#run('write', path, () => parts.push(copy))
      },
      publish: async () => {
        mustBeOpen()
        state = 'abandoned'
        await this.#run('publish', path, () => {
          if (!this.disk.create(path, concat(parts))) throw existsError(path)
          state = 'published'
        })
      },
      abandon: async () => {
        if (state === 'open') state = 'abandoned'
        parts.length = 0
      },
    }
  }

  async #run<T>(operation: StorageOperation, path: string, effect: () => T): Promise<T> {
    this.#mustBeOpen(path)
    const verdict = this.#options.onOperation?.(operation, path) ?? { verdict: 'ok' }
    const latencyMs =
      (this.#options.latencyMs?.(operation, path) ?? 0) +
      (verdict.verdict === 'delay' ? verdict.ms : 0)
    await this.#pause(latencyMs / 2, path)
    if (verdict.verdict === 'fail')
      throw injectedError(path, operation, verdict.code ?? 'storage/io')
    const result = effect()
    await this.#pause(latencyMs / 2, path)
    if (verdict.verdict === 'ambiguous') throw injectedError(path, operation, 'storage/io')
    return result
  }

  async #pause(ms: number, path: string): Promise<void> {
    const scheduler = this.#options.scheduler
    if (ms > 0 && scheduler !== undefined) await sleep(scheduler, ms)
    this.#mustBeOpen(path)
  }

  #mustBeOpen(path: string): void {
    if (!this.#closed) return
    throw new WeirError('storage/closed', `${path}: the storage is closed`, {
      domain: 'internal',
      retry: 'never',
    })
  }
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}

function existsError(path: string): WeirError {
  return new WeirError('storage/exists', `${path} exists already; files are never replaced`, {
    domain: 'external',
  })
}

function ioError(path: string, message: string): WeirError {
  return new WeirError('storage/io', `${path}: ${message}`, { domain: 'external' })
}

function injectedError(
  path: string,
  operation: string,
  code: 'storage/io' | 'storage/full',
): WeirError {
  return new WeirError(code, `${path}: ${operation} failed (injected)`, { domain: 'external' })
}
