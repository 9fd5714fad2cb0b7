// Whether memory is flat while nothing happens. Memory goes up and down between collections, and makes a step when a heap
// gets room or code is compiled. What leaks does neither: it rises all the time. So the time is divided into stretches, of
// each of them only the floor counts, the least that was held, and a rise is what every floor has above the one before.

import { hundredths } from './life-slopes.ts'

const MS_PER_MINUTE = 60_000
/** Of the time in which it is quiet: caches fill and code is compiled. */
const SETTLING_SHARE = 0.3
const STRETCHES = 3
/** Whoever was not seen for so long has ended. */
const LAST_SEEN_MS_MAX = 60_000

type Point = readonly [atMs: number, mib: number]

export interface Floors {
  readonly kind: string
  /** MiB, one for each stretch. */
  readonly floors: readonly number[]
  /** The least rise from one to the next, MiB a minute. */
  readonly perMinute: number
}

/** From `fromMs` on; add what is seen at any pace, some times in a stretch. */
export class QuietFloors {
  readonly #fromMs: number
  readonly #lives = new Map<string, { readonly kind: string; readonly points: Point[] }>()

  constructor(fromMs: number) {
    this.#fromMs = fromMs
  }

  /** `life`: tells it from others of its kind. */
  add(kind: string, life: string, atMs: number, mib: number): void {
    const name = `${kind} ${life}`
    const known = this.#lives.get(name)
    if (known === undefined) this.#lives.set(name, { kind, points: [[atMs, mib]] })
    else known.points.push([atMs, mib])
  }

  /** Of each that was there from the end of the settling to `untilMs`. */
  floors(untilMs: number): readonly Floors[] {
    const judgedFromMs = this.#fromMs + (untilMs - this.#fromMs) * SETTLING_SHARE
    const stretchMs = (untilMs - judgedFromMs) / STRETCHES
    return [...this.#lives.values()].flatMap(({ kind, points }) => {
      const [first, last] = [points[0]?.[0] ?? untilMs, points.at(-1)?.[0] ?? 0]
      if (first > judgedFromMs || last < untilMs - LAST_SEEN_MS_MAX) return []
      const floors = Array.from({ length: STRETCHES }, (_, i) =>
        floorOf(points, judgedFromMs + i * stretchMs, stretchMs),
      )
      if (!floors.every(Number.isFinite)) return [] // not seen in one of them
      const rises = floors.slice(1).map((floor, i) => floor - (floors[i] ?? 0))
      const perMinute = hundredths((Math.min(...rises) / stretchMs) * MS_PER_MINUTE)
      return [{ kind, floors, perMinute }]
    })
  }
}

const floorOf = (points: readonly Point[], fromMs: number, forMs: number): number =>
  hundredths(
    Math.min(...points.flatMap(([at, mib]) => (at >= fromMs && at < fromMs + forMs ? [mib] : []))),
  )
