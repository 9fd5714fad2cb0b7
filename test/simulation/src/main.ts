// npm run simulate -- --seeds N [--from K] [--minutes M] [--seed S --trace] [--threads T] [--fail-fast] [--json]

import { execFileSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { runHere, runPool } from './pool.ts'
import type { SeedResult } from './run-seed.ts'

const usage = `usage: simulate [--seeds N] [--from K] [--minutes M] [--seed S [--trace]] [--threads T] [--fail-fast]
                [--json]
  --seeds N    seeds K … K+N-1 (default 100)
  --from K     first seed (default 1)
  --minutes M  as many seeds as fit, from a random one unless --from is given
  --seed S     one seed; with --trace its history is printed
  --threads T  seeds that run side by side (default: one for each core)
  --fail-fast  ends with the first seed that fails
  --json       last line of stdout: {seeds, violations, failures, simulatedSeconds, faults, …}`

interface Settings {
  readonly from: number
  readonly seeds: number
  readonly untilMs: number
  readonly trace: boolean
  readonly threads: number
  readonly failFast: boolean
  readonly json: boolean
}

function settings(): Settings {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string' },
      from: { type: 'string' },
      minutes: { type: 'string' },
      seed: { type: 'string' },
      trace: { type: 'boolean', default: false },
      'fail-fast': { type: 'boolean', default: false },
      threads: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(usage)
    process.exit(0)
  }
  const number = (name: string, text: string | undefined, fallback: number): number => {
    if (text === undefined) return fallback
    const n = Number(text)
    if (text.trim() === '' || !Number.isFinite(n) || n < 0)
      throw new Error(`--${name} wants a number ≥ 0, not "${text}"`)
    return n
  }
  const minutes = number('minutes', values.minutes, 0)
  const one = values.seed === undefined ? null : number('seed', values.seed, 0)
  const random = 1 + Math.floor(Math.random() * 1_000_000_000)
  return {
    from: one ?? number('from', values.from, minutes > 0 ? random : 1),
    seeds:
      one !== null
        ? 1
        : minutes > 0
          ? Number.POSITIVE_INFINITY
          : number('seeds', values.seeds, 100),
    untilMs: minutes > 0 ? performance.now() + minutes * 60_000 : Number.POSITIVE_INFINITY,
    trace: values.trace,
    threads: Math.max(1, number('threads', values.threads, availableParallelism())),
    failFast: values['fail-fast'],
    json: values.json,
  }
}

function report(result: SeedResult, trace: boolean): void {
  if (result.violations.length === 0 && !trace) return
  console.error(`\nseed ${result.seed}: ${result.description}`)
  if (!trace) for (const line of result.trace.slice(-60)) console.error(line)
  for (const { oracle, message } of result.violations) console.error(`  ${oracle}: ${message}`)
  if (result.violations.length > 0)
    console.error(
      `  replay: npm run simulate -- --seed ${result.seed} --trace   (commit ${commit()})`,
    )
}

/** What was run, for whoever wants to see it again. */
function commit(): string {
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: import.meta.dirname, encoding: 'utf8' }).trim()
  try {
    const changed =
      git('status', '--porcelain', '--untracked-files=no') === '' ? '' : ' and changes'
    return `${git('rev-parse', '--short', 'HEAD')}${changed}`
  } catch {
    return 'unknown'
  }
}

interface Sums {
  readonly failures: { seed: number; oracle: string; message: string }[]
  readonly faults: Record<string, number>
  ran: number
  failedSeeds: number
  simulatedMs: number
  checkpoints: number
  restarts: number
}

function add(sums: Sums, result: SeedResult): void {
  const { seed, violations } = result
  sums.ran += 1
  sums.simulatedMs += result.simulatedMs
  sums.checkpoints += result.checkpoints
  sums.restarts += result.restarts
  for (const [kind, count] of Object.entries(result.faults))
    sums.faults[kind] = (sums.faults[kind] ?? 0) + count
  for (const { oracle, message } of violations) sums.failures.push({ seed, oracle, message })
  if (violations.length > 0) sums.failedSeeds += 1
}

async function run({
  from,
  seeds,
  untilMs,
  trace,
  threads,
  failFast,
  json,
}: Settings): Promise<Sums> {
  const zero = { ran: 0, failedSeeds: 0, simulatedMs: 0, checkpoints: 0, restarts: 0 }
  const sums: Sums = { failures: [], faults: {}, ...zero }
  let seed = from
  const next = (): number | null => {
    if (seed >= from + seeds || performance.now() >= untilMs) return null
    return failFast && sums.failedSeeds > 0 ? null : seed++
  }
  const onResult = (result: SeedResult): void => {
    add(sums, result)
    report(result, trace)
    if (trace) console.error(`trace hash ${result.traceHash}`)
    if (!json && sums.ran % 100 === 0)
      console.error(`${sums.ran} seeds, ${sums.failedSeeds} failed`)
  }
  if (trace || seeds === 1) await runHere({ next, onResult }, trace ? console.error : () => {})
  else await runPool({ threads: Math.min(threads, seeds), next, onResult })
  return sums
}

async function main(): Promise<void> {
  const chosen = settings()
  const startedAtMs = performance.now()
  const { failures, faults, simulatedMs, ran, failedSeeds, ...sums } = await run(chosen)
  const seconds = (performance.now() - startedAtMs) / 1_000
  const summary = {
    seeds: ran,
    violations: failures.length,
    failures: failures.slice(0, 100),
    simulatedSeconds: Math.round(simulatedMs / 1_000),
    faults: Object.values(faults).reduce((a, b) => a + b, 0),
    faultsByKind: faults,
    ...sums,
    commit: commit(),
    threads: chosen.threads,
    wallSeconds: Math.round(seconds * 10) / 10,
    realTimeFactor: Math.round(simulatedMs / 1_000 / seconds),
  }
  if (chosen.json) console.log(JSON.stringify(summary))
  else {
    console.log(
      `${ran} seeds from ${chosen.from} at ${summary.commit}: ${summary.simulatedSeconds} simulated seconds in ` +
        `${summary.wallSeconds} s (${summary.realTimeFactor}× on ${chosen.threads} threads), ` +
        `${summary.faults} faults, ${sums.checkpoints} checkpoints, ${sums.restarts} restarts`,
    )
    console.log(`${ran - failedSeeds} passed, ${failedSeeds} failed`)
  }
  process.exit(failures.length > 0 ? 1 : 0)
}

try {
  await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  console.error(usage)
  process.exit(2)
}
