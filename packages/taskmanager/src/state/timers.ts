// Timers of one time domain: a binary heap that gives the earliest in a total order, and beside it
// a table that holds each key's timers. The table is what makes a key's timers unique and what
// snapshots write, with the same copy-on-first-write as all state; the heap is rebuilt from it.
// Each timer knows its place in the heap, so a deletion leaves nothing behind.

import { assert, present } from '@weirjs/common/core/assert'
import type { ByteSink, ByteSource, Codec, Key } from '@weirjs/common/core/codec'
import { WeirError } from '@weirjs/common/core/errors'
import { keyHashOf } from '@weirjs/common/core/graph/key-groups'
import { compareKeys } from './key-order.ts'
import type { StateTable } from './state-table.ts'
import type { Timer, TimerService } from './state-backend.ts'

export class HeapTimer implements Timer {
  readonly time: number
  readonly key: Key
  readonly keyGroup: number
  /** Place in the heap. */
  place = -1

  constructor(time: number, key: Key, keyGroup: number) {
    this.time = time
    this.key = key
    this.keyGroup = keyGroup
  }
}

/**
 * One key's timers, rising by time. Only times are written: key and key group are known where they
 * are read.
 */
export const timersCodec: Codec<HeapTimer[]> = {
  descriptor: { name: 'weir/timers', version: 1 },
  write(sink: ByteSink, timers: readonly HeapTimer[]): void {
    sink.count(timers.length)
    for (const timer of timers) sink.f64(timer.time)
  },
  read(source: ByteSource): HeapTimer[] {
    const length = source.count()
    const timers: HeapTimer[] = []
    for (let i = 0; i < length; i++) timers.push(new HeapTimer(source.f64(), 0, 0))
    return timers
  },
}

/** Whose key is current, and how to change it. */
export interface KeyHolder {
  readonly currentKey: Key
  readonly currentKeyGroup: number
  setKey(key: Key, keyHash: number): void
}

export class HeapTimers implements TimerService {
  readonly #table: StateTable<HeapTimer[]>
  readonly #keys: KeyHolder
  readonly #heap: HeapTimer[] = []

  constructor(table: StateTable<HeapTimer[]>, keys: KeyHolder) {
    this.#table = table
    this.#keys = keys
  }

  get size(): number {
    return this.#heap.length
  }

  register(time: number): void {
    if (!Number.isFinite(time)) throw notATime(time)
    const table = this.#table
    if (!table.find()) table.put([])
    const timers = table.value
    const at = lowerBound(timers, time)
    if (timers[at]?.time === time) return
    table.unshare()
    const timer = new HeapTimer(time, table.owner, this.#keys.currentKeyGroup)
    timers.splice(at, 0, timer)
    this.#heap.push(timer)
    this.#rise(timer, this.#heap.length - 1)
  }

  delete(time: number): void {
    if (!this.#table.find()) return
    const timers = this.#table.value
    const timer = timers[lowerBound(timers, time)]
    if (timer === undefined || timer.time !== time) return
    this.#removeFromHeap(timer)
    this.#forget(timer)
  }

  popDue(now: number): Timer | null {
    const timer = this.#heap[0]
    if (timer === undefined || timer.time > now) return null
    this.#removeFromHeap(timer)
    this.#keys.setKey(timer.key, keyHashOf(timer.key))
    this.#forget(timer)
    return timer
  }

  peek(): number | null {
    return this.#heap[0]?.time ?? null
  }

  /** Gives the current key the timers that a snapshot held. */
  restore(times: readonly Timer[]): void {
    for (const { time } of times) this.register(time)
  }

  close(): void {
    this.#heap.length = 0
  }

  /** Takes the timer out of the current key's entry. */
  #forget(timer: HeapTimer): void {
    assert(this.#table.find(), 'heap and table hold the same timers')
    const timers = this.#table.value
    const at = lowerBound(timers, timer.time)
    assert(timers[at] === timer, 'heap and table hold the same timers')
    if (timers.length === 1) {
      this.#table.remove()
      return
    }
    this.#table.unshare()
    timers.splice(at, 1)
  }

  #removeFromHeap(timer: HeapTimer): void {
    const last = present(this.#heap.pop(), 'a timer in the heap')
    if (last === timer) return
    const place = timer.place
    this.#rise(last, place)
    if (last.place === place) this.#sink(last, place)
  }

  #rise(timer: HeapTimer, from: number): void {
    let place = from
    while (place > 0) {
      const parentPlace = (place - 1) >> 1
      const parent = this.#heap[parentPlace] as HeapTimer
      if (compareTimers(parent, timer) <= 0) break
      this.#put(parent, place)
      place = parentPlace
    }
    this.#put(timer, place)
  }

  #sink(timer: HeapTimer, from: number): void {
    let place = from
    for (;;) {
      let childPlace = 2 * place + 1
      let child = this.#heap[childPlace]
      if (child === undefined) break
      const right = this.#heap[childPlace + 1]
      if (right !== undefined && compareTimers(right, child) < 0) {
        child = right
        childPlace += 1
      }
      if (compareTimers(timer, child) <= 0) break
      this.#put(child, place)
      place = childPlace
    }
    this.#put(timer, place)
  }

  #put(timer: HeapTimer, place: number): void {
    this.#heap[place] = timer
    timer.place = place
  }
}

/** (time, key group, key): no two timers are equal in it. */
export function compareTimers(a: Timer, b: Timer): number {
  if (a.time !== b.time) return a.time - b.time
  if (a.keyGroup !== b.keyGroup) return a.keyGroup - b.keyGroup
  return compareKeys(a.key, b.key)
}

/** First place whose time is not below `time`. */
function lowerBound(timers: readonly Timer[], time: number): number {
  let low = 0
  let high = timers.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((timers[middle] as Timer).time < time) low = middle + 1
    else high = middle
  }
  return low
}

function notATime(time: number): WeirError {
  return new WeirError('state/bad-timer', `a timer was set to ${time}, which is not a time`, {
    domain: 'user',
    hint: 'Timers are set to milliseconds since 1970; check the arithmetic that made this number.',
  })
}
