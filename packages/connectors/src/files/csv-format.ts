// Comma-separated values (RFC 4180): fields in quotes may have separators, doubled quotes and newlines in them. The first
// line names the columns. Declared types say what a cell means; without a type every cell is text.

import { Mismatch } from '@weirjs/api/declared-type'
import type { FieldTypes, StructType } from '@weirjs/api/struct'
import type { Codec } from '@weirjs/common/core/codec'
import {
  type LineFormat,
  type LineParser,
  type LineWriter,
  NO_RECORD,
  UNFINISHED,
} from './line-format.ts'
import { LINE_BYTES_MAX } from './line-blocks.ts'

export interface CsvOptions {
  /** One character. Default `,`. */
  readonly separator?: string
  /** False: no line of column names; columns are the type's fields in order. Default true. */
  readonly header?: boolean
  /**
   * False: no field has a newline in it, so that big files can be cut and read by several subtasks. Default true: a
   * file is read as a whole.
   */
  readonly multiline?: boolean
}

type Row = Readonly<Record<string, unknown>>

/** `type` null: records of text by the names in the header. */
export function csvFormat<T>(
  type: StructType<T> | null,
  record: Codec<T>,
  options: CsvOptions,
): LineFormat<T> {
  const { separator = ',', header = true, multiline = true } = options
  if (separator.length !== 1 || separator === '"' || separator === '\n') {
    throw new Mismatch(`${JSON.stringify(separator)} cannot separate columns`)
  }
  if (!header && type === null)
    throw new Mismatch('CSV without a header needs a record type that names its columns')
  return {
    name: 'csv',
    ending: 'csv',
    record,
    splittable: !multiline,
    parser: () => new CsvParser<T>(type?.types ?? null, separator, header, multiline),
    writer: () => new CsvWriter<T>(type, separator, header),
  }
}

/** A declared field and the column that it is read from; -1: there is none. */
interface Column {
  readonly name: string
  readonly type: FieldTypes[string]
  readonly cell: number
}

class CsvParser<T> implements LineParser<T> {
  readonly #types: FieldTypes | null
  readonly #separator: string
  readonly #multiline: boolean
  /** Names in the header; null until it has come. */
  #names: readonly string[] | null = null
  #columns: readonly Column[] = []
  /** Lines of a record whose quotes are still open. */
  #open: string | null = null

  constructor(types: FieldTypes | null, separator: string, header: boolean, multiline: boolean) {
    this.#types = types
    this.#separator = separator
    this.#multiline = multiline
    if (!header && types !== null) this.#setNames(Object.keys(types))
  }

  get wantsHeader(): boolean {
    return this.#names === null
  }

  get unfinished(): string | null {
    return this.#open
  }

  header(line: string): void {
    const whole = this.#join(line)
    if (whole === null) return
    const names = splitRow(whole, this.#separator).map((name) => name.trim())
    const twice = names.find((name, i) => names.indexOf(name) !== i)
    if (twice !== undefined) throw new Mismatch(`the header has two columns "${twice}"`)
    const missing = Object.entries(this.#types ?? {}).find(
      ([name, type]) => !names.includes(name) && isRequired(type),
    )
    if (missing !== undefined)
      throw new Mismatch(`the header has no column "${missing[0]}": ${whole}`)
    this.#setNames(names)
  }

  parse(line: string): T | typeof NO_RECORD | typeof UNFINISHED {
    const whole = this.#join(line)
    if (whole === null) return UNFINISHED
    if (whole === '') return NO_RECORD
    return this.#record(splitRow(whole, this.#separator)) as T
  }

  #setNames(names: readonly string[]): void {
    this.#names = names
    this.#columns = Object.entries(this.#types ?? {}).map(([name, type]) => ({
      name,
      type,
      cell: names.indexOf(name),
    }))
  }

  /** The record that `line` ends, or null when its quotes are still open. */
  #join(line: string): string | null {
    const before = this.#open
    const whole = before === null ? line : `${before}\n${line}`
    if (quotesAreEven(line) === (before === null)) {
      this.#open = null
      return whole
    }
    if (this.#multiline && whole.length <= LINE_BYTES_MAX) {
      this.#open = whole
      return null
    }
    this.#open = null
    throw new Mismatch('a quoted field does not end')
  }

  #record(cells: readonly string[]): Row {
    const names = this.#names ?? []
    if (cells.length !== names.length) {
      throw new Mismatch(`${cells.length} columns where there should be ${names.length}`)
    }
    const record: Record<string, unknown> = {}
    if (this.#types === null)
      for (let i = 0; i < names.length; i++) record[names[i] as string] = cells[i]
    else
      for (const { name, type, cell } of this.#columns)
        record[name] = readCell(type, name, cells[cell])
    return record
  }
}

