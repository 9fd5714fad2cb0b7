// The suites that the page is about: how each is run, and what of its output is kept. A suite says its result in JSON as
// its last line, or in the plain closing line of the test runners; nothing is read between the lines.

import { spawnSync } from 'node:child_process'
import { root } from './record.ts'
import type { Chaos } from './results.ts'

/** What a suite may print: a failing one tells its history. */
const OUTPUT_BYTES_MAX = 1 << 28
/** One seed is replayed so often … */
export const REPLAYS = 3
/** … for each of these. */
const REPLAYED_SEEDS = [1, 77, 404, 1_234, 2_718]

const CONTROL = 'npm run chaos -- --at-least-once --json'
/** Of chaos, those that look at the output itself; the others would also complain of a run in which little happened. */
const OUTPUT_ORACLES: ReadonlySet<string> = new Set(['ledger', 'counts', 'visible'])

export interface Outcome {
  readonly passed: boolean
  readonly result: unknown
}

export interface Suite {
  readonly name: string
  readonly title: string
  /** As a person would type it. */
  readonly command: string
  run(): Outcome
}

export const SUITES: readonly Suite[] = [
  json('simulate', 'Seeded simulation', 'npm run simulate -- --seeds 3000 --json'),
  json('simulate-long', 'Many seeds', 'npm run simulate -- --seeds 10000 --json'),
  {
    name: 'replay',
    title: 'One seed, one history',
    command: `npm run simulate -- --seed S --json (${REPLAYS} times, for each of ${REPLAYED_SEEDS.join(', ')})`,
    run: replay,
  },
  json('mutants', 'Seeded bugs', 'node tools/mutants.mjs --json'),
  json('faults', 'Fault cells', 'npm run faults -- --cells all --require --json'),
  json('chaos', 'Chaos', 'npm run chaos -- --minutes 30 --profile nightly --json'),
  json('recovery', 'How long a job is away', 'npm run chaos -- --measure 25 --json'),
  json('finish', 'Bounded jobs that end', 'npm run chaos -- --finish 200 --json'),
  {
    name: 'control',
    title: 'Barriers that do not align',
    command: CONTROL,
    run: control,
  },
  {
    name: 'prove',
    title: 'Properties, hostile bytes, damaged files',
    command: 'npm run prove',
    run: prove,
  },
  closing('tests', 'Tests of every change', 'npm test'),
  closing('bad-input', 'Bad input', 'npm run test:bad-input'),
  closing('compose', 'Containers', 'npm run test:compose -- --require'),
]

interface Ran {
  readonly status: number | null
  readonly output: string
}

function shell(command: string): Ran {
  const { status, stdout, error } = spawnSync('bash', ['-c', command], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: OUTPUT_BYTES_MAX,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (error !== undefined) throw error
  return { status, output: stdout }
}

type Read = (output: string, command: string) => unknown

function suite(name: string, title: string, command: string, read: Read): Suite {
  return {
    name,
    title,
    command,
    run() {
      const { status, output } = shell(quiet(command))
      return { passed: status === 0, result: read(output, command) }
    },
  }
}

function json(name: string, title: string, command: string): Suite {
  return suite(name, title, command, lastObject)
}

function closing(name: string, title: string, command: string): Suite {
  return suite(name, title, command, countsIn)
}

/** npm says what it runs otherwise. */
function quiet(command: string): string {
  return command.replace(/^npm (run )?/, 'npm $1--silent ')
}

function lastObject(output: string, command: string): unknown {
  const line = output.trim().split('\n').at(-1) ?? ''
  if (!line.startsWith('{')) throw new Error(`"${command}" did not end with a JSON object: ${line}`)
  return JSON.parse(line)
}

function control(): Outcome {
  const { status, output } = shell(quiet(CONTROL))
  const result = lastObject(output, CONTROL)
  return { passed: status === 1 && provesThatItCanFail(result as Chaos), result }
}

/** The output was found to be wrong: by an oracle that reads it, not only by one that counts kills or reads logs. */
export function provesThatItCanFail({ failures }: Pick<Chaos, 'failures'>): boolean {
  return failures.some(({ oracle }) => OUTPUT_ORACLES.has(oracle))
}

export interface Replay {
  readonly seed: number
  readonly hashes: readonly string[]
}

function replay(): Outcome {
  const seeds = REPLAYED_SEEDS.map((seed): Replay => {
    const command = `npm run --silent simulate -- --seed ${seed} --json`
    const hashes = Array.from({ length: REPLAYS }, () => {
      const { traceHash } = lastObject(shell(command).output, command) as { traceHash: string }
      return traceHash
    })
    return { seed, hashes }
  })
  const one = seeds.every(({ hashes }) => new Set(hashes).size === 1)
  const all = new Set(seeds.flatMap(({ hashes }) => hashes)).size === seeds.length
  return { passed: one && all, result: { seeds } }
}

export interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/** The last closing line that counts, as all our runners print it. */
function countsIn(output: string, command: string): Counts {
  const line = [...output.matchAll(/^(\d+) passed, (\d+) failed, (\d+) skipped$/gm)].at(-1)
  if (line === undefined) throw new Error(`"${command}" did not say how many passed`)
  const [passed = 0, failed = 0, skipped = 0] = line.slice(1).map(Number)
  return { passed, failed, skipped }
}

export interface Proven extends Counts {
  /** Attacks on decoders, as the tests told of them. */
  readonly attacks: readonly { decoder: string; cases: number; refused: number }[]
  /** Damage done to files: what, how often, and how often it was found. */
  readonly damage: readonly { what: string; found: number; cases: number }[]
}

function prove(): Outcome {
  const { status, output } = shell(quiet('npm run prove'))
  const counts = countsIn(output, 'npm run prove')
  const damage = [...output.matchAll(/^ {2}(.+): (\d+) of (\d+)$/gm)].map((match) => ({
    what: String(match[1]),
    found: Number(match[2]),
    cases: Number(match[3]),
  }))
  const attacks = attacksIn(output)
  const whole = damage.length > 0 && damage.every(({ found, cases }) => found === cases)
  const attacked = attacks.length > 0
  return { passed: status === 0 && whole && attacked, result: { ...counts, attacks, damage } }
}

/** The lines of `tell` in hostile.contract.ts. */
export function attacksIn(output: string): Proven['attacks'] {
  return [...output.matchAll(/^(.+): (\d+) cases, (\d+) refused, \d+ read, /gm)].map((match) => ({
    decoder: String(match[1]),
    cases: Number(match[2]),
    refused: Number(match[3]),
  }))
}
