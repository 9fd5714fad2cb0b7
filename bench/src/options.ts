// What a bench run is told on its command line.

import { homedir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type InputData } from './inputs/generate.ts'

export const WORKLOADS = ['wordcount', 'keyedcount', 'q0'] as const
export type Workload = (typeof WORKLOADS)[number]

export interface BenchOptions {
  readonly workload: Workload
  readonly seed: number
  readonly events: number
  readonly parallelism: number
  readonly source: 'generator' | 'file'
  /** Where input files lie or are made; a directory of each input's own is below it. */
  readonly input: string
  /** 1: in order. 1000: out of order in groups. */
  readonly group: number
  /** As the job's setting wants it: `1s`, or `off`. */
  readonly checkpointInterval: string
  readonly state: 'heap'
  readonly taskManagers: number
  readonly runs: number
  readonly json: boolean
  /** Directory for CPU profiles; null: none. */
  readonly profile: string | null
}

const FLAGS = {
  workload: { type: 'string', default: 'wordcount' },
  seed: { type: 'string', default: '0' },
  events: { type: 'string', default: '10000000' },
  parallelism: { type: 'string', default: '1' },
  source: { type: 'string' },
  input: { type: 'string' },
  'out-of-order': { type: 'string', default: '1' },
  'checkpoint-interval': { type: 'string', default: '1s' },
  state: { type: 'string', default: 'heap' },
  taskmanagers: { type: 'string', default: '1' },
  runs: { type: 'string', default: '1' },
  json: { type: 'boolean', default: false },
  profile: { type: 'string' },
} as const

/** Where inputs and cached references are kept between runs. */
export function cacheDirectory(env: Readonly<Record<string, string | undefined>>): string {
  const root = env['XDG_CACHE_HOME']
  return join(root === undefined || root === '' ? join(homedir(), '.cache') : root, 'weir-bench')
}

/** The files that a workload reads; null: it only knows the generator. */
export function inputData(workload: Workload): InputData | null {
  if (workload === 'wordcount') return 'words'
  return workload === 'q0' ? 'nexmark' : null
}

/** Throws RangeError for what is no option, or no value of it. */
export function parseOptions(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): BenchOptions {
  const values = read(argv)
  const workload = oneOf('workload', values.workload, WORKLOADS)
  const byDefault = inputData(workload) === null ? 'generator' : 'file'
  const source = oneOf('source', values.source ?? byDefault, ['generator', 'file'] as const)
  if (source === 'file' && inputData(workload) === null)
    throw new RangeError(`--source file: ${workload} is defined for the generator only`)
  return {
    workload,
    source,
    seed: whole('seed', values.seed, 0, Number.MAX_SAFE_INTEGER),
    events: blocks(values.events),
    parallelism: whole('parallelism', values.parallelism, 1, 128),
    input: values.input ?? join(cacheDirectory(env), 'inputs'),
    group: Number(oneOf('out-of-order', values['out-of-order'], ['1', '1000'] as const)),
    checkpointInterval: values['checkpoint-interval'],
    state: oneOf('state', values.state, ['heap'] as const),
    taskManagers: whole('taskmanagers', values.taskmanagers, 1, 16),
    runs: whole('runs', values.runs, 1, 100),
    json: values.json,
    profile: values.profile ?? null,
  }
}

function read(
  argv: readonly string[],
): ReturnType<typeof parseArgs<{ options: typeof FLAGS }>>['values'] {
  try {
    return parseArgs({ args: [...argv], options: FLAGS }).values
  } catch (error) {
    throw new RangeError(error instanceof Error ? error.message : String(error), { cause: error })
  }
}

function whole(name: string, text: string, low: number, high: number): number {
  const value = /^\d[\d_]*$/.test(text) ? Number(text.replaceAll('_', '')) : Number.NaN
  if (value >= low && value <= high) return value
  throw new RangeError(`--${name} ${text}: a whole number from ${low} to ${high} is needed`)
}

/** The specification's streams come in blocks of a thousand positions. */
function blocks(text: string): number {
  const events = whole('events', text, 1_000, Number.MAX_SAFE_INTEGER)
  if (events % 1_000 === 0) return events
  throw new RangeError(`--events ${text}: a multiple of 1,000 is needed`)
}

function oneOf<T extends string>(name: string, text: string, allowed: readonly T[]): T {
  const found = allowed.find((each) => each === text)
  if (found !== undefined) return found
  throw new RangeError(`--${name} ${text}: ${allowed.join(' or ')} is needed`)
}
