// A zstd file unpacked: its frames one after the other, each by a decoder of its own.

import { createZstdDecompress } from 'node:zlib'
import type { BlockProducer } from './block-pump.ts'
import { UnpackedBytes } from './unpacked-bytes.ts'
import { ZstdFrame } from './zstd-frame.ts'

export class ZstdBytes implements BlockProducer<Uint8Array> {
  readonly #path: string
  readonly #packed: PackedBytes
  readonly #chunkSize: number
  #frame: UnpackedBytes

  constructor(path: string, packed: BlockProducer<Uint8Array>, chunkSize: number) {
    this.#path = path
    this.#packed = new PackedBytes(packed)
    this.#chunkSize = chunkSize
    // A file without a frame is cut short.
    this.#frame = this.#nextFrame()
  }

  async next(): Promise<Uint8Array | null> {
    for (;;) {
      const block = await this.#frame.next()
      if (block !== null) return block
      if (await this.#packed.atEnd()) return null
      await this.#frame.close()
      this.#frame = this.#nextFrame()
    }
  }

  async close(): Promise<void> {
    await this.#frame.close()
    await this.#packed.close()
  }

  /** Of a skippable frame the decoder makes nothing. */
  #nextFrame(): UnpackedBytes {
    const unpack = createZstdDecompress({ chunkSize: this.#chunkSize })
    return new UnpackedBytes(this.#path, new FrameBytes(this.#packed), unpack)
  }
}

/** The packed bytes of one frame. */
class FrameBytes implements BlockProducer<Uint8Array> {
  readonly #packed: PackedBytes
  readonly #frame = new ZstdFrame()

  constructor(packed: PackedBytes) {
    this.#packed = packed
  }

  async next(): Promise<Uint8Array | null> {
    if (this.#frame.ended) return null
    const bytes = await this.#packed.next()
    // The decoder may take that for an end.
    if (bytes === null) throw new Error('the file ends inside a frame of zstd')
    const end = this.#frame.scan(bytes, 0)
    this.#packed.giveBack(bytes.subarray(end))
    return bytes.subarray(0, end)
  }

  /** The file stays open for the next frame. */
  async close(): Promise<void> {}
}

/** Takes back what belongs to the next frame. */
class PackedBytes implements BlockProducer<Uint8Array> {
  readonly #file: BlockProducer<Uint8Array>
  #rest: Uint8Array | null = null

  constructor(file: BlockProducer<Uint8Array>) {
    this.#file = file
  }

  async next(): Promise<Uint8Array | null> {
    const rest = this.#rest
    this.#rest = null
    return rest ?? (await this.#file.next())
  }

  async atEnd(): Promise<boolean> {
    this.#rest ??= await this.#file.next()
    return this.#rest === null
  }

  giveBack(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#rest = bytes
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}
