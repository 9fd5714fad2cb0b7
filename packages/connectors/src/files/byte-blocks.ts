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

export interface BytesRange {
  readonly path: string
  readonly compression: Compression
  /** Where the first block begins; 0 for packed files. */
  readonly offset: number
  /** The file had so many bytes before. */
  readonly least: number
}

/** Opens a file's bytes. Throws WeirError `files/truncated`, also while reading, when there are fewer than there were. */
export async function openBytes(
  fs: FileSystem,
  { path, compression, offset, least }: BytesRange,
): Promise<BlockProducer<Uint8Array>> {
  const file = await fs.openRead(path)
  if (file.bytes < least) {
    await file.close()
    throw truncated(path, file.bytes, least)
  }
  const plain = new PlainBytes(path, file, offset)
  if (compression === 'none') return plain
  return compression === 'gzip'
    ? new UnpackedBytes(path, plain, createGunzip({ chunkSize: READ_BYTES }))
    : new ZstdBytes(path, plain, READ_BYTES)
}

function truncated(path: string, bytes: number, least: number): WeirError {
  return new WeirError('files/truncated', `${path} has ${bytes} bytes, and had ${least} before`, {
    domain: 'external',
    retry: 'never',
    location: path,
    hint: 'Files must not be changed while they are read; put the old one back.',
  })
}

class PlainBytes implements BlockProducer<Uint8Array> {
  readonly #path: string
  readonly #file: ReadableFile
  #offset: number

  constructor(path: string, file: ReadableFile, offset: number) {
    this.#path = path
    this.#file = file
    this.#offset = offset
  }

  async next(): Promise<Uint8Array | null> {
    if (this.#offset >= this.#file.bytes) return null
    const bytes = await this.#file.read(this.#offset, READ_BYTES)
    // What is left of a line that was cut is no line.
    if (bytes.length === 0) throw truncated(this.#path, this.#offset, this.#file.bytes)
    this.#offset += bytes.length
    return bytes
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}
