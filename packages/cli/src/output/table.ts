// Tables of text: columns as wide as their widest cell, no frames. Numbers to the right. What is in a cell may come from
// anywhere, so only `paint` adds control characters.

import { printable, printableLines } from '@weirjs/common/core/printable'

/** The same text in colours. */
type Paint = (text: string) => string

export interface Column<Row> {
  readonly title: string
  readonly cell: (row: Row) => string
  readonly align?: 'left' | 'right'
  readonly paint?: Paint
}

const GAP = '  '

/** Lines without trailing blanks, the title line first. */
export function table<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): readonly string[] {
  const body = rows.map((row) => columns.map((column) => printable(column.cell(row))))
  const widths = columns.map(({ title }, i) =>
    body.reduce((widest, cells) => Math.max(widest, cells[i]?.length ?? 0), title.length),
  )
  const line = (cells: readonly string[], paints: readonly Paint[]): string =>
    cells
      .map((cell, i) => {
        const blanks = ' '.repeat((widths[i] ?? 0) - cell.length)
        const painted = paints[i]?.(cell) ?? cell
        return columns[i]?.align === 'right' ? blanks + painted : painted + blanks
      })
      .join(GAP)
      .trimEnd()
  const paints = columns.map(({ paint = asItIs }) => paint)
  const titles = columns.map(({ title }) => title)
  return [line(titles, []), ...body.map((cells) => line(cells, paints))]
}

const asItIs: Paint = (text) => text

/** `name  value` pairs under each other; further lines of a value below its first. */
export function facts(
  pairs: readonly (readonly [name: string, value: string, paint?: Paint])[],
): readonly string[] {
  const widest = Math.max(...pairs.map(([name]) => name.length))
  return pairs.flatMap(([name, value, paint = asItIs]) =>
    printableLines(value).map(
      (line, i) => `${(i === 0 ? name : '').padEnd(widest)}${GAP}${paint(line)}`,
    ),
  )
}
