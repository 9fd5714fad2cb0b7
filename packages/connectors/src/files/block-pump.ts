// Reads ahead: pulls blocks from an asynchronous producer into a short queue that is emptied synchronously. The one
// place where a reader's background work and its poll meet.

/** Blocks held ready; the producer stops there. */
export const BLOCKS_AHEAD_MAX = 4

export interface BlockProducer<B> {
  /** The next block, or null at the end. Not called again before it has resolved, nor after null. */
  next(): Promise<B | null>
  close(): Promise<void>
}

export class BlockPump<B> {
  readonly #producer: BlockProducer<B>
  readonly #wake: () => void
  readonly #ready: B[] = []
  #pulling: Promise<void> | null = null
  #ended = false
  #failure: unknown = null
  #closed = false

  /** `wake` is called whenever `take` would answer something new. */
  constructor(producer: BlockProducer<B>, wake: () => void) {
    this.#producer = producer
    this.#wake = wake
    this.#pull()
  }

  /** The next block, `wait` when it is not there yet, or `end`. Throws what the producer failed with. */
  take(): B | 'wait' | 'end' {
    const block = this.#ready.shift()
    if (block !== undefined) {
      this.#pull()
      return block
    }
    if (this.#failure !== null) throw this.#failure
    return this.#ended ? 'end' : 'wait'
  }

  /** Waits for the read that is under way, then closes the producer. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#pulling
    await this.#producer.close()
  }

  #pull(): void {
    if (this.#pulling !== null || this.#ended || this.#failure !== null) return
    this.#pulling = this.#fill().then(
      () => {
        this.#pulling = null
      },
      (error: unknown) => {
        this.#pulling = null
        this.#failure = error
        this.#wake()
      },
    )
  }

  async #fill(): Promise<void> {
    while (!this.#closed && this.#ready.length < BLOCKS_AHEAD_MAX) {
      const block = await this.#producer.next()
      if (block === null) this.#ended = true
      else this.#ready.push(block)
      this.#wake()
      if (block === null) return
    }
  }
}
