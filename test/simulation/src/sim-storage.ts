// The checkpoint storage as the processes of a cluster reach it: the real FsStorage of each, over one disk that is played.
// Each call of the system takes time, fails, succeeds and says that it failed, is cut off, or ends in the death of whoever
// made it; and between any two of them power may fail.

import type { DurableCalls, LookCalls, OpenFile } from '@weirjs/common/node/fs-calls'
import { FsStorage } from '@weirjs/common/node/fs-storage'
import type { Prng } from '@weirjs/common/core/prng'
import type { Effect } from './effects.ts'
import { type Failpoints, storageStep } from './failpoints.ts'
import type { SimProcess } from './process.ts'
import { DirectoryNode, errno, type FileNode, isStaging, type SimDisk, STORE } from './sim-disk.ts'
import { ANSWERED_LATE, type DiskFaults } from './sim-files.ts'
import type { World } from './world.ts'

/** Every call takes this long at least, so that a process that dies within one does not do it. */
const LATENCY_MS_MIN = 0.01
/** Publishing a file takes six calls: each has a part of the time, and of the trouble, of an operation. */
const CALL_PART = 1 / 3

export interface StorageWorld {
  readonly world: World
  readonly disk: SimDisk
  readonly prng: Prng
  readonly faults: (machine: string) => DiskFaults
  /** No operation on a sound disk takes longer. */
  readonly soundDelayMs: number
  readonly failpoints: Failpoints
  /** Machines that do not reach any storage. */
  readonly cutOff: ReadonlySet<string>
  /** Machines that find no room for anything new. */
  readonly full: ReadonlySet<string>
}

export function storageOf(storage: StorageWorld, process: SimProcess): FsStorage {
  return FsStorage.on(new SimCalls(storage, process), STORE)
}

/** Calls that change nothing cannot be done and said to have failed. */
const LOOKS: ReadonlySet<string> = new Set(['read', 'size', 'list'])

/** Calls that something new on the disk comes of. */
const NEEDS_ROOM: ReadonlySet<string> = new Set(['create', 'write', 'mkdir', 'link'])

class SimCalls implements DurableCalls, LookCalls {
  readonly pid: number
  readonly #storage: StorageWorld
  readonly #disk: SimDisk
  readonly #process: SimProcess

  constructor(storage: StorageWorld, process: SimProcess) {
    this.pid = storage.prng.between(2, 40_000)
    this.#storage = storage
    this.#disk = storage.disk
    this.#process = process
  }

