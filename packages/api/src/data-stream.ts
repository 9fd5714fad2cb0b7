// A stream of records on its way through the job. Every method adds a step to the graph or changes how records travel to
// the next one; nothing runs here. Types flow from the source: a record type is written once.

import { dynamicCodec } from '@weirjs/common/codec/dynamic-codec'
import type { Codec, Key } from '@weirjs/common/core/codec'
import { assertCallable } from './callable.ts'
import { callSite } from './call-site.ts'
import { BroadcastConnection, BroadcastStream, ConnectedStreams } from './connected-streams.ts'
import type { Sink } from './connector.ts'
import { bareCodec } from './declared-type.ts'
import type { NodeRequest } from './graph-builder.ts'
import { jobError } from './job-error.ts'
import { KeyedStream } from './keyed-stream.ts'
import type { Inlet } from './node-draft.ts'
import { pickFields, pickedType } from './pick.ts'
import type { Process, SideTypes, SideValues } from './process-definitions.ts'
import { type BroadcastDescriptor, listRuntimes } from './state.ts'
import { StepSettings } from './step-settings.ts'
import {
  type Fits,
  type Ports,
  type SinkOptions,
  type StepOptions,
  type StreamKit,
  commonCodec,
  requiredUid,
} from './stream-kit.ts'
import { type KeyField, keyed, routed } from './stream-inlets.ts'

type FlatMap = (value: unknown, emit: (value: unknown) => void) => unknown

export class DataStream<T, Sides = unknown> extends StepSettings {
  readonly #kit: StreamKit
  readonly #inlets: readonly Inlet[]
  readonly #ports: Ports

  /** Streams come from `env.from` and from each other, not from here. */
  constructor(kit: StreamKit, inlets: readonly Inlet[], ports: Ports) {
    super(inlets)
    this.#kit = kit
    this.#inlets = inlets
    this.#ports = ports
  }

  // ---- steps ----

  /** One record out for each record in. */
  map<U>(fn: (value: T) => U): DataStream<U> {
    const runtime = { kind: 'map', map: fn as (value: unknown) => unknown } as const
    return this.#step({ kind: 'map', runtime, name: undefined, location: callSite() }, dynamicCodec)
  }

  /** Keeps the records that `test` accepts; a type guard narrows the type. */
  filter<U extends T>(test: (value: T) => value is U): DataStream<U>
  filter(test: (value: T) => boolean): DataStream<T>
  filter(test: (value: T) => boolean): DataStream<T> {
    const runtime = { kind: 'filter', test: test as (value: unknown) => boolean } as const
    const location = callSite()
    return this.#step(
      { kind: 'filter', runtime, name: undefined, location },
      commonCodec(this.#inlets),
    )
  }

  /**
   * Any number of records out for each record in: as an array or other iterable, or, with a declared type first, by
   * calling `emit`.
   */
  flatMap<U>(fn: (value: T) => Iterable<U>): DataStream<U>
  flatMap<U>(type: Codec<U>, fn: (value: T, emit: (value: U) => void) => void): DataStream<U>
  flatMap<U>(
    first: Codec<U> | ((value: T) => Iterable<U>),
    second?: (value: T, emit: (value: U) => void) => void,
  ): DataStream<U> {
    const iterates = typeof first === 'function'
    const flatMap = (
      iterates ? emitAll(first as (value: unknown) => Iterable<unknown>) : second
    ) as FlatMap
    const location = callSite()
    const request = {
      kind: 'flat-map',
      runtime: { kind: 'flat-map', flatMap },
      name: undefined,
      location,
    } as const
    return this.#step(request, iterates ? dynamicCodec : first)
  }

