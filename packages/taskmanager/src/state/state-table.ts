// What one keyed state holds, one value per key: columns per key group (see key-slots), found
// through the current key. The slot found is remembered until another key is set, so that `get` and
// then `set` of one key cost one look-up. For snapshots a page of slots is one piece: it is encoded as a whole when
// the walk comes to it, or before the first change of anything in it.

import type { Codec, Key } from '@weirjs/common/core/codec'
import { ownText } from '@weirjs/common/codec/byte-reader'
import { expected, kindOf } from '@weirjs/common/codec/not-encodable'
import { floatCodec, intCodec, timestampCodec } from '@weirjs/common/codec/primitives'
import { WeirError } from '@weirjs/common/core/errors'
import { keyHashOf } from '@weirjs/common/core/graph/key-groups'
import { HashedSlots, NO_SLOT, NumberSlots } from './key-slots.ts'
import type { ColumnShape, KeySlots, Page, Touch } from './key-slots.ts'
import type { EntrySink, Moments, SnapshotTable } from './moments.ts'

/**
 * V8 throws when a Map holds more than 2^24; below it there is room for what a batch may add before
 * anybody looks.
 */
export const KEYS_PER_GROUP_MAX = 16_000_000

/** Numbers are encoded in no time; of other values a page must not hold too many. */
const NUMERIC_SHAPE: ColumnShape = { pageBits: 6, numeric: true }
const PLAIN_SHAPE: ColumnShape = { pageBits: 3, numeric: false }

/** The key that state access concerns; shared by all tables of a backend. */
export interface CurrentKey {
  /** Once a table has found it, the object that the table keeps: later comparisons are quick. */
  key: Key
  /** keyHashOf(key). */
  keyHash: number
  /** Counted from the backend's first key group. */
  group: number
  /**
   * Another one for every key that is set. What a table has found is good as long as it stays the
   * same: comparing numbers is cheaper than comparing texts and than keeping them.
   */
  version: number
}

/** A key that is kept must not pin the block that it was read from. */
export function ownKey(key: Key): Key {
  return typeof key === 'string' ? ownText(key) : key
}

export function assertRoom(entries: number): void {
  if (entries < KEYS_PER_GROUP_MAX) return
  throw new WeirError(
    'state/key-group-full',
    `a key group holds ${entries} keys, which is the most it can`,
    {
      domain: 'user',
      hint: 'Raise maxParallelism, so that keys are spread over more key groups, or clear state of keys that are done.',
    },
  )
}

/**
 * Refuses a key under which nothing would be found again: whoever sent the record has asked the key function, too, and got
 * another key. Asked when something is kept under a new key; timers and restores look for it by its own hash.
 */
export function assertStable({ key, keyHash }: CurrentKey): void {
  if (keyHashOf(key) === keyHash) return
  throw new WeirError(
    'key/unstable',
    `the key function of a record answered ${kindOf(key)}, and another key when the record was sent`,
    {
      domain: 'user',
      hint: 'A key must follow from the record alone: no clock, no chance, no counter. Put what is to be part of it into the record, in a step before keyBy.',
    },
  )
}

/** Refuses state that is used where there is no current key. */
export function noKeyYet(): never {
  throw new WeirError('state/no-key', 'keyed state was used outside of a record or timer', {
    domain: 'user',
    hint: 'In open and finish there is no current key; keep what is not per key in a list state or a plain variable.',
  })
}

const NUMERIC = new Set<Codec>([intCodec, floatCodec, timestampCodec] as Codec[])

export class StateTable<V> implements SnapshotTable<Page> {
  readonly index: number
  readonly #moments: Moments
  readonly #at: CurrentKey
  readonly #keyCodec: Codec<Key>
  readonly #codec: Codec<V>
  readonly #shape: ColumnShape
  readonly #numeric: boolean
  /** Groups by the kind of their keys: numbers, all others. */
  readonly #numbers: (NumberSlots<V> | undefined)[]
  readonly #others: (HashedSlots<V> | undefined)[]
  /** Settles pages of the group of the current key. */
  readonly #touch: Touch
  /** What was found for the key of this version: a slot of #found. */
  #version = 0
  #found: KeySlots<V> | undefined = undefined
  #slot = NO_SLOT
  #size = 0

  constructor(o: {
    index: number
    moments: Moments
    at: CurrentKey
    groups: number
    keyCodec: Codec<Key>
    codec: Codec<V>
  }) {
    this.index = o.index
    this.#moments = o.moments
    this.#at = o.at
    this.#keyCodec = o.keyCodec
    this.#codec = o.codec
    this.#numeric = NUMERIC.has(o.codec as Codec)
    this.#shape = this.#numeric ? NUMERIC_SHAPE : PLAIN_SHAPE
    this.#numbers = Array.from({ length: o.groups }, () => undefined)
    this.#others = Array.from({ length: o.groups }, () => undefined)
    this.#touch = (page) => this.#settle(page)
  }

