// Reads a file ahead in blocks, in the background, and hands them out synchronously. A block begins with the bytes that
// the one before left over (a record that its end cut in two), so that whoever decodes sees whole records.

import { type FileHandle, open } from 'node:fs/promises'

const BLOCK_BYTES = 1024 * 1024
/** Room before each block for what the one before leaves over: the longest record. */
const CARRY_BYTES_MAX = 64 * 1024 + 2
const BLOCKS_AHEAD_MAX = 3

export interface FileBlock {
  readonly bytes: Uint8Array
  /** What is to be read is bytes [start, end). */
  readonly start: number
  readonly end: number
  /** Offset in the file of `start`. */
  readonly offset: number
}

interface Filled {
  readonly bytes: Buffer
  readonly length: number
}

export class ReadAhead {
  readonly #path: string
  readonly #wake: () => void
  readonly #ready: Filled[] = []
  readonly #spare: Buffer[] = []
  #file: FileHandle | null = null
  /** Where the next read begins. */
  #readAt: number
  /** Offset in the file behind the last block handed out. */
  #offset: number
  #reading: Promise<void> | null = null
  #ended = false
  #closed = false
  #failure: unknown = null
  #held: Buffer | null = null

  /** `wake` is called when `take` has something new to say. */
  constructor(path: string, offset: number, wake: () => void) {
    this.#path = path
    this.#readAt = offset
    this.#offset = offset
    this.#wake = wake
    this.#read()
  }

  /**
   * The next block, with `carry` (the end of the block before) at its beginning. The block before is used again from
   * here on. Throws what reading failed with.
   */
  take(carry: Uint8Array): FileBlock | 'wait' | 'end' {
    if (this.#failure !== null) throw this.#failure
    const next = this.#ready.shift()
    if (next === undefined) return this.#ended ? 'end' : 'wait'
    const start = CARRY_BYTES_MAX - carry.length
    if (start < 0)
      throw new RangeError(`${this.#path}: a record is longer than ${CARRY_BYTES_MAX} bytes`)
    next.bytes.set(carry, start)
    const offset = this.#offset - carry.length
    this.#offset += next.length
    if (this.#held !== null) this.#spare.push(this.#held)
    this.#held = next.bytes
    this.#read()
    return { bytes: next.bytes, start, end: CARRY_BYTES_MAX + next.length, offset }
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#reading
    await this.#file?.close()
  }

  #read(): void {
    if (this.#reading !== null || this.#ended) return
    this.#reading = this.#fill().then(
      () => {
        this.#reading = null
      },
      (error: unknown) => {
        this.#reading = null
        this.#failure = error
        this.#wake()
      },
    )
  }

  async #fill(): Promise<void> {
    this.#file ??= await open(this.#path)
    while (!this.#closed && !this.#ended && this.#ready.length < BLOCKS_AHEAD_MAX) {
      const bytes = this.#spare.pop() ?? Buffer.allocUnsafeSlow(CARRY_BYTES_MAX + BLOCK_BYTES)
      const { bytesRead } = await this.#file.read(bytes, CARRY_BYTES_MAX, BLOCK_BYTES, this.#readAt)
      this.#readAt += bytesRead
      if (bytesRead === 0) this.#ended = true
      else this.#ready.push({ bytes, length: bytesRead })
      this.#wake()
    }
  }
}
