// Two streams into one step: both keyed alike, both without key, or data beside a broadcast map. The step's definition
// is written in place, because its types come from the two streams.

import type { Codec, Key } from '@weirjs/common/core/codec'
import { callSite } from './call-site.ts'
import type { DataStream } from './data-stream.ts'
import type { Inlet } from './node-draft.ts'
import {
  type BroadcastControlContext,
  type BroadcastDataContext,
  type KeyedContext,
  type LifecycleFunctions,
  type PlainContext,
  type SideTypes,
  type SideValues,
  processFunctions,
} from './process-definitions.ts'
import {
  type BroadcastDescriptor,
  type StateDescriptors,
  stateDeclarations,
  stateRuntimes,
} from './state.ts'
import { type StreamKit, requiredUid } from './stream-kit.ts'

/** What the functions of a step with two inputs see; without a key there is no state and no timer. */
export type ConnectedContext<Out, K extends Key, S, Sides> = [K] extends [never]
  ? Omit<PlainContext<Out, Record<never, never>, Sides>, 'lists'>
  : KeyedContext<Out, K, S, Sides>

export interface ConnectedSpec<
  A,
  B,
  K extends Key,
  Out,
  S extends StateDescriptors,
  Sides extends SideTypes,
> extends LifecycleFunctions<ConnectedContext<Out, K, S, Sides>> {
  readonly uid: string
  readonly name?: string
  readonly out: Codec<Out>
  /** Keyed connections only. */
  readonly state?: S
  readonly sides?: Sides
  /** A record of the first stream. */
  readonly each: (this: void, value: A, ctx: ConnectedContext<Out, K, S, Sides>) => void
  /** A record of the second stream. */
  readonly second: (this: void, value: B, ctx: ConnectedContext<Out, K, S, Sides>) => void
  /** Keyed connections only: a timer is due. */
  readonly timer?: (this: void, time: number, ctx: ConnectedContext<Out, K, S, Sides>) => void
}

/** Two streams on their way into one step. `K` is `never` when they have no key. */
export class ConnectedStreams<A, B, K extends Key> {
  readonly #kit: StreamKit
  readonly #first: readonly Inlet[]
  readonly #second: readonly Inlet[]

  /** Comes from `stream.connect`, not from here. */
  constructor(kit: StreamKit, first: readonly Inlet[], second: readonly Inlet[]) {
    this.#kit = kit
    this.#first = first
    this.#second = second
  }

  /** The step that both streams go into. */
  process<
    Out,
    S extends StateDescriptors = Record<never, never>,
    Sides extends SideTypes = Record<never, never>,
  >(spec: ConnectedSpec<A, B, K, Out, S, Sides>): DataStream<Out, SideValues<Sides>> {
    const location = callSite()
    const state = stateRuntimes(spec.state ?? {})
    return this.#kit.step(
      {
        kind: 'co-process',
        uid: requiredUid(spec, 'a step with two inputs', location),
        name: spec.name,
        runtime: { kind: 'co-process', functions: processFunctions(spec), state },
        state: stateDeclarations(state),
        location,
      },
      [{ inlets: this.#first }, { inlets: this.#second }],
      { codec: spec.out, sides: spec.sides ?? {} },
    )
  }
}

/** The control side of a connection: a stream that every subtask gets, and the map that it fills. */
export class BroadcastStream<T, BK extends Key, BV> {
  readonly inlets: readonly Inlet[]
  readonly map: BroadcastDescriptor<BK, BV>
  /** Type level only. */
  declare readonly record: T

  /** Comes from `stream.broadcast(map)`, not from here. */
  constructor(inlets: readonly Inlet[], map: BroadcastDescriptor<BK, BV>) {
    this.inlets = inlets
    this.map = map
  }
}

/** Data side: keyed when `K` is a key type, without key when it is `never`. */
type DataContext<Out, K extends Key, S, Sides, BK extends Key, BV> = [K] extends [never]
  ? Omit<
      BroadcastDataContext<Out, Key, S, Sides, BK, BV>,
      'key' | 'state' | 'timers' | 'timeDomain'
    >
  : BroadcastDataContext<Out, K, S, Sides, BK, BV>

export interface BroadcastSpec<
  A,
  B,
  K extends Key,
  BK extends Key,
  BV,
  Out,
  S extends StateDescriptors,
  Sides extends SideTypes,
> extends LifecycleFunctions<DataContext<Out, K, S, Sides, BK, BV>> {
  readonly uid: string
  readonly name?: string
  readonly out: Codec<Out>
  /** Keyed data only. */
  readonly state?: S
  readonly sides?: Sides
  /** A record of the data stream; the map can be read. */
  readonly each: (this: void, value: A, ctx: DataContext<Out, K, S, Sides, BK, BV>) => void
  /** A record of the control stream, in every subtask: change the map by it, the same way everywhere. */
  readonly control: (this: void, value: B, ctx: BroadcastControlContext<Out, Sides, BK, BV>) => void
  /** Keyed data only: a timer is due. */
  readonly timer?: (this: void, time: number, ctx: DataContext<Out, K, S, Sides, BK, BV>) => void
}

/** Data beside a broadcast map. */
export class BroadcastConnection<A, B, K extends Key, BK extends Key, BV> {
  readonly #kit: StreamKit
  readonly #data: readonly Inlet[]
  readonly #control: BroadcastStream<B, BK, BV>

  /** Comes from `stream.connect`, not from here. */
  constructor(kit: StreamKit, data: readonly Inlet[], control: BroadcastStream<B, BK, BV>) {
    this.#kit = kit
    this.#data = data
    this.#control = control
  }

  /** The step that data and control records go into. */
  process<
    Out,
    S extends StateDescriptors = Record<never, never>,
    Sides extends SideTypes = Record<never, never>,
  >(spec: BroadcastSpec<A, B, K, BK, BV, Out, S, Sides>): DataStream<Out, SideValues<Sides>> {
    const location = callSite()
    const state = stateRuntimes(spec.state ?? {})
    const { control, ...functions } = spec
    const { name, keyCodec, codec } = this.#control.map
    return this.#kit.step(
      {
        kind: 'broadcast-process',
        uid: requiredUid(spec, 'a step with a broadcast map', location),
        name: spec.name,
        runtime: {
          kind: 'broadcast-process',
          functions: processFunctions({ ...functions, second: control }),
          state,
          broadcast: { name, keyCodec, codec },
        },
        state: stateDeclarations(state),
        location,
      },
      [{ inlets: this.#data }, { inlets: this.#control.inlets }],
      { codec: spec.out, sides: spec.sides ?? {} },
    )
  }
}
