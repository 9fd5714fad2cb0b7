// The map behind a broadcast connection: every subtask holds the same one, because every subtask
// gets every control record. At a barrier each subtask writes its own copy (list mode `broadcast`),
// and after a rescale each reads one. Keys and values are copied where they hold text, as in keyed
// state (common/codec/own).

import { mapEntryCodec } from '@weirjs/common/codec/composites'
import { keeperOf } from '@weirjs/common/codec/own'
import type { Keep } from '@weirjs/common/codec/own'
import type { Codec, Key } from '@weirjs/common/core/codec'
import type { MapState, ReadonlyMapState } from '@weirjs/api/process-context'
import { ownKey } from '../state/state-table.ts'
import type { RestoredLists, SnapshotSink } from './operator.ts'

export interface BroadcastRuntime {
  readonly name: string
  readonly keyCodec: Codec
  readonly codec: Codec
}

type MapEntry = readonly [Key, unknown]

/** What the data side sees: the map without the means to change it. */
class BroadcastView implements ReadonlyMapState<Key, unknown> {
  readonly #entries: ReadonlyMap<Key, unknown>

  constructor(entries: ReadonlyMap<Key, unknown>) {
    this.#entries = entries
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: Key): unknown {
    return this.#entries.get(key)
  }

  has(key: Key): boolean {
    return this.#entries.has(key)
  }

  keys(): IterableIterator<Key> {
    return this.#entries.keys()
  }

  entries(): IterableIterator<[Key, unknown]> {
    return this.#entries.entries()
  }
}

export class BroadcastMap extends BroadcastView implements MapState<Key, unknown> {
  readonly #name: string
  readonly #codec: Codec<MapEntry>
  readonly #keep: Keep<unknown>
  readonly #entries: Map<Key, unknown>
  readonly view: ReadonlyMapState<Key, unknown>

  constructor(runtime: BroadcastRuntime) {
    const entries = new Map<Key, unknown>()
    super(entries)
    this.#entries = entries
    this.#name = runtime.name
    this.#codec = mapEntryCodec(runtime.keyCodec as Codec<Key>, runtime.codec)
    this.#keep = keeperOf(runtime.codec)
    this.view = new BroadcastView(entries)
  }

  restore(restored: RestoredLists): void {
    this.#entries.clear()
    for (const [key, value] of restored.list(this.#name, this.#codec)) this.#entries.set(key, value)
  }

  snapshot(sink: SnapshotSink): void {
    if (this.#entries.size === 0) return
    sink.list(this.#name, 'broadcast', this.#codec, [...this.#entries])
  }

  set(key: Key, value: unknown): void {
    const keep = this.#keep
    this.#entries.set(ownKey(key), keep(value))
  }

  delete(key: Key): void {
    this.#entries.delete(key)
  }

  clear(): void {
    this.#entries.clear()
  }
}
