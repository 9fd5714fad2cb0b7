// Reads file splits one after the other. Each split at work is a cursor; the next one is opened early, so that its first
// block is there when the current one ends.

import type { SourceOutput, SourceReader } from '@weirjs/api/connector'
import type { FileSplit } from './file-enumerator.ts'

/** One split being read. */
export interface SplitCursor<T, Split> {
  /** Emits up to `max` records. `wait`: nothing until its wake. `end`: never again. */
  poll(output: SourceOutput<T>, max: number): 'more' | 'wait' | 'end'
  /** The split with its position: exactly what was emitted lies behind it. */
  position(): Split
  close(): Promise<void>
}

export type OpenCursor<T, Split> = (split: Split) => SplitCursor<T, Split>

/** Cursors open at the same time. */
const CURSORS_OPEN_MAX = 2

export class SplitReader<T, Split extends FileSplit> implements SourceReader<T, Split> {
  readonly #openCursor: OpenCursor<T, Split>
  #open: { readonly id: string; readonly cursor: SplitCursor<T, Split>; begun: boolean }[] = []
  /** Not open yet. */
  #waiting: Split[] = []
  /** Cursors that have ended and are being closed. */
  readonly #closing = new Set<Promise<void>>()
  #failure: unknown = null

  constructor(openCursor: OpenCursor<T, Split>) {
    this.#openCursor = openCursor
  }

  addSplits(splits: readonly Split[]): void {
    // Restored ones may come from several readers, in no order. What was found first is read first: else the watermark
    // follows the later ones, and the records of the earlier are late.
    this.#waiting = [...this.#waiting, ...splits].toSorted((a, b) => orderOf(a) - orderOf(b))
    this.#openNext()
  }

  get idle(): boolean {
    return this.#open.length === 0
  }

  poll(output: SourceOutput<T>, max: number): 'more' | 'wait' {
    if (this.#failure !== null) throw this.#failure
    const current = this.#open[0]
    if (current === undefined) return 'wait'
    if (!current.begun) output.beginSplit(current.id)
    current.begun = true
    const result = current.cursor.poll(output, max)
    if (result !== 'end') return result
    output.endSplit(current.id)
    this.#open.shift()
    this.#openNext()
    this.#closeBehind(current.cursor)
    return this.#open.length === 0 ? 'wait' : 'more'
  }

  snapshot(): readonly Split[] {
    return [...this.#open.map(({ cursor }) => cursor.position()), ...this.#waiting]
  }

  async close(): Promise<void> {
    const open = this.#open.splice(0)
    await Promise.all([...open.map(({ cursor }) => cursor.close()), ...this.#closing])
  }

  #openNext(): void {
    while (this.#open.length < CURSORS_OPEN_MAX) {
      const split = this.#waiting.shift()
      if (split === undefined) return
      this.#open.push({ id: split.id, cursor: this.#openCursor(split), begun: false })
    }
  }

  #closeBehind(cursor: SplitCursor<T, Split>): void {
    const closing = cursor.close().catch((error: unknown) => {
      this.#failure ??= error
    })
    this.#closing.add(closing)
    // Cannot reject: the failure was kept for the next poll.
    void closing.then(() => this.#closing.delete(closing))
  }
}

/** Those without a number were handed out before any that has one. */
const orderOf = ({ order }: FileSplit): number => order ?? -1
