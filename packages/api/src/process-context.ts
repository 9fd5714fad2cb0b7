// What a process step's functions see: one context object per operator, reused for every call and never kept. All of it
// is synchronous and concerns the current key; the engine fills it (taskmanager/operators/process-context).
//
// The first part are the handles of state, which the state back ends implement; the second is the context itself.

import type { Key } from '@weirjs/common/core/codec'

// ---- state ----

/** One value per key. */
export interface ValueState<T> {
  /** Declared initial value, or null, when there is none for this key. */
  get(): T | null
  set(value: T): void
  clear(): void
}

/** A value with a declared initial value: `get` always answers. */
export interface InitialValueState<T> extends ValueState<T> {
  get(): T
}

/** A list per key; a list without elements does not exist. `for (const x of list)` goes over what is there when it begins. */
export interface ListState<T> extends Iterable<T> {
  /**
   * What is there now, and stays so whatever is added later; do not change it, use `update`. For that the next `add` copies the
   * list, in time and memory of its length: who only counts or looks through a list that grows takes `length` or `for … of`.
   */
  get(): readonly T[]
  readonly length: number
  add(value: T): void
  /** Replaces all elements. */
  update(values: readonly T[]): void
  clear(): void
}

/** A map that can only be read: broadcast state on the data side. */
export interface ReadonlyMapState<K extends Key, V> {
  get(key: K): V | undefined
  has(key: K): boolean
  keys(): IterableIterator<K>
  entries(): IterableIterator<[K, V]>
  readonly size: number
}

/** A map per key; an empty map does not exist. Entries come in the order of their first insertion until a restore. */
export interface MapState<K extends Key, V> extends ReadonlyMapState<K, V> {
  set(key: K, value: V): void
  delete(key: K): void
  clear(): void
}

/** Reducing: In = Out. Aggregating: adds In, answers Out. */
export interface FoldingState<In, Out> {
  /** Null when nothing was added for this key. */
  get(): Out | null
  add(value: In): void
  clear(): void
}

// ---- the context ----

/** `event`: time of the records, moved by watermarks. `processing`: time of the wall clock. */
export type TimeDomain = 'event' | 'processing'

export interface ProcessTimers {
  /** Event time: the timer function is called when the watermark reaches `timeMs`; once per key and time. */
  at(timeMs: number): void
  /**
   * Processing time: the timer function is called after `delay` (milliseconds, or `'5m'`); answers the wall-clock time,
   * ms, that it was set to, which is what the timer function gets and `deleteAfter` wants.
   */
  after(delay: number | string): number
  /** Takes back `at(timeMs)`; harmless when there is none. */
  deleteAt(timeMs: number): void
  /** Takes back an `after`, named by the time that it answered; harmless when there is none. */
  deleteAfter(timeMs: number): void
}

export interface SideOutput<T> {
  /** `timestamp` in ms; absent: that of the record or timer at hand. */
  emit(value: T, timestamp?: number): void
}

/**
 * The context of every kind of process step; each kind's helper types the parts that exist for it. Members may be taken
 * apart (`{ state, emit }`): functions need no `this`. Do not keep it over a call: it then tells of other records.
 */
export interface ProcessContext<
  Out = unknown,
  State = Readonly<Record<string, unknown>>,
  Sides = Readonly<Record<string, unknown>>,
  K extends Key = Key,
  Lists = Readonly<Record<string, unknown>>,
  Broadcast = unknown,
> {
  /** Key of the record or timer; keyed steps only, elsewhere asking is an error. */
  readonly key: K
  /** Of the record at hand, or the time of the timer; NO_TIMESTAMP when it has none. */
  readonly timestamp: number
  /** Highest watermark so far; MIN_WATERMARK before the first. */
  readonly watermark: number
  /** Which clock the timer at hand follows; `event` outside of timers. */
  readonly timeDomain: TimeDomain
  /** Declared keyed state by name. */
  readonly state: State
  /** Declared operator lists by name: `ListState` of this subtask, not of a key. */
  readonly lists: Lists
  /** The broadcast map: `MapState` in the control function, which must do the same everywhere, else read-only. */
  readonly broadcast: Broadcast
  /** Keyed steps only. */
  readonly timers: ProcessTimers
  /** Emits on the main output. `timestamp` as of SideOutput. */
  readonly emit: (value: Out, timestamp?: number) => void
  readonly side: <Tag extends keyof Sides & string>(tag: Tag) => SideOutput<Sides[Tag]>
  /** The same by name: `output.rejected(line)`. */
  readonly output: {
    readonly [Tag in keyof Sides]: (value: Sides[Tag], timestamp?: number) => void
  }
  /** One line for whoever follows the job. */
  readonly print: (text: string) => void
  readonly subtask: number
  readonly parallelism: number
}
