// npm run chaos -- --minutes M --seed S [--keep] [--json], or --finish RUNS, or --measure ROUNDS

import { parseArgs } from 'node:util'
import type { ChaosOptions, ChaosResult } from './chaos-result.ts'
import { runChaos } from './chaos-run.ts'
import { type FinishResult, runFinishes } from './finish-runs.ts'
import { broken, measureRecovery, PROMISED_MS } from './measure.ts'
import type { RecoverySummary } from './recoveries.ts'

const usage = `usage: chaos [--minutes M] [--quiet Q] [--profile pr|nightly] [--seed S] [--spare-jobmanager] [--at-least-once] [--keep] [--json]
       chaos --finish N [--burners B] [--seed S] [--keep] [--json]
       chaos --measure R [--json]
  --minutes M      how long processes are killed (default 1)
  --quiet Q        so many minutes behind them without faults, in which memory must be flat (default 0)
  --profile P      nightly: also bursts of 20 kills every five minutes, --spare-jobmanager and --quiet 14 (default pr)
  --spare-jobmanager  in the last third the JobManager lives, so that a leak of it can show
  --seed S         whom and when (default: drawn and told)
  --finish N       no such run: N bounded jobs to their end, kills about the final checkpoint in some of them
  --burners B      with --finish: processes that keep the machine busy meanwhile (default 2)
  --measure R      no run: R faults of each kind, one after the other, and how long the job was away; fails when 95 of
                   100 took longer than is promised
  --at-least-once  the negative control: barriers do not align, and the judges must find what that does
  --keep           leave the directory with output, checkpoints and logs
  --json           last line of stdout: {seed, kills, restarts, checkpoints, records, violations, failures, …}`

const SEED_MAX = 1_000_000_000
/** Stretches of three minutes behind four in which everything settles. */
const QUIET_MINUTES = { pr: 0, nightly: 14 }
const HISTORY_LINES = 150

interface Settings {
  readonly minutes: number
  readonly quietMinutes: number
  readonly spareJobManager: boolean
  readonly seed: number
  readonly keep: boolean
  readonly json: boolean
  /** 0: a run. */
  readonly measure: number
  /** 0: a run. */
  readonly finish: number
  readonly burners: number
  readonly mode: ChaosOptions['mode']
  readonly profile: ChaosOptions['profile']
}

function settings(): Settings {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '1' },
      quiet: { type: 'string' },
      profile: { type: 'string', default: 'pr' },
      seed: { type: 'string' },
      measure: { type: 'string', default: '0' },
      finish: { type: 'string', default: '0' },
      burners: { type: 'string', default: '2' },
      'spare-jobmanager': { type: 'boolean', default: false },
      'at-least-once': { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(usage)
    process.exit(0)
  }
  const minutes = Number(values.minutes)
  if (!(minutes > 0 && minutes <= 24 * 60)) throw new Error(`--minutes is "${values.minutes}"`)
  const seed =
    values.seed === undefined ? Math.floor(Math.random() * SEED_MAX) : Number(values.seed)
  if (!Number.isSafeInteger(seed)) throw new Error(`--seed is "${values.seed}"`)
  const { profile } = values
  if (profile !== 'pr' && profile !== 'nightly') throw new Error(`--profile is "${profile}"`)
  const mode = values['at-least-once'] ? 'at-least-once' : 'exactly-once'
  const counts = {
    measure: countOf('measure', values.measure),
    finish: countOf('finish', values.finish),
    burners: countOf('burners', values.burners),
  }
  const quietMinutes = countOf('quiet', values.quiet ?? `${QUIET_MINUTES[profile]}`)
  const spareJobManager = values['spare-jobmanager'] || profile === 'nightly'
  const { keep, json } = values
  return { minutes, quietMinutes, seed, keep, json, mode, profile, spareJobManager, ...counts }
}

function countOf(name: string, text: string): number {
  const count = Number(text)
  if (!Number.isSafeInteger(count) || count < 0) throw new Error(`--${name} is "${text}"`)
  return count
}