  /** Records with these fields only. Throws WeirError `job/unknown-field`. */
  pick<F extends keyof T & string>(...fields: F[]): DataStream<Pick<T, F>> {
    const location = callSite()
    const codec = pickedType(commonCodec(this.#inlets), fields, location)
    const runtime = { kind: 'map', map: pickFields(fields) } as const
    return this.#step({ kind: 'map', runtime, name: `pick ${fields.join(', ')}`, location }, codec)
  }

  /** A step with operator lists and side outputs, defined by `process(...)`. */
  process<In, Out, S extends SideTypes>(
    definition: Process<In, Out, S> & Fits<T, In>,
    options: StepOptions = {},
  ): DataStream<Out, SideValues<S>> {
    const { functions, lists, sides } = definition
    return this.#kit.step(
      {
        kind: 'process',
        uid: options.uid ?? definition.uid,
        name: options.name ?? definition.name,
        runtime: { kind: 'process', functions, lists: listRuntimes(lists) },
        location: callSite(),
      },
      [{ inlets: this.#inlets, codec: definition.in }],
      { codec: definition.out, sides },
    )
  }

  /**
   * Sends each record to the outputs that `fn` calls, by tag:
   * `const { good, bad } = lines.split({ good: Order, bad: text() }, (line, out) => …)`.
   */
  split<S extends SideTypes>(
    types: S,
    fn: (value: T, out: { readonly [Tag in keyof S]: (value: SideValues<S>[Tag]) => void }) => void,
    options: StepOptions = {},
  ): { readonly [Tag in keyof S]: DataStream<SideValues<S>[Tag]> } {
    assertCallable('split', fn, callSite())
    const each = (value: unknown, ctx: unknown): void =>
      fn(value as T, (ctx as { output: never }).output)
    const stream = this.#kit.step<never, SideValues<S>>(
      {
        kind: 'process',
        uid: options.uid,
        name: options.name ?? `split ${Object.keys(types).join(', ')}`,
        runtime: { kind: 'process', functions: { each }, lists: [] },
        location: callSite(),
      },
      [{ inlets: this.#inlets }],
      { codec: dynamicCodec, sides: types },
    )
    const tags = Object.keys(types) as (keyof SideValues<S> & string)[]
    return Object.fromEntries(tags.map((tag) => [tag, stream.side(tag)])) as {
      readonly [Tag in keyof S]: DataStream<SideValues<S>[Tag]>
    }
  }

  /** A side output of the step before, by its tag. Throws WeirError `job/unknown-side`. */
  side<Tag extends keyof Sides & string>(tag: Tag): DataStream<Sides[Tag]> {
    const port = this.#ports.get(tag)
    if (port !== undefined)
      return new DataStream(this.#kit, [{ port, route: { kind: 'auto' } }], new Map())
    throw jobError('unknown-side', `there is no side output "${tag}" here`, {
      location: callSite(),
    })
  }

  /** Ends the stream: records go into `sink`. */
  to<U>(sink: Sink<U> & Fits<T, U>, options: SinkOptions): void {
    const node = this.#kit.builder.addNode({
      kind: 'sink',
      uid: requiredUid(options, 'a sink', callSite()),
      name: options.name,
      parallelism: options.parallelism,
      runtime: { kind: 'sink', sink },
      description: sink.description,
      location: callSite(),
    })
    this.#kit.attach(node, [{ inlets: this.#inlets, codec: sink.record ?? undefined }])
  }

  /**
   * Declares the type of this stream's records, in place of finding it out record by record: faster, and checked. It holds for
   * the stream that is answered.
   */
  returns<U>(type: Codec<U> & Fits<T, U>): DataStream<U, Sides> {
    const codec = bareCodec(type)
    const location = callSite()
    // For what follows from here: whoever else reads these records may want fields of them that `type` does not have.
    const inlets = this.#inlets.map((one) => this.#kit.builder.declareType(one, codec, location))
    return new DataStream(this.#kit, inlets, this.#ports)
  }

  // ---- how records travel to the next step ----

  /** Groups records by a key: a field's name, or a function. Equal keys meet in one subtask, in order per sender. */
  keyBy<K extends Key>(key: (value: T) => K): KeyedStream<T, K>
  // Last, and KeyField written out: the compiler explains a mistake by the last form, and then lists the fields.
  keyBy<F extends { [N in keyof T]-?: T[N] extends Key ? N : never }[keyof T] & string>(
    field: F,
  ): KeyedStream<T, T[F] & Key>
  keyBy(key: string | ((value: T) => Key)): KeyedStream<T, Key> {
    return new KeyedStream(this.#kit, keyed(this.#inlets, key, callSite()))
  }

  /** The subtask of a record is `choose(key, subtasks)`, 0 … subtasks - 1. */
  partitionCustom<F extends KeyField<T>>(
    field: F,
    choose: (key: T[F] & Key, subtasks: number) => number,
  ): DataStream<T>
  partitionCustom<K extends Key>(
    key: (value: T) => K,
    choose: (key: K, subtasks: number) => number,
  ): DataStream<T>
  partitionCustom(
    key: string | ((value: T) => Key),
    choose: (key: never, subtasks: number) => number,
  ): DataStream<T> {
    const location = callSite()
    assertCallable('partitionCustom', choose, location)
    const partition = choose as (key: Key, subtasks: number) => number
    return this.#routed(keyed(this.#inlets, key, location, partition))
  }

  /** Each record to the next subtask in turn. */
  rebalance(): DataStream<T> {
    return this.#routed(routed(this.#inlets, { kind: 'rebalance' }))
  }

  /** Like rebalance, but each subtask deals only to its share of the next step's. */
  rescale(): DataStream<T> {
    return this.#routed(routed(this.#inlets, { kind: 'rescale' }))
  }

  /** Each record to a subtask by chance. */
  shuffle(): DataStream<T> {
    return this.#routed(routed(this.#inlets, { kind: 'shuffle' }))
  }

  /** All records to the first subtask. */
  global(): DataStream<T> {
    return this.#routed(routed(this.#inlets, { kind: 'global' }))
  }

  /** Every record to every subtask; with a map descriptor: the control side of a `connect`. */
  broadcast(): DataStream<T>
  broadcast<BK extends Key, BV>(map: BroadcastDescriptor<BK, BV>): BroadcastStream<T, BK, BV>
  broadcast<BK extends Key, BV>(
    map?: BroadcastDescriptor<BK, BV>,
  ): DataStream<T> | BroadcastStream<T, BK, BV> {
    const inlets = routed(this.#inlets, { kind: 'broadcast' })
    return map === undefined ? this.#routed(inlets) : new BroadcastStream(inlets, map)
  }

  // ---- several streams ----

  /** This stream and others of the same type as one; no order between them. */
  union(...others: readonly DataStream<T>[]): DataStream<T> {
    return this.#routed([this.#inlets, ...others.map((other) => other.#inlets)].flat())
  }

  /** Two streams into one step: both without key, or this one beside a broadcast map. */
  connect<U>(other: DataStream<U>): ConnectedStreams<T, U, never>
  connect<U, BK extends Key, BV>(
    other: BroadcastStream<U, BK, BV>,
  ): BroadcastConnection<T, U, never, BK, BV>
  connect<U, BK extends Key, BV>(
    other: DataStream<U> | BroadcastStream<U, BK, BV>,
  ): ConnectedStreams<T, U, never> | BroadcastConnection<T, U, never, BK, BV> {
    if (other instanceof BroadcastStream)
      return new BroadcastConnection(this.#kit, this.#inlets, other)
    return new ConnectedStreams(this.#kit, this.#inlets, other.#inlets)
  }

  #step<U>(request: NodeRequest, codec: Codec): DataStream<U> {
    return this.#kit.step(request, [{ inlets: this.#inlets }], { codec })
  }

  #routed(inlets: readonly Inlet[]): DataStream<T> {
    return new DataStream(this.#kit, inlets, new Map())
  }
}

/** Emits what a function returns; an array without its iterator. */
function emitAll(fn: (value: unknown) => Iterable<unknown>): FlatMap {
  return (value, emit) => {
    const made = fn(value)
    if (made instanceof Promise) return made // the engine refuses it
    if (Array.isArray(made)) for (let i = 0; i < made.length; i++) emit(made[i])
    else for (const record of made) emit(record)
    return undefined
  }
}
