// What the command line asks for.

import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'

export const usage = `usage: simulate [--seeds N] [--from K] [--minutes M] [--threads T] [--fail-fast] [--json]
       simulate --seed S [--trace] [--skip F,F] [--shrink]
  --seeds N    seeds K … K+N-1 (default 100)
  --from K     first seed (default 1)
  --minutes M  as many seeds as fit, from a random one unless --from is given
  --threads T  seeds that run side by side (default: one for each core)
  --fail-fast  ends with the first seed that fails
  --json       last line of stdout: {seeds, violations, failures, simulatedSeconds, faults, …}; traceHash of one seed
  --seed S     one seed
  --trace      its whole history
  --skip F,F   faults that do not happen, by their place in the plan from 0
  --shrink     leaves out all faults that a failing seed fails without`

export interface Settings {
  readonly from: number
  readonly seeds: number
  readonly untilMs: number
  readonly threads: number
  readonly trace: boolean
  readonly skip: readonly number[]
  readonly shrink: boolean
  readonly failFast: boolean
  readonly json: boolean
}

/** null: only help was wanted. Throws an Error for people when something is wrong. */
export function readSettings(args: readonly string[], nowMs: number): Settings | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seeds: { type: 'string' },
      from: { type: 'string' },
      minutes: { type: 'string' },
      seed: { type: 'string' },
      threads: { type: 'string' },
      skip: { type: 'string' },
      shrink: { type: 'boolean', default: false },
      trace: { type: 'boolean', default: false },
      'fail-fast': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return null
  const minutes = number('minutes', values.minutes, 0)
  const one = values.seed === undefined ? null : number('seed', values.seed, 0)
  if (one === null && (values.skip !== undefined || values.shrink))
    throw new Error('--skip and --shrink are for one --seed')
  const random = 1 + Math.floor(Math.random() * 1_000_000_000)
  const seeds = minutes > 0 ? Number.POSITIVE_INFINITY : number('seeds', values.seeds, 100)
  return {
    from: one ?? number('from', values.from, minutes > 0 ? random : 1),
    seeds: one === null ? seeds : 1,
    untilMs: minutes > 0 ? nowMs + minutes * 60_000 : Number.POSITIVE_INFINITY,
    threads: Math.max(1, number('threads', values.threads, availableParallelism())),
    trace: values.trace,
    skip: (values.skip ?? '')
      .split(',')
      .filter((part) => part !== '')
      .map((part) => number('skip', part, 0)),
    shrink: values.shrink,
    failFast: values['fail-fast'],
    json: values.json,
  }
}

function number(name: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback
  const n = Number(text)
  if (text.trim() === '' || !Number.isFinite(n) || n < 0)
    throw new Error(`--${name} wants a number ≥ 0, not "${text}"`)
  return n
}