  async open(path: string, flags: 'wx' | 'r'): Promise<OpenFile> {
    const disk = this.#disk
    if (flags === 'r') return this.#openDirectory(path)
    const file = await this.#do('create', path, () => disk.create(path))
    return {
      write: (bytes, offset, length) => {
        const part = bytes.slice(offset, offset + length)
        return this.#do('write', path, () => {
          disk.append(file, part)
          return { bytesWritten: length }
        })
      },
      sync: () => this.#do('sync', path, () => disk.sync(file)),
      close: async () => {},
    }
  }

  async #openDirectory(path: string): Promise<OpenFile> {
    this.#disk.directory(path)
    return {
      write: () => Promise.reject(errno('EISDIR')),
      sync: () => this.#do('syncdir', path, () => this.#disk.syncDirectory(path)),
      close: async () => {},
    }
  }

  link(from: string, to: string): Promise<void> {
    return this.#do('link', to, () => this.#disk.link(from, to))
  }

  unlink(path: string): Promise<void> {
    const operation = isStaging(path) ? 'unstage' : 'remove'
    return this.#do(operation, path, () => this.#disk.unlink(path))
  }

  mkdir(path: string): Promise<void> {
    return this.#do('mkdir', path, () => this.#disk.makeDirectory(path))
  }

  readFile(path: string): Promise<Uint8Array> {
    return this.#do('read', path, () => this.#disk.file(path).bytes.slice())
  }

  stat(path: string): ReturnType<LookCalls['stat']> {
    return this.#do('size', path, () => {
      const node = this.#disk.find(path)
      if (node === undefined) throw errno('ENOENT')
      const isDirectory = node instanceof DirectoryNode
      const size = isDirectory ? 0n : BigInt(node.bytes.length)
      return { ino: this.#numberOf(node), dev: 1n, size, isDirectory: () => isDirectory }
    })
  }

  readdir(path: string): ReturnType<LookCalls['readdir']> {
    return this.#do('list', path, () =>
      [...this.#disk.directory(path).names].map(([name, node]) => ({
        name,
        isFile: () => !(node instanceof DirectoryNode),
        isDirectory: () => node instanceof DirectoryNode,
      })),
    )
  }

  /** Not at once: who dies over it leaves the rest. */
  async removeTree(path: string): Promise<void> {
    const node = this.#disk.find(path)
    if (!(node instanceof DirectoryNode)) return
    const names = [...node.names.keys()]
    const middle = Math.ceil(names.length / 2)
    for (const part of [names.slice(0, middle), names.slice(middle)])
      await this.#do('remove-tree', path, () => this.#removeAll(path, part))
    await this.#do('remove-tree', path, () => this.#removeAll(path, null))
  }

  /** Those of the names that are there, with all below them; null: everything, and the directory too. */
  #removeAll(path: string, some: readonly string[] | null): void {
    const node = this.#disk.find(path)
    if (!(node instanceof DirectoryNode)) return
    for (const name of some ?? node.names.keys()) {
      const below = node.names.get(name)
      if (below instanceof DirectoryNode) this.#removeAll(`${path}/${name}`, null)
      else if (below !== undefined) this.#disk.unlink(`${path}/${name}`)
    }
    if (some === null) this.#disk.removeEmptyDirectory(path)
  }

  #numberOf(node: FileNode | DirectoryNode): bigint {
    const known = this.#numbers.get(node)
    if (known !== undefined) return known
    const number = BigInt(++this.#lastNumber)
    this.#numbers.set(node, number)
    return number
  }

  readonly #numbers = new WeakMap<FileNode | DirectoryNode, bigint>()
  #lastNumber = 0

  async #do<T>(operation: string, path: string, effect: () => T): Promise<T> {
    const { world, prng, faults, failpoints, cutOff, full } = this.#storage
    const { machine } = this.#process
    const step = failpoints.armed ? storageStep(operation, path) : null
    const before = step === null ? 'go' : failpoints.pass('before', step, this.#process)
    const { delayMsMax, failProbability, ambiguousProbability } = faults(machine)
    await this.#wait(delayMsMax)
    if (before === 'error') throw errno('EIO')
    if (cutOff.has(machine)) throw this.#failure('storage-unreached', 'EIO')
    if (full.has(machine) && NEEDS_ROOM.has(operation)) throw this.#failure('no-room', 'ENOSPC')
    if (prng.chance(failProbability * CALL_PART)) {
      world.effect('storage-fail', `${operation} ${path}`)
      throw errno('EIO')
    }
    const result = effect()
    const after = step === null ? 'go' : failpoints.pass('after', step, this.#process)
    if (prng.chance(ANSWERED_LATE)) await this.#wait(delayMsMax)
    if (after === 'error') throw errno('EIO')
    if (!LOOKS.has(operation) && prng.chance(ambiguousProbability * CALL_PART)) {
      world.effect('storage-ambiguous', `${operation} ${path}`)
      throw errno('EIO')
    }
    return result
  }

  #failure(effect: Effect, code: string): Error {
    this.#storage.world.effect(effect)
    return errno(code)
  }

  /** Half of a call. Never resolves when the process dies meanwhile. */
  #wait(delayMsMax: number): Promise<void> {
    const { world, prng, soundDelayMs } = this.#storage
    const operationMs = prng.float() * delayMsMax
    if (operationMs > soundDelayMs) world.effect('slow-disk')
    const ms = LATENCY_MS_MIN + operationMs * CALL_PART
    return new Promise((resolve) => {
      this.#process.timer(ms / 2, resolve)
    })
  }
}
