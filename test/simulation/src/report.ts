// What people and scripts read of a simulation: each failing seed with all that is needed to see it again, and the sums.

import { execFileSync } from 'node:child_process'
import { FAILPOINTS } from './failpoints.ts'
import { EFFECT_NAMES, RARE_EFFECTS } from './effects.ts'
import { judgeCoverage } from './oracles/o8-hits.ts'
import { MOMENTS } from './oracles/o8-moments.ts'
import type { Violation } from './oracles/violation.ts'
import type { SeedResult } from './run-seed.ts'

const TRACE_LINES_SHOWN = 60
const FAILURES_KEPT = 100
const NAMES_SHOWN = 12

/** What was run, for whoever wants to see it again. */
export function commit(): string {
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: import.meta.dirname, encoding: 'utf8' }).trim()
  try {
    const clean = git('status', '--porcelain', '--untracked-files=no') === ''
    return `${git('rev-parse', '--short', 'HEAD')}${clean ? '' : ' and changes'}`
  } catch {
    return 'unknown'
  }
}

/** Silent about a seed that passed. `traced`: its history has been printed already. */
export function reportSeed(result: SeedResult, skip: readonly number[], traced: boolean): void {
  if (result.violations.length === 0) return
  console.error(`\nseed ${result.seed}: ${result.description}`)
  if (!traced) for (const line of result.trace.slice(-TRACE_LINES_SHOWN)) console.error(line)
  for (const { oracle, message } of result.violations) console.error(`  ${oracle}: ${message}`)
  const skipped = skip.length === 0 ? '' : ` --skip ${skip.join()}`
  console.error(
    `  commit ${commit()}, replay: npm run simulate -- --seed ${result.seed}${skipped} --trace`,
  )
}

export interface Summary {
  readonly seeds: number
  readonly violations: number
  readonly failures: readonly { seed: number; oracle: string; message: string }[]
  /** Virtual time in which jobs were at work. */
  readonly simulatedSeconds: number
  readonly faults: number
  /** Share of the gaps between two faults in which a checkpoint completed. */
  readonly gapsWithCheckpoint: number
  /** The slowest: from healing until a job ran and had a new checkpoint. */
  readonly recoveryMsMax: number
  readonly faultsByKind: Readonly<Record<string, number>>
  /** Faults that were to happen before all jobs had ended. */
  readonly planned: number
  /** What the faults came to. */
  readonly effects: Readonly<Record<string, number>>
  /** States that only a fault at the right time brings about, and how many seeds had each. */
  readonly moments: Readonly<Record<string, number>>
  /** How many were hit. */
  readonly failpoints: number
  readonly failpointsNotHit: readonly string[]
  /** What so many seeds should have shown, and did not (O8). */
  readonly missed: readonly string[]
  /** What only some seeds have, and how many had it. */
  readonly options: Readonly<Record<string, number>>
  readonly checkpoints: number
  readonly restarts: number
  readonly commit: string
  readonly threads: number
  readonly wallSeconds: number
  /** Simulated seconds for each second, over all threads. */
  readonly realTimeFactor: number
  /** Simulated seconds for each second that a core was busy with them. */
  readonly realTimeFactorPerCore: number
}

export class Sums {
  readonly #failures: { seed: number; oracle: string; message: string }[] = []
  readonly #faults = new Map<string, number>()
  readonly #effects = new Map<string, number>()
  readonly #moments = new Map<string, number>()
  readonly #failpoints = new Map<string, number>()
  ran = 0
  failedSeeds = 0
  #quiet = 0
  readonly #options = new Map<string, number>()
  readonly #drawn = new Map<string, number>()
  #simulatedMs = 0
  #gaps = 0
  #gapsWithCheckpoint = 0
  #recoveryMsMax = 0
  #checkpoints = 0
  #restarts = 0

