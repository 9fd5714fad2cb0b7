// One split of lines being read: takes decoded blocks, cuts lines out of them, has them parsed and emits records. Its
// position is (start of a block, lines of it that are done): to go on it reads that block again and skips.

import { DEAD_LETTER_CHARS_MAX, type SourceOutput } from '@weirjs/api/connector'
import { Mismatch } from '@weirjs/api/declared-type'
import { WeirError } from '@weirjs/common/core/errors'
import { NO_TIMESTAMP } from '@weirjs/common/core/time-constants'
import { BlockPump } from './block-pump.ts'
import type { FileSystem } from './file-system.ts'
import { type LineFormat, type LineParser, NO_RECORD, UNFINISHED } from './line-format.ts'
import { type PlacedBlock, LineProducer, countNewlines } from './line-producer.ts'
import type { LinePosition, LineSplit } from './line-split.ts'
import type { SplitCursor } from './split-reader.ts'

/** What becomes of a line that cannot be read. */
export type BadLines = 'fail' | 'skip' | 'dead-letter'

/** Records between two looks at whether more are wanted. */
const WANTED_EVERY_RECORDS = 64

export interface LineCursorOptions<T> {
  readonly fs: FileSystem
  readonly format: LineFormat<T>
  readonly badLines: BadLines
  readonly wake: () => void
}

export class LineCursor<T> implements SplitCursor<T, LineSplit> {
  readonly #options: LineCursorOptions<T>
  readonly #split: LineSplit
  readonly #parser: LineParser<T>
  readonly #pump: BlockPump<PlacedBlock>
  #block: PlacedBlock | null = null
  /** Index into the block's text. */
  #at = 0
  /** Lines of the block that were taken. */
  #taken = 0
  /** Lines of the split before the block. */
  #linesBefore: number
  /** Lines that were emitted before a restart. */
  #toSkip: number
  /** Behind the last complete record. */
  #mark: LinePosition | null
  /** Lines of the file before the split's first; null: not counted yet. */
  #base: number | null
  #counting = false
  #failure: unknown = null

