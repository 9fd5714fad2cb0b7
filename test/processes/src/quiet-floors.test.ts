import { describe, expect, it } from 'vitest'
import { QuietFloors } from './quiet-floors.ts'

const MINUTE = 60_000
const MINUTES = 10

/** A value each second of the time in which it is quiet. */
function live(
  floors: QuietFloors,
  life: string,
  value: (minute: number) => number,
  minutes = MINUTES,
) {
  for (let atMs = 0; atMs < minutes * MINUTE; atMs += 1_000)
    floors.add('worker', life, atMs, value(atMs / MINUTE))
}

/** Of the only one that is judged. */
function riseOf(value: (minute: number) => number): number | undefined {
  const floors = new QuietFloors(0)
  live(floors, '1', value)
  return floors.floors(MINUTES * MINUTE)[0]?.perMinute
}

describe('QuietFloors', () => {
  it('is flat for a saw that comes back to where it began, however high it is', () => {
    expect(riseOf((minute) => 100 + 20 * (minute % 2))).toBe(0)
  })

  it('is flat for a single step, whenever it comes', () => {
    for (const at of [4, 5.5, 7, 9]) expect(riseOf((minute) => (minute < at ? 100 : 116))).toBe(0)
  })

  it('tells what rises all the time, below a saw, too', () => {
    expect(riseOf((minute) => 100 + minute)).toBeCloseTo(1)
    expect(riseOf((minute) => 100 + 20 * (minute % 0.5) + 0.6 * minute)).toBeCloseTo(0.6, 0)
  })

  it('does not judge the settling', () => {
    expect(riseOf((minute) => (minute < 3 ? 50 * minute : 150))).toBe(0)
  })

  it('falls where memory is given back', () => {
    expect(riseOf((minute) => 100 - minute)).toBe(-1)
  })

  it('judges those that were there all the time', () => {
    const floors = new QuietFloors(0)
    live(floors, '1', () => 100)
    live(floors, '2', () => 100, 5)
    expect(floors.floors(MINUTES * MINUTE)).toEqual([
      { kind: 'worker', floors: [100, 100, 100], perMinute: 0 },
    ])
  })
})
