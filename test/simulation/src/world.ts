// One simulated world: one virtual clock, one seed, and a hash of everything that happened, so that the same seed gives the
// same hash or somebody let real time or real chance in: every step of the clock with its moment, whose it was where that
// has a name, and every line of the trace. Nothing here knows what is being simulated.

import { ManualScheduler } from '@weirjs/common/core/manual-scheduler'
import type { JobId } from '@weirjs/common/core/ids'
import { Prng } from '@weirjs/common/core/prng'
import type { PowerToll } from '@weirjs/connectors/files/memory-file-system'
import { type Effect, EFFECTS } from './effects.ts'
import { HistoryHash } from './history-hash.ts'

/** Lines kept for the report of a failing seed. */
export const TRACE_LINES_KEPT = 400
/** Bugs that are kept; the first one tells enough. */
const BUGS_MAX = 5

/**
 * Immediates asked for at once. Node runs all promise callbacks between any two of them, which is what an event must be
 * separated by, and does nothing else before the last: one round of the real event loop serves so many events.
 */
const TURNS_AT_ONCE = 256

/** Virtual time that a turn of an event loop takes, ms. Above 0, so that a busy loop cannot stop time. */
const TURN_MS = 0.05

export class World {
  readonly scheduler: ManualScheduler = new ManualScheduler({ turnMs: TURN_MS })
  readonly prng: Prng
  readonly seed: number
  /** Faults by kind, as they hit. */
  readonly faults: Map<string, number> = new Map()
  /** What the faults came to. */
  readonly effects: Map<Effect, number> = new Map()
  /** Storms that were drawn, and have not done anything yet. */
  readonly #brewing = new Set<string>()
  /** What no fault excuses: broken assertions, errors that nobody caught (oracle O7). */
  readonly bugs: string[] = []
  /** Is told of each fault that hits: what it may touch, one job or (null) anything. */
  onFault: (job: JobId | null) => void = () => {}
  /** By how much the wall clock of a machine differs from the world's, ms. */
  readonly #clocks = new Map<string, number>()
  readonly #lines: string[] = []
  readonly #onTrace: ((line: string) => void) | null
  readonly #history = new HistoryHash()
  #events = 0

  constructor(seed: number, onTrace: ((line: string) => void) | null = null) {
    this.seed = seed
    this.#onTrace = onTrace
    this.prng = new Prng(seed)
  }

  /** Chance for what only some seeds have: whatever is drawn from it, the others live as if it did not exist. */
  stream(salt: number): Prng {
    return new Prng(new Prng(this.seed).uint32() ^ salt)
  }

  /** What the wall clock of a machine shows. */
  wallMs(machine: string): number {
    return this.scheduler.wallMs() + (this.#clocks.get(machine) ?? 0)
  }

  /** The wall clock of one machine jumps, and goes on from there; null: of all. */
  jumpWall(machine: string | null, deltaMs: number): void {
    if (machine === null) this.scheduler.jumpWall(deltaMs)
    else this.#clocks.set(machine, (this.#clocks.get(machine) ?? 0) + deltaMs)
  }

  /** Adds a line to the history. */
  trace(text: string): void {
    const line = `${this.scheduler.nowMs().toFixed(2).padStart(10)} ${text}`
    this.#history.text(line)
    this.#onTrace?.(line)
    this.#lines.push(line)
    if (this.#lines.length > 2 * TRACE_LINES_KEPT) this.#lines.splice(0, TRACE_LINES_KEPT)
  }

  /** Adds to the history what the present step is, or whose: a number, or that of a name (`named`). */
  note(what: number): void {
    this.#history.number(what)
  }

  /** `job`: it can touch no other one. */
  fault(kind: string, text: string, job: JobId | null = null): void {
    this.onFault(job)
    this.faults.set(kind, (this.faults.get(kind) ?? 0) + 1)
    this.trace(`FAULT ${kind} ${text}`)
  }

  /** A fault that has hit when it first has an effect; until then it is not counted. It may touch everybody. */
  storm(kind: string, text: string): void {
    this.onFault(null)
    this.#brewing.add(kind)
    this.trace(`STORM ${kind} ${text}`)
  }

  /** What a fault comes to; `text` when it is to be read in the history. */
  effect(effect: Effect, text: string | null = null): void {
    this.#add(effect, 1)
    const kind = EFFECTS[effect]
    if (this.#brewing.delete(kind)) this.faults.set(kind, (this.faults.get(kind) ?? 0) + 1)
    if (text !== null) this.trace(`FAULT ${effect} ${text}`)
  }

  /** What a loss of power has taken, and what it has not. */
  powerLost({ lost, torn, back }: PowerToll): void {
    this.#add('unsynced-lost', lost)
    this.#add('torn', torn)
    this.#add('back-again', back)
  }

  #add(effect: Effect, times: number): void {
    if (times > 0) this.effects.set(effect, (this.effects.get(effect) ?? 0) + times)
  }

  /** Something that no fault excuses has shown itself; `what` is an error or a sentence. */
  bug(what: unknown): void {
    const text = what instanceof Error ? (what.stack ?? what.message) : String(what)
    this.trace(`BUG ${text.split('\n')[0]}`)
    if (this.bugs.length < BUGS_MAX) this.bugs.push(text)
  }

  /** There is no sense in going on. */
  get broken(): boolean {
    return this.bugs.length > 0
  }

  /** Callbacks that were run. */
  get events(): number {
    return this.#events
  }

  /** 16 hex digits over all that happened so far, in order. */
  get traceHash(): string {
    return this.#history.hex
  }

  /** The newest lines, oldest first. */
  get tail(): readonly string[] {
    return this.#lines.slice(-TRACE_LINES_KEPT)
  }

  /**
   * Runs until `done` answers true or `untilMs` of virtual time have passed; answers whether it was `done`.
   * Between two events every promise callback that can run has run.
   */
  run(untilMs: number, done: () => boolean): Promise<boolean> {
    return new Promise((resolve, reject) => {
      let over = false
      const turn = (): void => {
        if (over) return
        try {
          const ended = done()
          if (!ended && this.scheduler.step(untilMs)) {
            this.#events += 1
            this.#history.time(this.scheduler.nowMs())
            this.#history.number(this.scheduler.ran)
            return
          }
          over = true
          resolve(ended || done())
        } catch (error) {
          over = true
          reject(error)
        }
      }
      const turns = (): void => {
        if (over) return
        for (let i = 0; i < TURNS_AT_ONCE; i++) setImmediate(turn)
        setImmediate(turns)
      }
      turns()
    })
  }
}
