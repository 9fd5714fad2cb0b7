// What travels between tasks: some records and events in stream order, in one buffer that owns its
// memory and can be handed to another thread. The format is private to Weir and carries a version
// byte; all numbers are little endian.
//
//   | version u8 = 1 | flags u8 | magic u16 "WF" | elements u32 | records u32 |
//   | body bytes u32 | text bytes u32 | body: elements … | text: all characters, 1 or 2 bytes each |
//
//   flags        bits 0-1: bytes a character (0: no text); bit 2: the last element is a barrier
//   record       | 1 + flags | time stamp, varint | key hash, u32 | value |
//                0x10: has a time stamp, minus the one before it; 0x40: absolute; 0x20: has a key hash
//   watermark    | 2 | time, varint |
//   status       | 3 | idle, u8 |
//   barrier      | 4 | checkpoint, varint | triggered at, f64 | final, u8 |  ends its frame (D22)
//   end of data  | 5 |
//
// A record has no length of its own: whoever reads a frame reads every value of it, with the codec
// that wrote it.

import { assert } from '../core/assert.ts'
import type { ByteSink, ByteSource } from '../core/codec.ts'
import { NO_KEY_HASH } from '../core/graph/key-groups.ts'
import { NO_TIMESTAMP } from '../core/time-constants.ts'
import { damaged, ByteReader } from './byte-reader.ts'
import {
  BLOCK_BYTES_MAX,
  ByteWriter,
  RECORD_BYTES_MAX,
  tooLarge,
  type TextForm,
} from './byte-writer.ts'

export const ELEMENT_NONE = 0
export const ELEMENT_RECORD = 1
export const ELEMENT_WATERMARK = 2
export const ELEMENT_STATUS = 3
export const ELEMENT_BARRIER = 4
export const ELEMENT_END_OF_DATA = 5

export const FRAME_HEADER_BYTES = 20

const VERSION = 1
const MAGIC = 0x4657
const FLAG_FORM = 0x03
const FLAG_BARRIER = 0x04

const KIND = 0x0f
const HAS_TIMESTAMP = 0x10
const HAS_KEY_HASH = 0x20
const ABSOLUTE_TIMESTAMP = 0x40

/** So many characters more or less in a record are within what the wire allows for beside RECORD_BYTES_MAX. */
const UNITS_OF_NO_WEIGHT = 1024 * 1024

export interface FrameBarrier {
  readonly checkpointId: number
  /** When the coordinator triggered it, by wall clock. */
  readonly timestampMs: number
  readonly final: boolean
}

export interface FrameWriterOptions {
  /** The frame counts as full from here on; it can grow beyond, by one record. */
  readonly capacityBytes: number
}

export class FrameWriter {
  readonly #capacityBytes: number
  readonly #writer: ByteWriter
  #elements = 0
  #records = 0
  #timestamp = 0
  #barrier = false
  #recordAt = -1
  #recordTextAt = 0
  #timestampBefore = 0

  constructor(options: FrameWriterOptions) {
    this.#capacityBytes = options.capacityBytes
    this.#writer = new ByteWriter(options.capacityBytes)
  }

  /** Bytes that `take` would return, as long as no character above U+00FF is in it. */
  get bytes(): number {
    return FRAME_HEADER_BYTES + this.#writer.bodyBytes + this.#writer.textUnits
  }

  get records(): number {
    return this.#records
  }

  get empty(): boolean {
    return this.#elements === 0
  }

  /** True when it should leave: its capacity is reached, or it ends with a barrier. */
  get full(): boolean {
    return this.bytes >= this.#capacityBytes || this.#barrier
  }

  /**
   * Opens a record; exactly one value is then written to the returned sink, and `endRecord` or
   * `cancelRecord` called. `timestamp` is an integer or NO_TIMESTAMP; `keyHash` is signed, or NO_KEY_HASH when there
   * is none.
   */
  beginRecord(timestamp: number, keyHash: number): ByteSink {
    assert(
      this.#recordAt < 0 && !this.#barrier,
      'a record begins in an open frame, after the one before ended',
    )
    const writer = this.#writer
    this.#recordAt = writer.bodyBytes
    this.#recordTextAt = writer.textUnits
    this.#timestampBefore = this.#timestamp
    writer.allow(RECORD_BYTES_MAX)
    const hasKey = keyHash !== NO_KEY_HASH
    const kind = hasKey ? ELEMENT_RECORD | HAS_KEY_HASH : ELEMENT_RECORD
    if (timestamp === NO_TIMESTAMP) writer.u8(kind)
    else this.#writeTimestamp(kind, timestamp)
    if (hasKey) writer.u32(keyHash)
    return writer
  }

