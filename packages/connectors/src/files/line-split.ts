// A piece of a file of lines: which bytes, and how far it has been read.

import { plainCodec } from '../plain-codec.ts'
import type { Codec } from '@weirjs/common/core/codec'
import { type Compression, compressionOf } from './byte-blocks.ts'
import type { FileSplit } from './file-enumerator.ts'
import type { FoundFile } from './file-paths.ts'

/** Files are cut into pieces of about this size where they can be cut. */
export const SPLIT_BYTES: number = 16 * 1024 * 1024

/** Where reading goes on: at line `skip` (from 0) of those that begin at `offset`. */
export interface LinePosition {
  /** The start of a line; 0 for packed files. */
  readonly offset: number
  readonly skip: number
  /** Lines of the split before `offset`. */
  readonly lines: number
  /** Where the split's first line begins. */
  readonly first: number
}

export interface LineSplit extends FileSplit {
  readonly path: string
  readonly compression: Compression
  /** The split has the lines that begin at bytes [start, end); `end` null: to the end of the file. */
  readonly start: number
  readonly end: number | null
  /** Null: nothing read yet. */
  readonly position: LinePosition | null
  /** Of the whole file, as it was found. */
  readonly bytes?: number
}

export const lineSplitCodec: Codec<LineSplit> = plainCodec('files/line-split', 1)

/** Packed files are left until they are done: how far a reader is in one says nothing about its bytes. */
export function bytesLeft({ start, end, position, bytes }: LineSplit): number | null {
  const last = end ?? bytes ?? null
  return last === null ? null : Math.max(0, last - (position?.offset ?? start))
}

export interface CutOptions {
  readonly splittable: boolean
  readonly splitBytes: number
  /** `auto`: by the file's name. */
  readonly compression: Compression | 'auto'
}

/** The splits of one file. */
export function cutFile(file: FoundFile, options: CutOptions): readonly LineSplit[] {
  const { path, bytes } = file
  const compression = options.compression === 'auto' ? compressionOf(path) : options.compression
  const whole = !options.splittable || compression !== 'none' || bytes <= options.splitBytes
  if (whole) return [{ id: path, path, compression, start: 0, end: null, position: null, bytes }]
  const pieces = Math.ceil(bytes / options.splitBytes)
  const size = Math.ceil(bytes / pieces)
  return Array.from({ length: pieces }, (_, i) => ({
    id: `${path}@${i * size}`,
    path,
    compression,
    start: i * size,
    end: i === pieces - 1 ? null : (i + 1) * size,
    position: null,
    bytes,
  }))
}
