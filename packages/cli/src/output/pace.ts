// How far something is, as a bar, and when it will be done: by what was done in the last seconds, so that a change of pace
// shows soon. A step back (a restart) starts the count anew.

const BAR_CELLS = 20
/** Older looks are forgotten. */
const WINDOW_MS = 15_000
const LOOKS_MAX = 64
/** A guess from less than this is worth nothing. */
const SPAN_MS_MIN = 1_000
const LEFT_MS_MAX = 7 * 24 * 3_600_000

interface Look {
  readonly ratio: number
  readonly atMs: number
}

export class Pace {
  #looks: Look[] = []

  /** Null: unknown. */
  seen(ratio: number | null, nowMs: number): void {
    const last = this.#looks.at(-1)
    if (ratio === null || (last !== undefined && ratio < last.ratio)) this.#looks = []
    if (ratio === null) return
    this.#looks.push({ ratio, atMs: nowMs })
    const young = this.#looks.filter(({ atMs }) => nowMs - atMs <= WINDOW_MS)
    this.#looks = young.slice(-LOOKS_MAX)
  }

  /** `[██████░░░░░░░░░░░░░░] 31 %`, or null. */
  bar(): string | null {
    const last = this.#looks.at(-1)
    if (last === undefined) return null
    const full = Math.floor(last.ratio * BAR_CELLS)
    const percent = Math.floor(last.ratio * 100)
    return `[${'█'.repeat(full)}${'░'.repeat(BAR_CELLS - full)}] ${percent} %`
  }

  /** Null while nothing can be said. */
  leftMs(nowMs: number): number | null {
    const [first, last] = [this.#looks[0], this.#looks.at(-1)]
    if (first === undefined || last === undefined || last.atMs - first.atMs < SPAN_MS_MIN)
      return null
    const perMs = (last.ratio - first.ratio) / (last.atMs - first.atMs)
    const leftMs = (1 - last.ratio) / perMs - (nowMs - last.atMs)
    return perMs > 0 && leftMs <= LEFT_MS_MAX ? Math.max(0, leftMs) : null
  }
}