  /**
   * False when the record was taken back because it needs a frame of its own: take this one, and write it again.
   * Throws WeirError `record/too-large`, and takes the record back, when it exceeds RECORD_BYTES_MAX.
   */
  endRecord(): boolean {
    assert(this.#recordAt >= 0, 'endRecord follows beginRecord')
    const writer = this.#writer
    const units = writer.textUnits - this.#recordTextAt
    const size = writer.bodyBytes - this.#recordAt + units
    if (size > UNITS_OF_NO_WEIGHT && !this.#fits(size, units)) return false
    this.#recordAt = -1
    this.#elements++
    this.#records++
    return true
  }

  /** Takes the open record back, if there is one: its value could not be written. */
  cancelRecord(): void {
    if (this.#recordAt < 0) return
    this.#writer.rewind(this.#recordAt, this.#recordTextAt)
    this.#timestamp = this.#timestampBefore
    this.#recordAt = -1
  }

  watermark(time: number): void {
    this.#begin(ELEMENT_WATERMARK)
    this.#writer.varint(time)
  }

  status(idle: boolean): void {
    this.#begin(ELEMENT_STATUS)
    this.#writer.u8(idle ? 1 : 0)
  }

  /** Nothing can follow it in this frame. */
  barrier(barrier: FrameBarrier): void {
    this.#begin(ELEMENT_BARRIER)
    this.#writer.varint(barrier.checkpointId)
    this.#writer.f64(barrier.timestampMs)
    this.#writer.u8(barrier.final ? 1 : 0)
    this.#barrier = true
  }

  endOfData(): void {
    this.#begin(ELEMENT_END_OF_DATA)
  }

  /**
   * The frame, in an ArrayBuffer of exactly its size that nobody else holds. The writer is empty
   * again.
   */
  take(): Uint8Array<ArrayBuffer> {
    assert(this.#recordAt < 0, 'a frame is not taken within a record')
    const writer = this.#writer
    const form = writer.textForm()
    const textBytes = writer.textUnits * form
    const frame = new Uint8Array(FRAME_HEADER_BYTES + writer.bodyBytes + textBytes)
    const header = new DataView(frame.buffer)
    header.setUint8(0, VERSION)
    header.setUint8(1, form | (this.#barrier ? FLAG_BARRIER : 0))
    header.setUint16(2, MAGIC, true)
    header.setUint32(4, this.#elements, true)
    header.setUint32(8, this.#records, true)
    header.setUint32(12, writer.bodyBytes, true)
    header.setUint32(16, textBytes, true)
    writer.copyTo(frame, FRAME_HEADER_BYTES, form)
    this.#reset()
    return frame
  }

  #reset(): void {
    this.#writer.reset()
    this.#elements = 0
    this.#records = 0
    this.#timestamp = 0
    this.#barrier = false
  }

  #begin(kind: number): void {
    assert(this.#recordAt < 0 && !this.#barrier, 'an event lies between records, in an open frame')
    this.#writer.allow(RECORD_BYTES_MAX)
    this.#writer.u8(kind)
    this.#elements++
  }

  #writeTimestamp(kind: number, timestamp: number): void {
    const step = timestamp - this.#timestamp
    const near = Number.isSafeInteger(step)
    this.#writer.u8(near ? kind | HAS_TIMESTAMP : kind | HAS_TIMESTAMP | ABSOLUTE_TIMESTAMP)
    this.#writer.varint(near ? step : timestamp)
    this.#timestamp = timestamp
  }

  /**
   * `size`: bytes of its body, and units of its text. The writer asks for its limit only where it grows: a record may have
   * found so much room that it was never asked. A long text of one byte a character would take two behind a wide text of
   * another record.
   */
  #fits(size: number, units: number): boolean {
    if (size > RECORD_BYTES_MAX) {
      this.cancelRecord()
      throw tooLarge()
    }
    if (units <= UNITS_OF_NO_WEIGHT || size + units <= RECORD_BYTES_MAX) return true
    const writer = this.#writer
    const tooWide = writer.isWide(this.#recordTextAt, writer.textUnits)
    if (!tooWide && !writer.isWide(0, this.#recordTextAt)) return true
    this.cancelRecord()
    if (tooWide) throw tooLarge()
    return false
  }
}

/** What the header of a frame says. */
export interface FrameSummary {
  readonly elements: number
  readonly records: number
  /** The last element is a barrier. */
  readonly endsWithBarrier: boolean
}

interface FrameHeader extends FrameSummary {
  readonly bodyBytes: number
  readonly textBytes: number
  readonly form: TextForm
}

/** Reads the header only; throws WeirError `codec/damaged` when it is no frame of this version. */
export function frameSummary(frame: Uint8Array): FrameSummary {
  return readHeader(frame)
}

export class FrameReader {
  /** Of the last record; NO_TIMESTAMP when it has none. */
  timestamp: number = NO_TIMESTAMP
  /** Of the last record, signed; NO_KEY_HASH when it has none. */
  keyHash: number = NO_KEY_HASH
  watermark: number = NO_TIMESTAMP
  idle = false
  checkpointId = 0
  checkpointTimestampMs = 0
  final = false
  readonly #reader: ByteReader = new ByteReader()
  #elementsLeft = 0
  #recordsLeft = 0
  #endsWithBarrier = false
  #timestampBefore = 0

  /**
   * Where the value of the record lies that `next` has announced. Exactly one value must be read.
   */
  get source(): ByteSource {
    return this.#reader
  }

  /**
   * Starts reading `frame`, whose memory must not change meanwhile. Throws WeirError
   * `codec/damaged`.
   */
  reset(frame: Uint8Array): void {
    const header = readHeader(frame)
    const { bodyBytes, textBytes, form } = header
    this.#reader.reset(frame, { bodyAt: FRAME_HEADER_BYTES, bodyBytes, textBytes, form })
    this.#elementsLeft = header.elements
    this.#recordsLeft = header.records
    this.#endsWithBarrier = header.endsWithBarrier
    this.#timestampBefore = 0
  }

  /**
   * The kind of the next element; its fields are then set. ELEMENT_NONE at the end, and the frame's
   * memory is let go. Throws WeirError `codec/damaged` when the bytes lie, or when a value was read
   * with another codec than it was written.
   */
  next(): number {
    if (this.#elementsLeft === 0) return this.#finish()
    this.#elementsLeft--
    const tag = this.#reader.u8()
    if ((tag & KIND) !== ELEMENT_RECORD) return this.#readEvent(tag)
    this.#recordsLeft--
    if ((tag & HAS_TIMESTAMP) === 0) this.timestamp = NO_TIMESTAMP
    else this.#readTimestamp(tag)
    this.keyHash = (tag & HAS_KEY_HASH) === 0 ? NO_KEY_HASH : this.#reader.i32()
    return ELEMENT_RECORD
  }

  #finish(): number {
    if (!this.#reader.done || this.#recordsLeft !== 0 || this.#endsWithBarrier) {
      throw damaged('a frame does not end where its header says')
    }
    this.#reader.clear()
    return ELEMENT_NONE
  }

  #readTimestamp(tag: number): void {
    const written = this.#reader.varint()
    const absolute = (tag & ABSOLUTE_TIMESTAMP) !== 0
    const timestamp = absolute ? written : this.#timestampBefore + written
    if (!Number.isSafeInteger(timestamp)) throw damaged('a time stamp beyond ±(2^53 - 1)')
    this.timestamp = timestamp
    this.#timestampBefore = timestamp
  }

  #readEvent(tag: number): number {
    const reader = this.#reader
    switch (tag) {
      case ELEMENT_WATERMARK:
        this.watermark = reader.varint()
        return tag
      case ELEMENT_STATUS:
        this.idle = readFlag(reader)
        return tag
      case ELEMENT_BARRIER:
        this.checkpointId = reader.varint()
        this.checkpointTimestampMs = reader.f64()
        this.final = readFlag(reader)
        if (this.#elementsLeft !== 0 || !this.#endsWithBarrier)
          throw damaged('a barrier amid a frame')
        this.#endsWithBarrier = false
        return tag
      case ELEMENT_END_OF_DATA:
        return tag
      default:
        throw damaged(`an element of unknown kind ${tag}`)
    }
  }
}

function readHeader(frame: Uint8Array): FrameHeader {
  if (frame.length < FRAME_HEADER_BYTES || frame.length > BLOCK_BYTES_MAX + FRAME_HEADER_BYTES) {
    throw damaged(`a frame of ${frame.length} bytes`)
  }
  const header = new DataView(frame.buffer, frame.byteOffset, FRAME_HEADER_BYTES)
  if (header.getUint8(0) !== VERSION || header.getUint16(2, true) !== MAGIC) {
    throw damaged('a frame of another version, or none at all')
  }
  const flags = header.getUint8(1)
  const form = flags & FLAG_FORM
  const bodyBytes = header.getUint32(12, true)
  const textBytes = header.getUint32(16, true)
  if (form > 2 || flags > (FLAG_FORM | FLAG_BARRIER)) throw damaged('a frame with unknown flags')
  if (FRAME_HEADER_BYTES + bodyBytes + textBytes !== frame.length)
    throw damaged('a frame of another length')
  return {
    elements: header.getUint32(4, true),
    records: header.getUint32(8, true),
    endsWithBarrier: (flags & FLAG_BARRIER) !== 0,
    bodyBytes,
    textBytes,
    form: form as TextForm,
  }
}

function readFlag(reader: ByteReader): boolean {
  const value = reader.u8()
  if (value > 1) throw damaged('a flag that is neither 0 nor 1')
  return value === 1
}
