// npm run faults -- [--cells pr|all|NAME,…] [--list] [--require] [--keep] [--json]

import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { BadCell, type Cell, parseCells } from './cell.ts'
import { faultOf, momentWithin, withoutMoment } from './faults.ts'
import { momentOf } from './moments.ts'
import { type CellResult, runCell } from './run-cell.ts'
import { worldOf } from './world.ts'

const usage = `usage: faults [--cells pr|nightly|all|NAME,…] [--list] [--require] [--keep] [--verbose] [--json]
  --cells    which rows of test/faults/cells.md: pr, nightly, all, or names that may end in * (default pr)
  --list     show them, run nothing
  --require  what this machine cannot do is a failure, not skipped
  --keep     leave the directories with output, checkpoints and logs
  --verbose  show what happens
  --json     last line of stdout: {cells, passed, failed, skipped, failures: […]}`

const HISTORY_LINES = 80
const NAME_COLUMNS = 34

const CELLS: URL = new URL('../cells.md', import.meta.url)

function chosen(all: readonly Cell[], which: string): readonly Cell[] {
  if (which === 'all') return all
  if (which === 'pr' || which === 'nightly') return all.filter(({ set }) => set === which)
  return which.split(',').flatMap((name) => {
    const matches = all.filter((cell) =>
      name.endsWith('*') ? cell.name.startsWith(name.slice(0, -1)) : cell.name === name,
    )
    if (matches.length === 0) throw new BadCell(`there is no cell "${name}"`)
    return matches
  })
}

/** A word that nobody knows is found before the first cell runs, in whatever row it stands. */
function checkWords({ world, moment, faults }: Cell): void {
  worldOf(world)
  momentOf(moment)
  for (const fault of faults) {
    momentOf(momentWithin(fault) ?? moment)
    faultOf(withoutMoment(fault))
  }
}

function tell(result: CellResult): void {
  const { name, verdict, wallMs, proof, firstOutputMs, restarts, slowness, reasons } = result
  const head = name.padEnd(NAME_COLUMNS)
  if (verdict === 'skipped') return console.log(`${head} SKIPPED: ${reasons.join(', ')}`)
  const output = firstOutputMs === null ? 'no output' : `output +${firstOutputMs} ms`
  const seconds = (wallMs / 1_000).toFixed(1)
  const slow = slowness > 1 ? `, machine ${slowness} times slower than idle` : ''
  console.log(
    `${head} ${verdict}  ${output}, ${restarts} restarts, ${seconds} s${slow}  [${proof}]`,
  )
}

function explain({ name, verdict, reasons, history, directory }: CellResult): void {
  if (verdict !== 'failed') return
  for (const line of history.slice(-HISTORY_LINES)) console.error(line)
  for (const reason of reasons) console.error(`  ${name}: ${reason}`)
  console.error(`  kept: ${directory}; again: npm run faults -- --cells ${name}`)
}

interface Summary {
  readonly cells: number
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  readonly wallSeconds: number
  readonly failures: readonly Pick<CellResult, 'name' | 'reasons'>[]
  readonly results: readonly Omit<CellResult, 'history'>[]
}

function summary(results: readonly CellResult[], startedMs: number): Summary {
  const count = (verdict: CellResult['verdict']): number =>
    results.filter((result) => result.verdict === verdict).length
  return {
    cells: results.length,
    passed: count('passed'),
    failed: count('failed'),
    skipped: count('skipped'),
    wallSeconds: Math.round((performance.now() - startedMs) / 100) / 10,
    failures: results
      .filter(({ verdict }) => verdict === 'failed')
      .map(({ name, reasons }) => ({ name, reasons })),
    results: results.map(({ history: _, ...rest }) => rest),
  }
}

/** A machine that must have everything fails in what it lacks. */
const required = (result: CellResult): CellResult =>
  result.verdict === 'skipped' ? { ...result, verdict: 'failed' } : result

async function run(cells: readonly Cell[], options: Options): Promise<number> {
  const startedMs = performance.now()
  const results: CellResult[] = []
  for (const cell of cells) {
    const judged = await runCell(cell, { keep: options.keep, echo: options.verbose })
    const result = options.require ? required(judged) : judged
    results.push(result)
    tell(result)
    explain(result)
  }
  const said = summary(results, startedMs)
  const { passed, failed, skipped, wallSeconds } = said
  if (options.json) console.log(JSON.stringify(said))
  else console.log(`${results.length} cells in ${wallSeconds} s`)
  if (!options.json) console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
  return failed === 0 ? 0 : 1
}

interface Options {
  readonly require: boolean
  readonly keep: boolean
  readonly verbose: boolean
  readonly json: boolean
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      cells: { type: 'string', default: 'pr' },
      list: { type: 'boolean', default: false },
      require: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      verbose: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(usage)
    return 0
  }
  const all = parseCells(readFileSync(CELLS, 'utf8'))
  all.forEach(checkWords)
  const cells = chosen(all, values.cells)
  if (!values.list) return run(cells, values)
  for (const { name, set } of cells) console.log(`${name.padEnd(NAME_COLUMNS)} ${set}`)
  return 0
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
try {
  process.exitCode = await main()
} catch (error) {
  console.error(error instanceof Error ? (error.stack ?? error.message) : error)
  if (error instanceof BadCell) console.error(usage)
  process.exitCode = 2
}
