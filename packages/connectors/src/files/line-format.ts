// What a line means: text, NDJSON (CSV has its own file). A parser lives for one split; lines come to it in order.

import { type DeclaredType, Mismatch } from '@weirjs/api/declared-type'
import type { Codec } from '@weirjs/common/core/codec'

/** The line is no record (a blank one): go on. */
export const NO_RECORD: unique symbol = Symbol('no record')
/** The record goes on in the next line. */
export const UNFINISHED: unique symbol = Symbol('unfinished')

/** What is wrong with a damaged line. */
export const NOT_UTF8 = 'this is not valid UTF-8'

export interface LineParser<T> {
  /** True while lines from the head of the file are needed before records can be read. */
  readonly wantsHeader: boolean
  /** A line from the head of the file. Throws Mismatch. `returned`, here and below: a carriage return came behind it. */
  header(line: string, returned: boolean): void
  /** A record, or why not. Throws Mismatch for a bad record, which is then forgotten. */
  parse(line: string, returned: boolean): T | typeof NO_RECORD | typeof UNFINISHED
  /**
   * A line that is not valid UTF-8, with what could not be read replaced: the record that it is part of is bad. Throws
   * Mismatch when that record ends here.
   */
  damaged(line: string, returned: boolean): typeof UNFINISHED
  /** The lines of a record that is not complete; null: there is none. */
  readonly unfinished: string | null
}

/** How one record is written as a line (without newline), and what comes before the first. */
export interface LineWriter<T> {
  /** First line of each file, or null. Asked before the first record of a file, which it is given. */
  head(first: T): string | null
  line(value: T): string
}

export interface LineFormat<T> {
  /** For people: `ndjson`. */
  readonly name: string
  /** Of the names of files written: `ndjson`. */
  readonly ending: string
  readonly record: Codec<T>
  /** A record is one line, so that files may be cut anywhere. */
  readonly splittable: boolean
  parser(): LineParser<T>
  writer(): LineWriter<T>
}

/** Every line is a record. */
export function textFormat(record: Codec<string>): LineFormat<string> {
  return {
    name: 'text',
    ending: 'txt',
    record,
    splittable: true,
    parser: () => ({
      wantsHeader: false,
      header: noHeader,
      parse: (line) => line,
      damaged: badLine,
      unfinished: null,
    }),
    writer: () => ({ head: () => null, line: textLine }),
  }
}

/** Every line that is not blank is a JSON value. */
export function ndjsonFormat<T>(type: DeclaredType<T>): LineFormat<T> {
  const parse = (line: string): T | typeof NO_RECORD => {
    if (line.trim() === '') return NO_RECORD
    return type.from(parseJson(line))
  }
  return {
    name: 'ndjson',
    ending: 'ndjson',
    record: type,
    splittable: true,
    parser: () => ({
      wantsHeader: false,
      header: noHeader,
      parse,
      damaged: badLine,
      unfinished: null,
    }),
    writer: () => ({ head: () => null, line: (value) => jsonLine(type.toJson(value)) }),
  }
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch (error) {
    throw new Mismatch(
      `this is no JSON (${error instanceof Error ? error.message : String(error)})`,
    )
  }
}

function jsonLine(value: unknown): string {
  let line: string | undefined
  try {
    line = JSON.stringify(value)
  } catch (error) {
    throw new Mismatch(
      `cannot be written as JSON (${error instanceof Error ? error.message : String(error)})`,
    )
  }
  if (typeof line === 'string') return line
  throw new Mismatch(`a ${typeof value} cannot be written as JSON`)
}

function textLine(value: string): string {
  if (typeof value !== 'string')
    throw new Mismatch(`a ${typeof value} cannot be written as a line of text`)
  if (!value.includes('\n')) return inUtf8(value)
  throw new Mismatch('text with a newline in it cannot be written as one line')
}

/** The text itself. UTF-8 has no word for half of a pair of surrogates; Node would write U+FFFD in its place. */
export function inUtf8(value: string): string {
  if (value.isWellFormed()) return value
  throw new Mismatch('text with half of a surrogate pair in it cannot be written as UTF-8')
}

function noHeader(_line: string): void {}

/** Where every line is a record of its own. */
function badLine(_line: string): never {
  throw new Mismatch(NOT_UTF8)
}
