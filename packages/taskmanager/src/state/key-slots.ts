// Where the keys of one key group lie: each key has a slot, a small number, under which a table
// keeps what belongs to it in columns. No object is made for a key, so a million keys cost the
// garbage collector nothing, and finding a number costs one or two cache misses.
//
// Numbers lie in an open-addressing table of their own (doubles; NaN, which is no key, marks a free
// slot). All other keys are found by the hash that came with the record. Slots are grouped into pages; a page is what is
// stamped and written out for snapshots (see moments). Whoever changes what lies in a slot must
// have settled its page before: the table does so through `touch`.

import type { Key } from '@weirjs/common/core/codec'
import { keyHashOf } from '@weirjs/common/core/graph/key-groups'
import type { Stamped } from './moments.ts'

/** Values of numbers lie unboxed; all others as they are. */
export type Column<V> = Float64Array | (V | undefined)[]

/** Must be called before anything in a slot of the page changes. */
export type Touch = (page: Page) => void

/** Slots [first, first + size of a page) of one group. */
export class Page implements Stamped {
  stamp: number
  readonly first: number

  constructor(first: number, stamp: number) {
    this.first = first
    this.stamp = stamp
  }
}

export const NO_SLOT = -1

/** The keys of a group and the column of their values. */
export interface KeySlots<V> {
  /** Keys. */
  readonly size: number
  readonly values: Column<V>
  readonly pages: readonly Page[]
  /** Slots in use lie below. */
  readonly slots: number
  has(slot: number): boolean
  /** Of a slot in use. */
  keyAt(slot: number): Key
  /** Its slot, or NO_SLOT. `hash` is keyHashOf(key), here and below. */
  find(key: Key, hash: number): number
  /** Gives a new key, which is kept, its slot. Others may move: `stamp` is for pages that are made anew. */
  add(key: Key, hash: number, touch: Touch, stamp: number): number
  /** Frees the slot of a key that has this hash; others may move to fill the hole. */
  remove(slot: number, hash: number, touch: Touch): void
}

export interface ColumnShape {
  /** A page has 2^pageBits slots. */
  readonly pageBits: number
  readonly numeric: boolean
}

const SLOTS_MIN = 8
/**
 * 2^32 over the golden ratio. Hashes of one key group have some bits in common; their products
 * differ in the upper bits, which are taken.
 */
const SPREAD = 0x9e37_79b1
const FREE = Number.NaN

function newColumn<V>(slots: number, numeric: boolean): Column<V> {
  return numeric ? new Float64Array(slots) : new Array<V | undefined>(slots).fill(undefined)
}

/** Linear probing at a load of at most 3/4; removal shifts back, so that there are no tombstones. */
export class NumberSlots<V> implements KeySlots<V> {
  size = 0
  values: Column<V>
  pages: Page[] = []
  readonly #shape: ColumnShape
  #keys: Float64Array
  /** 32 less the binary logarithm of the slots. */
  #shift: number

  constructor(shape: ColumnShape, stamp: number) {
    this.#shape = shape
    this.#keys = new Float64Array(SLOTS_MIN).fill(FREE)
    this.values = newColumn(SLOTS_MIN, shape.numeric)
    this.#shift = Math.clz32(SLOTS_MIN) + 1
    this.#makePages(stamp)
  }

  get slots(): number {
    return this.#keys.length
  }

  has(slot: number): boolean {
    const key = this.#keys[slot] as number
    return key === key
  }

  keyAt(slot: number): Key {
    return this.#keys[slot] as number
  }

  find(key: Key, hash: number): number {
    const keys = this.#keys
    const mask = keys.length - 1
    let slot = this.#home(hash)
    for (;;) {
      const found = keys[slot] as number
      if (found === key) return slot
      if (found !== found) return NO_SLOT
      slot = (slot + 1) & mask
    }
  }

