// Words of a file, one a line (SPEC §4). A piece is decoded by one native call; words are pieces of its text.

import type { Cutter } from './part-files.ts'

export class WordCutter implements Cutter<string> {
  #text = ''
  #at = 0

  reset(bytes: Uint8Array, start: number, end: number): void {
    this.#text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1')
    this.#at = 0
  }

  get consumed(): number {
    return this.#at
  }

  next(): string | null {
    const from = this.#at
    const to = this.#text.indexOf('\n', from)
    if (to < 0) return null
    this.#at = to + 1
    return this.#text.substring(from, to)
  }
}
