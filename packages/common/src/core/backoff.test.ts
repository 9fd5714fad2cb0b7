import { describe, expect, it } from 'vitest'
import { Backoff, backoffDelayMs } from './backoff.ts'
import { Prng } from './prng.ts'

const options = { initialMs: 100, maxMs: 1_000, multiplier: 2, jitter: 0 }

describe('Backoff', () => {
  it('doubles up to its maximum and starts anew after a success', () => {
    const backoff = new Backoff(options, new Prng(1))
    const delays = Array.from({ length: 6 }, () => backoff.nextDelayMs())
    expect(delays).toEqual([100, 200, 400, 800, 1_000, 1_000])
    backoff.reset()
    expect(backoff.nextDelayMs()).toBe(100)
  })

  it('spreads by its jitter and never beyond the maximum, whatever the number of failures', () => {
    const prng = new Prng(2)
    for (let failures = 0; failures < 5_000; failures++) {
      const delay = backoffDelayMs({ ...options, jitter: 0.1 }, failures, prng)
      const plain = Math.min(100 * 2 ** failures, 1_000)
      expect(Math.abs(delay - plain)).toBeLessThanOrEqual(plain * 0.1)
      expect(delay).toBeLessThanOrEqual(1_000)
    }
    expect(backoffDelayMs({ ...options, initialMs: 0 }, 4_000, prng)).toBe(0)
  })
})
