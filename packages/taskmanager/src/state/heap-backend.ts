// The state back end that keeps everything as objects on the heap (decision D19). One table per
// declared state and one per kind of timer; each table has a Map per key group. Snapshots are full:
// they walk all entries in short slices while the task goes on (heap-snapshot), and an entry that
// is about to change before its turn is encoded first (moments).
//
// It refuses to guess: a snapshot with a state that is not declared, or whose kind or codec is
// another, is an error.

import { AssertionFailed, assert, present, unreachable } from '@weirjs/common/core/assert'
import type {
  KeyedStateRestore,
  KeyedStateSnapshot,
  StateFile,
} from '@weirjs/common/core/checkpoint/handles'
import type { Clock } from '@weirjs/common/core/clock'
import type { ByteSource, Codec, Key } from '@weirjs/common/core/codec'
import { keyGroupOfHash, keyHashOf } from '@weirjs/common/core/graph/key-groups'
import type { StateRuntime } from '@weirjs/api/functions'
import type { FoldingState, ListState, MapState, ValueState } from '@weirjs/api/process-context'
import { itemsCodec } from './list-items.ts'
import type { Items } from './list-items.ts'
import { HeapSnapshot } from './heap-snapshot.ts'
import type { TableFacts, TableToWrite } from './heap-snapshot.ts'
import {
  HeapAggregatingState,
  HeapListState,
  HeapMapState,
  HeapReducingState,
  HeapValueState,
} from './keyed-state.ts'
import { MapTable } from './map-table.ts'
import { Moments } from './moments.ts'
import type { SnapshotTable } from './moments.ts'
import { bridgeFor, checkKind, unknownState } from './restore-checks.ts'
import { forEachEntry } from './state-file.ts'
import type {
  KeyedRestoring,
  KeyedSnapshot,
  KeyedStateBackend,
  KeyVisit,
  TimerService,
} from './state-backend.ts'
import { StateTable } from './state-table.ts'
import type { CurrentKey } from './state-table.ts'
import { HeapTimers, timersCodec } from './timers.ts'
import type { HeapTimer } from './timers.ts'

/** What an entry costs beside its encoded bytes: the object, its place in a Map, its key. */
const ENTRY_OVERHEAD_BYTES = 96
/** Taken for the size of a value until a snapshot has measured it. */
const VALUE_BYTES_GUESS = 32

export interface HeapBackendOptions {
  /** Key groups of all subtasks. */
  readonly maxParallelism: number
  /** Key groups [first, end) of this subtask; none when there are more subtasks than key groups. */
  readonly keyGroups: { readonly first: number; readonly end: number }
  readonly keyCodec: Codec<Key>
  /** Declared states; others may still be added by asking for them before a restore. */
  readonly states: readonly StateRuntime[]
  readonly clock: Clock
}

type Table =
  | { readonly tag: 'values'; readonly table: StateTable<unknown> }
  | { readonly tag: 'map'; readonly table: MapTable<unknown> }

interface TimerPlace {
  readonly facts: TableFacts
  readonly table: StateTable<HeapTimer[]>
  readonly timers: HeapTimers
}

/** Reads what follows the key in an entry, and keeps it under the current key. */
type EntryLoader = (source: ByteSource) => void

/** No key is set yet: state that is used now would belong to nobody. */
const NO_KEY = undefined as unknown as Key
const NO_GROUP = -1
/** Small integers only: beyond, a number would be an object. */
const VERSION_MAX = 2 ** 30

interface Declared {
  readonly state: StateRuntime
  readonly facts: TableFacts
  readonly place: Table
}

export class HeapBackend implements KeyedStateBackend {
  readonly eventTimers: TimerService
  readonly processingTimers: TimerService
  readonly #options: HeapBackendOptions
  readonly #maxParallelism: number
  readonly #first: number
  readonly #groups: number
  readonly #at: CurrentKey = { key: NO_KEY, keyHash: 0, group: NO_GROUP, version: 1 }
  readonly #moments = new Moments()
  readonly #declared = new Map<string, Declared>()
  readonly #timers: Readonly<Record<'timers-event' | 'timers-processing', TimerPlace>>
  #tables = 0
  #valueBytes = VALUE_BYTES_GUESS

