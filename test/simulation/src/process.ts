// A simulated process: a name and a life. Its timers and turns stop with it (kill -9) or wait (SIGSTOP); what it had
// asked of others may still happen. Code under test gets `this` as its Scheduler and never learns that it is simulated.

import type { CancelTimer, Scheduler } from '@weirjs/common/core/clock'
import type { JobId } from '@weirjs/common/core/ids'
import { named } from './history-hash.ts'
import type { World } from './world.ts'

/** Callbacks that a paused process holds back; more is a leak. */
const HELD_CALLBACKS_MAX = 100_000

/** SIGSTOP, and SIGCONT after a while. */
export function pauseFor(world: World, processes: readonly SimProcess[], forMs: number): void {
  for (const process of processes) process.pause()
  world.scheduler.timer(forMs, () => {
    for (const process of processes) process.resume()
  })
}

export class SimProcess implements Scheduler {
  readonly name: string
  /** Processes of one machine are cut off together. */
  readonly machine: string
  /** Whose code runs in it; null: that of no job. */
  readonly job: JobId | null
  /** What a turn of the event loop takes longer than it should, ms: a core that others use, or user code that is slow. */
  slowMs = 0
  readonly #world: World
  /** In the history, instead of its name. */
  readonly #label: number
  /** Timers and turns that it has asked for. */
  #asked = 0
  readonly #onKill = new Set<() => void>()
  readonly #held: (() => void)[] = []
  /** Callbacks that wait for a turn since it was resumed. */
  #behind = 0
  #alive = true
  #paused = false

  constructor(world: World, name: string, machine: string = name, job: JobId | null = null) {
    this.#world = world
    this.name = name
    this.#label = named(name)
    this.machine = machine
    this.job = job
  }

  get alive(): boolean {
    return this.#alive
  }

  get paused(): boolean {
    return this.#paused
  }

  nowMs(): number {
    return this.#world.scheduler.nowMs()
  }

  wallMs(): number {
    return this.#world.wallMs(this.machine)
  }

  timer(delayMs: number, fn: () => void): CancelTimer {
    const { scheduler } = this.#world
    return this.#untilTakenBack(fn, (due) => scheduler.timer(delayMs, due))
  }

  nextTurn(fn: () => void): CancelTimer {
    if (this.slowMs > 0) {
      this.#world.effect('slow-turn')
      return this.timer(this.slowMs, fn)
    }
    const { scheduler } = this.#world
    return this.#untilTakenBack(fn, (due) => scheduler.nextTurn(due))
  }

  /** What expired in a sleep, and still waits for its turn, can be taken back by what has its turn before it. */
  #untilTakenBack(fn: () => void, ask: (due: () => void) => CancelTimer): CancelTimer {
    let takenBack = false
    const which = this.#asked++
    const turn = (): void => {
      if (takenBack) return
      this.#world.note(which)
      fn()
    }
    const cancel = ask(() => this.run(turn))
    return () => {
      takenBack = true
      cancel()
    }
  }

  /** Runs `fn` as this process: not at all when it is dead, later when it is paused. */
  run(fn: () => void): void {
    // What was held back comes first: a connection brings everything in the order in which it was sent.
    if (this.#behind > 0) this.#later(fn)
    else this.#runNow(fn)
  }

  #later(fn: () => void): void {
    this.#behind += 1
    this.#world.scheduler.nextTurn(() => {
      this.#behind -= 1
      this.#runNow(fn)
    })
  }

  #runNow(fn: () => void): void {
    if (!this.#alive) return
    if (!this.#paused) {
      this.#world.note(this.#label)
      fn()
      return
    }
    if (this.#held.length >= HELD_CALLBACKS_MAX) throw new Error(`${this.name} holds too much back`)
    this.#held.push(fn)
    this.#world.effect('held-back')
  }

  /** What the kernel does when the process dies: connections break. Runs in the world, not in the process. The answer takes it back. */
  onKill(fn: () => void): () => void {
    this.#onKill.add(fn)
    return () => this.#onKill.delete(fn)
  }

  /** kill -9. */
  kill(): void {
    if (!this.#alive) return
    this.#alive = false
    this.#held.length = 0
    for (const fn of this.#onKill) fn()
    this.#onKill.clear()
  }

  /** SIGSTOP. */
  pause(): void {
    this.#paused = true
  }

  /** SIGCONT: everything that fell due meanwhile happens now, in order. */
  resume(): void {
    this.#paused = false
    for (const fn of this.#held.splice(0)) this.#later(fn)
  }
}
