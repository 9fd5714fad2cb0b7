// List state of a subtask (not of a key), in memory; encoded whole at each barrier. Elements are
// copied where they hold text, as in keyed state (common/codec/own).

import { keeperOf } from '@weirjs/common/codec/own'
import type { Keep } from '@weirjs/common/codec/own'
import type { ListRuntime } from '@weirjs/api/functions'
import type { ListState } from '@weirjs/api/process-context'
import { Items } from '../state/list-items.ts'
import type { RestoredLists, SnapshotSink } from './operator.ts'

export class OperatorList implements ListState<unknown> {
  readonly #runtime: ListRuntime
  readonly #keep: Keep<unknown>
  #items = new Items<unknown>([])

  constructor(runtime: ListRuntime) {
    this.#runtime = runtime
    this.#keep = keeperOf(runtime.codec)
  }

  restore(restored: RestoredLists): void {
    this.#items = new Items([...restored.list(this.#runtime.name, this.#runtime.codec)])
  }

  snapshot(sink: SnapshotSink): void {
    const elements = this.#items.peek()
    if (elements.length === 0) return
    sink.list(this.#runtime.name, this.#runtime.mode, this.#runtime.codec, elements)
  }

  get(): readonly unknown[] {
    return this.#items.show()
  }

  get length(): number {
    return this.#items.length
  }

  [Symbol.iterator](): IterableIterator<unknown> {
    return this.#items.values()
  }

  add(value: unknown): void {
    const keep = this.#keep
    this.#items.add(keep(value))
  }

  update(values: readonly unknown[]): void {
    this.#items = new Items(values.map((value) => this.#keep(value)))
  }

  clear(): void {
    this.#items = new Items<unknown>([])
  }
}
