#!/usr/bin/env node
// Can the tests fail? Applies each seeded bug of test/mutants, one at a time, to a copy of HEAD (a git worktree in the
// temporary directory; the checkout is not touched), runs the simulator over some seeds and the unit tests that the patch
// names, and prints what caught it. A patch begins with a sentence for people and the lines `Trap: <name>` and
// `Unit: <paths>`. With `Caught by: <names>` it says besides what must catch it, each of them: an oracle of the simulator
// (O1) or a file of tests. Negative controls have that line, so that a safety that is off is seen by whoever looks for it.
//
// What is red anyway would catch every bug. So the copy first runs the same seeds and the same tests unpatched: all of
// that must be green, or nothing is tried. A suite that does not come to run has caught nothing; one that hangs has, if
// it took less than a third of its limit unpatched.
//
//   node tools/mutants.mjs [--only name,name] [--seeds N] [--seconds S] [--no-unit] [--no-simulation] [--json|--markdown]
//
// Exit code 1 when a bug was caught by nothing, 2 when the unpatched copy is not green, a patch does not fit any more or a
// suite did not run. Takes an hour: not part of CI, which only looks whether every patch fits.

import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const folder = join(root, 'test', 'mutants')
const OUTPUT_BYTES_MAX = 1 << 28
/** Seeds that each mutant gets, and how long they may take. */
const SEEDS = 30
const SECONDS = 300
/** What unit tests of a mutant may take. */
const UNIT_SECONDS = 180
/** Tests that are slower than their limit by less than this when nothing is wrong may be late for any reason. */
const HANG_FACTOR = 3

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    seeds: { type: 'string', default: `${SEEDS}` },
    seconds: { type: 'string', default: `${SECONDS}` },
    unit: { type: 'boolean', default: true },
    simulation: { type: 'boolean', default: true },
    json: { type: 'boolean', default: false },
    markdown: { type: 'boolean', default: false },
  },
  allowNegative: true,
})

function run(command, args, cwd, more = {}) {
  const how = { cwd, encoding: 'utf8', maxBuffer: OUTPUT_BYTES_MAX, killSignal: 'SIGKILL' }
  return spawnSync(command, args, { ...how, ...more })
}

function must(command, args, cwd) {
  const result = run(command, args, cwd)
  if (result.status === 0) return result.stdout
  throw new Error(`${command} ${args.join(' ')}: ${result.stderr || result.error}`)
}

function mutants() {
  const wanted = values.only === undefined ? null : new Set(values.only.split(','))
  const all = readdirSync(folder)
    .filter((file) => file.endsWith('.patch'))
    .map((file) => {
      const patch = readFileSync(join(folder, file), 'utf8')
      const said = (word) => new RegExp(`^${word}: (.+)$`, 'm').exec(patch)?.[1] ?? null
      return {
        name: file.slice(0, -'.patch'.length),
        file: join(folder, file),
        what: patch.slice(0, patch.indexOf('\n')),
        trap: said('Trap') ?? '-',
        unit: said('Unit'),
        by: said('Caught by')?.split(/[ ,]+/) ?? [],
      }
    })
  const chosen = all.filter(({ name }) => wanted === null || wanted.has(name))
  if (chosen.length === 0) throw new Error(`no mutant is called ${values.only}`)
  return chosen
}

/** A copy of HEAD that finds its packages: workspace links are relative, the store is shared. */
function copyOfHead() {
  const copy = join(mkdtempSync(join(tmpdir(), 'weir-mutants-')), 'tree')
  must('git', ['worktree', 'add', '--detach', copy, 'HEAD'], root)
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  const parts = ['packages', 'test']
    .flatMap((group) => readdirSync(join(root, group)).map((name) => join(group, name)))
    .concat('bench', 'examples', 'tools')
  for (const part of parts) {
    const modules = join(root, part, 'node_modules')
    if (existsSync(modules) && existsSync(join(copy, part)))
      cpSync(modules, join(copy, part, 'node_modules'), { recursive: true, verbatimSymlinks: true })
  }
  return copy
}

