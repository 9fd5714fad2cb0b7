// Whether memory of processes is flat while nothing happens to them: whoever leaks holds more after each full collection than
// after the one before. So what counts is not how memory goes up and down between collections but its floor, the least that a
// process had in a stretch of time long enough for some of them.

import type { ProcessLife } from './proc.ts'

const MS_PER_MINUTE = 60_000
const HUNDRED = 100
/** Of the time in which it is quiet: caches fill and code is compiled. */
const SETTLING_SHARE = 0.3

type Point = readonly [atMs: number, mib: number]

export interface Floors {
  readonly process: string
  /** MiB, in the first half of what is judged and in the second. */
  readonly first: number
  readonly second: number
  readonly perMinute: number
}

/** From `fromMs` on; add what is seen at any pace, more often than it changes. */
export class QuietFloors {
  readonly #fromMs: number
  readonly #lives = new Map<string, Point[]>()

  constructor(fromMs: number) {
    this.#fromMs = fromMs
  }

  add(kind: string, { pid, birth }: ProcessLife, atMs: number, mib: number): void {
    const name = `${kind} ${pid} ${birth}`
    const points = this.#lives.get(name)
    if (points === undefined) this.#lives.set(name, [[atMs, mib]])
    else points.push([atMs, mib])
  }

  /** Of each process that was there from the end of the settling to `untilMs`. */
  floors(untilMs: number): readonly Floors[] {
    const judgedFromMs = this.#fromMs + (untilMs - this.#fromMs) * SETTLING_SHARE
    const middleMs = (judgedFromMs + untilMs) / 2
    const minutes = (untilMs - judgedFromMs) / 2 / MS_PER_MINUTE
    return [...this.#lives].flatMap(([name, points]) => {
      const [[bornMs] = [untilMs], [diedMs] = [0]] = [points[0], points.at(-1)]
      if (bornMs > judgedFromMs || diedMs < untilMs - MS_PER_MINUTE) return []
      const first = floorOf(points, judgedFromMs, middleMs)
      const second = floorOf(points, middleMs, untilMs)
      const [process = ''] = name.split(' ')
      return [{ process, first, second, perMinute: hundredths((second - first) / minutes) }]
    })
  }
}

const floorOf = (points: readonly Point[], fromMs: number, untilMs: number): number =>
  hundredths(
    Math.min(...points.flatMap(([atMs, mib]) => (atMs >= fromMs && atMs < untilMs ? [mib] : []))),
  )

const hundredths = (value: number): number => Math.round(value * HUNDRED) / HUNDRED
