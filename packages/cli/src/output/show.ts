// How a command's answer is printed, in whichever form was asked for: a table or lines for people (wide: with every
// column), JSON on one line, YAML, or only the names of the things for `xargs`. One place, so that every command takes
// every form; those that print lines as they come have text and JSON, and refuse the others.

import { WeirError } from '@weirjs/common/core/errors'
import { yamlText } from '@weirjs/common/node/yaml-text'
import type { GlobalOptions } from '../cli.ts'
import { type Column, table } from './table.ts'
import type { Terminal } from './terminal.ts'

export type Format = 'table' | 'wide' | 'json' | 'yaml' | 'name'
export const FORMATS: readonly Format[] = ['table', 'wide', 'json', 'yaml', 'name']

export interface WideColumn<Row> extends Column<Row> {
  /** Shown with `-o wide` only. */
  readonly wide?: boolean
}

export interface Answer<Row> {
  /** What JSON and YAML hold: stable, documented keys. */
  readonly json: unknown
  /** What `-o name` prints. */
  readonly names: readonly string[]
  /** For people: lines of text, or a table of rows. */
  readonly lines?: readonly string[]
  readonly columns?: readonly WideColumn<Row>[]
  readonly rows?: readonly Row[]
  /** A note instead of an empty table. */
  readonly none?: string
}

export const formatOf = (options: GlobalOptions): Format =>
  options.json === true ? 'json' : (options.format ?? 'table')

/** Of a command that prints lines as they come: one JSON object each, or text? Error: `cli/usage`. */
export function linesAreJson(options: GlobalOptions, command: string, more = ''): boolean {
  const format = formatOf(options)
  if (format === 'json' || format === 'table') return format === 'json'
  throw new WeirError('cli/usage', `${command} does not print ${format}`, {
    domain: 'user',
    hint: `it prints text, and with -o json one object a line${more}`,
  })
}

export function show<Row>(terminal: Terminal, options: GlobalOptions, answer: Answer<Row>): void {
  const format = formatOf(options)
  switch (format) {
    case 'json':
      return terminal.json(answer.json)
    case 'yaml':
      return terminal.data(yamlText(answer.json))
    case 'name':
      for (const name of answer.names) terminal.data(name)
      return
    case 'table':
    case 'wide':
      for (const line of linesOf(terminal, answer, format === 'wide')) terminal.data(line)
  }
}

function linesOf<Row>(terminal: Terminal, answer: Answer<Row>, wide: boolean): readonly string[] {
  const { lines, columns = [], rows = [], none } = answer
  if (lines !== undefined) return lines
  if (rows.length === 0 && none !== undefined) {
    terminal.note(none)
    return []
  }
  return table(
    columns.filter((column) => wide || column.wide !== true),
    rows,
  )
}
