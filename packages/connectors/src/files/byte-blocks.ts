// A file's content as blocks of bytes, in order: as it lies on the disk, or unpacked on the way.

import { createGunzip } from 'node:zlib'
import { WeirError } from '@weirjs/common/core/errors'
import type { BlockProducer } from './block-pump.ts'
import type { FileSystem, ReadableFile } from './file-system.ts'
import { UnpackedBytes } from './unpacked-bytes.ts'
import { ZstdBytes } from './zstd-bytes.ts'

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
  if (compression === 'none') return plain
  return compression === 'gzip'
    ? new UnpackedBytes(path, plain, createGunzip({ chunkSize: READ_BYTES }))
    : new ZstdBytes(path, plain, READ_BYTES)
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
