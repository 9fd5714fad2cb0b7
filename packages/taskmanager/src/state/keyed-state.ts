// The handles that user code and operators hold: value, list, map and folding state over a table,
// always of the current key. They differ in one thing that matters for snapshots: an object that is
// handed out may be changed in place by whoever gets it, so it is unshared (written to the running
// snapshots) before it leaves; primitives need that only when they are replaced. What comes in is
// copied where it holds text (common/codec/own).

import type { FoldingState, ListState, MapState, ValueState } from '@weirjs/api/process-context'
import type { StateRuntime } from '@weirjs/api/functions'
import { keeperOf } from '@weirjs/common/codec/own'
import type { Keep } from '@weirjs/common/codec/own'
import type { Codec, Key } from '@weirjs/common/core/codec'
import { present } from '@weirjs/common/core/assert'
import type { Cell, MapTable } from './map-table.ts'
import type { StateTable } from './state-table.ts'

/** What is kept must not pin the block that it was read from. */
function keeper<T>(state: StateRuntime): Keep<T> {
  return keeperOf(state.codec as Codec<T>)
}

export class HeapValueState<T> implements ValueState<T> {
  readonly #table: StateTable<T>
  readonly #initial: (() => unknown) | undefined
  readonly #keep: Keep<T>

  constructor(table: StateTable<T>, state: StateRuntime) {
    this.#table = table
    this.#initial = state.initial
    this.#keep = keeper(state)
  }

  get(): T | null {
    const entry = this.#table.find()
    if (entry === null) return this.#initial === undefined ? null : (this.#initial() as T)
    const value = entry.value
    if (typeof value === 'object') this.#table.unshare(entry)
    return value
  }

  set(value: T): void {
    const keep = this.#keep
    this.#table.put(keep(value))
  }

  clear(): void {
    this.#table.remove()
  }
}

const NO_ELEMENTS: readonly never[] = Object.freeze([])

export class HeapListState<T> implements ListState<T> {
  readonly #table: StateTable<T[]>
  readonly #keep: Keep<T>

  constructor(table: StateTable<T[]>, state: StateRuntime) {
    this.#table = table
    this.#keep = keeper(state)
  }

  get(): readonly T[] {
    const entry = this.#table.find()
    if (entry === null) return NO_ELEMENTS
    this.#table.unshare(entry)
    return entry.value
  }

  add(value: T): void {
    const keep = this.#keep
    const entry = this.#table.find()
    if (entry === null) {
      this.#table.put([keep(value)])
      return
    }
    this.#table.unshare(entry)
    entry.value.push(keep(value))
  }

  update(values: readonly T[]): void {
    if (values.length === 0) this.#table.remove()
    else this.#table.put(values.map((value) => this.#keep(value)))
  }

  clear(): void {
    this.#table.remove()
  }
}

export class HeapMapState<K extends Key, V> implements MapState<K, V> {
  readonly #table: MapTable<V>
  readonly #keep: Keep<V>

  constructor(table: MapTable<V>, state: StateRuntime) {
    this.#table = table
    this.#keep = keeper(state)
  }

  get size(): number {
    return this.#table.cells()?.size ?? 0
  }

  get(key: K): V | undefined {
    const cell = this.#table.cells()?.get(key)
    return cell === undefined ? undefined : this.#open(cell)
  }

  has(key: K): boolean {
    return this.#table.cells()?.has(key) ?? false
  }

  set(key: K, value: V): void {
    const keep = this.#keep
    this.#table.put(key, keep(value))
  }

  delete(key: K): void {
    this.#table.remove(key)
  }

  clear(): void {
    this.#table.removeAll()
  }

  *keys(): IterableIterator<K> {
    const cells = this.#table.cells()
    if (cells !== null) yield* cells.keys() as Iterable<K>
  }

  *entries(): IterableIterator<[K, V]> {
    const cells = this.#table.cells()
    if (cells === null) return
    for (const cell of cells.values()) yield [cell.key as K, this.#open(cell)]
  }

  #open(cell: Cell<V>): V {
    const value = cell.value
    if (typeof value === 'object') this.#table.unshare(cell)
    return value
  }
}

export class HeapReducingState<T> implements FoldingState<T, T> {
  readonly #table: StateTable<T>
  readonly #reduce: (a: unknown, b: unknown) => unknown
  readonly #keep: Keep<T>

  constructor(table: StateTable<T>, state: StateRuntime) {
    this.#table = table
    this.#keep = keeper(state)
    this.#reduce = present(state.reduce, `reduce function of ${state.name}`)
  }

  get(): T | null {
    const entry = this.#table.find()
    if (entry === null) return null
    if (typeof entry.value === 'object') this.#table.unshare(entry)
    return entry.value
  }

  add(value: T): void {
    const keep = this.#keep
    const entry = this.#table.find()
    if (entry === null) {
      this.#table.put(keep(value))
      return
    }
    this.#table.unshare(entry)
    const reduce = this.#reduce
    entry.value = keep(reduce(entry.value, value) as T)
  }

  clear(): void {
    this.#table.remove()
  }
}

export class HeapAggregatingState<In, Out> implements FoldingState<In, Out> {
  readonly #table: StateTable<unknown>
  readonly #functions: NonNullable<StateRuntime['aggregate']>
  readonly #keep: Keep<unknown>

  constructor(table: StateTable<unknown>, state: StateRuntime) {
    this.#table = table
    this.#keep = keeper(state)
    this.#functions = present(state.aggregate, `aggregate functions of ${state.name}`)
  }

  get(): Out | null {
    const entry = this.#table.find()
    if (entry === null) return null
    this.#table.unshare(entry)
    return this.#functions.result(entry.value) as Out
  }

  add(value: In): void {
    const entry = this.#table.find()
    if (entry === null) {
      this.#table.put(this.#keep(this.#functions.add(this.#functions.create(), value)))
      return
    }
    this.#table.unshare(entry)
    entry.value = this.#keep(this.#functions.add(entry.value, value))
  }

  clear(): void {
    this.#table.remove()
  }
}
