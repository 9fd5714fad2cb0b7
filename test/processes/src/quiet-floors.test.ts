import { describe, expect, it } from 'vitest'
import { QuietFloors } from './quiet-floors.ts'

const MINUTE = 60_000
const MINUTES = 10

/** A value each second of the time in which it is quiet. */
function live(
  floors: QuietFloors,
  pid: number,
  value: (minute: number) => number,
  minutes = MINUTES,
) {
  for (let atMs = 0; atMs < minutes * MINUTE; atMs += 1_000)
    floors.add('worker', { pid, birth: 'b' }, atMs, value(atMs / MINUTE))
}

/** Of the only process that is judged. */
function slopeOf(value: (minute: number) => number): number | undefined {
  const floors = new QuietFloors(0)
  live(floors, 1, value)
  return floors.floors(MINUTES * MINUTE)[0]?.perMinute
}

describe('QuietFloors', () => {
  it('is flat for a saw that comes back to where it began, however high it is', () => {
    expect(slopeOf((minute) => 100 + 20 * (minute % 2))).toBe(0)
  })

  it('tells what each collection leaves, below the same saw', () => {
    expect(slopeOf((minute) => 100 + 20 * (minute % 2) + 0.6 * Math.floor(minute / 2))).toBeCloseTo(
      0.34,
    )
    expect(slopeOf((minute) => 100 + 20 * (minute % 2) + minute)).toBeGreaterThan(0.5)
  })

  it('does not judge the settling', () => {
    expect(slopeOf((minute) => (minute < 3 ? 50 * minute : 150))).toBe(0)
  })

  it('falls where memory is given back', () => {
    expect(slopeOf((minute) => 100 - minute)).toBe(-1)
  })

  it('judges those that were there all the time', () => {
    const floors = new QuietFloors(0)
    live(floors, 1, () => 100)
    live(floors, 2, () => 100, 5)
    expect(floors.floors(MINUTES * MINUTE)).toEqual([
      { process: 'worker', first: 100, second: 100, perMinute: 0 },
    ])
  })
})
