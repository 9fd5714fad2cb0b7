// Small words of Markdown for the page.

import type { RunRecord } from './record.ts'

export type Cell = string | number

/** `head` names the columns. Pipes inside cells are escaped. */
export function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const line = (cells: readonly Cell[]): string =>
    `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n')
}

/** 1234567 → 1,234,567, whatever the machine's locale. */
export function count(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ',')
}

/** Where and when: stands below each table. */
export function origin({
  command,
  date,
  commit,
  machine,
  wallSeconds,
}: RunRecord<unknown>): string {
  const { cores, memoryGiB, platform, node } = machine
  return (
    `\`${command}\`: ${date}, commit ${commit}, ${count(wallSeconds)} s ` +
    `on ${cores} cores, ${memoryGiB} GiB, ${platform}, Node ${node}.`
  )
}
