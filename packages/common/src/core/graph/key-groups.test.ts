import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { tries } from '../../codec/runs.contract.ts'
import type { Key } from '../codec.ts'
import { WeirError } from '../errors.ts'
import {
  defaultMaxParallelism,
  hashKey,
  keyGroupOf,
  keyGroupRange,
  subtaskOfKeyGroup,
} from './key-groups.ts'

const parallelisms = fc
  .tuple(fc.integer({ min: 1, max: 4_096 }), fc.integer({ min: 1, max: 4_096 }))
  .map(([a, b]) => ({ maxParallelism: Math.max(a, b), parallelism: Math.min(a, b) }))

describe('key groups', () => {
  it('never change: state on disk is laid out by them', () => {
    const frozen: readonly [Key, number][] = [
      ['', 3831157163],
      ['a', 3889858547],
      ['ab', 4026674383],
      ['abc', 1808996206],
      ['abcd', 2539735517],
      ['hliifzn', 2782840297],
      ['żółć', 3324706667],
      ['日本語テキスト', 3620554122],
      ['a😀b', 4150996986],
      ['\ud800', 3529069277],
      ['x\udc00', 3156027193],
      [0, 1626072776],
      [1, 3200551684],
      [-1, 1689271557],
      [2_147_483_647, 2321643547],
      [2_147_483_648, 4184781910],
      [0.5, 2203016550],
      [Number.POSITIVE_INFINITY, 461228991],
      [true, 1405797717],
      [false, 962700458],
      [0n, 2851871033],
      [1n, 1539983184],
      [-1n, 662979032],
      [2n ** 63n, 2160563635],
      [-(2n ** 200n), 1471353900],
    ]
    expect(frozen.map(([key]) => [key, hashKey(key)])).toEqual(frozen)
  })

  it('keep keys of different types apart and take -0 for 0', () => {
    expect(new Set([hashKey(1), hashKey('1'), hashKey(1n), hashKey(true)]).size).toBe(4)
    expect(hashKey(-0)).toBe(hashKey(0))
  })

  it('refuse NaN and what is no key', () => {
    expect(() => keyGroupOf(Number.NaN, 128)).toThrow(expect.objectContaining({ code: 'key/nan' }))
    for (const odd of [null, undefined, {}, [], Symbol('s')]) {
      expect(() => keyGroupOf(odd as unknown as Key, 128)).toThrow(WeirError)
    }
  })

  it('lie in range and spread evenly', () => {
    const counts = new Array<number>(128).fill(0)
    for (let i = 0; i < 64_000; i++) {
      counts[keyGroupOf(i, 128)]!++
      counts[keyGroupOf(`user-${i}`, 128)]!++
    }
    expect(Math.min(...counts)).toBeGreaterThan(850)
    expect(Math.max(...counts)).toBeLessThan(1_150)
  })

  it('are dealt to subtasks in ranges that cover each group exactly once', () => {
    fc.assert(
      fc.property(parallelisms, ({ maxParallelism, parallelism }) => {
        let next = 0
        for (let subtask = 0; subtask < parallelism; subtask++) {
          const range = keyGroupRange(maxParallelism, parallelism, subtask)
          expect(range.first).toBe(next)
          for (let group = range.first; group <= range.last; group++) {
            if (subtaskOfKeyGroup(group, maxParallelism, parallelism) !== subtask)
              throw new Error(`group ${group}`)
          }
          next = range.last + 1
        }
        expect(next).toBe(maxParallelism)
      }),
      tries(60, 3_000),
    )
  }, 600_000)

  it('lead every key to the one subtask that restores its key group, at any parallelism', () => {
    const keys = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.double({ noNaN: true }),
      fc.integer(),
      fc.boolean(),
      fc.bigInt(),
    )
    const growing = fc.tuple(parallelisms, fc.nat()).map(([{ maxParallelism, parallelism }, n]) => {
      return { maxParallelism, before: parallelism, after: 1 + (n % maxParallelism) }
    })
    fc.assert(
      fc.property(growing, keys, ({ maxParallelism, before, after }, key) => {
        const group = keyGroupOf(key, maxParallelism)
        expect(group >= 0 && group < maxParallelism && Number.isInteger(group)).toBe(true)
        for (const parallelism of [before, after]) {
          const subtask = subtaskOfKeyGroup(group, maxParallelism, parallelism)
          const { first, last } = keyGroupRange(maxParallelism, parallelism, subtask)
          expect(first <= group && group <= last).toBe(true)
        }
      }),
      tries(1_000, 200_000),
    )
  }, 600_000)

  it('default to 128, then to a power of two with room to grow', () => {
    expect([1, 128, 129, 170, 171, 1_000, 20_000, 32_768].map(defaultMaxParallelism)).toEqual([
      128, 128, 256, 256, 512, 2_048, 32_768, 32_768,
    ])
  })
})
