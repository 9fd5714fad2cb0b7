// Bytes unpacked by one of Node's decoders: packed blocks are written into it as it takes them, and read out of it.

import type { Transform } from 'node:stream'
import { WeirError } from '@weirjs/common/core/errors'
import type { BlockProducer } from './block-pump.ts'
import { damagedFile } from './file-errors.ts'

export class UnpackedBytes implements BlockProducer<Uint8Array> {
  readonly #path: string
  readonly #packed: BlockProducer<Uint8Array>
  readonly #unpack: Transform
  readonly #chunks: AsyncIterator<unknown>
  #feeding: Promise<void> | null = null

  constructor(path: string, packed: BlockProducer<Uint8Array>, unpack: Transform) {
    this.#path = path
    this.#packed = packed
    this.#unpack = unpack
    this.#chunks = this.#unpack[Symbol.asyncIterator]()
  }

  async next(): Promise<Uint8Array | null> {
    this.#feeding ??= this.#feed()
    try {
      const { value, done } = await this.#chunks.next()
      if (done !== true) return value as Uint8Array
      await this.#feeding
      return null
    } catch (error) {
      // What the file system says of the packed bytes is no damage.
      throw error instanceof WeirError
        ? error
        : damagedFile(this.#path, 'cannot be unpacked', error)
    }
  }

  async close(): Promise<void> {
    this.#unpack.destroy()
    await this.#feeding
    await this.#packed.close()
  }

  /** Never rejects: what goes wrong ends the unpacking, which `next` then reports. */
  async #feed(): Promise<void> {
    try {
      for (
        let bytes = await this.#packed.next();
        bytes !== null;
        bytes = await this.#packed.next()
      ) {
        if (this.#unpack.destroyed) return
        if (!this.#unpack.write(bytes)) await this.#drained()
      }
      this.#unpack.end()
    } catch (error) {
      this.#unpack.destroy(error instanceof Error ? error : new Error(String(error)))
    }
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#unpack.off('drain', done)
        this.#unpack.off('close', done)
        resolve()
      }
      this.#unpack.on('drain', done)
      this.#unpack.on('close', done)
    })
  }
}
