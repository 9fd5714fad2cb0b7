// Makes the history of a failing seed shorter: leaves out faults, first many at once, then one by one, as long as the same
// oracle still complains. What happens after a fault that is left out is another history, so the complaint that is left
// may have another cause; whoever reads it sees which.

import { runSeed, type SeedResult } from './run-seed.ts'

/** Runs that a shrinking may take. */
export const SHRINK_RUNS_MAX = 200

export interface Shrunk {
  readonly result: SeedResult
  /** Faults that are left out, by their place in the plan. */
  readonly skip: readonly number[]
  readonly runs: number
}

/** null: the seed does not fail. */
export async function shrink(
  seed: number,
  skipped: readonly number[] = [],
  run: typeof runSeed = runSeed,
): Promise<Shrunk | null> {
  let result = await run(seed, { skip: skipped })
  const oracle = result.violations[0]?.oracle
  if (oracle === undefined) return null
  let kept = range(result.planned).filter((i) => !skipped.includes(i))
  let runs = 1
  for (let size = Math.ceil(kept.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < kept.length && runs < SHRINK_RUNS_MAX; ) {
      const fewer = [...kept.slice(0, at), ...kept.slice(at + size)]
      const tried = await run(seed, { skip: without(result.planned, fewer) })
      runs += 1
      if (tried.violations.some((violation) => violation.oracle === oracle)) {
        kept = fewer
        result = tried
      } else at += size
    }
  }
  return { result, skip: without(result.planned, kept), runs }
}

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

const without = (count: number, kept: readonly number[]): readonly number[] =>
  range(count).filter((i) => !kept.includes(i))
