import { describe, expect, it } from 'vitest'
import { runSeed } from './src/run-seed.ts'

describe('the simulated cluster', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('is exactly once under the faults of seed %i', async (seed) => {
    const result = await runSeed(seed)
    expect(result.violations, result.trace.join('\n')).toEqual([])
    expect(result.checkpoints).toBeGreaterThan(0)
  })

  it('has one history for one seed', async () => {
    const first = await runSeed(11)
    const second = await runSeed(11)
    expect(second.traceHash).toBe(first.traceHash)
    expect((await runSeed(12)).traceHash).not.toBe(first.traceHash)
  })

  it('fails when barriers do not align: the oracles can see (negative control)', async () => {
    const oracles = new Set<string>()
    for (let seed = 1; seed <= 30 && !oracles.has('O1'); seed++) {
      const { violations } = await runSeed(seed, { mode: 'at-least-once' })
      for (const { oracle } of violations) oracles.add(oracle)
    }
    expect([...oracles]).toContain('O1')
  })
})
