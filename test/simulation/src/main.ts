// npm run simulate: many seeds on all cores, or one seed with its history. See settings.ts for what may be asked.

import { runPool } from './pool.ts'
import { reportSeed, Sums } from './report.ts'
import { runSeed, type SeedResult } from './run-seed.ts'
import { readSettings, type Settings, usage } from './settings.ts'
import { shrink } from './shrink.ts'

/** Seeds between two lines that say how far it is. */
const PROGRESS_SEEDS = 100

async function runMany(settings: Settings, sums: Sums): Promise<void> {
  const { from, seeds, untilMs, failFast, json } = settings
  let seed = from
  const next = (): number | null => {
    if (seed >= from + seeds || performance.now() >= untilMs) return null
    return failFast && sums.failedSeeds > 0 ? null : seed++
  }
  const onResult = (result: SeedResult): void => {
    sums.add(result)
    reportSeed(result, [], false)
    if (!json && sums.ran % PROGRESS_SEEDS === 0)
      console.error(`${sums.ran} seeds, ${sums.failedSeeds} failed`)
  }
  await runPool({ threads: Math.min(settings.threads, seeds), next, onResult })
  if (sums.ran !== seed - from) throw new Error(`${sums.ran} of ${seed - from} seeds have a result`)
}

/** The hash of its trace. */
async function runOne({ from: seed, trace, skip }: Settings, sums: Sums): Promise<string> {
  const onTrace = (line: string): void => console.error(line)
  const result = await runSeed(seed, trace ? { skip, onTrace } : { skip })
  sums.add(result)
  reportSeed(result, skip, trace)
  console.error(`trace hash ${result.traceHash}`)
  return result.traceHash
}

async function runShrink({ from: seed, skip }: Settings, sums: Sums): Promise<void> {
  const shrunk = await shrink(seed, skip)
  if (shrunk === null) {
    console.error(`seed ${seed} does not fail`)
    sums.add(await runSeed(seed, { skip }))
    return
  }
  const { result, runs } = shrunk
  sums.add(result)
  reportSeed(result, shrunk.skip, false)
  const left = result.planned - shrunk.skip.length
  console.error(`  ${left} of ${result.planned} faults are left, after ${runs} runs`)
}

async function main(): Promise<void> {
  const settings = readSettings(process.argv.slice(2), performance.now())
  if (settings === null) {
    console.log(usage)
    return
  }
  const startedAtMs = performance.now()
  const sums = new Sums()
  const more: { traceHash?: string } = {}
  if (settings.shrink) await runShrink(settings, sums)
  else if (settings.seeds === 1) more.traceHash = await runOne(settings, sums)
  else await runMany(settings, sums)
  const seconds = (performance.now() - startedAtMs) / 1_000
  const threads = Math.min(settings.threads, settings.seeds)
  if (settings.json) console.log(JSON.stringify({ ...sums.summary(seconds, threads), ...more }))
  else sums.print(settings.from, seconds, threads)
  process.exit(sums.passed ? 0 : 1)
}

try {
  await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  console.error(usage)
  process.exit(2)
}
