import { expect, test } from 'vitest'
import { Pace } from './pace.ts'

test('a bar grows, and the time left follows from the pace of the last seconds', () => {
  const pace = new Pace()
  expect([pace.bar(), pace.leftMs(0)]).toEqual([null, null])
  pace.seen(0, 0)
  expect(pace.bar()).toBe('[░░░░░░░░░░░░░░░░░░░░] 0 %')
  pace.seen(0.1, 1_000)
  expect(pace.leftMs(1_000)).toBe(9_000)
  expect(pace.leftMs(2_000)).toBe(8_000)
  pace.seen(0.559, 5_000)
  expect(pace.bar()).toBe('[███████████░░░░░░░░░] 55 %')
  pace.seen(1, 6_000)
  expect([pace.bar(), pace.leftMs(6_000)]).toEqual(['[████████████████████] 100 %', 0])
})

test('nothing is guessed while it stands, after a step back, or when nobody knows', () => {
  const pace = new Pace()
  pace.seen(0.5, 0)
  pace.seen(0.5, 5_000)
  expect(pace.leftMs(5_000)).toBeNull()
  pace.seen(0.6, 6_000)
  expect(pace.leftMs(6_000)).toBeCloseTo(24_000)
  pace.seen(0.2, 7_000)
  expect(pace.leftMs(7_000)).toBeNull()
  pace.seen(null, 8_000)
  expect(pace.bar()).toBeNull()
})