  add(key: Key, hash: number, touch: Touch, stamp: number): number {
    if (this.size * 4 >= this.#keys.length * 3) this.#resize(this.#keys.length * 2, touch, stamp)
    const slot = this.#freeSlot(hash)
    touch(this.#pageOf(slot))
    this.#keys[slot] = key as number
    this.size += 1
    return slot
  }

  remove(slot: number, _hash: number, touch: Touch): void {
    const keys = this.#keys
    const mask = keys.length - 1
    let hole = slot
    for (let next = (hole + 1) & mask; this.has(next); next = (next + 1) & mask) {
      const home = this.#home(keyHashOf(keys[next] as number))
      // A key may fill the hole when that does not put it before its home, cyclically.
      if (((next - home) & mask) < ((next - hole) & mask)) continue
      touch(this.#pageOf(hole))
      keys[hole] = keys[next] as number
      this.values[hole] = this.values[next] as never
      hole = next
    }
    touch(this.#pageOf(hole))
    keys[hole] = FREE
    if (!this.#shape.numeric) (this.values as (V | undefined)[])[hole] = undefined
    this.size -= 1
  }

  #freeSlot(hash: number): number {
    const mask = this.#keys.length - 1
    let slot = this.#home(hash)
    while (this.has(slot)) slot = (slot + 1) & mask
    return slot
  }

  #home(hash: number): number {
    return Math.imul(hash, SPREAD) >>> this.#shift
  }

  #pageOf(slot: number): Page {
    return this.pages[slot >>> this.#shape.pageBits] as Page
  }

  #resize(slots: number, touch: Touch, stamp: number): void {
    for (const page of this.pages) touch(page)
    const keys = this.#keys
    const values = this.values
    this.#keys = new Float64Array(slots).fill(FREE)
    this.values = newColumn(slots, this.#shape.numeric)
    this.#shift = Math.clz32(slots) + 1
    this.#makePages(stamp)
    for (let from = 0; from < keys.length; from++) {
      const key = keys[from] as number
      if (key !== key) continue
      const to = this.#freeSlot(keyHashOf(key))
      this.#keys[to] = key
      this.values[to] = values[from] as never
    }
  }

  #makePages(stamp: number): void {
    const { pageBits } = this.#shape
    const count = ((this.#keys.length - 1) >>> pageBits) + 1
    this.pages = Array.from({ length: count }, (_, i) => new Page(i << pageBits, stamp))
  }
}

/**
 * Text and all other keys: slots in the order of their making, freed ones first. An index beside
 * them finds a slot by the key's hash, which came with the record: only then are keys compared.
 */
export class HashedSlots<V> implements KeySlots<V> {
  size = 0
  values: Column<V>
  readonly pages: Page[] = []
  readonly #shape: ColumnShape
  readonly #keys: (Key | undefined)[] = []
  readonly #free: number[] = []
  /** Pairs of hash and slot, NO_SLOT in free places; linear probing as above. */
  #index: Int32Array = newIndex(SLOTS_MIN)
  #shift = Math.clz32(SLOTS_MIN) + 1

  constructor(shape: ColumnShape) {
    this.#shape = shape
    this.values = shape.numeric ? new Float64Array(SLOTS_MIN) : []
  }

  get slots(): number {
    return this.#keys.length
  }

  has(slot: number): boolean {
    return this.#keys[slot] !== undefined
  }

  keyAt(slot: number): Key {
    return this.#keys[slot] as Key
  }

  find(key: Key, hash: number): number {
    const index = this.#index
    const end = index.length
    let at = this.#home(hash)
    for (;;) {
      const slot = index[at + 1] as number
      if (slot === NO_SLOT) return NO_SLOT
      if (index[at] === hash && this.#keys[slot] === key) return slot
      at = at + 2 === end ? 0 : at + 2
    }
  }

  add(key: Key, hash: number, touch: Touch, stamp: number): number {
    if (this.size * 8 >= this.#index.length * 3) this.#growIndex()
    const slot = this.#free.pop() ?? this.#keys.length
    const page = slot >>> this.#shape.pageBits
    if (page === this.pages.length) this.pages.push(new Page(slot, stamp))
    touch(this.pages[page] as Page)
    this.#keys[slot] = key
    this.#enter(hash, slot)
    this.size += 1
    if (this.#shape.numeric && slot === this.values.length) this.#growNumbers()
    return slot
  }

  remove(slot: number, hash: number, touch: Touch): void {
    touch(this.pages[slot >>> this.#shape.pageBits] as Page)
    this.#leave(hash, slot)
    this.#keys[slot] = undefined
    if (!this.#shape.numeric) (this.values as (V | undefined)[])[slot] = undefined
    this.#free.push(slot)
    this.size -= 1
  }

  #home(hash: number): number {
    return (Math.imul(hash, SPREAD) >>> this.#shift) << 1
  }

  #enter(hash: number, slot: number): void {
    const index = this.#index
    let at = this.#home(hash)
    while (index[at + 1] !== NO_SLOT) at = at + 2 === index.length ? 0 : at + 2
    index[at] = hash
    index[at + 1] = slot
  }

  #leave(hash: number, slot: number): void {
    const index = this.#index
    const mask = index.length - 1
    let hole = this.#home(hash)
    while (index[hole + 1] !== slot) hole = (hole + 2) & mask
    for (let next = (hole + 2) & mask; index[next + 1] !== NO_SLOT; next = (next + 2) & mask) {
      const home = this.#home(index[next] as number)
      if (((next - home) & mask) < ((next - hole) & mask)) continue
      index[hole] = index[next] as number
      index[hole + 1] = index[next + 1] as number
      hole = next
    }
    index[hole + 1] = NO_SLOT
  }

  #growIndex(): void {
    const before = this.#index
    this.#index = newIndex(before.length)
    this.#shift -= 1
    for (let at = 0; at < before.length; at += 2) {
      const slot = before[at + 1] as number
      if (slot !== NO_SLOT) this.#enter(before[at] as number, slot)
    }
  }

  #growNumbers(): void {
    const grown = new Float64Array(this.values.length * 2)
    grown.set(this.values as Float64Array)
    this.values = grown
  }
}

/** For so many slots, all free. */
function newIndex(slots: number): Int32Array {
  return new Int32Array(slots * 2).fill(NO_SLOT)
}
