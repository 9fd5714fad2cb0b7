// Entries of one keyed state, one per key: a V8 Map per key group (a Map holds at most 2^24
// entries), found through the current key. The entry found last is remembered, so that `get` and
// then `set` of one key cost one look-up.

import type { ByteSink, Codec, Key } from '@weirjs/common/core/codec'
import { ownText } from '@weirjs/common/codec/byte-reader'
import { WeirError } from '@weirjs/common/core/errors'
import type { Moments, SnapshotTable, Stamped } from './moments.ts'

/** V8 throws above 2^24; below it there is room for what a batch may add before anybody looks. */
export const KEYS_PER_GROUP_MAX = 16_000_000

/** The key that state access concerns; shared by all tables of a backend. */
export interface CurrentKey {
  key: Key
  /** Counted from the backend's first key group. */
  group: number
}

/** All entries have this one shape. */
export class Entry<V> implements Stamped {
  readonly owner: Key
  value: V
  stamp: number

  constructor(owner: Key, value: V, stamp: number) {
    this.owner = owner
    this.value = value
    this.stamp = stamp
  }
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

/** Refuses state that is used where there is no current key. */
export function noKeyYet(): never {
  throw new WeirError('state/no-key', 'keyed state was used outside of a record or timer', {
    domain: 'user',
    hint: 'In open and finish there is no current key; keep what is not per key in a list state or a plain variable.',
  })
}

export class StateTable<V> implements SnapshotTable<Entry<V>> {
  readonly index: number
  readonly #moments: Moments
  readonly #at: CurrentKey
  readonly #keyCodec: Codec<Key>
  readonly #codec: Codec<V>
  readonly #groups: (Map<Key, Entry<V>> | undefined)[]
  /** Null: nothing is remembered. */
  #lastKey: Key | null = null
  #lastEntry: Entry<V> | null = null
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
    this.#groups = Array.from({ length: o.groups }, () => undefined)
  }

  get size(): number {
    return this.#size
  }

  /** The current key's entry, to be looked at. Before changing it call `unshare`. */
  find(): Entry<V> | null {
    const key = this.#at.key
    if (key === this.#lastKey) return this.#lastEntry
    if (this.#at.group < 0) noKeyYet()
    const entry = this.#groups[this.#at.group]?.get(key) ?? null
    this.#lastKey = key
    this.#lastEntry = entry
    return entry
  }

  /**
   * Must be called before the entry's value is changed, or is shown to somebody who might change
   * it.
   */
  unshare(entry: Entry<V>): void {
    if (entry.stamp < this.#moments.barrier) this.#moments.settle(this, this.#at.group, entry)
  }

  /** Sets the current key's value. */
  put(value: V): void {
    const entry = this.find()
    if (entry === null) {
      this.#create(value)
      return
    }
    if (entry.stamp < this.#moments.barrier) this.#moments.settle(this, this.#at.group, entry)
    entry.value = value
  }

  /** Deletes the current key's entry, if there is one. */
  remove(): void {
    const entry = this.find()
    if (entry === null) return
    this.unshare(entry)
    this.#groups[this.#at.group]?.delete(entry.owner)
    this.#lastEntry = null
    this.#size -= 1
  }

  scan(group: number): Iterator<Entry<V>> | null {
    return this.#groups[group]?.values() ?? null
  }

  write(sink: ByteSink, entry: Entry<V>): void {
    this.#keyCodec.write(sink, entry.owner)
    this.#codec.write(sink, entry.value)
  }

  /** All keys of a group, live. */
  keys(group: number): Iterable<Key> {
    return this.#groups[group]?.keys() ?? []
  }

  /** Forgets everything. */
  close(): void {
    this.#groups.fill(undefined)
    this.#lastKey = null
    this.#lastEntry = null
    this.#size = 0
  }

  #create(value: V): void {
    const group = this.#at.group
    let entries = this.#groups[group]
    if (entries === undefined) {
      entries = new Map()
      this.#groups[group] = entries
    }
    assertRoom(entries.size)
    const key = ownKey(this.#at.key)
    const entry = new Entry(key, value, this.#moments.latest)
    entries.set(key, entry)
    this.#lastKey = key
    this.#lastEntry = entry
    this.#size += 1
  }
}
