// Entries of a keyed map state: a Map of Maps per key group. Each cell of a user's map is an entry
// of its own with its own stamp, so that a map of a million cells is written in slices like
// everything else, and a change of one cell costs one cell.

import type { Codec, Key } from '@weirjs/common/core/codec'
import type { EntrySink, Moments, SnapshotTable, Stamped } from './moments.ts'
import { assertRoom, assertStable, noKeyYet, ownKey } from './state-table.ts'
import type { CurrentKey } from './state-table.ts'

/** All cells have this one shape. */
export class Cell<V> implements Stamped {
  readonly owner: Key
  readonly key: Key
  value: V
  stamp: number

  constructor(owner: Key, key: Key, value: V, stamp: number) {
    this.owner = owner
    this.key = key
    this.value = value
    this.stamp = stamp
  }
}

/** One key's map. */
interface Cells<V> {
  readonly owner: Key
  readonly byKey: Map<Key, Cell<V>>
  /** Not part of the table any more: a walk that is in the midst of it leaves it. */
  dropped: boolean
}

export class MapTable<V> implements SnapshotTable<Cell<V>> {
  readonly index: number
  readonly #moments: Moments
  readonly #at: CurrentKey
  readonly #keyCodec: Codec<Key>
  readonly #mapKeyCodec: Codec<Key>
  readonly #codec: Codec<V>
  readonly #groups: (Map<Key, Cells<V>> | undefined)[]
  /** #lastCells is of the key of this version. */
  #version = 0
  #lastCells: Cells<V> | null = null
  #size = 0

  constructor(o: {
    index: number
    moments: Moments
    at: CurrentKey
    groups: number
    keyCodec: Codec<Key>
    mapKeyCodec: Codec<Key>
    codec: Codec<V>
  }) {
    this.index = o.index
    this.#moments = o.moments
    this.#at = o.at
    this.#keyCodec = o.keyCodec
    this.#mapKeyCodec = o.mapKeyCodec
    this.#codec = o.codec
    this.#groups = Array.from({ length: o.groups }, () => undefined)
  }

  /** Cells of all keys. */
  get size(): number {
    return this.#size
  }

  /** The current key's map; null when it is empty. */
  cells(): ReadonlyMap<Key, Cell<V>> | null {
    return this.#find()?.byKey ?? null
  }

  /** As in StateTable. */
  unshare(cell: Cell<V>): void {
    if (cell.stamp < this.#moments.barrier) this.#moments.settle(this, this.#at.group, cell)
  }

  put(mapKey: Key, value: V): void {
    const cell = this.#find()?.byKey.get(mapKey)
    if (cell === undefined) {
      this.#create(mapKey, value)
      return
    }
    if (cell.stamp < this.#moments.barrier) this.#moments.settle(this, this.#at.group, cell)
    cell.value = value
  }

  remove(mapKey: Key): void {
    const cells = this.#find()
    const cell = cells?.byKey.get(mapKey)
    if (cells === null || cell === undefined) return
    this.unshare(cell)
    cells.byKey.delete(mapKey)
    this.#size -= 1
    if (cells.byKey.size === 0) this.#drop(cells)
  }

  removeAll(): void {
    const cells = this.#find()
    if (cells === null) return
    if (this.#moments.barrier > 0) this.#moments.settleAll(this, this.#at.group, cells.byKey)
    this.#size -= cells.byKey.size
    this.#drop(cells)
  }

  scan(group: number): Iterator<Cell<V>> | null {
    const maps = this.#groups[group]
    return maps === undefined ? null : allCells(maps)
  }

  write(sink: EntrySink, _group: number, cell: Cell<V>): number {
    const entry = sink.beginEntry()
    this.#keyCodec.write(entry, cell.owner)
    this.#mapKeyCodec.write(entry, cell.key)
    this.#codec.write(entry, cell.value)
    sink.endEntry()
    return 1
  }

  /** All keys of a group as of now. */
  keys(group: number): readonly Key[] {
    return [...(this.#groups[group]?.keys() ?? [])]
  }

  close(): void {
    this.#groups.fill(undefined)
    this.#size = 0
    this.forgetFound()
  }

  /** As in StateTable. */
  forgetFound(): void {
    this.#version = 0
    this.#lastCells = null
  }

  #find(): Cells<V> | null {
    const { key, group, version } = this.#at
    if (version === this.#version) return this.#lastCells
    if (group < 0) noKeyYet()
    const cells = this.#groups[group]?.get(key) ?? null
    if (cells !== null) this.#at.key = cells.owner
    this.#version = version
    this.#lastCells = cells
    return cells
  }

  #create(mapKey: Key, value: V): void {
    const cells = this.#find() ?? this.#createMap()
    assertRoom(cells.byKey.size)
    const own = mapKey === 0 ? 0 : ownKey(mapKey)
    cells.byKey.set(own, new Cell(cells.owner, own, value, this.#moments.latest))
    this.#size += 1
  }

  #createMap(): Cells<V> {
    assertStable(this.#at)
    const group = this.#at.group
    let maps = this.#groups[group]
    if (maps === undefined) {
      maps = new Map()
      this.#groups[group] = maps
    }
    assertRoom(maps.size)
    const cells: Cells<V> = { owner: ownKey(this.#at.key), byKey: new Map(), dropped: false }
    maps.set(cells.owner, cells)
    this.#at.key = cells.owner
    this.#lastCells = cells
    return cells
  }

  #drop(cells: Cells<V>): void {
    cells.dropped = true
    this.#groups[this.#at.group]?.delete(this.#at.key)
    this.#lastCells = null
  }
}

function* allCells<V>(maps: Map<Key, Cells<V>>): Generator<Cell<V>, undefined> {
  for (const cells of maps.values()) {
    for (const cell of cells.byKey.values()) {
      if (cells.dropped) break
      yield cell
    }
  }
  return undefined
}
