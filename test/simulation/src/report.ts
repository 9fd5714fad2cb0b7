// What people and scripts read of a simulation: each failing seed with all that is needed to see it again, and the sums.

import { execFileSync } from 'node:child_process'
import { FAILPOINTS } from './failpoints.ts'
import type { SeedResult } from './run-seed.ts'

const TRACE_LINES_SHOWN = 60
const FAILURES_KEPT = 100
const NAMES_SHOWN = 12
/** In so many seeds every failpoint is hit, or nobody can say that it is one. */
const SEEDS_HIT_ALL = 3_000

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
  readonly simulatedSeconds: number
  readonly faults: number
  readonly faultsByKind: Readonly<Record<string, number>>
  /** How many were hit. */
  readonly failpoints: number
  readonly failpointsNotHit: readonly string[]
  readonly checkpoints: number
  readonly restarts: number
  readonly commit: string
  readonly threads: number
  readonly wallSeconds: number
  readonly realTimeFactor: number
}

export class Sums {
  readonly #failures: { seed: number; oracle: string; message: string }[] = []
  readonly #faults = new Map<string, number>()
  readonly #failpoints = new Map<string, number>()
  ran = 0
  failedSeeds = 0
  #simulatedMs = 0
  #checkpoints = 0
  #restarts = 0

  add({ seed, violations, ...result }: SeedResult): void {
    this.ran += 1
    this.#simulatedMs += result.simulatedMs
    this.#checkpoints += result.checkpoints
    this.#restarts += result.restarts
    addTo(this.#faults, result.faults)
    addTo(this.#failpoints, result.failpoints)
    for (const { oracle, message } of violations) this.#failures.push({ seed, oracle, message })
    if (violations.length > 0) this.failedSeeds += 1
  }

  summary(seconds: number, threads: number): Summary {
    const simulatedSeconds = Math.round(this.#simulatedMs / 1_000)
    return {
      seeds: this.ran,
      violations: this.#failures.length,
      failures: this.#failures.slice(0, FAILURES_KEPT),
      simulatedSeconds,
      faults: [...this.#faults.values()].reduce((a, b) => a + b, 0),
      faultsByKind: Object.fromEntries(this.#faults),
      failpoints: this.#failpoints.size,
      failpointsNotHit: this.#notHit(),
      checkpoints: this.#checkpoints,
      restarts: this.#restarts,
      commit: commit(),
      threads,
      wallSeconds: Math.round(seconds * 10) / 10,
      realTimeFactor: Math.round(simulatedSeconds / seconds),
    }
  }

  print(from: number, seconds: number, threads: number): void {
    const sums = this.summary(seconds, threads)
    const { simulatedSeconds, wallSeconds, realTimeFactor, faults, checkpoints, restarts } = sums
    console.log(
      `${this.ran} seeds from ${from} at ${sums.commit}: ${simulatedSeconds} simulated seconds in ` +
        `${wallSeconds} s (${realTimeFactor}× on ${threads} threads), ` +
        `${faults} faults, ${checkpoints} checkpoints, ${restarts} restarts`,
    )
    const missed = this.#notHit()
    const names = missed.length === 0 || missed.length > NAMES_SHOWN ? '' : `: ${missed.join(', ')}`
    console.log(
      `${FAILPOINTS.length - missed.length} of ${FAILPOINTS.length} failpoints hit` +
        `${names === '' ? '' : `, not${names}`}`,
    )
    console.log(`${this.ran - this.failedSeeds} passed, ${this.failedSeeds} failed`)
  }

  /** Nothing failed, and what should have been tried was tried. */
  get passed(): boolean {
    return this.failedSeeds === 0 && (this.ran < SEEDS_HIT_ALL || this.#notHit().length === 0)
  }

  #notHit(): readonly string[] {
    return FAILPOINTS.filter((name) => !this.#failpoints.has(name))
  }
}

function addTo(sums: Map<string, number>, more: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(more)) sums.set(name, (sums.get(name) ?? 0) + count)
}
