// A file's content as blocks of bytes, in order: as it lies on the disk, or unpacked on the way.

import type { Transform } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { WeirError } from '@weirjs/common/core/errors'
import { damagedFile } from './file-errors.ts'
import type { BlockProducer } from './block-pump.ts'
import type { FileSystem, ReadableFile } from './file-system.ts'

export const READ_BYTES: number = 256 * 1024

export type Compression = 'none' | 'gzip' | 'zstd'

/** By the end of the name: `.gz` and `.zst` are what they say. */
export function compressionOf(path: string): Compression {
  if (path.endsWith('.gz')) return 'gzip'
  return path.endsWith('.zst') ? 'zstd' : 'none'
}

/**
 * Opens a file's bytes; `offset` (0 for packed files) is where the first block begins. Throws WeirError
 * `files/truncated` when the file does not reach that far.
 */
export async function openBytes(
  fs: FileSystem,
  path: string,
  compression: Compression,
  offset: number,
): Promise<BlockProducer<Uint8Array>> {
  const file = await fs.openRead(path)
  if (file.bytes < offset) {
    await file.close()
    throw new WeirError(
      'files/truncated',
      `${path} has ${file.bytes} bytes, and was read up to ${offset} before`,
      {
        domain: 'external',
        retry: 'never',
        location: path,
        hint: 'Files must not be changed while they are read; put the old one back.',
      },
    )
  }
  const plain = new PlainBytes(file, offset)
  return compression === 'none' ? plain : new UnpackedBytes(path, plain, compression)
}

class PlainBytes implements BlockProducer<Uint8Array> {
  readonly #file: ReadableFile
  #offset: number

  constructor(file: ReadableFile, offset: number) {
    this.#file = file
    this.#offset = offset
  }

  async next(): Promise<Uint8Array | null> {
    if (this.#offset >= this.#file.bytes) return null
    const bytes = await this.#file.read(this.#offset, READ_BYTES)
    this.#offset += bytes.length
    return bytes.length === 0 ? null : bytes
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}

class UnpackedBytes implements BlockProducer<Uint8Array> {
  readonly #path: string
  readonly #packed: PlainBytes
  readonly #unpack: Transform
  readonly #chunks: AsyncIterator<unknown>
  #feeding: Promise<void> | null = null

  constructor(path: string, packed: PlainBytes, compression: 'gzip' | 'zstd') {
    this.#path = path
    this.#packed = packed
    const options = { chunkSize: READ_BYTES }
    this.#unpack = compression === 'gzip' ? createGunzip(options) : createZstdDecompress(options)
    this.#chunks = this.#unpack[Symbol.asyncIterator]()
  }

  async next(): Promise<Uint8Array | null> {
    this.#feeding ??= this.#feed()
    try {
      const { value, done } = await this.#chunks.next()
      if (done !== true) return value as Uint8Array
      await this.#feeding
      return null
    } catch (error) {
      throw damagedFile(this.#path, 'cannot be unpacked', error)
    }
  }

  async close(): Promise<void> {
    this.#unpack.destroy()
    await this.#feeding
    await this.#packed.close()
  }

  /** Never rejects: what goes wrong ends the unpacking, which `next` then reports. */
  async #feed(): Promise<void> {
    try {
      for (
        let bytes = await this.#packed.next();
        bytes !== null;
        bytes = await this.#packed.next()
      ) {
        if (this.#unpack.destroyed) return
        if (!this.#unpack.write(bytes)) await this.#drained()
      }
      this.#unpack.end()
    } catch (error) {
      this.#unpack.destroy(error instanceof Error ? error : new Error(String(error)))
    }
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#unpack.off('drain', done)
        this.#unpack.off('close', done)
        resolve()
      }
      this.#unpack.on('drain', done)
      this.#unpack.on('close', done)
    })
  }
}
