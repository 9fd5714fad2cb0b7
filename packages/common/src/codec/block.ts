// Values at rest: in state files, and one by one. All numbers are little endian.
//
//   block = | form u8 | text bytes u32 | body … | text … |
//   chunk = | block bytes u32 | CRC-32 of the block u32 | block |    what state files consist of
//
//   form is the bytes a character takes, 0 when there is no text
//
// A chunk is checked before anything in it is decoded. What the values are is known elsewhere
// (handles, manifest).

import { crc32 } from 'node:zlib'
import type { ByteSink, ByteSource, Codec } from '../core/codec.ts'
import { ByteReader, damaged } from './byte-reader.ts'
import {
  BLOCK_BYTES_MAX,
  ByteWriter,
  RECORD_BYTES_MAX,
  tooLarge,
  type TextForm,
} from './byte-writer.ts'

export const CHUNK_HEADER_BYTES = 8
const BLOCK_HEADER_BYTES = 5
const CAPACITY_BYTES_DEFAULT = 64 * 1024
const SINGLE_VALUE_CAPACITY_BYTES = 256

export class BlockWriter {
  readonly #writer: ByteWriter

  constructor(capacityBytes: number = CAPACITY_BYTES_DEFAULT) {
    this.#writer = new ByteWriter(capacityBytes)
  }

  /** Where values go, any number of them. The same object for the life of the writer. */
  get sink(): ByteSink {
    return this.#writer
  }

  /** Size of the chunk so far, as long as no character above U+00FF is in it. */
  get bytes(): number {
    return CHUNK_HEADER_BYTES + BLOCK_HEADER_BYTES + this.#writer.bodyBytes + this.#writer.textUnits
  }

  get empty(): boolean {
    return this.#writer.bodyBytes === 0
  }

  /**
   * The chunk, in memory of its own. The writer is empty again. Throws WeirError
   * `record/too-large`.
   */
  take(): Uint8Array<ArrayBuffer> {
    const chunk = takeBlock(this.#writer, CHUNK_HEADER_BYTES, BLOCK_BYTES_MAX)
    const header = new DataView(chunk.buffer)
    header.setUint32(0, chunk.length - CHUNK_HEADER_BYTES, true)
    header.setUint32(4, crc32(chunk.subarray(CHUNK_HEADER_BYTES)), true)
    return chunk
  }

  /** Forgets what was written, also after an error in the middle of a value. */
  discard(): void {
    this.#writer.reset()
  }
}

export class BlockReader {
  readonly #reader: ByteReader = new ByteReader()

  /** Where the values of the chunk are read from. The same object for the life of the reader. */
  get source(): ByteSource {
    return this.#reader
  }

  /** True when every value of the chunk was read, no more and no less. */
  get done(): boolean {
    return this.#reader.done
  }

  /**
   * True when the chunk has no further value; its text need not have been read to the end (a
   * damaged chunk).
   */
  get atEnd(): boolean {
    return this.#reader.remaining === 0
  }

  /**
   * Starts reading the chunk at `offset`, whose checksum is verified first. Returns the offset
   * behind it. Throws WeirError `codec/damaged`.
   */
  reset(bytes: Uint8Array, offset: number): number {
    if (bytes.length - offset < CHUNK_HEADER_BYTES + BLOCK_HEADER_BYTES)
      throw damaged('a chunk without header')
    const header = new DataView(bytes.buffer, bytes.byteOffset + offset, CHUNK_HEADER_BYTES)
    const length = header.getUint32(0, true)
    const start = offset + CHUNK_HEADER_BYTES
    if (length > bytes.length - start) throw damaged('a chunk runs beyond the end of its file')
    const block = bytes.subarray(start, start + length)
    if (crc32(block) !== header.getUint32(4, true)) throw damaged('a chunk fails its checksum')
    openBlock(this.#reader, block)
    return start + length
  }
}

/**
 * One value as a block of its own, without checksum. Throws WeirError `record/not-encodable`,
 * `record/too-large`.
 */
export function encodeValue<T>(codec: Codec<T>, value: T): Uint8Array<ArrayBuffer> {
  const writer = spareWriter ?? new ByteWriter(SINGLE_VALUE_CAPACITY_BYTES)
  spareWriter = null // a codec may encode another value meanwhile
  try {
    writer.allow(RECORD_BYTES_MAX)
    codec.write(writer, value)
    return takeBlock(writer, 0, RECORD_BYTES_MAX)
  } finally {
    writer.reset()
    spareWriter = writer
  }
}

/** The value that encodeValue made bytes of. Throws WeirError `codec/damaged`. */
export function decodeValue<T>(codec: Codec<T>, bytes: Uint8Array): T {
  const reader = new ByteReader()
  openBlock(reader, bytes)
  const value = codec.read(reader)
  if (!reader.done) throw damaged('a value is followed by something else')
  return value
}

let spareWriter: ByteWriter | null = null

function takeBlock(writer: ByteWriter, before: number, bytesMax: number): Uint8Array<ArrayBuffer> {
  const form = writer.textForm()
  const textBytes = writer.textUnits * form
  const bytes = before + BLOCK_HEADER_BYTES + writer.bodyBytes + textBytes
  if (bytes > bytesMax + before + BLOCK_HEADER_BYTES) throw tooLarge()
  const block = new Uint8Array(bytes)
  const header = new DataView(block.buffer, before)
  header.setUint8(0, form)
  header.setUint32(1, textBytes, true)
  writer.copyTo(block, before + BLOCK_HEADER_BYTES, form)
  writer.reset()
  return block
}

function openBlock(reader: ByteReader, block: Uint8Array): void {
  if (block.length < BLOCK_HEADER_BYTES || block.length > BLOCK_BYTES_MAX + BLOCK_HEADER_BYTES) {
    throw damaged(`a block of ${block.length} bytes`)
  }
  const header = new DataView(block.buffer, block.byteOffset, BLOCK_HEADER_BYTES)
  const form = header.getUint8(0)
  const textBytes = header.getUint32(1, true)
  const bodyBytes = block.length - BLOCK_HEADER_BYTES - textBytes
  if (form > 2 || bodyBytes < 0) throw damaged('a block with a header that cannot be')
  reader.reset(block, { bodyAt: BLOCK_HEADER_BYTES, bodyBytes, textBytes, form: form as TextForm })
}
