// Turns entries into chunks and segments, and hands each closed chunk on. Where chunks go is the
// owner's business: a file (snapshot-writer) or memory (memory-snapshot).

import { assert } from '@weirjs/common/core/assert'
import type { ListMode, ListStateSnapshot, Segment } from '@weirjs/common/core/checkpoint/handles'
import type { ByteSink, Codec } from '@weirjs/common/core/codec'
import { CHUNK_BYTES_TARGET, ChunkWriter } from './chunk.ts'
import type { Chunk } from './chunk.ts'
import type { StateSink } from './state-backend.ts'

export interface ChunkTaker {
  readonly full: boolean
  takeChunk(bytes: Uint8Array): void
}

interface OpenSegment {
  readonly offset: number
  entries: number
}

export class SegmentEncoder implements StateSink {
  readonly #taker: ChunkTaker
  /** Made for the first entry: many subtasks have no state. */
  #writer: ChunkWriter | null = null
  /** Where the next chunk will lie. */
  #offset: number
  #open: OpenSegment | null = null
  #chunks = 0

  constructor(taker: ChunkTaker, firstOffset: number) {
    this.#taker = taker
    this.#offset = firstOffset
  }

  get full(): boolean {
    return this.#taker.full
  }

  get chunks(): number {
    return this.#chunks
  }

  /** Offset behind the last chunk. */
  get offset(): number {
    return this.#offset
  }

  beginSegment(): void {
    assert(this.#open === null, 'segments do not nest')
    this.#open = { offset: this.#offset, entries: 0 }
  }

  beginEntry(): ByteSink {
    this.#writer ??= new ChunkWriter(CHUNK_BYTES_TARGET)
    return this.#writer.beginEntry()
  }

  endEntry(): void {
    const writer = this.#writer
    assert(writer !== null, 'an entry ends after it began')
    writer.endEntry()
    if (writer.full) this.block(writer.take())
  }

  block(chunk: Chunk): void {
    assert(this.#open !== null, 'chunks belong to a segment')
    this.#open.entries += chunk.entries
    this.#offset += chunk.bytes.length
    this.#chunks += 1
    this.#taker.takeChunk(chunk.bytes)
  }

  endSegment(): Segment {
    const open = this.#open
    assert(open !== null, 'a segment ends after it began')
    const writer = this.#writer
    if (writer !== null && writer.entries > 0) this.block(writer.take())
    this.#open = null
    return { offset: open.offset, bytes: this.#offset - open.offset, entries: open.entries }
  }

  /** A list as a segment of its own. */
  list<T>(
    name: string,
    mode: ListMode,
    codec: Codec<T>,
    elements: readonly T[],
  ): ListStateSnapshot {
    this.beginSegment()
    for (const element of elements) {
      codec.write(this.beginEntry(), element)
      this.endEntry()
    }
    return { name, mode, codec: codec.descriptor, segment: this.endSegment() }
  }
}
