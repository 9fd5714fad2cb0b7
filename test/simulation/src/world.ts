// One simulated world: one virtual clock, one seed, and a trace that hashes everything that happened, so that the same
// seed gives the same hash or somebody let real time or real chance in. Nothing here knows what is being simulated.

import { ManualScheduler } from '@weirjs/common/core/manual-scheduler'
import { Prng } from '@weirjs/common/core/prng'
import { settle } from '@weirjs/common/node/virtual-time'

/** Lines kept for the report of a failing seed. */
export const TRACE_LINES_KEPT = 400

/** Virtual time that a turn of an event loop takes, ms. Above 0, so that a busy loop cannot stop time. */
const TURN_MS = 0.05

export class World {
  readonly scheduler: ManualScheduler = new ManualScheduler({ turnMs: TURN_MS })
  readonly prng: Prng
  readonly seed: number
  readonly #lines: string[] = []
  #hashA = 0x811c9dc5
  #hashB = 0x9747b28c
  /** Faults by kind, as they hit. */
  readonly faults: Map<string, number> = new Map()

  constructor(seed: number) {
    this.seed = seed
    this.prng = new Prng(seed)
  }

  /** Adds a line to the history. What is not traced is not covered by the hash. */
  trace(text: string): void {
    const line = `${this.scheduler.nowMs().toFixed(2).padStart(10)} ${text}`
    for (let i = 0; i < line.length; i++) {
      const c = line.charCodeAt(i)
      this.#hashA = Math.imul(this.#hashA ^ c, 0x01000193)
      this.#hashB = Math.imul(this.#hashB ^ c, 0x85ebca6b)
    }
    this.#lines.push(line)
    if (this.#lines.length > 2 * TRACE_LINES_KEPT) this.#lines.splice(0, TRACE_LINES_KEPT)
  }

  fault(kind: string, text: string): void {
    this.faults.set(kind, (this.faults.get(kind) ?? 0) + 1)
    this.trace(`FAULT ${kind} ${text}`)
  }

  get faultCount(): number {
    let sum = 0
    for (const count of this.faults.values()) sum += count
    return sum
  }

  /** 16 hex digits over all trace lines so far. */
  get traceHash(): string {
    const hex = (n: number): string => (n >>> 0).toString(16).padStart(8, '0')
    return hex(this.#hashA) + hex(this.#hashB)
  }

  /** The newest lines, oldest first. */
  get tail(): readonly string[] {
    return this.#lines.slice(-TRACE_LINES_KEPT)
  }

  /**
   * Runs until `done` answers true or `untilMs` of virtual time have passed; answers whether it was `done`.
   * Between two events every promise callback that can run has run.
   */
  async run(untilMs: number, done: () => boolean): Promise<boolean> {
    await settle()
    while (!done()) {
      if (!this.scheduler.step(untilMs)) return done()
      await settle()
    }
    return true
  }
}
