// Cuts records of CSV into cells as their lines come. A quote opens a field only where the field begins; anywhere else it
// is a mistake of the record that it stands in, and of no other.

import { Mismatch } from '@weirjs/api/declared-type'
import { NOT_UTF8 } from './line-format.ts'

export class CsvRows {
  readonly #separator: string
  readonly #openCharsMax: number
  /** Lines of a record whose last field is still open; null: there is none. The rest is about that record. */
  #lines: string | null = null
  #cells: string[] = []
  /** What there is of its open field, behind the quote, as it was written. */
  #field = ''
  #damaged = false

  /** `openCharsMax`: a record that is longer and still open is refused. */
  constructor(separator: string, openCharsMax: number) {
    this.#separator = separator
    this.#openCharsMax = openCharsMax
  }

  get unfinished(): string | null {
    return this.#lines
  }

  /**
   * The cells of the record that `line` ends, or null when a field is still open. Throws Mismatch for quotes in wrong
   * places, and at the end of a record that has a damaged line; the record is then forgotten. `returned`: there was a
   * carriage return behind the line, which is part of a field that is open there.
   */
  take(line: string, damaged: boolean, returned: boolean): readonly string[] | null {
    const before = this.#lines
    if (before === null) {
      if (!damaged && !line.includes('"')) return line.split(this.#separator)
      this.#cells = []
      this.#damaged = damaged
    } else if (damaged) this.#damaged = true
    this.#lines = null
    const cells = this.#cells
    if (!this.#cut(line, before !== null)) {
      const whole = before === null ? line : `${before}\n${line}`
      if (whole.length > this.#openCharsMax) throw new Mismatch('a quoted field does not end')
      this.#lines = whole
      if (returned) this.#field += '\r'
      return null
    }
    if (this.#damaged) throw new Mismatch(NOT_UTF8)
    return cells
  }

  /** Adds the cells of `line`, which begins in an open field or not; false: it ends in one. */
  #cut(line: string, beginsOpen: boolean): boolean {
    let open = beginsOpen
    if (open) this.#field += '\n'
    for (let at = 0; ; at++) {
      if (!open && line[at] === '"') {
        open = true
        this.#field = ''
        at += 1
      }
      if (open) {
        const end = closingQuote(line, at)
        if (end < 0) {
          this.#field += line.slice(at)
          return false
        }
        this.#cells.push((this.#field + line.slice(at, end)).replaceAll('""', '"'))
        open = false
        at = end + 1
        if (at < line.length && line[at] !== this.#separator)
          throw new Mismatch('there is text behind a closing quote')
      } else {
        const end = line.indexOf(this.#separator, at)
        const cell = line.slice(at, end < 0 ? line.length : end)
        if (cell.includes('"'))
          throw new Mismatch('there is a quote inside a field that is not quoted')
        this.#cells.push(cell)
        at += cell.length
      }
      if (at >= line.length) return true
    }
  }
}

/** Index of the first quote that is not doubled; -1: there is none. */
function closingQuote(line: string, from: number): number {
  let at = line.indexOf('"', from)
  while (at >= 0 && line[at + 1] === '"') at = line.indexOf('"', at + 2)
  return at
}
