// The handles that user code and operators hold: value, list, map and folding state over a table, always of the current
// key. They differ in one thing that matters for snapshots: an object that is handed out may be changed in place by
// whoever gets it, so it is unshared (written to the running snapshots) before it leaves; primitives need that only
// when they are replaced.

import type { Key } from '@weirjs/common/core/codec'
import type { FoldingState, ListState, MapState, ValueState } from '@weirjs/api/process-context'
import type { StateRuntime } from '@weirjs/api/functions'
import { ownText } from '@weirjs/common/codec/byte-reader'
import { present } from '@weirjs/common/core/assert'
import type { Cell, MapTable } from './map-table.ts'
import type { StateTable } from './state-table.ts'

/** What is kept must not pin the block that it was read from. */
function own<T>(value: T): T {
  return typeof value === 'string' ? (ownText(value) as T) : value
}

export class HeapValueState<T> implements ValueState<T> {
  readonly #table: StateTable<T>
  readonly #initial: (() => unknown) | undefined

  constructor(table: StateTable<T>, initial: (() => unknown) | undefined) {
    this.#table = table
    this.#initial = initial
  }

  get(): T | null {
    const entry = this.#table.find()
    if (entry === null) return this.#initial === undefined ? null : (this.#initial() as T)
    const value = entry.value
    if (typeof value === 'object') this.#table.unshare(entry)
    return value
  }

  set(value: T): void {
    this.#table.put(own(value))
  }

  clear(): void {
    this.#table.remove()
  }
}

const NO_ELEMENTS: readonly never[] = Object.freeze([])

export class HeapListState<T> implements ListState<T> {
  readonly #table: StateTable<T[]>

  constructor(table: StateTable<T[]>) {
    this.#table = table
  }

  get(): readonly T[] {
    const entry = this.#table.find()
    if (entry === null) return NO_ELEMENTS
    this.#table.unshare(entry)
    return entry.value
  }

  add(value: T): void {
    const entry = this.#table.find()
    if (entry === null) {
      this.#table.put([own(value)])
      return
    }
    this.#table.unshare(entry)
    entry.value.push(own(value))
  }

  update(values: readonly T[]): void {
    if (values.length === 0) this.#table.remove()
    else this.#table.put(values.map(own))
  }

  clear(): void {
    this.#table.remove()
  }
}

export class HeapMapState<K extends Key, V> implements MapState<K, V> {
  readonly #table: MapTable<V>

  constructor(table: MapTable<V>) {
    this.#table = table
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
    this.#table.put(key, own(value))
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

  constructor(table: StateTable<T>, state: StateRuntime) {
    this.#table = table
    this.#reduce = present(state.reduce, `reduce function of ${state.name}`)
  }

  get(): T | null {
    const entry = this.#table.find()
    if (entry === null) return null
    if (typeof entry.value === 'object') this.#table.unshare(entry)
    return entry.value
  }

  add(value: T): void {
    const entry = this.#table.find()
    if (entry === null) {
      this.#table.put(own(value))
      return
    }
    this.#table.unshare(entry)
    entry.value = own(this.#reduce(entry.value, value) as T)
  }

  clear(): void {
    this.#table.remove()
  }
}

export class HeapAggregatingState<In, Out> implements FoldingState<In, Out> {
  readonly #table: StateTable<unknown>
  readonly #functions: NonNullable<StateRuntime['aggregate']>

  constructor(table: StateTable<unknown>, state: StateRuntime) {
    this.#table = table
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
      this.#table.put(this.#functions.add(this.#functions.create(), value))
      return
    }
    this.#table.unshare(entry)
    entry.value = own(this.#functions.add(entry.value, value))
  }

  clear(): void {
    this.#table.remove()
  }
}
