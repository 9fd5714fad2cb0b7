// What hyparquet needs to know from us: how to unpack (by Node's own libraries where it has them) and what its values
// become: times are milliseconds since 1970.

import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib'
import type { AsyncBuffer, Compressors, FileMetaData, ParquetParsers } from 'hyparquet'
import { parquetMetadataAsync } from 'hyparquet'
import { compressors as wasmCompressors } from 'hyparquet-compressors'
import { damagedFile } from './file-errors.ts'
import type { ReadableFile } from './file-system.ts'

const DAY_MS = 86_400_000
const MS_NANOS = 1_000_000n

export const parquetCompressors: Compressors = {
  ...wasmCompressors,
  GZIP: (packed) => gunzipSync(packed),
  ZSTD: (packed) => zstdDecompressSync(packed),
  BROTLI: (packed) => brotliDecompressSync(packed),
}

export const parquetParsers: Partial<ParquetParsers> = {
  timestampFromMilliseconds: (ms) => Number(ms),
  timestampFromMicroseconds: (micros) => Math.floor(Number(micros) / 1_000),
  timestampFromNanoseconds: (nanos) => {
    const ms = Number(nanos / MS_NANOS)
    return nanos % MS_NANOS < 0n ? ms - 1 : ms
  },
  dateFromDays: (days) => days * DAY_MS,
}

/** A file as hyparquet reads it. */
export function asyncBuffer(file: ReadableFile): AsyncBuffer {
  return {
    byteLength: file.bytes,
    slice: async (start, end = file.bytes) => {
      const from = start < 0 ? file.bytes + start : start
      const bytes = await file.read(from, end - from)
      return exactBuffer(bytes)
    },
  }
}

/** The memory of `bytes` and nothing else, without a copy where they have it to themselves. */
function exactBuffer(bytes: Uint8Array): ArrayBuffer {
  const { buffer, byteLength } = bytes
  if (buffer instanceof ArrayBuffer && byteLength === buffer.byteLength) return buffer
  return new Uint8Array(bytes).buffer
}

/** Schema and row groups. Throws WeirError `files/damaged`. */
export async function readMetadata(path: string, file: ReadableFile): Promise<FileMetaData> {
  try {
    return await parquetMetadataAsync(asyncBuffer(file), { parsers: parquetParsers })
  } catch (error) {
    throw damagedFile(path, 'is no Parquet file', error)
  }
}

/** Names of the columns at the top of the schema. */
export function columnNames(metadata: FileMetaData): readonly string[] {
  const [root, ...elements] = metadata.schema
  const names: string[] = []
  let at = 0
  for (let child = 0; child < (root?.num_children ?? 0); child++) {
    names.push(elements[at]?.name ?? '')
    at = behind(elements, at)
  }
  return names
}

/** Index behind an element and everything below it. */
function behind(
  elements: readonly { readonly num_children?: number | undefined }[],
  at: number,
): number {
  let next = at + 1
  for (let child = 0; child < (elements[at]?.num_children ?? 0); child++)
    next = behind(elements, next)
  return next
}
