// Writes the state file of one subtask for one checkpoint. Entries are encoded into chunks in
// memory, synchronously; closed chunks wait in a bounded queue and go to the storage in the
// background. When the queue is over its bound the writer is `full` and whoever makes entries must
// pause until `onDrained`. The file appears under its name only when `finish` has made all of it
// durable; a subtask without state, or with empty lists only, writes no file. One that could not be
// read back never appears: what is larger than STATE_FILE_BYTES_MAX is counted, not written.

import { createHash } from 'node:crypto'
import { assert } from '@weirjs/common/core/assert'
import type { ListMode, ListStateSnapshot, StateFile } from '@weirjs/common/core/checkpoint/handles'
import { jobDirectory, stateFile } from '@weirjs/common/core/checkpoint/paths'
import type { CheckpointStorage, StagedFile } from '@weirjs/common/core/checkpoint/storage'
import type { Codec } from '@weirjs/common/core/codec'
import { WeirError } from '@weirjs/common/core/errors'
import type { SnapshotWriter, SnapshotWriterRequest } from '../task/factories.ts'
import { SegmentEncoder } from './segment-encoder.ts'
import type { ChunkTaker } from './segment-encoder.ts'
import type { StateSink } from './state-backend.ts'
import { encodeFooter, encodeHeader, FOOTER_BYTES } from './state-file.ts'

/** Bytes that may wait for the storage before the writer is full. */
export const QUEUE_BYTES_MAX: number = 8 * 1024 * 1024
/** It is drained again when no more than this waits. */
const QUEUE_BYTES_LOW = QUEUE_BYTES_MAX / 2
/** Waiting chunks are joined into one write of up to this. */
const WRITE_BYTES_MAX = 1024 * 1024
/** A restore reads and hashes each file as a whole, and neither takes more of Node. */
const STATE_FILE_BYTES_MAX = 2 ** 31 - 1

export class FileSnapshotWriter implements SnapshotWriter, ChunkTaker {
  readonly keyed: StateSink
  readonly #path: string
  readonly #request: SnapshotWriterRequest
  readonly #storage: CheckpointStorage
  readonly #bytesMax: number
  readonly #hash = createHash('sha256')
  readonly #header: Uint8Array
  readonly #encoder: SegmentEncoder
  #queue: Uint8Array[] = []
  #queuedBytes = 0
  #chunks = 0
  #wasFull = false
  #staged: StagedFile | null = null
  /** The background writing; it never rejects, it fails the writer. */
  #pump: Promise<void> | null = null
  #failure: { readonly error: unknown } | null = null
  #ended = false

  constructor(
    storage: CheckpointStorage,
    request: SnapshotWriterRequest,
    bytesMax: number = STATE_FILE_BYTES_MAX,
  ) {
    this.#storage = storage
    this.#bytesMax = bytesMax
    this.#request = request
    this.#path = stateFile(request.checkpointId, request.task, request.fence)
    this.#header = encodeHeader({ ...request, path: this.#path })
    this.#encoder = new SegmentEncoder(this, this.#header.length)
    this.keyed = this.#encoder
  }

  get full(): boolean {
    return this.#queuedBytes > QUEUE_BYTES_MAX
  }

  list<T>(
    name: string,
    mode: ListMode,
    codec: Codec<T>,
    elements: readonly T[],
  ): ListStateSnapshot {
    return this.#encoder.list(name, mode, codec, elements)
  }

  /** For the encoder. */
  takeChunk(bytes: Uint8Array): void {
    if (this.#chunks === 0) this.#enqueue(this.#header)
    this.#chunks += 1
    if (this.#bytes > this.#bytesMax) this.#fail(this.#tooLarge())
    this.#enqueue(bytes)
  }

  async finish(): Promise<StateFile | null> {
    assert(!this.#ended, 'a snapshot is finished once')
    this.#ended = true
    if (this.#chunks === 0) return null
    const footer = encodeFooter(this.#chunks, this.#encoder.offset)
    this.#enqueue(footer)
    await this.#pump
    if (this.#bytes > this.#bytesMax) throw this.#tooLarge()
    if (this.#failure !== null) throw this.#failure.error
    assert(
      this.#staged !== null && this.#queuedBytes === 0,
      'everything is written before it is published',
    )
    await this.#staged.publish()
    return {
      path: this.#path,
      bytes: this.#bytes,
      sha256: this.#hash.digest('hex'),
    }
  }

  async abandon(): Promise<void> {
    this.#ended = true
    this.#fail(new Error('the snapshot was abandoned'))
    await this.#pump
    await this.#staged?.abandon()
  }

  /** Of the file, were it finished now. */
  get #bytes(): number {
    return this.#encoder.offset + FOOTER_BYTES
  }

  #tooLarge(): WeirError {
    const { vertexId, subtask } = this.#request.task
    return new WeirError(
      'state/too-large',
      `the state of subtask ${subtask} of ${vertexId} makes a file of ${this.#bytes} bytes, at most ${this.#bytesMax} can be read back`,
      {
        domain: 'user',
        hint: 'Raise the parallelism of the step, so that more subtasks share its state, or clear state of keys that are done.',
      },
    )
  }

  #enqueue(bytes: Uint8Array): void {
    if (this.#failure !== null) return
    this.#hash.update(bytes)
    this.#queue.push(bytes)
    this.#queuedBytes += bytes.length
    if (this.full) this.#wasFull = true
    this.#pump ??= this.#writeQueued()
  }

  async #writeQueued(): Promise<void> {
    try {
      const path = `${jobDirectory(this.#request.fence.jobId)}/${this.#path}`
      const { epoch, attempt } = this.#request.fence
      this.#staged ??= await this.#storage.stage(path, `${epoch}-${attempt}`)
      while (this.#queue.length > 0) {
        const bytes = this.#takeQueued()
        await this.#staged.write(bytes)
        this.#queuedBytes = Math.max(0, this.#queuedBytes - bytes.length)
        this.#tellDrained()
      }
    } catch (error) {
      this.#fail(error)
    }
    this.#pump = null
  }

  /** Some of what waits, as one piece. */
  #takeQueued(): Uint8Array {
    let count = 0
    let bytes = 0
    for (const piece of this.#queue) {
      if (count > 0 && bytes + piece.length > WRITE_BYTES_MAX) break
      bytes += piece.length
      count += 1
    }
    const pieces = this.#queue.splice(0, count)
    return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces, bytes)
  }

  #fail(error: unknown): void {
    this.#failure ??= { error }
    this.#queue = []
    this.#queuedBytes = 0
    this.#tellDrained()
  }

  #tellDrained(): void {
    if (!this.#wasFull || this.#queuedBytes > QUEUE_BYTES_LOW) return
    this.#wasFull = false
    this.#request.onDrained()
  }
}
