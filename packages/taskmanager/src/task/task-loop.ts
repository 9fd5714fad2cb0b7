// One loop for all tasks of a slot. Ready tasks run in turn; a turn of the event loop does at most about a millisecond
// of work, then the event loop gets its chance (frames, credits, control), and the next turn is asked for only when
// something is left to do. Otherwise the slot sleeps until a task is woken.
//
// When nobody has anything left, open frames may wait half full: after one more turn without work (what is already on
// the way may make them full) they are sent. Under load frames leave full or by their timer; a slot with idle time
// sends early (D22).

import type { Scheduler } from '@weirjs/common/core/clock'

/** Work of one turn, in milliseconds. */
export const TURN_MS = 1
/** Runs of tasks in one turn: the bound when time stands still, as in a simulation. */
export const RUNS_PER_TURN_MAX = 64

/** A task, as the loop sees it. */
export interface LoopTask {
  /** Works until about `deadlineMs`; true when something is left that could be done at once. */
  run(deadlineMs: number): boolean
  /** Something waits in an open frame and may be sent early. */
  readonly dirty: boolean
  /** Nothing else is to be done in this slot: send what waits. */
  flush(): void
}

class Entry {
  readonly task: LoopTask
  ready = false

  constructor(task: LoopTask) {
    this.task = task
  }
}

export interface SlotLoopOptions {
  readonly scheduler: Scheduler
  /** Called at the beginning of each turn: the slot's sign of life. */
  readonly onTurn?: () => void
}

export class SlotLoop {
  readonly #scheduler: Scheduler
  readonly #onTurn: () => void
  readonly #entries: Entry[] = []
  #cursor = 0
  #scheduled = false
  #inTurn = false
  /** The last turn found nothing to do; the next one that finds nothing flushes. */
  #quiet = false

  constructor(options: SlotLoopOptions) {
    this.#scheduler = options.scheduler
    this.#onTurn = options.onTurn ?? ((): void => {})
  }

  /** Adds a task; the answer wakes it, at any time and any number of times. */
  add(task: LoopTask): () => void {
    const entry = new Entry(task)
    this.#entries.push(entry)
    return () => {
      entry.ready = true
      this.#quiet = false
      if (!this.#inTurn) this.#schedule()
    }
  }

  remove(task: LoopTask): void {
    const index = this.#entries.findIndex((entry) => entry.task === task)
    if (index < 0) return
    this.#entries.splice(index, 1)
    if (this.#cursor > index) this.#cursor -= 1
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    this.#scheduler.nextTurn(() => this.#turn())
  }

  #turn(): void {
    this.#scheduled = false
    this.#inTurn = true
    this.#onTurn()
    const deadlineMs = this.#scheduler.nowMs() + TURN_MS
    for (let runs = 0; runs < RUNS_PER_TURN_MAX; runs++) {
      const entry = this.#nextReady()
      if (entry === null) break
      entry.ready = false
      if (entry.task.run(deadlineMs)) entry.ready = true
      if (this.#scheduler.nowMs() >= deadlineMs) break
    }
    this.#inTurn = false
    if (this.#entries.some((entry) => entry.ready)) this.#schedule()
    else this.#onNothingLeft()
  }

  #onNothingLeft(): void {
    const dirty = this.#entries.filter((entry) => entry.task.dirty)
    if (dirty.length === 0) return
    if (this.#quiet) {
      for (const entry of dirty) entry.task.flush()
      return
    }
    this.#quiet = true
    this.#schedule()
  }

  #nextReady(): Entry | null {
    const count = this.#entries.length
    for (let tried = 0; tried < count; tried++) {
      if (this.#cursor >= count) this.#cursor = 0
      const entry = this.#entries[this.#cursor] as Entry
      this.#cursor += 1
      if (entry.ready) return entry
    }
    return null
  }
}
