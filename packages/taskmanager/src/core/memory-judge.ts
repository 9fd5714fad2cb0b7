// Whether a job process takes too much memory, one look after the other. V8 limits heaps but counts no Buffers, so what
// is judged is what is resident, as the kernel would.
//
// Memory that nobody uses any more is resident until it is collected; so a process that is a little over its limit gets
// half a second, in which V8, told of the pressure by its own counts, collects. A flood does not wait for that: a tenth
// above the limit ends it at the first look, before it takes the memory of others.

/** Of the limit: the job's followers are told. */
export const SHORT_SHARE = 0.8
/** They are told that it has passed, and may be told again, when it was below this … */
export const RELIEVED_SHARE = 0.7
/** … for so many looks in a row: what goes up and down with every collection is one piece of news, not ten a second. */
export const RELIEVED_LOOKS_MIN = 50
/** Of the limit: ended at once. */
export const FLOOD_SHARE = 1.1
/** Looks in a row over the limit after which it is ended. */
export const OVER_LOOKS_MAX = 5

/** `short` and `relieved` are news, each told once; `over` is not the end yet; `ended` is. */
export type MemoryVerdict = 'unchanged' | 'short' | 'relieved' | 'over' | 'ended'

export class MemoryJudge {
  readonly limitBytes: number
  #short = false
  #overLooks = 0
  #calmLooks = 0

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes
  }

  /** Its followers have been told that it runs short. */
  get short(): boolean {
    return this.#short
  }

  look(residentBytes: number): MemoryVerdict {
    const share = residentBytes / this.limitBytes
    this.#overLooks = share > 1 ? this.#overLooks + 1 : 0
    this.#calmLooks = share < RELIEVED_SHARE ? this.#calmLooks + 1 : 0
    if (share > FLOOD_SHARE || this.#overLooks >= OVER_LOOKS_MAX) return 'ended'
    if (!this.#short && share >= SHORT_SHARE) {
      this.#short = true
      return 'short'
    }
    if (this.#overLooks > 0) return 'over'
    if (!this.#short || this.#calmLooks < RELIEVED_LOOKS_MIN) return 'unchanged'
    this.#short = false
    return 'relieved'
  }
}