  constructor(options: HeapBackendOptions) {
    this.#options = options
    this.#maxParallelism = options.maxParallelism
    this.#first = options.keyGroups.first
    this.#groups = options.keyGroups.end - options.keyGroups.first
    this.#timers = {
      'timers-event': this.#makeTimers('timers-event'),
      'timers-processing': this.#makeTimers('timers-processing'),
    }
    this.eventTimers = this.#timers['timers-event'].timers
    this.processingTimers = this.#timers['timers-processing'].timers
    for (const state of options.states) this.#declare(state)
  }

  get currentKey(): Key {
    return this.#at.key
  }

  get currentKeyGroup(): number {
    return this.#first + this.#at.group
  }

  setKey(key: Key, keyHash: number): void {
    const group = keyGroupOfHash(keyHash, this.#maxParallelism) - this.#first
    if (!(group >= 0 && group < this.#groups)) strayKey(group + this.#first)
    this.#moveTo(key === 0 ? 0 : key, keyHash, group)
  }

  clearKey(): void {
    this.#moveTo(NO_KEY, 0, NO_GROUP)
  }

  value<T>(state: StateRuntime): ValueState<T> {
    return new HeapValueState<T>(this.#values<T>(state), state)
  }

  list<T>(state: StateRuntime): ListState<T> {
    return new HeapListState<T>(this.#values<Items<T>>(state), state)
  }

  map<K extends Key, V>(state: StateRuntime): MapState<K, V> {
    const { place } = this.#declare(state)
    assert(place.tag === 'map', `${state.name} is not a map`)
    return new HeapMapState<K, V>(place.table as MapTable<V>, state)
  }

  folding<In, Out>(state: StateRuntime): FoldingState<In, Out> {
    return state.kind === 'reducing'
      ? (new HeapReducingState(this.#values<In>(state), state) as unknown as FoldingState<In, Out>)
      : new HeapAggregatingState<In, Out>(this.#values<unknown>(state), state)
  }

  visitKeys(state: StateRuntime): KeyVisit {
    const { table } = this.#declare(state).place
    let group = -1
    let keys: readonly Key[] = []
    let at = 0
    const next = (): boolean => {
      while (at === keys.length) {
        group += 1
        if (group === this.#groups) {
          keys = []
          this.clearKey()
          return false
        }
        keys = table.keys(group)
        at = 0
      }
      const key = keys[at] as Key
      at += 1
      this.#moveTo(key, keyHashOf(key), group)
      return true
    }
    return { next }
  }

  restore(
    parts: readonly KeyedStateRestore[],
    read: (file: StateFile, offset: number, bytes: number) => Uint8Array,
  ): KeyedRestoring {
    const { clock } = this.#options
    const segments = this.#restoreSegments(parts, read)
    return {
      advance: (budgetMs) => {
        const untilMs = clock.nowMs() + budgetMs
        while (segments.next().done !== true) if (clock.nowMs() >= untilMs) return 'more'
        return 'done'
      },
    }
  }

  /** A step for each segment. */
  *#restoreSegments(
    parts: readonly KeyedStateRestore[],
    read: (file: StateFile, offset: number, bytes: number) => Uint8Array,
  ): Generator<void, void> {
    for (const part of parts) {
      const load = this.#loader(part)
      for (const { file, segments } of part.parts) {
        for (const segment of segments) {
          forEachEntry(file, segment, read, (source) => {
            const key = this.#options.keyCodec.read(source)
            this.setKey(key, keyHashOf(key))
            load(source)
          })
          yield
        }
      }
    }
    this.clearKey()
  }

  snapshot(): KeyedSnapshot {
    return this.#moments.begin(
      (moment) =>
        new HeapSnapshot({
          moment,
          tables: this.#tablesToWrite(),
          groups: this.#groups,
          firstKeyGroup: this.#first,
          moments: this.#moments,
          clock: this.#options.clock,
          onDone: (written) => {
            this.#valueBytes = measure(written) ?? this.#valueBytes
          },
        }),
    )
  }

  get bytesEstimate(): number {
    let entries = 0
    for (const { place } of this.#declared.values()) entries += place.table.size
    for (const { timers } of Object.values(this.#timers)) entries += timers.size
    return entries * (ENTRY_OVERHEAD_BYTES + this.#valueBytes)
  }

  close(): void {
    for (const { place } of this.#declared.values()) place.table.close()
    for (const { table, timers } of Object.values(this.#timers)) {
      table.close()
      timers.close()
    }
  }

  #moveTo(key: Key, keyHash: number, group: number): void {
    const at = this.#at
    at.key = key
    at.keyHash = keyHash
    at.group = group
    at.version += 1
    if (at.version === VERSION_MAX) this.#beginVersionsAnew()
  }

  #beginVersionsAnew(): void {
    this.#at.version = 1
    for (const { place } of this.#declared.values()) place.table.forgetFound()
    for (const { table } of Object.values(this.#timers)) table.forgetFound()
  }

  #declare(state: StateRuntime): Declared {
    const known = this.#declared.get(state.name)
    if (known !== undefined) {
      assert(
        known.state.kind === state.kind,
        `state ${state.name} is declared twice, as different kinds`,
      )
      return known
    }
    const declared: Declared = {
      state,
      facts: {
        name: state.name,
        kind: state.kind,
        codec: state.codec.descriptor,
        ...(state.keyCodec === undefined ? {} : { keyCodec: state.keyCodec.descriptor }),
      },
      place: this.#makeTable(state),
    }
    this.#declared.set(state.name, declared)
    return declared
  }

  #makeTable(state: StateRuntime): Table {
    switch (state.kind) {
      case 'map': {
        const parts = { ...this.#common(), mapKeyCodec: mapKeyCodecOf(state), codec: state.codec }
        return { tag: 'map', table: new MapTable(parts) }
      }
      case 'list':
        return { tag: 'values', table: this.#makeValues(itemsCodec(state.codec)) }
      case 'value':
      case 'reducing':
      case 'aggregating':
        return { tag: 'values', table: this.#makeValues(state.codec) }
      default:
        return unreachable(state.kind)
    }
  }

  #makeValues<V>(codec: Codec<V>): StateTable<unknown> {
    return new StateTable<V>({ ...this.#common(), codec }) as unknown as StateTable<unknown>
  }

  #common(): {
    index: number
    moments: Moments
    at: CurrentKey
    groups: number
    keyCodec: Codec<Key>
  } {
    const index = this.#tables
    this.#tables += 1
    const { keyCodec } = this.#options
    return { index, moments: this.#moments, at: this.#at, groups: this.#groups, keyCodec }
  }

  #values<V>(state: StateRuntime): StateTable<V> {
    const { place } = this.#declare(state)
    assert(place.tag === 'values', `${state.name} is a map`)
    return place.table as unknown as StateTable<V>
  }

  #makeTimers(kind: 'timers-event' | 'timers-processing'): TimerPlace {
    const table = new StateTable<HeapTimer[]>({ ...this.#common(), codec: timersCodec })
    const facts: TableFacts = { name: kind, kind, codec: timersCodec.descriptor }
    return { facts, table, timers: new HeapTimers(table, this) }
  }

  #tablesToWrite(): TableToWrite[] {
    const written: TableToWrite[] = []
    for (const { state, facts, place } of this.#declared.values()) {
      if (state.checkpointed)
        written.push({ facts, table: place.table as unknown as SnapshotTable })
    }
    for (const { facts, table } of Object.values(this.#timers)) {
      written.push({ facts, table: table as unknown as SnapshotTable })
    }
    return written
  }

  #loader(part: KeyedStateRestore): EntryLoader {
    if (part.kind === 'timers-event' || part.kind === 'timers-processing') {
      const { timers } = this.#timers[part.kind]
      const codec = bridgeFor(part.kind, part.codec, timersCodec)
      return (source) => timers.restore(codec.read(source))
    }
    const { place, state } = this.#declared.get(part.name) ?? unknownState(part)
    checkKind(part, state.kind)
    const codec = bridgeFor(`state "${part.name}"`, part.codec, state.codec)
    if (place.tag === 'values') {
      const { table } = place
      const whole = state.kind === 'list' ? itemsCodec(codec) : codec
      return (source) => table.put(whole.read(source))
    }
    const { table } = place
    const mapKeyCodec = bridgeFor(
      `the keys of map "${part.name}"`,
      part.keyCodec,
      mapKeyCodecOf(state),
    )
    return (source) => table.put(mapKeyCodec.read(source), codec.read(source))
  }
}

function mapKeyCodecOf(state: StateRuntime): Codec<Key> {
  return present(state.keyCodec, `key codec of map ${state.name}`) as Codec<Key>
}

function strayKey(keyGroup: number): never {
  throw new AssertionFailed(`key group ${keyGroup} belongs to another subtask`)
}

function measure(written: readonly KeyedStateSnapshot[]): number | null {
  let entries = 0
  let bytes = 0
  for (const { segments } of written) {
    for (const segment of segments) {
      entries += segment.entries
      bytes += segment.bytes
    }
  }
  return entries === 0 ? null : Math.ceil(bytes / entries)
}
