// Reads back what snapshot-writer wrote. All files of a restore are loaded and checked as a whole
// (size, header, every chunk, footer, SHA-256) before one byte of them is handed out: a damaged
// file restores nothing (promise P4). A file of which only lists are wanted is read by itself, and no more is kept of it
// than these: of a union list every subtask reads the files of all, and the rest of them is the state of others.

import { createHash } from 'node:crypto'
import { assert, present } from '@weirjs/common/core/assert'
import type {
  ListStateRestore,
  OperatorRestore,
  StateFile,
  TaskRestore,
} from '@weirjs/common/core/checkpoint/handles'
import type { CheckpointStorage } from '@weirjs/common/core/checkpoint/storage'
import type { Codec } from '@weirjs/common/core/codec'
import { WeirError } from '@weirjs/common/core/errors'
import type { RestoredLists } from '../operators/operator.ts'
import type { RestoreReader } from '../task/factories.ts'
import { bridgeFor } from './restore-checks.ts'
import { checkStateFile, damagedFile, forEachEntry } from './state-file.ts'

/** Files of one restore that are read at the same time, and stay in memory as a whole until it is done. */
const LOADS_MAX = 4

/** Bytes of a file, and where they lie in it. */
interface Piece {
  readonly offset: number
  readonly bytes: Uint8Array
}

export class FileRestoreReader implements RestoreReader {
  readonly #storage: CheckpointStorage
  readonly #restore: TaskRestore
  /** By path. */
  readonly #loaded = new Map<string, readonly Piece[]>()

  constructor(storage: CheckpointStorage, restore: TaskRestore) {
    this.#storage = storage
    this.#restore = restore
  }

  async load(): Promise<void> {
    const whole = filesOf(this.#restore, ({ keyed }) => keyed)
    const waiting = [...whole.values()]
    const work = async (): Promise<void> => {
      for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
        this.#loaded.set(file.path, [{ offset: 0, bytes: await this.#loadOne(file) }])
      }
    }
    try {
      await Promise.all(Array.from({ length: LOADS_MAX }, work))
      for (const file of filesOf(this.#restore, ({ lists }) => lists).values()) {
        if (whole.has(file.path)) continue
        const bytes = await this.#loadOne(file)
        this.#loaded.set(file.path, this.#listsIn(file, bytes))
      }
    } catch (error) {
      this.close()
      throw error
    }
  }

  /** Bytes of state files that are in memory for it. */
  get heldBytes(): number {
    const pieces = [...this.#loaded.values()].flat()
    return pieces.reduce((sum, { bytes }) => sum + bytes.length, 0)
  }

  read(file: StateFile, offset: number, bytes: number): Uint8Array {
    const pieces = present(this.#loaded.get(file.path), `loaded state file ${file.path}`)
    const piece = pieces.find(
      (one) => offset >= one.offset && offset + bytes <= one.offset + one.bytes.length,
    )
    assert(piece !== undefined && bytes >= 0, `a segment lies within ${file.path}`)
    return piece.bytes.subarray(offset - piece.offset, offset - piece.offset + bytes)
  }

  lists(operator: OperatorRestore | null): RestoredLists {
    return {
      restored: true,
      list: <T>(name: string, codec: Codec<T>): readonly T[] => {
        const found = operator?.lists.find((list) => list.name === name)
        return found === undefined ? [] : this.#decode(found, codec)
      },
    }
  }

  close(): void {
    this.#loaded.clear()
  }

  #decode<T>(list: ListStateRestore, codec: Codec<T>): readonly T[] {
    const bridge = bridgeFor(`list "${list.name}"`, list.codec, codec)
    const elements: T[] = []
    for (const { file, segment, first, end } of list.parts) {
      assert(
        first >= 0 && first <= end && end <= segment.entries,
        `list ${list.name} is dealt out within its bounds`,
      )
      let at = 0
      forEachEntry(
        file,
        segment,
        (f, offset, bytes) => this.read(f, offset, bytes),
        (source) => {
          const element = bridge.read(source)
          if (at >= first && at < end) elements.push(element)
          at += 1
        },
      )
    }
    return elements
  }

  /** Copies of the lists of the restore that lie in a file. */
  #listsIn(file: StateFile, whole: Uint8Array): readonly Piece[] {
    const parts = this.#restore.operators.flatMap(({ lists }) => lists.flatMap((one) => one.parts))
    return parts
      .filter((part) => part.file.path === file.path)
      .map(({ segment: { offset, bytes } }) => ({
        offset,
        bytes: whole.slice(offset, offset + bytes),
      }))
  }

  async #loadOne(file: StateFile): Promise<Uint8Array> {
    const path = `${this.#restore.directory}/${file.path}`
    const bytes = await this.#storage.read(path).catch((error: unknown) => {
      throw isMissing(error) ? missingFile(this.#storage.locate(path), error) : error
    })
    try {
      checkStateFile(file, bytes)
      if (createHash('sha256').update(bytes).digest('hex') !== file.sha256) {
        throw damagedFile(file, 0, 'its SHA-256 is another than the manifest says')
      }
    } catch (error) {
      throw located(error, file, this.#storage.locate(path))
    }
    return bytes
  }
}

/** The error with the file's whole path, as a person finds it. */
function located(error: unknown, file: StateFile, place: string): unknown {
  if (!(error instanceof WeirError) || error.code !== 'state/file-damaged') return error
  return new WeirError(error.code, error.message.replace(file.path, place), {
    domain: error.domain,
    retry: error.retry,
    cause: error.cause,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  })
}

/** Every file that some states of the restore name, once. */
function filesOf(
  restore: TaskRestore,
  states: (
    operator: OperatorRestore,
  ) => readonly { readonly parts: readonly { readonly file: StateFile }[] }[],
): ReadonlyMap<string, StateFile> {
  const files = restore.operators.flatMap(states).flatMap(({ parts }) => parts)
  return new Map(files.map(({ file }) => [file.path, file]))
}

const isMissing = (error: unknown): boolean =>
  error instanceof WeirError && error.code === 'storage/not-found'

function missingFile(path: string, cause: unknown): WeirError {
  return new WeirError('state/file-missing', `the state file ${path} does not exist`, {
    domain: 'external',
    retry: 'never',
    hint: 'Nothing was restored. Bring the file back from a copy, or restore another checkpoint with -s.',
    cause,
  })
}
