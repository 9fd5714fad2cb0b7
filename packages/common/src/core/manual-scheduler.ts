// Virtual time, for tests and the simulator: nothing happens until somebody says so, and then in one fixed order,
// (due time, order of asking). It never waits and never runs callbacks by itself. Callbacks that continue behind a
// promise need the promise jobs drained between events: see node/virtual-time for that.

import { assert } from './assert.ts'
import type { CancelTimer, Scheduler } from './clock.ts'

/** More waiting events than this is a leak in the code under test. */
export const PENDING_EVENTS_MAX = 1_000_000
/** `runUntilIdle` gives up after so many events: something keeps asking for another turn. */
export const IDLE_EVENTS_MAX = 1_000_000
/** 2026-01-01T00:00:00Z. */
const WALL_MS = 1_767_225_600_000

export interface ManualSchedulerOptions {
  /** Monotonic time at the start, ms. Default 0. */
  readonly startMs?: number
  /** Wall clock at the start, ms since 1970. Default 2026-01-01T00:00:00Z. */
  readonly wallMs?: number
  /** Virtual time that one turn of the loop takes, ms ≥ 0. Above 0, a busy loop cannot stop time. Default 0. */
  readonly turnMs?: number
}

interface Event {
  readonly dueMs: number
  readonly order: number
  /** null: taken back. */
  fn: (() => void) | null
}

export class ManualScheduler implements Scheduler {
  readonly #heap: Event[] = []
  readonly #turnMs: number
  #nowMs: number
  #wallOffsetMs: number
  #order = 0
  #ran = -1
  #live = 0

  constructor(options: ManualSchedulerOptions = {}) {
    this.#nowMs = options.startMs ?? 0
    this.#wallOffsetMs = (options.wallMs ?? WALL_MS) - this.#nowMs
    this.#turnMs = options.turnMs ?? 0
    assert(this.#turnMs >= 0, 'turnMs is not negative')
  }

  nowMs(): number {
    return this.#nowMs
  }

  wallMs(): number {
    return this.#nowMs + this.#wallOffsetMs
  }

  timer(delayMs: number, fn: () => void): CancelTimer {
    // The message costs more than the timer: it is made only when it is needed.
    if (!(delayMs >= 0)) assert(false, `a delay is a number ≥ 0, not ${delayMs}`)
    return this.#push(this.#nowMs + delayMs, fn)
  }

  nextTurn(fn: () => void): CancelTimer {
    return this.#push(this.#nowMs + this.#turnMs, fn)
  }

  /** Events that wait, those taken back not counted. */
  get pending(): number {
    return this.#live
  }

  /** Which event ran last, by the order of asking from 0; -1: none has. */
  get ran(): number {
    return this.#ran
  }

  /** When the next event is due, or null when none waits. */
  get nextDueMs(): number | null {
    this.#dropCanceled()
    return this.#heap[0]?.dueMs ?? null
  }

  /** The wall clock jumps, as a badly set one does; monotonic time does not notice. */
  jumpWall(deltaMs: number): void {
    this.#wallOffsetMs += deltaMs
  }

  /** Runs the next event, moving time to it. False when none waits, or none up to `limitMs` (then time stands). */
  step(limitMs: number = Number.POSITIVE_INFINITY): boolean {
    this.#dropCanceled()
    const event = this.#heap[0]
    if (event === undefined || event.dueMs > limitMs) return false
    this.#pop()
    const fn = event.fn
    event.fn = null
    this.#live -= 1
    assert(event.dueMs >= this.#nowMs, 'time does not run backwards')
    this.#nowMs = event.dueMs
    this.#ran = event.order
    if (fn !== null) fn()
    return true
  }

  /** Lets `ms` pass, running everything that falls due, also what those callbacks ask for. */
  advance(ms: number): void {
    assert(ms >= 0, 'time does not run backwards')
    const target = this.#nowMs + ms
    for (let ran = 0; this.step(target); ran++)
      assert(ran < IDLE_EVENTS_MAX, 'events without end: no time passes')
    this.moveTo(target)
  }

  /** Runs events until none waits. Throws AssertionFailed after IDLE_EVENTS_MAX of them. */
  runUntilIdle(): void {
    for (let ran = 0; this.step(); ran++)
      assert(ran < IDLE_EVENTS_MAX, 'events without end: never idle')
  }

  /** Sets the time without running anything; nothing may be due before `targetMs`. */
  moveTo(targetMs: number): void {
    assert(targetMs >= this.#nowMs, 'time does not run backwards')
    const next = this.nextDueMs
    assert(next === null || next >= targetMs, 'an event would be skipped')
    this.#nowMs = targetMs
  }

  #push(dueMs: number, fn: () => void): CancelTimer {
    assert(this.#live < PENDING_EVENTS_MAX, 'too many pending events')
    const event: Event = { dueMs, order: this.#order++, fn }
    this.#heap.push(event)
    this.#live += 1
    siftUp(this.#heap, this.#heap.length - 1)
    return () => {
      if (event.fn === null) return
      event.fn = null
      this.#live -= 1
    }
  }

  #dropCanceled(): void {
    while (this.#heap[0]?.fn === null) this.#pop()
  }

  #pop(): void {
    const last = this.#heap.pop()
    if (last === undefined || this.#heap.length === 0) return
    this.#heap[0] = last
    siftDown(this.#heap, 0)
  }
}

function before(a: Event, b: Event): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order)
}

function siftUp(heap: Event[], start: number): void {
  let at = start
  while (at > 0) {
    const parent = (at - 1) >> 1
    if (!before(heap[at] as Event, heap[parent] as Event)) return
    swap(heap, at, parent)
    at = parent
  }
}

function siftDown(heap: Event[], start: number): void {
  let at = start
  for (;;) {
    const left = 2 * at + 1
    const right = left + 1
    let least = at
    if (left < heap.length && before(heap[left] as Event, heap[least] as Event)) least = left
    if (right < heap.length && before(heap[right] as Event, heap[least] as Event)) least = right
    if (least === at) return
    swap(heap, at, least)
    at = least
  }
}

function swap(heap: Event[], a: number, b: number): void {
  const kept = heap[a] as Event
  heap[a] = heap[b] as Event
  heap[b] = kept
}
