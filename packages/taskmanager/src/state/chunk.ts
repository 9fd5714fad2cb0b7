// A chunk is the piece of a state file that is checked and decoded as a whole: some 64 KiB of
// entries in one block (the format is common/codec/block). Here it is gathered, with the number of
// its entries, which the file keeps per segment.

import { BlockWriter } from '@weirjs/common/codec/block'
import type { ByteSink } from '@weirjs/common/core/codec'
import type { EntrySink } from './moments.ts'

/** A chunk is closed when it has this many bytes; one large entry makes it larger. */
export const CHUNK_BYTES_TARGET: number = 64 * 1024

/** A closed chunk. */
export interface Chunk {
  readonly bytes: Uint8Array
  readonly entries: number
}

export class ChunkWriter {
  readonly #block: BlockWriter
  #entries = 0

  /** `capacityBytes`: what it has room for before it grows. */
  constructor(capacityBytes: number) {
    this.#block = new BlockWriter(capacityBytes)
  }

  get entries(): number {
    return this.#entries
  }

  /** True when it is time to `take`. */
  get full(): boolean {
    return this.#block.bytes >= CHUNK_BYTES_TARGET
  }

  beginEntry(): ByteSink {
    return this.#block.sink
  }

  endEntry(): void {
    this.#entries += 1
  }

  /** The chunk, in memory of its own; the writer is empty afterwards. */
  take(): Chunk {
    const chunk = { bytes: this.#block.take(), entries: this.#entries }
    this.#entries = 0
    return chunk
  }
}

/** Gathers entries in chunks, until somebody takes them. */
export class ChunkGatherer implements EntrySink {
  readonly #writer: ChunkWriter
  readonly #closed: Chunk[] = []

  /** `capacityBytes`: what it has room for before it grows. */
  constructor(capacityBytes: number) {
    this.#writer = new ChunkWriter(capacityBytes)
  }

  beginEntry(): ByteSink {
    return this.#writer.beginEntry()
  }

  endEntry(): void {
    this.#writer.endEntry()
    if (this.#writer.full) this.#closed.push(this.#writer.take())
  }

  /** All that was gathered. */
  take(): readonly Chunk[] {
    if (this.#writer.entries > 0) this.#closed.push(this.#writer.take())
    return this.#closed.splice(0)
  }
}
