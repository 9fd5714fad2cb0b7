// Slopes of what processes hold, life by life: a process that is started again begins with little, so a line through
// several lives says nothing. The beginning of a life, in which everything grows, is left out.

import type { ProcessLife } from './proc.ts'

const MS_PER_MINUTE = 60_000
/** Shorter lives say nothing. */
const JUDGED_MS_MIN = 60_000
/** Of each life, so much is its beginning. */
const WARM_UP_SHARE = 0.3
/** Lives that are remembered: a long run has thousands, and only long ones count. */
const LIVES_MAX = 64

/** What a line may rise: `saw` in all, however long it is, and `perMinute` besides. */
export interface Rise {
  readonly saw: number
  readonly perMinute: number
}

interface LifeSlope {
  readonly perMinute: number
  /** More would have been too much, over the time that was judged. */
  readonly max: number
}

type Point = readonly [atMs: number, value: number]

export class LifeSlopes {
  readonly #lives = new Map<string, Point[]>()

  add({ pid, birth }: ProcessLife, atMs: number, value: number): void {
    const name = `${pid} ${birth}`
    const points = this.#lives.get(name)
    if (points !== undefined) return void points.push([atMs, value])
    if (this.#lives.size >= LIVES_MAX) this.#forgetShortest()
    this.#lives.set(name, [[atMs, value]])
  }

  /** Of the lives that were long enough, the one that comes nearest to too much; flat when there is none. */
  worst(may: Rise): LifeSlope {
    const slopes = [...this.#lives.values()].flatMap((points) => slopeOf(points, may))
    const [worst] = slopes.toSorted((a, b) => b.perMinute - b.max - (a.perMinute - a.max))
    return worst ?? { perMinute: 0, max: may.perMinute + may.saw }
  }

  /** Of those that have ended: whoever was seen last may still become old. */
  #forgetShortest(): void {
    const byLength = [...this.#lives].toSorted(([, a], [, b]) => a.length - b.length)
    const newestMs = Math.max(...byLength.map(([, points]) => points.at(-1)?.[0] ?? 0))
    const ended = byLength.find(([, points]) => (points.at(-1)?.[0] ?? 0) < newestMs)
    const [name] = ended ?? byLength[0] ?? ['']
    this.#lives.delete(name)
  }
}

function slopeOf(points: readonly Point[], may: Rise): readonly LifeSlope[] {
  const [first, last] = [points[0], points.at(-1)]
  if (first === undefined || last === undefined) return []
  const fromMs = first[0] + (last[0] - first[0]) * WARM_UP_SHARE
  if (last[0] - fromMs < JUDGED_MS_MIN) return []
  const perMinute = slopePerMinute(points.filter(([atMs]) => atMs >= fromMs))
  return [{ perMinute, max: maxOver((last[0] - fromMs) / MS_PER_MINUTE, may) }]
}

export const maxOver = (minutes: number, { saw, perMinute }: Rise): number =>
  hundredths(perMinute + saw / minutes)

export const hundredths = (value: number): number => Math.round(value * 100) / 100

/** Least squares, in hundredths. */
export function slopePerMinute(points: readonly Point[]): number {
  const n = points.length
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / n
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / n
  const covariance = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0)
  const variance = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0)
  return hundredths((covariance / variance) * MS_PER_MINUTE)
}
