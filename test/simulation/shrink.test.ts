import { describe, expect, it } from 'vitest'
import type { runSeed, SeedResult } from './src/run-seed.ts'
import { SHRINK_RUNS_MAX, shrink } from './src/shrink.ts'

/** A run with 16 faults that fails while all of `needed` happen. */
function failing(needed: readonly number[]): { run: typeof runSeed; runs: number[][] } {
  const runs: number[][] = []
  const run: typeof runSeed = async (seed, options) => {
    const skip = options?.skip ?? []
    runs.push([...skip])
    const fails = needed.every((fault) => !skip.includes(fault))
    const violations = fails ? ([{ oracle: 'O1', message: 'record 0 is lost' }] as const) : []
    const empty = { traceHash: '', simulatedMs: 0, events: 0, faults: {}, failpoints: {} }
    const nothing = { effects: {}, moments: {} }
    const counts = { drawn: {}, gaps: 0, gapsWithCheckpoint: 0, recoveryMs: 0, options: [] }
    const rest = { ...counts, checkpoints: 0, restarts: 0, description: '', trace: [] }
    return { seed, violations, planned: 16, ...empty, ...nothing, ...rest } satisfies SeedResult
  }
  return { run, runs }
}

describe('the shrinker', () => {
  it('leaves the faults that it takes, and no others', async () => {
    const shrunk = await shrink(1, [], failing([3, 11]).run)
    const left = Array.from({ length: 16 }, (_, i) => i).filter((i) => !shrunk?.skip.includes(i))
    expect(left).toEqual([3, 11])
    expect(shrunk?.result.violations).toHaveLength(1)
  })

  it('leaves nothing when it fails without any fault', async () => {
    expect((await shrink(1, [], failing([]).run))?.skip).toHaveLength(16)
  })

  it('has nothing to do when the seed passes', async () => {
    expect(await shrink(1, [3], failing([3]).run)).toBeNull()
  })

  it('ends', async () => {
    const { run, runs } = failing(Array.from({ length: 16 }, (_, i) => i))
    await shrink(1, [], run)
    expect(runs.length).toBeLessThanOrEqual(SHRINK_RUNS_MAX)
  })
})
