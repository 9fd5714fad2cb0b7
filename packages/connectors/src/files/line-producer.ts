// Opens a split's file where its reading (re)starts and yields blocks of lines. When the format needs the head of the
// file and reading starts behind it, the head comes first, as a block of its own.

import type { BlockProducer } from './block-pump.ts'
import { openBytes } from './byte-blocks.ts'
import { goneSince } from './file-errors.ts'
import type { FileSystem } from './file-system.ts'
import { type LineBlock, LineBlocks } from './line-blocks.ts'
import type { LineSplit } from './line-split.ts'

export interface PlacedBlock extends LineBlock {
  /** Only the header is to be taken from this block. */
  readonly headOnly: boolean
}

export class LineProducer implements BlockProducer<PlacedBlock> {
  readonly #fs: FileSystem
  readonly #split: LineSplit
  #wantsHead: boolean
  #lines: LineBlocks | null = null

  constructor(fs: FileSystem, split: LineSplit, wantsHead: boolean) {
    this.#fs = fs
    this.#split = split
    this.#wantsHead = wantsHead && startOf(split).offset > 0
  }

  async next(): Promise<PlacedBlock | null> {
    if (this.#wantsHead) {
      this.#wantsHead = false
      const head = await this.#head()
      if (head !== null) return { ...head, headOnly: true }
    }
    this.#lines ??= await this.#open(startOf(this.#split))
    const block = await this.#lines.next()
    return block === null ? null : { ...block, headOnly: false }
  }

  async close(): Promise<void> {
    await this.#lines?.close()
  }

  async #head(): Promise<LineBlock | null> {
    const lines = await this.#open({ offset: 0, atLineStart: true })
    try {
      return await lines.next()
    } finally {
      await lines.close()
    }
  }

  async #open(start: { offset: number; atLineStart: boolean }): Promise<LineBlocks> {
    const { path, compression, end } = this.#split
    const least = Math.max(start.offset, leastBytes(this.#split))
    const range = { path, compression, offset: start.offset, least }
    const bytes = await openBytes(this.#fs, range).catch(goneSince)
    return new LineBlocks(bytes, { path, ...start, end: end ?? Number.POSITIVE_INFINITY })
  }
}

/** A file that has fewer is not the one that was found. Splits of older checkpoints do not say all of it. */
const leastBytes = ({ position, end, bytes }: LineSplit): number =>
  Math.max(position?.offset ?? 0, end ?? 0, bytes ?? 0)

/** Where the bytes of a split begin. In the middle of a file, one byte early: it tells whether a line begins there. */
function startOf(split: LineSplit): { offset: number; atLineStart: boolean } {
  if (split.position !== null) return { offset: split.position.offset, atLineStart: true }
  return split.start === 0
    ? { offset: 0, atLineStart: true }
    : { offset: split.start - 1, atLineStart: false }
}

/** Newlines among the first `end` bytes of a file. */
export async function countNewlines(fs: FileSystem, path: string, end: number): Promise<number> {
  const bytes = await openBytes(fs, { path, compression: 'none', offset: 0, least: end })
  let count = 0
  let left = end
  try {
    for (let read = await bytes.next(); read !== null && left > 0; read = await bytes.next()) {
      const part = read.subarray(0, left)
      for (let at = part.indexOf(10); at >= 0; at = part.indexOf(10, at + 1)) count += 1
      left -= part.length
    }
  } finally {
    await bytes.close()
  }
  return count
}
