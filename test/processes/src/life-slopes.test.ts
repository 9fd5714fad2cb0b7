import { describe, expect, it } from 'vitest'
import { LifeSlopes } from './life-slopes.ts'

const MINUTE = 60_000
const MAY = { saw: 7, perMinute: 1 }

/** A value each second, for so many minutes. */
function live(slopes: LifeSlopes, pid: number, minutes: number, value: (minute: number) => number) {
  for (let atMs = 0; atMs <= minutes * MINUTE; atMs += 1_000)
    slopes.add({ pid, birth: 'b' }, atMs, value(atMs / MINUTE))
}

describe('LifeSlopes', () => {
  it('is flat for lives that hold what they held, however much they took at first', () => {
    const slopes = new LifeSlopes()
    live(slopes, 1, 10, (minute) => (minute < 2 ? 50 * minute : 100))
    expect(slopes.worst(MAY)).toEqual({ perMinute: 0, max: 2 })
  })

  it('tells the life that rises most among others that do not', () => {
    const slopes = new LifeSlopes()
    live(slopes, 1, 10, () => 100)
    live(slopes, 2, 10, (minute) => 100 + 3 * minute)
    live(slopes, 3, 10, (minute) => 100 - 5 * minute)
    expect(slopes.worst(MAY).perMinute).toBe(3)
  })

  it('tells a slow rise of a long life rather than a quick one of a short life that may be a saw', () => {
    const slopes = new LifeSlopes()
    live(slopes, 1, 2, (minute) => 4 * minute)
    live(slopes, 2, 100, (minute) => 2 * minute)
    expect(slopes.worst(MAY)).toEqual({ perMinute: 2, max: 1.1 })
  })

  it('sees no leak in lives that begin again and again with little', () => {
    const slopes = new LifeSlopes()
    for (let pid = 1; pid <= 20; pid++) live(slopes, pid, 0.3, (minute) => 100 + 1_000 * minute)
    expect(slopes.worst(MAY)).toEqual({ perMinute: 0, max: 8 })
  })

  it('remembers a long life through many short ones', () => {
    const slopes = new LifeSlopes()
    for (let atMs = 0; atMs <= 10 * MINUTE; atMs += 1_000) {
      slopes.add({ pid: 1, birth: 'b' }, atMs, (2 * atMs) / MINUTE)
      slopes.add({ pid: 2 + atMs, birth: 'b' }, atMs, 1)
    }
    expect(slopes.worst(MAY).perMinute).toBe(2)
  })
})
