// Declared state: what a keyed step keeps per key (value, list, map, reducing, aggregating), what a process step keeps
// per subtask (operator lists), and the broadcast map. A descriptor is a value; the name comes from where it is put.

import type { Codec, Key } from '@weirjs/common/core/codec'
import type { StateDeclaration, StateKind } from '@weirjs/common/core/graph/logical-graph'
import { bareCodec } from './declared-type.ts'
import type { ListRuntime, StateRuntime } from './functions.ts'
import type {
  FoldingState,
  InitialValueState,
  ListState,
  MapState,
  ValueState,
} from './process-context.ts'

declare const access: unique symbol

/** Keyed state as it is declared; `Access` is what the step's functions get for it. */
export interface StateDescriptor<Access> {
  readonly kind: StateKind
  readonly codec: Codec
  readonly keyCodec?: Codec
  readonly initial?: () => unknown
  readonly reduce?: (a: unknown, b: unknown) => unknown
  readonly aggregate?: NonNullable<StateRuntime['aggregate']>
  readonly checkpointed: boolean
  /** Type level only. */
  readonly [access]?: Access
}

/** State of one keyed step: names to descriptors. */
export type StateDescriptors = Readonly<Record<string, StateDescriptor<unknown>>>

/** The handles that a step's functions see for its declared state. */
export type StateAccess<S> = {
  readonly [Name in keyof S]: S[Name] extends StateDescriptor<infer A> ? A : never
}

export interface StateOptions {
  /** False: kept in memory only, empty again after every restart. Default true. */
  readonly checkpointed?: boolean
}

export interface InitialOptions<T> extends StateOptions {
  /** What `get` answers for a key that has no value; give a function when it is an object. */
  readonly initial: T | (() => T)
}

/** One value per key: null when there is none, unless `initial` says otherwise. */
export function value<T>(
  codec: Codec<T>,
  options: InitialOptions<T>,
): StateDescriptor<InitialValueState<T>>
export function value<T>(codec: Codec<T>, options?: StateOptions): StateDescriptor<ValueState<T>>
export function value<T>(
  codec: Codec<T>,
  options: StateOptions & { readonly initial?: T | (() => T) } = {},
): StateDescriptor<ValueState<T>> {
  const { initial, checkpointed = true } = options
  if (initial === undefined) return { kind: 'value', codec, checkpointed }
  const make = typeof initial === 'function' ? (initial as () => T) : (): T => initial
  return { kind: 'value', codec, checkpointed, initial: make }
}

/** A list per key. */
export function listState<T>(
  codec: Codec<T>,
  options: StateOptions = {},
): StateDescriptor<ListState<T>> {
  return { kind: 'list', codec, checkpointed: options.checkpointed ?? true }
}

/** A map that is sent to every subtask of the other side of a `connect`. */
export interface BroadcastDescriptor<K extends Key, V> {
  readonly name: string
  readonly keyCodec: Codec<K>
  readonly codec: Codec<V>
}

/** A map per key. With a name first: a broadcast map, for `stream.broadcast(...)`. */
export function mapState<K extends Key, V>(
  key: Codec<K>,
  codec: Codec<V>,
  options?: StateOptions,
): StateDescriptor<MapState<K, V>>
export function mapState<K extends Key, V>(
  name: string,
  key: Codec<K>,
  codec: Codec<V>,
): BroadcastDescriptor<K, V>
export function mapState<K extends Key, V>(
  first: string | Codec<K>,
  second: Codec<K> | Codec<V>,
  third?: Codec<V> | StateOptions,
): StateDescriptor<MapState<K, V>> | BroadcastDescriptor<K, V> {
  if (typeof first === 'string') {
    return {
      name: first,
      keyCodec: bareCodec(second as Codec<K>),
      codec: bareCodec(third as Codec<V>),
    }
  }
  const options = (third ?? {}) as StateOptions
  return { kind: 'map', keyCodec: first, codec: second, checkpointed: options.checkpointed ?? true }
}

/** One value per key that every added value is folded into by `reduce`. */
export function reducing<T>(
  codec: Codec<T>,
  reduce: (a: T, b: T) => T,
  options: StateOptions = {},
): StateDescriptor<FoldingState<T, T>> {
  return {
    kind: 'reducing',
    codec,
    reduce: reduce as (a: unknown, b: unknown) => unknown,
    checkpointed: options.checkpointed ?? true,
  }
}

export interface Aggregate<In, Accumulator, Out> {
  create(): Accumulator
  /** The new accumulator; may be the old one, changed. */
  add(accumulator: Accumulator, value: In): Accumulator
  result(accumulator: Accumulator): Out
}

/** An accumulator per key (stored by `codec`); values are added, results asked for. */
export function aggregating<In, Accumulator, Out>(
  codec: Codec<Accumulator>,
  aggregate: Aggregate<In, Accumulator, Out>,
  options: StateOptions = {},
): StateDescriptor<FoldingState<In, Out>> {
  return {
    kind: 'aggregating',
    codec,
    aggregate: {
      create: () => aggregate.create(),
      add: (accumulator, added) => aggregate.add(accumulator as Accumulator, added as In),
      result: (accumulator) => aggregate.result(accumulator as Accumulator),
    },
    checkpointed: options.checkpointed ?? true,
  }
}

// ---- operator lists ----

/** A list of one subtask, not of a key: dealt out anew on rescale (`list`), or all of it to everyone (`union`). */
export interface OperatorListDescriptor<T> {
  readonly mode: 'list' | 'union'
  readonly codec: Codec<T>
}

export type OperatorLists = Readonly<Record<string, OperatorListDescriptor<unknown>>>

/** The handles that a step's functions see for its operator lists. */
export type ListAccess<L> = {
  readonly [Name in keyof L]: L[Name] extends OperatorListDescriptor<infer T> ? ListState<T> : never
}

/** Elements are dealt out over the subtasks when the parallelism changes. */
export function operatorList<T>(codec: Codec<T>): OperatorListDescriptor<T> {
  return { mode: 'list', codec }
}

/** After a restore every subtask gets the elements of all. */
export function unionList<T>(codec: Codec<T>): OperatorListDescriptor<T> {
  return { mode: 'union', codec }
}

// ---- what the engine reads ----

/** Descriptors under their names, in order. */
export function stateRuntimes(descriptors: StateDescriptors): readonly StateRuntime[] {
  return Object.entries(descriptors).map(([name, descriptor]) => ({
    ...descriptor,
    name,
    codec: bareCodec(descriptor.codec),
    ...(descriptor.keyCodec === undefined ? {} : { keyCodec: bareCodec(descriptor.keyCodec) }),
  }))
}

export function listRuntimes(lists: OperatorLists): readonly ListRuntime[] {
  return Object.entries(lists).map(([name, list]) => ({
    name,
    mode: list.mode,
    codec: bareCodec(list.codec),
  }))
}

/** What the graph tells of keyed state; state that is not checkpointed is not in it. */
export function stateDeclarations(states: readonly StateRuntime[]): readonly StateDeclaration[] {
  return states
    .filter((state) => state.checkpointed)
    .map((state) => ({
      name: state.name,
      kind: state.kind,
      codec: state.codec.descriptor,
      ...(state.keyCodec === undefined ? {} : { keyCodec: state.keyCodec.descriptor }),
    }))
}