  get size(): number {
    return this.#size
  }

  /** True when the current key has a value; the calls below up to `unshare` then concern it. */
  find(): boolean {
    if (this.#at.version !== this.#version) this.#lookUp()
    return this.#slot !== NO_SLOT
  }

  /** The value, to be looked at. Before it is changed in place, or shown to who might, `unshare`. */
  get value(): V {
    return (this.#found as KeySlots<V>).values[this.#slot] as V
  }

  /** The key, as it is kept. */
  get owner(): Key {
    return (this.#found as KeySlots<V>).keyAt(this.#slot)
  }

  /** Must be called before the value is changed in place, or shown to somebody who might. */
  unshare(): void {
    if (this.#moments.barrier > 0) this.#settleSlot(this.#found as KeySlots<V>)
  }

  /** Sets the current key's value. */
  put(value: V): void {
    if (this.#numeric && typeof value !== 'number') throw expected('a number', value)
    if (!this.find()) this.#create()
    const found = this.#found as KeySlots<V>
    if (this.#moments.barrier > 0) this.#settleSlot(found)
    found.values[this.#slot] = value as never
  }

  /** Deletes the current key's value, if there is one. */
  remove(): void {
    if (!this.find()) return
    this.#found?.remove(this.#slot, this.#at.keyHash, this.#touch)
    this.#slot = NO_SLOT
    this.#size -= 1
  }

  scan(group: number): Iterator<Page> | null {
    const numbers = this.#numbers[group]?.pages
    const others = this.#others[group]?.pages
    if (numbers === undefined) return others?.values() ?? null
    return others === undefined ? numbers.values() : [...numbers, ...others].values()
  }

  write(sink: EntrySink, group: number, page: Page): number {
    const { pageBits } = this.#shape
    const numbers = this.#numbers[group]
    const isOfNumbers = numbers?.pages[page.first >>> pageBits] === page
    const slots = (isOfNumbers ? numbers : this.#others[group]) as KeySlots<V>
    const end = Math.min(page.first + (1 << pageBits), slots.slots)
    let written = 0
    for (let slot = page.first; slot < end; slot++) {
      if (!slots.has(slot)) continue
      const entry = sink.beginEntry()
      this.#keyCodec.write(entry, slots.keyAt(slot))
      this.#codec.write(entry, slots.values[slot] as V)
      sink.endEntry()
      written += 1
    }
    return written
  }

  /** All keys of a group as of now. */
  keys(group: number): readonly Key[] {
    const keys: Key[] = []
    for (const slots of [this.#numbers[group], this.#others[group]]) {
      for (let slot = 0; slot < (slots?.slots ?? 0); slot++)
        if (slots?.has(slot) === true) keys.push(slots.keyAt(slot))
    }
    return keys
  }

  /** Forgets everything. */
  close(): void {
    this.#numbers.fill(undefined)
    this.#others.fill(undefined)
    this.#size = 0
    this.forgetFound()
  }

  /** Versions of keys begin anew. */
  forgetFound(): void {
    this.#version = 0
    this.#found = undefined
    this.#slot = NO_SLOT
  }

  #lookUp(): void {
    const { key, keyHash, group, version } = this.#at
    if (group < 0) noKeyYet()
    if (typeof key === 'number') {
      const slots = this.#numbers[group]
      this.#slot = slots === undefined ? NO_SLOT : slots.find(key, keyHash)
      this.#found = slots
    } else {
      const slots = this.#others[group]
      const slot = slots === undefined ? NO_SLOT : slots.find(key, keyHash)
      if (slot !== NO_SLOT) this.#at.key = (slots as HashedSlots<V>).keyAt(slot)
      this.#slot = slot
      this.#found = slots
    }
    this.#version = version
  }

  #create(): void {
    const { key, keyHash, group } = this.#at
    assertStable(this.#at)
    assertRoom(this.#found?.size ?? 0)
    const { latest } = this.#moments
    if (typeof key === 'number') {
      const slots = (this.#numbers[group] ??= new NumberSlots<V>(this.#shape, latest))
      this.#slot = slots.add(key, keyHash, this.#touch, latest)
      this.#found = slots
    } else {
      const slots = (this.#others[group] ??= new HashedSlots<V>(this.#shape))
      const own = ownKey(key)
      this.#at.key = own
      this.#slot = slots.add(own, keyHash, this.#touch, latest)
      this.#found = slots
    }
    this.#size += 1
  }

  #settleSlot(found: KeySlots<V>): void {
    this.#settle(found.pages[this.#slot >>> this.#shape.pageBits] as Page)
  }

  #settle(page: Page): void {
    if (page.stamp < this.#moments.barrier) this.#moments.settle(this, this.#at.group, page)
  }
}
