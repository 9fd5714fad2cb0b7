// Comma-separated values (RFC 4180): fields in quotes may have separators, doubled quotes and newlines in them. The first
// line names the columns. Declared types say what a cell means; without a type every cell is text.

import { Mismatch } from '@weirjs/api/declared-type'
import { MS_DIGITS_MIN } from '@weirjs/api/types'
import { asJson } from '@weirjs/api/json-values'
import type { FieldTypes, StructType } from '@weirjs/api/struct'
import { assert } from '@weirjs/common/core/assert'
import type { Codec } from '@weirjs/common/core/codec'
import {
  type LineFormat,
  type LineParser,
  type LineWriter,
  NO_RECORD,
  UNFINISHED,
  inUtf8,
} from './line-format.ts'
import { CsvRows } from './csv-rows.ts'
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

type Type = FieldTypes[string]

/** A declared field and the column that it is read from; -1: there is none. */
interface Column {
  readonly name: string
  readonly type: Type
  readonly cell: number
  /** Numbers are milliseconds, as they are written. */
  readonly isDuration: boolean
}

class CsvParser<T> implements LineParser<T> {
  readonly #types: FieldTypes | null
  readonly #rows: CsvRows
  /** Names in the header; null until it has come. */
  #names: readonly string[] | null = null
  #columns: readonly Column[] = []

  constructor(types: FieldTypes | null, separator: string, header: boolean, multiline: boolean) {
    this.#types = types
    this.#rows = new CsvRows(separator, multiline ? LINE_BYTES_MAX : 0)
    if (!header && types !== null) this.#setNames(Object.keys(types))
  }

  get wantsHeader(): boolean {
    return this.#names === null
  }

  get unfinished(): string | null {
    return this.#rows.unfinished
  }

  header(line: string, returned: boolean): void {
    const cells = this.#rows.take(line, false, returned)
    if (cells === null) return
    const names = cells.map((name) => name.trim())
    const twice = names.find((name, i) => names.indexOf(name) !== i)
    if (twice !== undefined) throw new Mismatch(`the header has two columns "${twice}"`)
    if (this.#types === null && names.includes('__proto__'))
      throw new Mismatch('the header has a column "__proto__", which no record can have')
    const missing = Object.entries(this.#types ?? {}).find(
      ([name, type]) => !names.includes(name) && isRequired(type),
    )
    if (missing !== undefined)
      throw new Mismatch(`the header has no column "${missing[0]}": ${names.join(',')}`)
    this.#setNames(names)
  }

  parse(line: string, returned: boolean): T | typeof NO_RECORD | typeof UNFINISHED {
    if (line === '' && this.#rows.unfinished === null) return NO_RECORD
    const cells = this.#rows.take(line, false, returned)
    return cells === null ? UNFINISHED : (this.#record(cells) as T)
  }

  /** Its quotes count: without them, the lines behind it would be taken for something else. */
  damaged(line: string, returned: boolean): typeof UNFINISHED {
    const cells = this.#rows.take(line, true, returned)
    assert(cells === null, 'a record with a damaged line is bad')
    return UNFINISHED
  }

  #setNames(names: readonly string[]): void {
    this.#names = names
    this.#columns = Object.entries(this.#types ?? {}).map(([name, type]) => ({
      name,
      type,
      cell: names.indexOf(name),
      isDuration: innermost(type).kind === 'duration',
    }))
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
      for (const column of this.#columns) record[column.name] = readCell(column, cells[column.cell])
    return record
  }
}

function readCell({ name, type, isDuration }: Column, cell: string | undefined): unknown {
  try {
    const absent = cell === undefined || (cell === '' && type.default !== undefined)
    if (absent) return type.from(undefined)
    return type.fromText(isDuration && /^\d+$/.test(cell) ? `${cell}ms` : cell)
  } catch (error) {
    throw error instanceof Mismatch ? error.within(name) : error
  }
}

/** What an optional or nullable type is of; any other one itself. */
const innermost = (type: Type): Type =>
  type.kind === 'optional' || type.kind === 'nullable' ? innermost(type.of ?? type) : type

const isRequired = (type: Type): boolean =>
  type.default === undefined && type.kind !== 'optional' && type.kind !== 'nullable'

class CsvWriter<T> implements LineWriter<T> {
  readonly #type: StructType<T> | null
  readonly #separator: string
  readonly #header: boolean
  #columns: readonly string[] | null
  /** Of declared columns, in their order. */
  readonly #cells: readonly CellWriter[]

  constructor(type: StructType<T> | null, separator: string, header: boolean) {
    this.#type = type
    this.#separator = separator
    this.#header = header
    const fields = Object.entries(type?.types ?? {})
    this.#columns = type === null ? null : fields.map(([name]) => name)
    this.#cells = fields.map(([, each]) => cellWriter(each))
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
    return this.#row(columns.map((name, i) => (this.#cells[i] ?? cellText)(plain[name])))
  }

  #row(cells: readonly string[]): string {
    // A blank line would be no record.
    return inUtf8(cells.map((cell) => this.#quoted(cell)).join(this.#separator)) || '""'
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

type CellWriter = (value: unknown) => string

/** So that the type reads the same back. */
function cellWriter({ kind, of }: Type): CellWriter {
  switch (kind) {
    case 'optional':
    case 'nullable': {
      const inner = of === undefined ? cellText : cellWriter(of)
      return (value) => (value === null || value === undefined ? '' : inner(value))
    }
    case 'json':
      return (value) => JSON.stringify(value) ?? ''
    case 'timestamp':
      return timeText
    default:
      return cellText
  }
}

/** A few digits might be a year. */
function timeText(value: unknown): string {
  const text = cellText(value)
  return Number.isSafeInteger(value) && text.length < MS_DIGITS_MIN
    ? new globalThis.Date(value as number).toISOString()
    : text
}

function cellText(value: unknown): string {
  if (typeof value === 'string') return value
  if (value === null || value === undefined) return ''
  return typeof value === 'object' ? JSON.stringify(asJson(value)) : String(value as number)
}
