// Tables of text: columns as wide as their widest cell, no frames. Numbers to the right.

import { stripVTControlCharacters } from 'node:util'

export interface Column<Row> {
  readonly title: string
  readonly cell: (row: Row) => string
  readonly align?: 'left' | 'right'
}

const GAP = '  '

/** Lines without trailing blanks, the title line first. */
export function table<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): readonly string[] {
  const lines = [
    columns.map((column) => column.title),
    ...rows.map((row) => columns.map((column) => column.cell(row))),
  ]
  const widths = columns.map((_, i) => Math.max(...lines.map((cells) => width(cells[i] ?? ''))))
  return lines.map((cells) =>
    cells
      .map((cell, i) => pad(cell, widths[i] ?? 0, columns[i]?.align ?? 'left'))
      .join(GAP)
      .trimEnd(),
  )
}

/** `name  value` pairs under each other. */
export function facts(pairs: readonly (readonly [string, string])[]): readonly string[] {
  const widest = Math.max(...pairs.map(([name]) => name.length))
  return pairs.map(([name, value]) => `${name.padEnd(widest)}${GAP}${value}`)
}

const width = (text: string): number => stripVTControlCharacters(text).length

function pad(text: string, to: number, align: 'left' | 'right'): string {
  const blanks = ' '.repeat(Math.max(0, to - width(text)))
  return align === 'left' ? text + blanks : blanks + text
}
