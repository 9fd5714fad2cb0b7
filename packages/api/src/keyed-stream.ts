// A stream whose records are grouped by key: what follows has state and timers of its own for every key.

import type { Key } from '@weirjs/common/core/codec'
import { callSite } from './call-site.ts'
import { BroadcastConnection, BroadcastStream, ConnectedStreams } from './connected-streams.ts'
import { type Counted, countedType, counting } from './count.ts'
import type { DataStream } from './data-stream.ts'
import type { Inlet } from './node-draft.ts'
import type { KeyedProcess, SideTypes, SideValues } from './process-definitions.ts'
import { stateDeclarations, stateRuntimes } from './state.ts'
import {
  type Fits,
  type FitsKey,
  type StatefulOptions,
  type StepOptions,
  type StreamKit,
  commonCodec,
  requiredUid,
} from './stream-kit.ts'
import { keyCodec } from './stream-inlets.ts'

export class KeyedStream<T, K extends Key> {
  readonly #kit: StreamKit
  readonly #inlets: readonly Inlet[]

  /** Keyed streams come from `stream.keyBy`, not from here. */
  constructor(kit: StreamKit, inlets: readonly Inlet[]) {
    this.#kit = kit
    this.#inlets = inlets
  }

  /** A step with state and timers per key, defined by `keyedProcess(...)`. */
  process<In, Out, DK extends Key, S extends SideTypes>(
    definition: KeyedProcess<In, Out, DK, S> & Fits<T, In> & FitsKey<K, DK>,
    options: StepOptions = {},
  ): DataStream<Out, SideValues<S>> {
    const state = stateRuntimes(definition.state)
    return this.#kit.step(
      {
        kind: 'keyed-process',
        uid: options.uid ?? definition.uid,
        name: options.name ?? definition.name,
        runtime: { kind: 'keyed-process', functions: definition.functions, state },
        state: stateDeclarations(state),
        location: callSite(),
      },
      [{ inlets: this.#inlets, codec: definition.in }],
      { codec: definition.out, sides: definition.sides },
    )
  }

  /** Folds the records of each key into one; every record in gives the fold so far out. */
  reduce(fn: (a: T, b: T) => T, options: StatefulOptions): DataStream<T> {
    const codec = commonCodec(this.#inlets)
    const location = callSite()
    return this.#kit.step(
      {
        kind: 'reduce',
        uid: requiredUid(options, 'reduce', location),
        name: options.name,
        runtime: { kind: 'reduce', reduce: fn as (a: unknown, b: unknown) => unknown, codec },
        state: [{ name: 'reduced', kind: 'value', codec: codec.descriptor }],
        location,
      },
      [{ inlets: this.#inlets }],
      { codec },
    )
  }

  /** Counts the records of each key; every record in gives its key's count so far out. */
  count(options: StatefulOptions): DataStream<Counted<K>> {
    const location = callSite()
    const { state, functions } = counting()
    return this.#kit.step(
      {
        kind: 'keyed-process',
        uid: requiredUid(options, 'count', location),
        name: options.name ?? 'count',
        runtime: { kind: 'keyed-process', functions, state },
        state: stateDeclarations(state),
        location,
      },
      [{ inlets: this.#inlets }],
      { codec: countedType(keyCodec(this.#inlets)) },
    )
  }

  /** Two streams with the same kind of key into one step, or this one beside a broadcast map. */
  connect<U>(other: KeyedStream<U, K>): ConnectedStreams<T, U, K>
  connect<U, BK extends Key, BV>(
    other: BroadcastStream<U, BK, BV>,
  ): BroadcastConnection<T, U, K, BK, BV>
  connect<U, BK extends Key, BV>(
    other: KeyedStream<U, K> | BroadcastStream<U, BK, BV>,
  ): ConnectedStreams<T, U, K> | BroadcastConnection<T, U, K, BK, BV> {
    if (other instanceof BroadcastStream)
      return new BroadcastConnection(this.#kit, this.#inlets, other)
    return new ConnectedStreams(this.#kit, this.#inlets, other.#inlets)
  }
}
