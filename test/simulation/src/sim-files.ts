// The file system as one simulated process reaches it: every operation takes time, may fail, and does not happen when the
// process died before. What lies underneath is shared and survives.

import type { Prng } from '@weirjs/common/core/prng'
import { fileError } from '@weirjs/connectors/files/file-errors'
import type {
  DirectoryEntry,
  FileFacts,
  FileSystem,
  ReadableFile,
  WritableFile,
} from '@weirjs/connectors/files/file-system'
import type { Effect } from './effects.ts'
import type { Failpoints } from './failpoints.ts'
import type { SimProcess } from './process.ts'
import { errno } from './sim-disk.ts'
import type { World } from './world.ts'

export interface DiskFaults {
  delayMsMax: number
  /** An operation fails and has done nothing. */
  failProbability: number
  /** An operation is done and reported failed. */
  ambiguousProbability: number
}

export const HEALTHY_DISK: DiskFaults = {
  delayMsMax: 0.5,
  failProbability: 0,
  ambiguousProbability: 0,
}

export interface SimFilesOptions {
  readonly faults: (machine: string) => DiskFaults
  /** No operation on a sound disk takes longer. */
  readonly soundDelayMs: number
  readonly watcher: FileWatcher
  readonly failpoints: Failpoints
  /** Machines that do not reach any storage. */
  readonly cutOff: ReadonlySet<string>
  /** Machines that find no room for anything new. */
  readonly full: ReadonlySet<string>
}

/** Is told what becomes durable, and what becomes visible. */
export interface FileWatcher {
  created(path: string): void
  written(path: string): void
  sealed(path: string): void
  removed(path: string): void
  published(staging: string, final: string): void
}

/** Share of the calls whose answer comes later than their effect, so that somebody can die between the two. */
export const ANSWERED_LATE = 0.25

/** Operations that something new on the disk comes of. */
const NEEDS_ROOM: ReadonlySet<string> = new Set(['create', 'write', 'mkdir', 'rename'])

export class SimFiles implements FileSystem {
  readonly #world: World
  readonly #process: SimProcess
  readonly #inner: FileSystem
  readonly #options: SimFilesOptions
  readonly #watcher: FileWatcher
  readonly #prng: Prng

  constructor(world: World, process: SimProcess, inner: FileSystem, options: SimFilesOptions) {
    this.#world = world
    this.#process = process
    this.#inner = inner
    this.#options = options
    this.#watcher = options.watcher
    this.#prng = world.prng.fork()
  }

  facts(path: string): Promise<FileFacts | null> {
    return this.#do('facts', path, () => this.#inner.facts(path))
  }

  realPath(directory: string): Promise<string> {
    return this.#inner.realPath(directory)
  }

  list(directory: string): Promise<readonly DirectoryEntry[]> {
    return this.#do('list', directory, async () => {
      const entries = await this.#inner.list(directory)
      return entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))
    })
  }

  async openRead(path: string): Promise<ReadableFile> {
    const file = await this.#do('open', path, () => this.#inner.openRead(path))
    return {
      bytes: file.bytes,
      read: (offset, length) => this.#do('read', path, () => file.read(offset, length)),
      close: () => file.close(),
    }
  }

  async create(path: string): Promise<WritableFile> {
    const file = await this.#do('create', path, () => this.#inner.create(path))
    this.#watcher.created(path)
    return {
      write: (bytes) =>
        this.#do('write', path, () => {
          this.#watcher.written(path)
          return file.write(bytes)
        }),
      sync: () =>
        this.#do('sync', path, async () => {
          await file.sync()
          this.#watcher.sealed(path)
        }),
      close: () => file.close(),
    }
  }

  makeDirectories(path: string): Promise<void> {
    return this.#do('mkdir', path, () => this.#inner.makeDirectories(path))
  }

  rename(from: string, to: string): Promise<'renamed' | 'exists'> {
    return this.#do('rename', to, async () => {
      const outcome = await this.#inner.rename(from, to)
      if (outcome === 'renamed') this.#watcher.published(from, to)
      this.#world.trace(`${this.#process.name} ${outcome} ${to}`)
      return outcome
    })
  }

  remove(path: string): Promise<void> {
    return this.#do('remove', path, () => {
      this.#watcher.removed(path)
      return this.#inner.remove(path)
    })
  }

  removeEmptyDirectory(path: string): Promise<void> {
    return this.#do('rmdir', path, () => this.#inner.removeEmptyDirectory(path))
  }

  syncDirectory(path: string): Promise<void> {
    return this.#do('syncdir', path, () => this.#inner.syncDirectory(path))
  }

  async #do<T>(operation: string, path: string, effect: () => Promise<T>): Promise<T> {
    const { faults, failpoints, cutOff, full } = this.#options
    const { machine } = this.#process
    const { delayMsMax, failProbability, ambiguousProbability } = faults(machine)
    const step = `sink.${operation}`
    const before = failpoints.pass('before', step, this.#process)
    await this.#wait(this.#prng.float() * delayMsMax)
    if (before === 'error') throw fileError(path, errno('EIO'))
    if (cutOff.has(machine)) throw this.#failure('storage-unreached', path, 'EIO')
    if (full.has(machine) && NEEDS_ROOM.has(operation))
      throw this.#failure('no-room', path, 'ENOSPC')
    if (this.#prng.chance(failProbability)) throw this.#storm('file-fail', operation, path)
    const result = await effect()
    const after = failpoints.pass('after', step, this.#process)
    if (this.#prng.chance(ANSWERED_LATE)) await this.#wait(this.#prng.float() * delayMsMax)
    if (after === 'error') throw fileError(path, errno('EIO'))
    if (this.#prng.chance(ambiguousProbability))
      throw this.#storm('file-ambiguous', operation, path)
    return result
  }

  #failure(effect: Effect, path: string, code: string): Error {
    this.#world.effect(effect)
    return fileError(path, errno(code))
  }

  #storm(effect: Effect, operation: string, path: string): Error {
    this.#world.effect(effect, `${operation} ${path}`)
    return fileError(path, errno('EIO'))
  }

  /** Never resolves when the process dies meanwhile. */
  #wait(ms: number): Promise<void> {
    if (ms > this.#options.soundDelayMs) this.#world.effect('slow-disk')
    return new Promise((resolve) => {
      this.#process.timer(ms, resolve)
    })
  }
}
