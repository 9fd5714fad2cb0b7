// The file that one subtask writes for one checkpoint. Integers are little endian.
//
//   | magic 8 | version 1 | identity length 4 | identity, JSON | crc32 4 |            header
//   | chunk | chunk | …                                                 |            see common/codec/block
//   | 0, 4 bytes | chunks 4 | bytes before the footer 8 | crc32 4 | magic 4 |        footer
//
// The identity names job, checkpoint, task and attempt, and the path that the file was written for:
// a file that was swapped with another is not only wrong by its hash, it can say what it is. A
// segment (a key group of a state, or a list) is a run of whole chunks.

import { crc32 } from 'node:zlib'
import { BlockReader } from '@weirjs/common/codec/block'
import type { Segment, StateFile } from '@weirjs/common/core/checkpoint/handles'
import type { ByteSource } from '@weirjs/common/core/codec'
import { WeirError } from '@weirjs/common/core/errors'
import type { CheckpointId, Fence, TaskId } from '@weirjs/common/core/ids'

const MAGIC = 'WEIRSTAT'
const FOOTER_MAGIC = 'TATS'
const VERSION = 1
const FIXED_HEADER_BYTES = 13
const CRC_BYTES = 4
export const FOOTER_BYTES = 24
const IDENTITY_BYTES_MAX = 4_096

export interface FileIdentity {
  readonly fence: Fence
  readonly task: TaskId
  readonly checkpointId: CheckpointId
  /** Relative to the job's directory, as in StateFile. */
  readonly path: string
}

export function encodeHeader(identity: FileIdentity): Uint8Array {
  const { fence, task, checkpointId, path } = identity
  const json = Buffer.from(
    JSON.stringify({
      job: fence.jobId,
      epoch: fence.epoch,
      attempt: fence.attempt,
      vertex: task.vertexId,
      subtask: task.subtask,
      checkpoint: checkpointId,
      path,
    }),
  )
  const header = Buffer.alloc(FIXED_HEADER_BYTES + json.length + CRC_BYTES)
  header.write(MAGIC, 0, 'latin1')
  header.writeUInt8(VERSION, MAGIC.length)
  header.writeUInt32LE(json.length, MAGIC.length + 1)
  json.copy(header, FIXED_HEADER_BYTES)
  header.writeUInt32LE(crc32(header.subarray(0, -CRC_BYTES)), header.length - CRC_BYTES)
  return header
}

export function encodeFooter(chunks: number, bytesBefore: number): Uint8Array {
  const footer = Buffer.alloc(FOOTER_BYTES)
  footer.writeUInt32LE(0, 0)
  footer.writeUInt32LE(chunks, 4)
  footer.writeBigUInt64LE(BigInt(bytesBefore), 8)
  footer.writeUInt32LE(crc32(footer.subarray(0, 16)), 16)
  footer.write(FOOTER_MAGIC, 20, 'latin1')
  return footer
}

/**
 * Throws `state/file-damaged` unless header, every chunk and footer are whole and the file is the
 * one that was asked for.
 */
export function checkStateFile(file: StateFile, bytes: Uint8Array): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const chunksAt = checkHeader(file, buffer)
  if (bytes.length !== file.bytes) {
    throw damagedFile(
      file,
      Math.min(bytes.length, file.bytes),
      `${bytes.length} bytes long instead of ${file.bytes}`,
    )
  }
  const chunks = checkFooter(file, buffer)
  const end = bytes.length - FOOTER_BYTES
  const found = countChunks(file, bytes.subarray(0, end), chunksAt)
  if (found !== chunks) throw damagedFile(file, end, `${found} chunks instead of ${chunks}`)
}