/**
 * The oracles that caught it; null when none did. `unpatched`: all seeds must get their turn. `all`: they get it, also
 * behind a failure, because the oracle that is asked for may not be the first to complain.
 */
function simulate(copy, { unpatched = false, all = false } = {}) {
  const args = ['-C', 'source', 'test/simulation/src/main.ts', '--seeds', values.seeds, '--json']
  const timeout = Number(values.seconds) * 1_000
  const result = run(process.execPath, all ? args : [...args, '--fail-fast'], copy, { timeout })
  if (result.error?.code === 'ETIMEDOUT') {
    const text = `not done after ${values.seconds} s`
    return { caught: null, broken: unpatched ? text : undefined, text }
  }
  const line = result.stdout.trim().split('\n').at(-1) ?? ''
  if (!line.startsWith('{')) return broken(result)
  const { failures, seeds } = JSON.parse(line)
  if (failures.length === 0) return { caught: null, text: `not in ${seeds} seeds` }
  const oracles = [...new Set(failures.map(({ oracle }) => oracle))]
  const when = `${all ? 'in' : 'after'} ${seeds} ${seeds === 1 ? 'seed' : 'seeds'}`
  return { caught: oracles, text: `${oracles.join(' ')} ${when}` }
}

/** The suite did not come to run: that proves nothing. */
function broken(result) {
  const words = `${result.stderr}${result.error ?? ''}`.trim().slice(-300)
  return { caught: null, broken: words, text: 'did not run' }
}

/** How many tests of the paths failed. `usualMs`: what they take unpatched; null while that is being found out. */
function unitTests(copy, paths, usualMs) {
  if (paths === null) return { caught: null, text: '-' }
  const output = join(dirname(copy), 'tests.json')
  rmSync(output, { force: true })
  const projects = ['unit', 'scenario', 'contract', 'conformance'].flatMap((name) => [
    '--project',
    name,
  ])
  const args = ['run', '--reporter=json', `--outputFile.json=${output}`, ...projects]
  const vitest = join(root, 'node_modules', '.bin', 'vitest')
  const timeout = UNIT_SECONDS * 1_000
  const result = run(vitest, [...args, ...paths.split(' ')], copy, { timeout })
  if (result.error?.code === 'ETIMEDOUT') return outOfTime(usualMs)
  if (!existsSync(output)) return broken(result)
  const { numFailedTests, numTotalTests, testResults } = JSON.parse(readFileSync(output, 'utf8'))
  if (numTotalTests === 0) return broken(result)
  const files = testResults.filter(({ status }) => status === 'failed').map(({ name }) => name)
  if (files.length === 0) return { caught: null, text: `passed (${numTotalTests})` }
  const caught = files.map((file) => basename(file))
  // It ran to its end unpatched: what a hook meets now is the bug's doing as well.
  if (numFailedTests === 0) return { caught, text: `${caught.join(' ')} failed in a hook` }
  return { caught, text: `${numFailedTests} of ${numTotalTests} failed` }
}

/** A loop without end is noticed by whoever waits for the suite; a slow machine looks the same. */
function outOfTime(usualMs) {
  const text = `not done after ${UNIT_SECONDS} s`
  if (usualMs === null) return { caught: ['hang'], text }
  const usually = `${Math.round(usualMs / 1_000)} s unpatched`
  if (usualMs * HANG_FACTOR < UNIT_SECONDS * 1_000)
    return { caught: ['hang'], text: `hang (${usually})` }
  return { caught: null, broken: `${text}, ${usually}: the machine is too slow to tell`, text }
}

/** What the named tests take when nothing is wrong, by their paths, and what is red all the same. */
function baseline(copy, chosen) {
  const usualMs = new Map()
  const red = []
  const look = (name, suite) => {
    const startedMs = performance.now()
    const { caught, text, broken: words } = suite()
    const tookMs = performance.now() - startedMs
    process.stderr.write(`unpatched  ${name}: ${text}, ${Math.round(tookMs / 1_000)} s\n`)
    if (caught !== null || words !== undefined) red.push(`${name}: ${text} ${words ?? ''}`)
    return tookMs
  }
  if (values.simulation) look(`${values.seeds} seeds`, () => simulate(copy, { unpatched: true }))
  const paths = values.unit ? chosen.map(({ unit }) => unit).filter((unit) => unit !== null) : []
  for (const unit of new Set(paths))
    usualMs.set(
      unit,
      look(unit, () => unitTests(copy, unit, null)),
    )
  return { usualMs, red }
}