  constructor(options: LineCursorOptions<T>, split: LineSplit) {
    this.#options = options
    this.#split = split
    this.#parser = options.format.parser()
    this.#linesBefore = split.position?.lines ?? 0
    this.#toSkip = split.position?.skip ?? 0
    this.#mark = split.position
    this.#base = split.start === 0 ? 0 : null
    const producer = new LineProducer(options.fs, split, this.#parser.wantsHeader)
    this.#pump = new BlockPump(producer, options.wake)
  }

  poll(output: SourceOutput<T>, max: number): 'more' | 'wait' | 'end' {
    if (this.#failure !== null) throw this.#failure
    let left = max
    while (left > 0 && !this.#counting) {
      if (this.#block === null) {
        const taken = this.#pump.take()
        if (taken === 'wait') return 'wait'
        if (taken === 'end') return this.#end(output)
        this.#begin(taken)
      } else {
        const room = Math.min(left, WANTED_EVERY_RECORDS)
        left -= this.#emit(output, this.#block, room)
        if (!output.wanted) return 'more'
      }
    }
    return this.#counting ? 'wait' : 'more'
  }

  position(): LineSplit {
    return { ...this.#split, position: this.#mark }
  }

  close(): Promise<void> {
    return this.#pump.close()
  }

  #begin(block: PlacedBlock): void {
    if (block.headOnly) {
      for (let at = 0; at < block.text.length && this.#parser.wantsHeader; ) {
        const end = lineEnd(block.text, at)
        const returned = isReturned(block.text, at, end)
        this.#header(block.text.slice(at, returned ? end - 1 : end), returned)
        at = end + 1
      }
      return
    }
    this.#block = block
    this.#at = 0
    this.#taken = 0
    this.#mark ??= { offset: block.offset, skip: 0, lines: 0, first: block.offset }
  }

  /** Takes up to `max` records of the block, good or bad; answers how many. Drops the block at its end. */
  #emit(output: SourceOutput<T>, block: PlacedBlock, max: number): number {
    const { text, damagedLines } = block
    let taken = 0
    while (taken < max && this.#at < text.length) {
      const end = lineEnd(text, this.#at)
      const returned = isReturned(text, this.#at, end)
      const line = text.slice(this.#at, returned ? end - 1 : end)
      if (this.#parser.wantsHeader) this.#header(line, returned)
      else if (this.#toSkip === 0) {
        const damaged = damagedLines?.has(this.#taken) === true
        const done = this.#record(output, line, returned, damaged)
        if (done === 'counting') return taken
        if (done === 'taken') taken += 1
      }
      this.#at = end + 1
      this.#taken += 1
      if (this.#toSkip > 0) this.#toSkip -= 1
      else if (this.#parser.unfinished === null) this.#setMark(block)
    }
    if (this.#at >= text.length) {
      this.#linesBefore += this.#taken
      this.#taken = 0
      this.#block = null
    }
    return taken
  }

  #record(
    output: SourceOutput<T>,
    line: string,
    returned: boolean,
    damaged: boolean,
  ): 'taken' | 'nothing' | 'counting' {
    const before = this.#parser.unfinished
    let record: T | typeof NO_RECORD | typeof UNFINISHED
    try {
      record = damaged ? this.#parser.damaged(line, returned) : this.#parser.parse(line, returned)
    } catch (error) {
      if (!(error instanceof Mismatch)) throw error
      const text = before === null ? line : `${before}\n${line}`
      return this.#bad(output, error.sentence, text, this.#linesBefore + this.#taken)
    }
    if (record === NO_RECORD || record === UNFINISHED) return 'nothing'
    output.emit(record as T, NO_TIMESTAMP)
    return 'taken'
  }

  #header(line: string, returned: boolean): void {
    try {
      this.#parser.header(line, returned)
    } catch (error) {
      if (!(error instanceof Mismatch)) throw error
      throw new WeirError('files/bad-header', `${this.#split.path}: ${error.sentence}`, {
        domain: 'user',
        location: `${this.#split.path}:1`,
      })
    }
  }

  /** The split has ended; a record may not have. */
  #end(output: SourceOutput<T>): 'end' {
    const { unfinished } = this.#parser
    if (unfinished === null) return 'end'
    this.#bad(output, 'the file ends inside a quoted field', unfinished, this.#linesBefore - 1)
    return 'end'
  }

  /**
   * A bad record takes time, and room where it is a dead letter: a poll takes no more of them than of good ones. `lastLine`:
   * number of the record's last line within the split, from 0.
   */
  #bad(
    output: SourceOutput<T>,
    reason: string,
    text: string,
    lastLine: number,
  ): 'taken' | 'counting' {
    const { badLines } = this.#options
    if (badLines === 'skip') return 'taken'
    if (this.#base === null) return this.#count()
    const { path } = this.#split
    const line = this.#base + lastLine + 2 - text.split('\n').length
    if (badLines === 'dead-letter') {
      output.deadLetter({ source: path, line, text: text.slice(0, DEAD_LETTER_CHARS_MAX), reason })
      return 'taken'
    }
    throw new WeirError('files/bad-line', `${path}:${line}: ${reason}`, {
      domain: 'user',
      location: `${path}:${line}`,
      hint: "Mend the file, or say badLines: 'skip' or 'dead-letter'.",
    })
  }

  /** Counts the lines before the split, so that a bad line can be named; the line at hand is taken again then. */
  #count(): 'counting' {
    this.#counting = true
    const { path } = this.#split
    countNewlines(this.#options.fs, path, this.#mark?.first ?? 0).then(
      (count) => {
        this.#base = count
        this.#counting = false
        this.#options.wake()
      },
      (error: unknown) => {
        this.#failure = error
        this.#options.wake()
      },
    )
    return 'counting'
  }

  #setMark(block: PlacedBlock): void {
    const first = this.#mark?.first ?? block.offset
    // A packed file cannot be entered in the middle: all its lines are skipped from the start.
    this.#mark =
      this.#split.compression === 'none'
        ? { offset: block.offset, skip: this.#taken, lines: this.#linesBefore, first }
        : { offset: 0, skip: this.#linesBefore + this.#taken, lines: 0, first }
  }
}

function lineEnd(text: string, from: number): number {
  const at = text.indexOf('\n', from)
  return at < 0 ? text.length : at
}

/** The newline is one of two characters. */
const isReturned = (text: string, from: number, end: number): boolean =>
  end > from && text.charCodeAt(end - 1) === 13