/** Where the chunks begin. */
function checkHeader(file: StateFile, bytes: Buffer): number {
  if (bytes.length < FIXED_HEADER_BYTES + CRC_BYTES)
    throw damagedFile(file, bytes.length, 'the header is cut off')
  if (bytes.toString('latin1', 0, MAGIC.length) !== MAGIC)
    throw damagedFile(file, 0, 'this is no state file')
  const version = bytes.readUInt8(MAGIC.length)
  if (version !== VERSION)
    throw damagedFile(file, MAGIC.length, `version ${version} is unknown to this release`)
  const identityBytes = bytes.readUInt32LE(MAGIC.length + 1)
  const crcAt = FIXED_HEADER_BYTES + identityBytes
  if (identityBytes > IDENTITY_BYTES_MAX || crcAt + CRC_BYTES > bytes.length) {
    throw damagedFile(file, MAGIC.length + 1, 'the header is cut off')
  }
  if (crc32(bytes.subarray(0, crcAt)) !== bytes.readUInt32LE(crcAt)) {
    throw damagedFile(file, 0, 'the header has another checksum than it says')
  }
  const path = pathIn(bytes.toString('utf8', FIXED_HEADER_BYTES, crcAt))
  if (path === null) throw damagedFile(file, FIXED_HEADER_BYTES, 'the header names no file')
  if (path !== file.path)
    throw damagedFile(file, FIXED_HEADER_BYTES, `this is another file: it was written as ${path}`)
  return crcAt + CRC_BYTES
}

/** The path in an identity; null when it is none. */
function pathIn(identity: string): string | null {
  try {
    const value = JSON.parse(identity) as { readonly path?: unknown } | null
    return typeof value?.path === 'string' ? value.path : null
  } catch {
    return null // not JSON
  }
}

/** How many chunks there must be. */
function checkFooter(file: StateFile, bytes: Buffer): number {
  const at = bytes.length - FOOTER_BYTES
  if (at < 0 || bytes.toString('latin1', at + 20) !== FOOTER_MAGIC)
    throw damagedFile(file, at, 'the footer is missing')
  const sum = crc32(bytes.subarray(at, at + 16))
  if (sum !== bytes.readUInt32LE(at + 16) || bytes.readUInt32LE(at) !== 0) {
    throw damagedFile(file, at, 'the footer has another checksum than it says')
  }
  if (bytes.readBigUInt64LE(at + 8) !== BigInt(at))
    throw damagedFile(file, at, 'the footer is at another place than it says')
  return bytes.readUInt32LE(at + 4)
}

function countChunks(file: StateFile, bytes: Uint8Array, from: number): number {
  const reader = new BlockReader()
  let found = 0
  for (let at = from; at < bytes.length; found++) at = openChunk(reader, file, bytes, at, at)
  return found
}

/** Offset behind the chunk at `at`, which is byte `fileAt` of the file. */
function openChunk(
  reader: BlockReader,
  file: StateFile,
  bytes: Uint8Array,
  at: number,
  fileAt: number,
): number {
  try {
    return reader.reset(bytes, at)
  } catch (error) {
    throw damagedFile(file, fileAt, error instanceof Error ? error.message : String(error), error)
  }
}

/** WeirError `state/file-damaged`. */
export function damagedFile(
  file: StateFile,
  offset: number,
  why: string,
  cause?: unknown,
): WeirError {
  return new WeirError(
    'state/file-damaged',
    `${file.path} is damaged at byte ${Math.max(offset, 0)}: ${why}`,
    {
      domain: 'external',
      retry: 'never',
      hint: 'Nothing was restored from it. Bring the file back from a copy, or restore another checkpoint with -s.',
      ...(cause === undefined ? {} : { cause }),
    },
  )
}

/**
 * Calls `visit` for each entry of a segment of a checked file; `visit` must read exactly one entry.
 */
export function forEachEntry(
  file: StateFile,
  segment: Segment,
  read: (file: StateFile, offset: number, bytes: number) => Uint8Array,
  visit: (source: ByteSource) => void,
): void {
  const bytes = read(file, segment.offset, segment.bytes)
  const reader = new BlockReader()
  let entries = 0
  for (let at = 0; at < bytes.length; ) {
    const chunkAt = segment.offset + at
    at = openChunk(reader, file, bytes, at, chunkAt)
    while (!reader.atEnd) {
      visit(reader.source)
      entries += 1
    }
    if (!reader.done) throw damagedFile(file, chunkAt, 'texts do not fill their chunk')
  }
  if (entries !== segment.entries) {
    throw damagedFile(
      file,
      segment.offset,
      `a segment of ${entries} entries instead of ${segment.entries}`,
    )
  }
}
