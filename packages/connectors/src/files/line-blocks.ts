// Bytes as blocks of whole lines, decoded to text by one native call each. A split [start, end) of a file has the lines
// that start in it: the line across its start belongs to the split before, the line across its end is read to its end.

import { isAscii, isUtf8 } from 'node:buffer'
import { WeirError } from '@weirjs/common/core/errors'
import type { BlockProducer } from './block-pump.ts'

/** A longer line is refused: it would have to be held as a whole. */
export const LINE_BYTES_MAX: number = 16 * 1024 * 1024

const NEWLINE = 10

export interface LineBlock {
  /** Whole lines, each with its newline, but for the last of a file. */
  readonly text: string
  /** Where the block begins in the (unpacked) file. */
  readonly offset: number
  /** Numbers of lines within the block that are not valid UTF-8; null: all are. */
  readonly damagedLines: ReadonlySet<number> | null
}

export interface LineRange {
  readonly path: string
  /** Where the bytes given to this reader begin. */
  readonly offset: number
  /** True: `offset` is the start of a line. False: drop everything up to the first newline. */
  readonly atLineStart: boolean
  /** Lines that start at or behind this are not ours; infinite: to the end of the file. */
  readonly end: number
}

export class LineBlocks implements BlockProducer<LineBlock> {
  readonly #bytes: BlockProducer<Uint8Array>
  readonly #range: LineRange
  /** Bytes read and not given out: the beginning of a line. */
  #rest: Uint8Array[] = []
  #restBytes = 0
  /** Where the rest begins. */
  #offset: number
  #skipping: boolean
  #done = false

  constructor(bytes: BlockProducer<Uint8Array>, range: LineRange) {
    this.#bytes = bytes
    this.#range = range
    this.#offset = range.offset
    this.#skipping = !range.atLineStart
  }

  async next(): Promise<LineBlock | null> {
    while (!this.#done && this.#offset < this.#range.end) {
      const read = await this.#bytes.next()
      if (read === null) return this.#lastLine()
      const fresh = this.#skipping ? this.#skipFirstLine(read) : read
      const cut = this.#cut(fresh)
      if (cut > 0) return this.#take(fresh, cut)
      this.#keep(fresh)
    }
    return null
  }

  close(): Promise<void> {
    return this.#bytes.close()
  }

  /** How many of `fresh` end the block: up to the last newline, or the one that ends the split's last line. */
  #cut(fresh: Uint8Array): number {
    const start = this.#offset + this.#restBytes
    if (start + fresh.length < this.#range.end) return fresh.lastIndexOf(NEWLINE) + 1
    // The line with byte end - 1 is the last of the split.
    const at = fresh.indexOf(NEWLINE, Math.max(0, this.#range.end - 1 - start))
    if (at < 0) return fresh.lastIndexOf(NEWLINE) + 1
    this.#done = true
    return at + 1
  }

  #take(fresh: Uint8Array, cut: number): LineBlock {
    const head = fresh.subarray(0, cut)
    const bytes = this.#rest.length === 0 ? head : Buffer.concat([...this.#rest, head])
    const block = decode(bytes, this.#offset)
    this.#offset += bytes.length
    const tail = fresh.subarray(cut)
    this.#rest = tail.length === 0 ? [] : [tail]
    this.#restBytes = tail.length
    return block
  }

  #keep(fresh: Uint8Array): void {
    if (fresh.length === 0) return
    this.#rest.push(fresh)
    this.#restBytes += fresh.length
    if (this.#restBytes <= LINE_BYTES_MAX) return
    throw new WeirError(
      'files/line-too-long',
      `a line of ${this.#range.path} is longer than ${LINE_BYTES_MAX} bytes`,
      {
        domain: 'user',
        location: `${this.#range.path} (byte ${this.#offset})`,
        hint: 'Is this a file of lines, and is its compression named by its ending?',
      },
    )
  }

  #skipFirstLine(read: Uint8Array): Uint8Array {
    const at = read.indexOf(NEWLINE)
    if (at < 0) {
      this.#offset += read.length
      return read.subarray(read.length)
    }
    this.#skipping = false
    this.#offset += at + 1
    if (this.#offset >= this.#range.end) this.#done = true
    return this.#done ? read.subarray(read.length) : read.subarray(at + 1)
  }

  #lastLine(): LineBlock | null {
    this.#done = true
    if (this.#restBytes === 0) return null
    const block = decode(Buffer.concat(this.#rest), this.#offset)
    this.#rest = []
    return block
  }
}

function decode(bytes: Uint8Array, offset: number): LineBlock {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  // One byte a character is the smaller and faster string.
  if (isAscii(buffer)) return { text: buffer.toString('latin1'), offset, damagedLines: null }
  const text = buffer.toString('utf8')
  return {
    text: offset === 0 ? withoutMark(text) : text,
    offset,
    damagedLines: isUtf8(buffer) ? null : damagedLines(buffer),
  }
}

/** A byte order mark at the start of a file is not part of its first line. */
const withoutMark = (text: string): string => (text.charCodeAt(0) === 0xfeff ? text.slice(1) : text)

function damagedLines(buffer: Buffer): ReadonlySet<number> {
  const damaged = new Set<number>()
  for (let at = 0, line = 0; at < buffer.length; line++) {
    const newline = buffer.indexOf(NEWLINE, at)
    const end = newline < 0 ? buffer.length : newline
    if (!isUtf8(buffer.subarray(at, end))) damaged.add(line)
    at = end + 1
  }
  return damaged
}
