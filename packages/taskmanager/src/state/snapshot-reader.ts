// Reads back what snapshot-writer wrote. All files of a restore are loaded and checked as a whole
// (size, header, every chunk, footer, SHA-256) before one byte of them is handed out: a damaged
// file restores nothing (promise P4).

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

/** Files of one restore that are read at the same time. */
const LOADS_MAX = 4

export class FileRestoreReader implements RestoreReader {
  readonly #storage: CheckpointStorage
  readonly #restore: TaskRestore
  readonly #loaded = new Map<string, Uint8Array>()

  constructor(storage: CheckpointStorage, restore: TaskRestore) {
    this.#storage = storage
    this.#restore = restore
  }

  async load(): Promise<void> {
    const waiting = [...filesOf(this.#restore).values()]
    const work = async (): Promise<void> => {
      for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
        this.#loaded.set(file.path, await this.#loadOne(file))
      }
    }
    try {
      await Promise.all(Array.from({ length: LOADS_MAX }, work))
    } catch (error) {
      this.close()
      throw error
    }
  }

  read(file: StateFile, offset: number, bytes: number): Uint8Array {
    const whole = present(this.#loaded.get(file.path), `loaded state file ${file.path}`)
    assert(
      offset >= 0 && bytes >= 0 && offset + bytes <= whole.length,
      `a segment lies within ${file.path}`,
    )
    return whole.subarray(offset, offset + bytes)
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

/** Every file that the restore names, once. */
function filesOf(restore: TaskRestore): ReadonlyMap<string, StateFile> {
  const files = new Map<string, StateFile>()
  for (const operator of restore.operators) {
    for (const state of [...operator.keyed, ...operator.lists]) {
      for (const { file } of state.parts) files.set(file.path, file)
    }
  }
  return files
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