  add({ seed, violations, ...result }: SeedResult): void {
    this.ran += 1
    this.#simulatedMs += result.simulatedMs
    this.#checkpoints += result.checkpoints
    this.#restarts += result.restarts
    this.#gaps += result.gaps
    this.#gapsWithCheckpoint += result.gapsWithCheckpoint
    this.#recoveryMsMax = Math.max(this.#recoveryMsMax, result.recoveryMs ?? 0)
    for (const option of result.options)
      this.#options.set(option, (this.#options.get(option) ?? 0) + 1)
    addTo(this.#drawn, result.drawn)
    addTo(this.#faults, result.faults)
    addTo(this.#effects, result.effects)
    for (const moment of Object.keys(result.moments)) addTo(this.#moments, { [moment]: 1 })
    addTo(this.#failpoints, result.failpoints)
    for (const { oracle, message } of violations) this.#failures.push({ seed, oracle, message })
    if (violations.length > 0) this.failedSeeds += 1
    if (Object.keys(result.faults).length === 0) this.#quiet += 1
  }

  summary(seconds: number, threads: number): Summary {
    const simulatedSeconds = Math.round(this.#simulatedMs / 1_000)
    const { user, system } = process.cpuUsage()
    const cpuSeconds = (user + system) / 1_000_000
    return {
      seeds: this.ran,
      violations: this.#failures.length,
      failures: this.#failures.slice(0, FAILURES_KEPT),
      simulatedSeconds,
      faults: total(this.#faults),
      gapsWithCheckpoint:
        Math.round((100 * this.#gapsWithCheckpoint) / Math.max(1, this.#gaps)) / 100,
      recoveryMsMax: Math.round(this.#recoveryMsMax),
      faultsByKind: Object.fromEntries(this.#faults),
      planned: total(this.#drawn),
      effects: Object.fromEntries(this.#effects),
      moments: Object.fromEntries(this.#moments),
      failpoints: this.#failpoints.size,
      failpointsNotHit: this.#notHit(),
      missed: this.#vacuity().map(({ message }) => message),
      options: Object.fromEntries(this.#options),
      checkpoints: this.#checkpoints,
      restarts: this.#restarts,
      commit: commit(),
      threads,
      wallSeconds: Math.round(seconds * 10) / 10,
      realTimeFactor: Math.round(simulatedSeconds / seconds),
      realTimeFactorPerCore: Math.round(simulatedSeconds / cpuSeconds),
    }
  }

  print(from: number, seconds: number, threads: number): void {
    const sums = this.summary(seconds, threads)
    const { simulatedSeconds, wallSeconds, realTimeFactorPerCore, faults, checkpoints } = sums
    console.log(
      `${this.ran} seeds from ${from} at ${sums.commit}: ${simulatedSeconds} simulated seconds in ` +
        `${wallSeconds} s on ${threads} threads (${realTimeFactorPerCore}× for each core), ` +
        `${faults} faults (${sums.planned} planned), ${checkpoints} checkpoints, ${sums.restarts} restarts`,
    )
    console.log(
      `a checkpoint in ${Math.round(100 * sums.gapsWithCheckpoint)} % of the gaps between faults, ` +
        `slowest recovery ${sums.recoveryMsMax} ms`,
    )
    const options = [...this.#options].map(([option, seeds]) => `${option} in ${seeds}`)
    if (options.length > 0) console.log(`of these seeds: ${options.join(', ')}`)
    console.log(`faults came to: ${listed(this.#effects)}`)
    console.log(`seeds that have met: ${listed(this.#moments)}`)
    const missed = this.#notHit()
    const names = missed.length === 0 || missed.length > NAMES_SHOWN ? '' : `: ${missed.join(', ')}`
    console.log(
      `${FAILPOINTS.length - missed.length} of ${FAILPOINTS.length} failpoints hit` +
        `${names === '' ? '' : `, not${names}`}`,
    )
    for (const { oracle, message } of this.#vacuity()) console.log(`${oracle}: ${message}`)
    console.log(`${this.ran - this.failedSeeds} passed, ${this.failedSeeds} failed`)
  }

  /** Nothing failed, and what should have been tried was tried. */
  get passed(): boolean {
    return this.failedSeeds === 0 && this.#vacuity().length === 0
  }

  #vacuity(): readonly Violation[] {
    return judgeCoverage({
      seeds: this.ran,
      quiet: this.#quiet,
      drawn: Object.fromEntries(this.#drawn),
      hit: Object.fromEntries(this.#faults),
      effects: EFFECT_NAMES,
      rareEffects: RARE_EFFECTS,
      effectsSeen: Object.fromEntries(this.#effects),
      moments: MOMENTS,
      momentsSeen: Object.fromEntries(this.#moments),
      gaps: this.#gaps,
      gapsWithCheckpoint: this.#gapsWithCheckpoint,
      failpoints: FAILPOINTS.length,
      failpointsNotHit: this.#notHit(),
    })
  }

  #notHit(): readonly string[] {
    return FAILPOINTS.filter((name) => !this.#failpoints.has(name))
  }
}

const total = (sums: ReadonlyMap<string, number>): number =>
  [...sums.values()].reduce((a, b) => a + b, 0)

const listed = (sums: ReadonlyMap<string, number>): string =>
  [...sums].map(([name, times]) => `${name} ${times}`).join(', ')

function addTo(sums: Map<string, number>, more: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(more)) sums.set(name, (sums.get(name) ?? 0) + count)
}
