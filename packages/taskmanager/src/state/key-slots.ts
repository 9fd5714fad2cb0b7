// Where the keys of one key group lie: each key has a slot, a small number, under which a table
// keeps what belongs to it in columns. No object is made for a key, so a million keys cost the
// garbage collector nothing, and finding a number costs one or two cache misses.
//
// Numbers lie in an open-addressing table of their own (doubles; NaN, which is no key, marks a free
// slot). All other keys are found through a V8 Map. Slots are grouped into pages; a page is what is
// stamped and written out for snapshots (see moments). Whoever changes what lies in a slot must
// have settled its page before: the table does so through `touch`.

import type { Key } from '@weirjs/common/core/codec'
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
  /** Frees the slot; other slots may move to fill the hole. */
  remove(slot: number, touch: Touch): void
}

export interface ColumnShape {
  /** A page has 2^pageBits slots. */
  readonly pageBits: number
  readonly numeric: boolean
}

const SLOTS_MIN = 8
/** Of a hash function that spreads consecutive numbers: 2^32 over the golden ratio. */
const SPREAD = 0x9e37_79b1
const FREE = Number.NaN
const doubleScratch = new Float64Array(1)
const wordScratch = new Int32Array(doubleScratch.buffer)

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

  /** Its slot, or NO_SLOT. */
  find(key: number): number {
    const keys = this.#keys
    const mask = keys.length - 1
    let slot = this.#home(key)
    for (;;) {
      const found = keys[slot] as number
      if (found === key) return slot
      if (found !== found) return NO_SLOT
      slot = (slot + 1) & mask
    }
  }

  /** Gives a new key its slot. Slots of others change when the table grows: `stamp` is for the new pages. */
  add(key: number, touch: Touch, stamp: number): number {
    if (this.size * 4 >= this.#keys.length * 3) this.#resize(this.#keys.length * 2, touch, stamp)
    const slot = this.#freeSlot(key)
    touch(this.#pageOf(slot))
    this.#keys[slot] = key
    this.size += 1
    return slot
  }

  remove(slot: number, touch: Touch): void {
    const keys = this.#keys
    const mask = keys.length - 1
    let hole = slot
    for (let next = (hole + 1) & mask; this.has(next); next = (next + 1) & mask) {
      const home = this.#home(keys[next] as number)
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

  #freeSlot(key: number): number {
    const mask = this.#keys.length - 1
    let slot = this.#home(key)
    while (this.has(slot)) slot = (slot + 1) & mask
    return slot
  }

  #home(key: number): number {
    const low = key | 0
    const word = low === key ? low : foldDouble(key)
    return Math.imul(word, SPREAD) >>> this.#shift
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
      const to = this.#freeSlot(key)
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

/** Fractions and large numbers: both words count. */
function foldDouble(key: number): number {
  doubleScratch[0] = key
  return (wordScratch[0] as number) ^ Math.imul(wordScratch[1] as number, SPREAD)
}

/** Text and all other keys: slots in the order of their making, freed ones first. */
export class MappedSlots<V> implements KeySlots<V> {
  values: Column<V>
  readonly pages: Page[] = []
  readonly #shape: ColumnShape
  readonly #slotOf = new Map<Key, number>()
  readonly #keys: (Key | undefined)[] = []
  readonly #free: number[] = []

  constructor(shape: ColumnShape) {
    this.#shape = shape
    this.values = shape.numeric ? new Float64Array(SLOTS_MIN) : []
  }

  get size(): number {
    return this.#slotOf.size
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

  /** Its slot, or NO_SLOT. */
  find(key: Key): number {
    return this.#slotOf.get(key) ?? NO_SLOT
  }

  /** Gives a new key its slot. `key` is kept. */
  add(key: Key, touch: Touch, stamp: number): number {
    const slot = this.#free.pop() ?? this.#keys.length
    const page = slot >>> this.#shape.pageBits
    if (page === this.pages.length) this.pages.push(new Page(slot, stamp))
    touch(this.pages[page] as Page)
    this.#keys[slot] = key
    this.#slotOf.set(key, slot)
    if (this.#shape.numeric && slot === this.values.length) this.#growNumbers()
    return slot
  }

  remove(slot: number, touch: Touch): void {
    touch(this.pages[slot >>> this.#shape.pageBits] as Page)
    this.#slotOf.delete(this.#keys[slot] as Key)
    this.#keys[slot] = undefined
    if (!this.#shape.numeric) (this.values as (V | undefined)[])[slot] = undefined
    this.#free.push(slot)
  }

  #growNumbers(): void {
    const grown = new Float64Array(this.values.length * 2)
    grown.set(this.values as Float64Array)
    this.values = grown
  }
}
