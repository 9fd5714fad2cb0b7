// Steps with logic of their own, as values: `keyedProcess` (a key's state and timers) and `process` (no key, operator
// lists). A definition is written once, tested alone, and used in any number of jobs. Its functions get one context
// object that is reused for every call.

import type { Codec, Key } from '@weirjs/common/core/codec'
import type { ProcessFunctions } from './functions.ts'
import { callSite } from './call-site.ts'
import type { ProcessContext, ReadonlyMapState, MapState } from './process-context.ts'
import type { ListAccess, OperatorLists, StateAccess, StateDescriptors } from './state.ts'

/** Tags of side outputs and the types of their records. */
export type SideTypes = Readonly<Record<string, Codec<unknown>>>
/** The same with values in place of their types. */
export type SideValues<S> = { readonly [Tag in keyof S]: S[Tag] extends Codec<infer T> ? T : never }

type Unkeyed = 'key' | 'state' | 'timers' | 'timeDomain'

/** What the functions of a keyed step see. */
export type KeyedContext<Out, K extends Key, S, Sides> = Omit<
  ProcessContext<Out, StateAccess<S>, SideValues<Sides>, K>,
  'lists' | 'broadcast'
>
/** What the functions of a step without key see. */
export type PlainContext<Out, L, Sides> = Omit<
  ProcessContext<Out, never, SideValues<Sides>, Key, ListAccess<L>>,
  Unkeyed | 'broadcast'
>
/** Data side of a broadcast join: the map can be read. */
export type BroadcastDataContext<Out, K extends Key, S, Sides, BK extends Key, BV> = Omit<
  ProcessContext<Out, StateAccess<S>, SideValues<Sides>, K, never, ReadonlyMapState<BK, BV>>,
  'lists'
>
/** Control side: the map can be changed, the same in every subtask; no key, no state. */
export type BroadcastControlContext<Out, Sides, BK extends Key, BV> = Omit<
  ProcessContext<Out, never, SideValues<Sides>, Key, never, MapState<BK, BV>>,
  Unkeyed | 'lists'
>

/** Called beside the records: at start and end, and when checkpoints succeed or not. */
export interface LifecycleFunctions<Ctx> {
  /** Before the first record, after state was restored. */
  readonly open?: (this: void, ctx: Ctx) => void | Promise<void>
  /** The input has ended: emit what is left. */
  readonly finish?: (this: void, ctx: Ctx) => void
  /** Called exactly once, also after failures. */
  readonly close?: (this: void) => void | Promise<void>
  /** A notice, which may be lost or skip ids: never a place for what must happen. */
  readonly onCheckpointComplete?: (this: void, checkpointId: number) => void
  readonly onCheckpointAborted?: (this: void, checkpointId: number) => void
}

export interface KeyedProcessSpec<
  In,
  Out,
  K extends Key,
  S extends StateDescriptors,
  Sides extends SideTypes,
> extends LifecycleFunctions<KeyedContext<Out, K, S, Sides>> {
  /** The identity of its state over upgrades. */
  readonly uid: string
  readonly name?: string
  readonly in: Codec<In>
  readonly out: Codec<Out>
  /** Type of the key, when the functions want to know it. */
  readonly key?: Codec<K>
  readonly state?: S
  /** Side outputs: `{ late: Login }` is `ctx.output.late(login)` inside and `.side('late')` outside. */
  readonly sides?: Sides
  readonly each: (this: void, value: In, ctx: KeyedContext<Out, K, S, Sides>) => void
  /** A timer is due; `ctx.key` is the key that set it. */
  readonly timer?: (this: void, time: number, ctx: KeyedContext<Out, K, S, Sides>) => void
  /**
   * The input has ended: called once for each key that has declared state, in no particular order, before `finish`. The
   * place to emit what was gathered per key.
   */
  readonly finishKey?: (this: void, ctx: KeyedContext<Out, K, S, Sides>) => void
}

export interface ProcessSpec<In, Out, L extends OperatorLists, Sides extends SideTypes>
  extends LifecycleFunctions<PlainContext<Out, L, Sides>> {
  readonly uid: string
  readonly name?: string
  readonly in: Codec<In>
  readonly out: Codec<Out>
  readonly lists?: L
  readonly sides?: Sides
  readonly each: (this: void, value: In, ctx: PlainContext<Out, L, Sides>) => void
}

declare const types: unique symbol

/** A keyed step as a value; made by `keyedProcess`, used by `stream.keyBy(...).process(it)`. */
export interface KeyedProcess<In, Out, K extends Key = Key, Sides extends SideTypes = SideTypes> {
  readonly kind: 'keyed-process'
  readonly uid: string
  readonly name: string | undefined
  readonly in: Codec<In>
  readonly out: Codec<Out>
  readonly state: StateDescriptors
  readonly sides: Sides
  readonly functions: ProcessFunctions
  readonly location: string | undefined
  /** Type level only. */
  readonly [types]?: { readonly key: K }
}

/** A step without key as a value; made by `process`, used by `stream.process(it)`. */
export interface Process<In, Out, Sides extends SideTypes = SideTypes> {
  readonly kind: 'process'
  readonly uid: string
  readonly name: string | undefined
  readonly in: Codec<In>
  readonly out: Codec<Out>
  readonly lists: OperatorLists
  readonly sides: Sides
  readonly functions: ProcessFunctions
  readonly location: string | undefined
}

/** Defines a step with state and timers per key. */
export function keyedProcess<
  In,
  Out,
  K extends Key = Key,
  S extends StateDescriptors = Record<never, never>,
  Sides extends SideTypes = Record<never, never>,
>(spec: KeyedProcessSpec<In, Out, K, S, Sides>): KeyedProcess<In, Out, K, Sides> {
  return {
    kind: 'keyed-process',
    uid: spec.uid,
    name: spec.name,
    in: spec.in,
    out: spec.out,
    state: spec.state ?? {},
    sides: spec.sides ?? ({} as Sides),
    functions: processFunctions(spec),
    location: callSite(),
  }
}

/** Defines a step without key: its lists belong to the subtask. */
export function process<
  In,
  Out,
  L extends OperatorLists = Record<never, never>,
  Sides extends SideTypes = Record<never, never>,
>(spec: ProcessSpec<In, Out, L, Sides>): Process<In, Out, Sides> {
  return {
    kind: 'process',
    uid: spec.uid,
    name: spec.name,
    in: spec.in,
    out: spec.out,
    lists: spec.lists ?? {},
    sides: spec.sides ?? ({} as Sides),
    functions: processFunctions(spec),
    location: callSite(),
  }
}

interface AnyFunctions extends LifecycleFunctions<never> {
  readonly each: (this: void, value: never, ctx: never) => void
  readonly second?: (this: void, value: never, ctx: never) => void
  readonly timer?: (this: void, time: number, ctx: never) => void
  readonly finishKey?: (this: void, ctx: never) => void
}

/** The untyped table that the engine calls. Members are called as functions: what they see is in their arguments. */
export function processFunctions(spec: AnyFunctions): ProcessFunctions {
  const { open, each, second, timer, finishKey, finish, close } = spec
  const { onCheckpointComplete, onCheckpointAborted } = spec
  const table = {
    open,
    each,
    second,
    timer,
    finishKey,
    finish,
    close,
    onCheckpointComplete,
    onCheckpointAborted,
  }
  const given = Object.entries(table).filter(([, fn]) => fn !== undefined)
  // The graph's types guarantee that values and contexts fit; the engine knows neither.
  return Object.fromEntries(given) as unknown as ProcessFunctions
}
