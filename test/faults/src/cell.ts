// What a cell of the matrix is: one row of the table in cells.md, taken apart. A row says in which world which job is
// treated how, at which moment, and what may come of it. Nothing here does anything.

export interface Cell {
  readonly name: string
  /** `pr`: also among those that run for every change. */
  readonly set: CellSet
  /** Words that a world, a moment or a fault is made of: a kind, and what it wants to know. */
  readonly world: Words
  readonly moment: Words
  /** One after the other; each later one at its own moment (`then at restoring kill jobmanager`). */
  readonly faults: readonly Words[]
  readonly outcome: Outcome
}

export type CellSet = 'pr' | 'nightly'
export type Words = readonly [kind: string, ...rest: readonly string[]]

export interface Outcome {
  /** Of the job, by the engine. */
  readonly restarts: Range
  /** From the fault, or from its end where it lasts, to the first output made afterwards. */
  readonly firstOutputMsMax: number
  /** What must have been said in a log, beside everything that is judged always: of each, one of its wordings. */
  readonly said: readonly (readonly string[])[]
  /** The job's last state. */
  readonly state: string
  /** A negative control: names the judge that must complain. null: it is none. */
  readonly broken: string | null
}

export interface Range {
  readonly min: number
  readonly max: number
}

export class BadCell extends Error {}

const COLUMNS = 6
const FIRST_OUTPUT_MS_MAX = 10_000

/** Rows of all tables of a Markdown text that have the right number of columns; head and rule are passed over. */
export function parseCells(text: string): readonly Cell[] {
  const rows = text
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll('`', '')),
    )
    .filter((row) => row[0] !== 'cell' && !/^:?-+:?$/.test(row[0] ?? ''))
  const cells = rows.map(parseRow)
  const names = cells.map(({ name }) => name)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) throw new BadCell(`there are two cells ${twice}`)
  return cells
}

function parseRow(row: readonly string[]): Cell {
  if (row.length !== COLUMNS) throw new BadCell(`not ${COLUMNS} columns: ${row.join(' | ')}`)
  const [name, set, world, moment, fault, outcome] = row as [
    string,
    string,
    string,
    string,
    string,
    string,
  ]
  if (set !== 'pr' && set !== 'nightly') throw new BadCell(`${name}: there is no set "${set}"`)
  const faults = fault.split(' then ').map((one) => wordsOf(name, one))
  return {
    name,
    set,
    world: wordsOf(name, world),
    moment: wordsOf(name, moment),
    faults,
    outcome: outcomeOf(name, outcome),
  }
}

function wordsOf(cell: string, text: string): Words {
  const [kind = '', ...rest] = text.split(/\s+/)
  if (kind === '') throw new BadCell(`${cell}: an empty column`)
  return [kind, ...rest]
}

/** `restarts 1..2, output 5s, says storage/io or files/io, says worker lost` */
function outcomeOf(cell: string, text: string): Outcome {
  let restarts: Range | null = null
  let firstOutputMsMax = FIRST_OUTPUT_MS_MAX
  let state = 'FINISHED'
  let broken: string | null = null
  const said: string[][] = []
  for (const part of text.split(',').map((one) => one.trim())) {
    const [what, ...rest] = part.split(' ')
    const value = rest.join(' ')
    if (what === 'restarts') restarts = rangeOf(value)
    else if (what === 'output') firstOutputMsMax = durationOf(value)
    else if (what === 'says') said.push(value.split(' or '))
    else if (what === 'state') state = value
    else if (what === 'broken' && value !== '') broken = value
    else throw new BadCell(`${cell}: what is "${part}"?`)
  }
  if (broken !== null) restarts ??= { min: 0, max: Number.POSITIVE_INFINITY }
  if (restarts === null) throw new BadCell(`${cell}: how many restarts?`)
  return { restarts, firstOutputMsMax, said, state, broken }
}

/** `1`, `0..2`, `1..` */
function rangeOf(text: string): Range {
  const [, min, dots, max] = /^(\d+)(\.\.)?(\d+)?$/.exec(text) ?? []
  if (min === undefined) throw new BadCell(`"${text}" is no range`)
  if (dots === undefined) return { min: Number(min), max: Number(min) }
  return { min: Number(min), max: max === undefined ? Number.POSITIVE_INFINITY : Number(max) }
}

/** `200ms`, `4s`; the number alone would be milliseconds. */
export function durationOf(text: string | undefined): number {
  const [, number, unit] = /^([\d.]+)(ms|s)$/.exec(text ?? '') ?? []
  if (number === undefined) throw new BadCell(`"${text}" is no duration`)
  return Number(number) * (unit === 's' ? 1_000 : 1)
}

/** The word behind `name`: `valueOf(['pause', 'tree', 'for', '4s'], 'for')` is `4s`. */
export function valueOf(words: Words, name: string): string | undefined {
  const at = words.indexOf(name)
  return at < 0 ? undefined : words[at + 1]
}
