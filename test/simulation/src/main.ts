// npm run simulate -- --seeds N [--from K] [--minutes M] [--seed S --trace] [--fail-fast] [--json]

import { parseArgs } from 'node:util'
import { runSeed, type SeedResult } from './run-seed.ts'

const usage = `usage: simulate [--seeds N] [--from K] [--minutes M] [--seed S [--trace]] [--fail-fast] [--json]
  --seeds N    seeds K … K+N-1 (default 100)
  --from K     first seed (default 1)
  --minutes M  as many seeds as fit, from a random one unless --from is given
  --seed S     one seed; with --trace its history is printed
  --fail-fast  ends with the first seed that fails
  --json       last line of stdout: {seeds, violations, failures, simulatedSeconds, faults, …}`

interface Settings {
  readonly from: number
  readonly seeds: number
  readonly untilMs: number
  readonly trace: boolean
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
    console.error(`  replay: npm run simulate -- --seed ${result.seed} --trace`)
}

async function main(): Promise<void> {
  const { from, seeds, untilMs, trace, failFast, json } = settings()
  const startedAtMs = performance.now()
  const failures: { seed: number; oracle: string; message: string }[] = []
  const faults: Record<string, number> = {}
  let ran = 0
  let failedSeeds = 0
  let simulatedMs = 0
  let checkpoints = 0
  let restarts = 0
  for (let seed = from; seed < from + seeds && performance.now() < untilMs; seed++) {
    const result = await runSeed(seed, trace ? { onTrace: (line) => console.error(line) } : {})
    ran += 1
    simulatedMs += result.simulatedMs
    checkpoints += result.checkpoints
    restarts += result.restarts
    for (const [kind, count] of Object.entries(result.faults))
      faults[kind] = (faults[kind] ?? 0) + count
    for (const { oracle, message } of result.violations) failures.push({ seed, oracle, message })
    if (result.violations.length > 0) failedSeeds += 1
    report(result, trace)
    if (failFast && failedSeeds > 0) break
    if (trace) console.error(`trace hash ${result.traceHash}`)
    if (!json && ran % 50 === 0) console.error(`${ran} seeds, ${failedSeeds} failed`)
  }
  const seconds = (performance.now() - startedAtMs) / 1_000
  const summary = {
    seeds: ran,
    violations: failures.length,
    failures: failures.slice(0, 100),
    simulatedSeconds: Math.round(simulatedMs / 1_000),
    faults: Object.values(faults).reduce((a, b) => a + b, 0),
    faultsByKind: faults,
    checkpoints,
    restarts,
    wallSeconds: Math.round(seconds * 10) / 10,
    realTimeFactor: Math.round(simulatedMs / 1_000 / seconds),
  }
  if (json) console.log(JSON.stringify(summary))
  else {
    console.log(
      `${ran} seeds from ${from}: ${summary.simulatedSeconds} simulated seconds in ${summary.wallSeconds} s ` +
        `(${summary.realTimeFactor}×), ${summary.faults} faults, ${checkpoints} checkpoints, ${restarts} restarts`,
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
