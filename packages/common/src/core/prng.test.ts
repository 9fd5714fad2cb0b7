import { describe, expect, it } from 'vitest'
import { Prng } from './prng.ts'

describe('Prng', () => {
  it('gives equal sequences for equal seeds and different ones for different seeds', () => {
    const draw = (seed: number): number[] => {
      const prng = new Prng(seed)
      return Array.from({ length: 8 }, () => prng.uint32())
    }
    expect(draw(7)).toEqual(draw(7))
    expect(draw(7)).not.toEqual(draw(8))
    expect(draw(2 ** 40 + 7)).not.toEqual(draw(7))
  })

  it('spreads int(k) evenly and stays in range', () => {
    const prng = new Prng(1)
    const counts = new Array<number>(10).fill(0)
    for (let i = 0; i < 100_000; i++) counts[prng.int(10)]!++
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500)
  })
})