const isOracle = (name) => /^O\d+$/.test(name)

/** What was to catch it, could have, and did not. */
function silent(by, simulation, tests) {
  const asked = by.filter((name) => (isOracle(name) ? values.simulation : values.unit))
  const caught = [...(simulation.caught ?? []), ...(tests.caught ?? [])]
  return asked.filter((name) => !caught.includes(name))
}

function tryOne(copy, usualMs, { name, file, what, trap, unit, by }) {
  must('git', ['checkout', '-q', '-f', 'HEAD', '--', '.'], copy)
  const about = { name, trap, what }
  const applied = run('git', ['apply', '-C1', file], copy)
  if (applied.status !== 0)
    return {
      ...about,
      caught: false,
      broken: applied.stderr,
      simulation: 'does not fit',
      unit: '-',
    }
  const none = { caught: null, text: '-' }
  const simulation = values.simulation ? simulate(copy, { all: by.some(isOracle) }) : none
  const tests = values.unit ? unitTests(copy, unit, usualMs.get(unit)) : none
  const missing = silent(by, simulation, tests)
  const caught = missing.length === 0 && (simulation.caught ?? tests.caught) !== null
  const didNotRun = simulation.broken ?? tests.broken ?? null
  const text = missing.length === 0 ? tests.text : `${tests.text}; not by ${missing.join(', ')}`
  return { ...about, caught, broken: didNotRun, simulation: simulation.text, unit: text }
}

const width = (rows, key) => Math.max(key.length, ...rows.map((row) => row[key].length))

const chosen = mutants()
const copy = copyOfHead()
const rows = []
let red = []
try {
  const unpatched = baseline(copy, chosen)
  red = unpatched.red
  for (const mutant of red.length > 0 ? [] : chosen) {
    const row = tryOne(copy, unpatched.usualMs, mutant)
    rows.push(row)
    process.stderr.write(
      `${row.caught ? 'caught' : 'MISSED'}  ${row.name}: ${row.simulation}; ${row.unit}\n`,
    )
    if (row.broken !== null)
      process.stderr.write(`        ${row.broken.replaceAll('\n', '\n        ')}\n`)
  }
} finally {
  run('git', ['worktree', 'remove', '--force', copy], root)
  rmSync(dirname(copy), { recursive: true, force: true })
}
if (red.length > 0) {
  process.stderr.write(`red without any seeded bug, so none was tried:\n${red.join('\n')}\n`)
  process.exit(2)
}
const missed = rows.filter((row) => !row.caught).map((row) => row.name)
const closing = `${rows.length - missed.length} of ${rows.length} caught`
const columns = ['name', 'trap', 'simulation', 'unit']
if (values.json) console.log(JSON.stringify({ mutants: rows.length, missed, rows }))
else if (values.markdown) {
  console.log(
    '| seeded bug | trap | simulator | unit, contract and scenario tests |\n|---|---|---|---|',
  )
  for (const row of rows)
    console.log(`| **${row.name}**: ${row.what} | ${row.trap} | ${row.simulation} | ${row.unit} |`)
  const commit = must('git', ['rev-parse', '--short', 'HEAD'], root).trim()
  const date = new Date().toISOString().slice(0, 10)
  console.log(`\n${closing}, ${values.seeds} seeds each; ${date}, commit ${commit}.`)
} else {
  const widths = columns.map((key) => width(rows, key))
  for (const row of [Object.fromEntries(columns.map((key) => [key, key])), ...rows])
    console.log(columns.map((key, i) => row[key].padEnd(widths[i])).join('  '))
  console.log(closing)
}
if (rows.some((row) => row.broken !== null)) process.exit(2)
process.exit(missed.length > 0 ? 1 : 0)
