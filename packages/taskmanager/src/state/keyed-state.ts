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
import { Items } from './list-items.ts'
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
    const table = this.#table
    if (!table.find()) return this.#initial === undefined ? null : (this.#initial() as T)
    const { value } = table
    if (typeof value === 'object') table.unshare()
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
  readonly #table: StateTable<Items<T>>
  readonly #keep: Keep<T>

  constructor(table: StateTable<Items<T>>, state: StateRuntime) {
    this.#table = table
    this.#keep = keeper(state)
  }

  get(): readonly T[] {
    if (!this.#table.find()) return NO_ELEMENTS
    this.#table.unshare()
    return this.#table.value.show()
  }

  get length(): number {
    return this.#table.find() ? this.#table.value.length : 0
  }

  [Symbol.iterator](): IterableIterator<T> {
    if (!this.#table.find()) return NO_ELEMENTS.values()
    this.#table.unshare()
    return this.#table.value.values()
  }

  add(value: T): void {
    const keep = this.#keep
    if (!this.#table.find()) {
      this.#table.put(new Items([keep(value)]))
      return
    }
    this.#table.unshare()
    this.#table.value.add(keep(value))
  }

  update(values: readonly T[]): void {
    if (values.length === 0) this.#table.remove()
    else this.#table.put(new Items(values.map((value) => this.#keep(value))))
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
    if (!this.#table.find()) return null
    const { value } = this.#table
    if (typeof value === 'object') this.#table.unshare()
    return value
  }

  add(added: T): void {
    const keep = this.#keep
    if (!this.#table.find()) {
      this.#table.put(keep(added))
      return
    }
    const { value } = this.#table
    if (typeof value === 'object') this.#table.unshare()
    const reduce = this.#reduce
    this.#table.put(keep(reduce(value, added) as T))
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
    if (!this.#table.find()) return null
    this.#table.unshare()
    return this.#functions.result(this.#table.value) as Out
  }

  add(value: In): void {
    if (!this.#table.find()) {
      this.#table.put(this.#keep(this.#functions.add(this.#functions.create(), value)))
      return
    }
    this.#table.unshare()
    this.#table.put(this.#keep(this.#functions.add(this.#table.value, value)))
  }

  clear(): void {
    this.#table.remove()
  }
}
