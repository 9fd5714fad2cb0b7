// A first-in first-out queue of bounded size, without moving elements. The bound is the caller's
// and has a name there; reaching it is an answer (`false`), never silent growth.

import { assert } from './assert.ts'

const SLOTS_AT_START = 16

export class RingBuffer<T> {
  readonly #capacity: number
  /** Length is a power of two; grows up to the capacity. */
  #slots: (T | undefined)[]
  #head = 0
  #length = 0

  /** `capacity` elements at most, ≥ 1. */
  constructor(capacity: number) {
    assert(
      Number.isSafeInteger(capacity) && capacity >= 1,
      'a ring buffer holds at least one element',
    )
    this.#capacity = capacity
    this.#slots = new Array<T | undefined>(SLOTS_AT_START)
  }

  get length(): number {
    return this.#length
  }

  get capacity(): number {
    return this.#capacity
  }

  get full(): boolean {
    return this.#length === this.#capacity
  }

  /** Appends; false when the buffer is full and nothing was appended. */
  push(element: T): boolean {
    if (this.#length === this.#capacity) return false
    if (this.#length === this.#slots.length) this.#grow()
    this.#slots[(this.#head + this.#length) & (this.#slots.length - 1)] = element
    this.#length++
    return true
  }

  /** Takes the oldest; undefined when empty. */
  shift(): T | undefined {
    if (this.#length === 0) return undefined
    const element = this.#slots[this.#head]
    this.#slots[this.#head] = undefined
    this.#head = (this.#head + 1) & (this.#slots.length - 1)
    this.#length--
    return element
  }

  /** The oldest, left where it is; undefined when empty. */
  peek(): T | undefined {
    return this.at(0)
  }

  /** The element at `index`, 0 is the oldest; undefined beyond the end. */
  at(index: number): T | undefined {
    if (index < 0 || index >= this.#length) return undefined
    return this.#slots[(this.#head + index) & (this.#slots.length - 1)]
  }

  clear(): void {
    this.#slots = new Array<T | undefined>(SLOTS_AT_START)
    this.#head = 0
    this.#length = 0
  }

  #grow(): void {
    const slots = new Array<T | undefined>(this.#slots.length * 2)
    for (let i = 0; i < this.#length; i++) slots[i] = this.at(i)
    this.#slots = slots
    this.#head = 0
  }
}