function readCell(type: FieldTypes[string], name: string, cell: string | undefined): unknown {
  try {
    const absent = cell === undefined || (cell === '' && type.default !== undefined)
    return absent ? type.from(undefined) : type.fromText(cell)
  } catch (error) {
    throw error instanceof Mismatch ? error.within(name) : error
  }
}

const isRequired = (type: FieldTypes[string]): boolean =>
  type.default === undefined && type.kind !== 'optional' && type.kind !== 'nullable'

/** Doubled quotes inside a field keep the number even: an odd line opens a field or closes one. */
function quotesAreEven(line: string): boolean {
  let even = true
  for (let at = line.indexOf('"'); at >= 0; at = line.indexOf('"', at + 1)) even = !even
  return even
}

/** The cells of one record. Throws Mismatch for quotes in wrong places. */
export function splitRow(row: string, separator: string): readonly string[] {
  if (!row.includes('"')) return row.split(separator)
  const cells: string[] = []
  let at = 0
  for (;;) {
    if (row[at] === '"') {
      const end = closingQuote(row, at + 1)
      cells.push(row.slice(at + 1, end).replaceAll('""', '"'))
      at = end + 1
      if (at < row.length && row[at] !== separator)
        throw new Mismatch('there is text behind a closing quote')
    } else {
      const end = row.indexOf(separator, at)
      const cell = row.slice(at, end < 0 ? row.length : end)
      if (cell.includes('"'))
        throw new Mismatch('there is a quote inside a field that is not quoted')
      cells.push(cell)
      at += cell.length
    }
    if (at >= row.length) return cells
    at += 1 // the separator; a row that ends with one has an empty last cell
    if (at === row.length) return [...cells, '']
  }
}

function closingQuote(row: string, from: number): number {
  let at = row.indexOf('"', from)
  while (at >= 0 && row[at + 1] === '"') at = row.indexOf('"', at + 2)
  if (at < 0) throw new Mismatch('a quoted field does not end')
  return at
}

class CsvWriter<T> implements LineWriter<T> {
  readonly #type: StructType<T> | null
  readonly #separator: string
  readonly #header: boolean
  #columns: readonly string[] | null

  constructor(type: StructType<T> | null, separator: string, header: boolean) {
    this.#type = type
    this.#separator = separator
    this.#header = header
    this.#columns = type === null ? null : Object.keys(type.types)
  }

  head(first: T): string | null {
    this.#columns ??= Object.keys(first as Row)
    return this.#header ? this.#row(this.#columns) : null
  }

  line(value: T): string {
    const columns = this.#columns ?? []
    const plain = (this.#type === null ? value : this.#type.toJson(value)) as Row
    if (this.#type === null && Object.keys(plain).some((name) => !columns.includes(name))) {
      throw new Mismatch(
        `a record has other fields than the first one of the file (${columns.join(', ')})`,
      )
    }
    return this.#row(columns.map((name) => cellText(plain[name])))
  }

  #row(cells: readonly string[]): string {
    // A blank line would be no record.
    return cells.map((cell) => this.#quoted(cell)).join(this.#separator) || '""'
  }

  #quoted(cell: string): string {
    const plain =
      !cell.includes('"') &&
      !cell.includes('\n') &&
      !cell.includes('\r') &&
      !cell.includes(this.#separator)
    return plain ? cell : `"${cell.replaceAll('"', '""')}"`
  }
}

function cellText(value: unknown): string {
  if (typeof value === 'string') return value
  if (value === null || value === undefined) return ''
  return typeof value === 'object' ? JSON.stringify(value) : String(value as number)
}
