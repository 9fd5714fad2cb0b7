// List state of a subtask (not of a key), in memory; encoded whole at each barrier.

import type { ListRuntime } from '@weirjs/api/functions'
import type { ListState } from '@weirjs/api/process-context'
import type { RestoredLists, SnapshotSink } from './operator.ts'

export class OperatorList implements ListState<unknown> {
  readonly #runtime: ListRuntime
  #elements: unknown[] = []

  constructor(runtime: ListRuntime) {
    this.#runtime = runtime
  }

  restore(restored: RestoredLists): void {
    this.#elements = [...restored.list(this.#runtime.name, this.#runtime.codec)]
  }

  snapshot(sink: SnapshotSink): void {
    if (this.#elements.length === 0) return
    sink.list(this.#runtime.name, this.#runtime.mode, this.#runtime.codec, this.#elements)
  }

  get(): readonly unknown[] {
    return this.#elements
  }

  add(value: unknown): void {
    this.#elements.push(value)
  }

  update(values: readonly unknown[]): void {
    this.#elements = [...values]
  }

  clear(): void {
    this.#elements = []
  }
}
