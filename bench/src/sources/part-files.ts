// A source over the files part-0 … part-(P-1) of a directory, each a split, as SPEC §3.1 and §4 lay them out. What a
// record looks like is the cutter's business. Reader i reads the parts that the enumerator gives it: part i modulo
// parallelism.

import { StaticEnumerator, staticStateCodec } from '@weirjs/connectors/static-enumerator'
import type { StaticState } from '@weirjs/connectors/static-enumerator'
import { plainCodec } from '@weirjs/connectors/plain-codec'
import type { ReaderContext, Source, SourceOutput, SourceReader } from '@weirjs/api/connector'
import type { Codec } from '@weirjs/common/core/codec'
import { NO_TIMESTAMP } from '@weirjs/common/core/time-constants'
import { join } from 'node:path'
import { type FileBlock, ReadAhead } from './read-ahead.ts'

/** Cuts records out of a piece of bytes. */
export interface Cutter<T> {
  /** Starts with the record at `start`; the piece ends at `end`, within a record perhaps. */
  reset(bytes: Uint8Array, start: number, end: number): void
  /** The next record; null when no further whole one is there. */
  next(): T | null
  /** Bytes from `start` that whole records were cut from. */
  readonly consumed: number
}

export interface PartSplit {
  readonly id: string
  readonly path: string
  /** Of the first record that was not emitted yet. */
  readonly offset: number
}

export interface PartFilesOptions<T> {
  readonly directory: string
  readonly parts: number
  /** Bytes before the first record. */
  readonly headerBytes: number
  readonly record: Codec<T>
  readonly cutter: () => Cutter<T>
}

/** Bytes whose text is decoded by one native call. */
const PIECE_BYTES = 64 * 1024
/** Records between two looks at whether more are wanted. */
const WANTED_EVERY_RECORDS = 64

const splitCodec: Codec<PartSplit> = plainCodec('bench/part', 1)

export function partFiles<T>(options: PartFilesOptions<T>): Source<T, PartSplit, StaticState> {
  const { directory, parts, headerBytes } = options
  const splits = Array.from({ length: parts }, (_, part) => ({
    id: `part-${part}`,
    path: join(directory, `part-${part}`),
    offset: headerBytes,
  }))
  return {
    description: `${parts} files of ${directory}`,
    bounded: true,
    record: options.record,
    splitCodec,
    enumeratorStateCodec: staticStateCodec,
    createEnumerator: (context, restored) => new StaticEnumerator(context, restored, () => splits),
    createReader: (context) => new PartReader(context, options.cutter()),
  }
}

const NOTHING = new Uint8Array(0)

/** Reads its splits one after the other. */
class PartReader<T> implements SourceReader<T, PartSplit> {
  readonly #context: ReaderContext
  readonly #cutter: Cutter<T>
  #splits: PartSplit[] = []
  #ahead: ReadAhead | null = null
  #block: FileBlock | null = null
  /** Begin and end of the piece at hand, in the block. */
  #pieceAt = 0
  #pieceEnd = 0

  constructor(context: ReaderContext, cutter: Cutter<T>) {
    this.#context = context
    this.#cutter = cutter
  }

  addSplits(splits: readonly PartSplit[]): void {
    this.#splits.push(...splits)
  }

  get idle(): boolean {
    return this.#splits.length === 0
  }

  poll(output: SourceOutput<T>, max: number): 'more' | 'wait' {
    if (this.#splits.length === 0) return 'wait'
    const cutter = this.#cutter
    for (let emitted = 0; emitted < max; ) {
      const record = this.#block === null ? null : cutter.next()
      if (record === null) {
        if (!this.#nextPiece(output)) return 'wait'
        continue
      }
      output.emit(record, NO_TIMESTAMP)
      emitted += 1
      if (emitted % WANTED_EVERY_RECORDS === 0 && !output.wanted) break
    }
    return 'more'
  }

  snapshot(): readonly PartSplit[] {
    const [first, ...rest] = this.#splits
    if (first === undefined || this.#block === null) return [...this.#splits]
    return [{ ...first, offset: this.#offset }, ...rest]
  }

  async close(): Promise<void> {
    await this.#ahead?.close()
  }

  get #offset(): number {
    const block = this.#block as FileBlock
    return block.offset + this.#pieceAt - block.start + this.#cutter.consumed
  }

  /** The piece at hand is used up. False when nothing can be read just now. */
  #nextPiece(output: SourceOutput<T>): boolean {
    const block = this.#block
    if (block === null) return this.#nextBlock(output, NOTHING)
    const { consumed } = this.#cutter
    const whole = this.#pieceEnd === block.end
    this.#pieceAt += consumed
    if (whole) return this.#nextBlock(output, block.bytes.subarray(this.#pieceAt, block.end))
    // A record that is longer than a piece gets all there is.
    this.#setPiece(
      block,
      consumed === 0 ? block.end : Math.min(this.#pieceAt + PIECE_BYTES, block.end),
    )
    return true
  }

  #setPiece(block: FileBlock, end: number): void {
    this.#pieceEnd = end
    this.#cutter.reset(block.bytes, this.#pieceAt, end)
  }

  #nextBlock(output: SourceOutput<T>, carry: Uint8Array): boolean {
    const split = this.#splits[0] as PartSplit
    if (this.#ahead === null) {
      this.#ahead = new ReadAhead(split.path, split.offset, () => this.#context.wake())
      output.beginSplit(split.id)
    }
    const block = this.#ahead.take(carry)
    if (block === 'wait') {
      this.#cutter.reset(NOTHING, 0, 0)
      return false
    }
    if (block === 'end') return this.#endSplit(output, carry)
    this.#block = block
    this.#pieceAt = block.start
    this.#setPiece(block, Math.min(block.start + PIECE_BYTES, block.end))
    return true
  }

  #endSplit(output: SourceOutput<T>, left: Uint8Array): boolean {
    const split = this.#splits.shift() as PartSplit
    if (left.length > 0) throw new RangeError(`${split.path} ends within a record`)
    output.endSplit(split.id)
    // Nothing is being read any more; what is left is to close a file that was only read.
    void this.#ahead?.close()
    this.#ahead = null
    this.#block = null
    return this.#splits.length > 0
  }
}