function report(result: ChaosResult): void {
  const { failures, directory, history, seed } = result
  if (failures.length > 0) {
    for (const line of history.slice(-HISTORY_LINES)) console.error(line)
    console.error(`\n${failures.length} violations with seed ${seed}:`)
    for (const { oracle, message } of failures) console.error(`  ${oracle}: ${message}`)
  }
  if (directory !== null) console.error(`kept: ${directory} (logs in logs/, output in out/)`)
}

function tell(result: ChaosResult): void {
  const { kills, restarts, checkpoints, records, failures, wallSeconds, recovery } = result
  console.log(
    `${kills} kills, ${restarts} restarts, ${checkpoints} checkpoints, ${records} records in ${wallSeconds} s`,
  )
  tellRecovery(recovery)
  if (result.growth !== null)
    console.log(
      `growth a minute: ${JSON.stringify(result.growth)}, at most ${JSON.stringify(result.growthMax)}`,
    )
  for (const { kind, floors, perMinute } of result.quiet?.floors ?? [])
    console.log(`without faults, ${kind}: ${floors.join(', then ')} MiB, ${perMinute} a minute`)
  console.log(failures.length === 0 ? 'exactly once' : `${failures.length} violations`)
}

function tellRecovery(recovery: Readonly<Record<string, RecoverySummary>>): void {
  for (const [kind, { measured, runningMs, outputMs }] of Object.entries(recovery)) {
    if (runningMs === null || outputMs === null) continue
    console.log(
      `${kind}: running again after ${runningMs.median} ms (max ${runningMs.max}), ` +
        `new output after ${outputMs.median} ms (max ${outputMs.max}), ${measured} measured`,
    )
  }
}

async function finish({ finish: runs, burners, seed, keep, json }: Settings): Promise<number> {
  console.error(`chaos: the end of ${runs} jobs beside ${burners} burners, seed ${seed}`)
  const { history, ...result } = await runFinishes({ runs, burners, seed, keep, echo: !json })
  const { failures } = result
  if (failures.length > 0) {
    for (const line of history) console.error(line)
    for (const { oracle, message } of failures) console.error(`  ${oracle}: ${message}`)
  }
  for (const directory of result.directories) console.error(`kept: ${directory}`)
  if (json) console.log(JSON.stringify({ ...result, violations: failures.length }))
  else tellFinishes(result)
  return failures.length === 0 ? 0 : 1
}

function tellFinishes(result: Omit<FinishResult, 'history'>): void {
  const { runs, kills, restarts, records, tails, wallSeconds, failures } = result
  console.log(
    `${runs} jobs ended, ${kills} kills, ${restarts} restarts, ${records} records in ${wallSeconds} s; ` +
      `behind the last barrier: 1 to 7 records in ${tails.oneToSeven}, none in ${tails.none}, more in ${tails.more}`,
  )
  console.log(failures.length === 0 ? 'exactly once' : `${failures.length} violations`)
}

async function tellMeasured(rounds: number, json: boolean): Promise<number> {
  const recovery = await measureRecovery(rounds)
  const late = broken(recovery, rounds)
  for (const line of late) console.error(`  ${line}`)
  if (json) console.log(JSON.stringify({ recovery, promisedMs: PROMISED_MS, broken: late }))
  else tellRecovery(recovery)
  return late.length === 0 ? 0 : 1
}

async function main(): Promise<number> {
  const said = settings()
  const { minutes, quietMinutes, seed, keep, json, measure, mode, profile, spareJobManager } = said
  if (said.finish > 0) return finish(said)
  if (measure > 0) return tellMeasured(measure, json)
  console.error(`chaos: ${minutes} minutes, seed ${seed}`)
  const result = await runChaos({
    minutes,
    quietMinutes,
    profile,
    spareJobManager,
    seed,
    mode,
    keep,
    echo: !json,
  })
  report(result)
  if (json) {
    const { history: _, ...rest } = result
    console.log(JSON.stringify({ ...rest, violations: result.failures.length }))
  } else tell(result)
  return result.failures.length === 0 ? 0 : 1
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
try {
  process.exitCode = await main()
} catch (error) {
  console.error(error instanceof Error ? (error.stack ?? error.message) : error)
  console.error(usage)
  process.exitCode = 2
}
