// What the compiler must infer and refuse. `tsc -p tsconfig.test.json` is the judge; vitest only runs the shells.

import { describe, expectTypeOf, it } from 'vitest'
import type { DataStream } from './data-stream.ts'
import type { InferType } from './declared-type.ts'
import { job } from './define-job.ts'
import type { Environment } from './environment.ts'
import type { KeyedStream } from './keyed-stream.ts'
import type {
  FoldingState,
  InitialValueState,
  ListState,
  MapState,
  ValueState,
} from './process-context.ts'
import { keyedProcess, process } from './process-definitions.ts'
import { sampleSink, sampleSource } from './sample-connectors.ts'
import { aggregating, listState, mapState, operatorList, reducing, value } from './state.ts'
import { struct } from './struct.ts'
import {
  bigint,
  bool,
  flag,
  int,
  json,
  list,
  map,
  nullable,
  oneOf,
  optional,
  path,
  text,
  timestamp,
} from './types.ts'
import { outOfOrder } from './watermarks.ts'

const Flight = struct('Flight', {
  date: timestamp(),
  delay: int(),
  origin: text(),
  cancelled: bool(),
  tail: optional(text()),
  tags: list(text()),
})
type Flight = InferType<typeof Flight>

/** Never called: only its types matter. */
const shell = (_fn: (env: Environment) => void): void => {}

describe('types', () => {
  it('become read-only record types', () => {
    expectTypeOf<Flight>().toEqualTypeOf<{
      readonly date: number
      readonly delay: number
      readonly origin: string
      readonly cancelled: boolean
      readonly tags: readonly string[]
      readonly tail?: string | undefined
    }>()
    const Odd = struct('Odd', {
      a: nullable(bigint()),
      b: map(text(), int()),
      c: json<{ x: 1 }>(),
      d: oneOf('p', 'q'),
    })
    expectTypeOf<InferType<typeof Odd>>().toEqualTypeOf<{
      readonly a: bigint | null
      readonly b: ReadonlyMap<string, number>
      readonly c: { x: 1 }
      readonly d: 'p' | 'q'
    }>()
  })

  it('become the arguments of a job', () => {
    job(
      'typed',
      { args: { input: path(), limit: int({ default: 1 }), fast: flag(), only: optional(text()) } },
      (_, args) => {
        expectTypeOf(args).toEqualTypeOf<{
          readonly input: string
          readonly limit: number
          readonly fast: boolean
          readonly only: string | undefined
        }>()
      },
    )
  })
})

describe('streams', () => {
  it('carry the type of their records', () => {
    shell((env) => {
      const flights = env.from(sampleSource(Flight), {
        uid: 'f',
        watermarks: outOfOrder('1h', (f) => f.date),
      })
      expectTypeOf(flights).toExtend<DataStream<Flight>>()
      expectTypeOf(flights.side('dead-letters').map((l) => l.line)).toEqualTypeOf<
        DataStream<number>
      >()
      expectTypeOf(flights.map((f) => f.delay)).toEqualTypeOf<DataStream<number>>()
      expectTypeOf(flights.flatMap((f) => f.tags)).toEqualTypeOf<DataStream<string>>()
      expectTypeOf(flights.pick('delay', 'origin')).toEqualTypeOf<
        DataStream<Pick<Flight, 'delay' | 'origin'>>
      >()
      expectTypeOf(flights.keyBy('origin')).toEqualTypeOf<KeyedStream<Flight, string>>()
      expectTypeOf(flights.keyBy((f) => f.delay)).toEqualTypeOf<KeyedStream<Flight, number>>()
      expectTypeOf(flights.keyBy('origin').count({ uid: 'n' })).toEqualTypeOf<
        DataStream<{ readonly key: string; readonly count: number }, unknown>
      >()
      const { late, rest } = flights.split({ late: int(), rest: Flight }, (f, out) => {
        expectTypeOf(out.late).toEqualTypeOf<(value: number) => void>()
        out.rest(f)
      })
      expectTypeOf(late).toEqualTypeOf<DataStream<number>>()
      expectTypeOf(rest).toEqualTypeOf<DataStream<Flight>>()
      flights
        .filter((f): f is Flight & { tail: string } => f.tail !== undefined)
        .map((f) => f.tail.length)
    })
  })

  it('refuse what does not fit', () => {
    shell((env) => {
      const flights = env.from(sampleSource(Flight), { uid: 'f' })
      const numbers = flights.map((f) => f.delay)
      // @ts-expect-error a list is no key
      flights.keyBy('tags')
      // @ts-expect-error there is no such field
      flights.keyBy('orgin')
      // @ts-expect-error an object is no key
      flights.keyBy((f) => ({ origin: f.origin }))
      // @ts-expect-error numbers are no flights
      flights.union(numbers)
      // @ts-expect-error the records are numbers
      numbers.returns(text())
      // @ts-expect-error a sink for flights does not take numbers
      numbers.to(sampleSink(Flight), { uid: 'out' })
      // @ts-expect-error a sink needs a uid
      numbers.to(sampleSink(), {})
      // @ts-expect-error a count needs a uid
      flights.keyBy('origin').count({})
      // @ts-expect-error there is no side output of this name
      numbers.side('late')
      // @ts-expect-error a duration has a unit
      outOfOrder('4', (f: Flight) => f.date)
    })
  })
})

describe('process definitions', () => {
  it('know their records, key, state and side outputs', () => {
    const stats = keyedProcess({
      uid: 'stats',
      in: Flight,
      out: struct('Out', { origin: text(), worst: int() }),
      key: text(),
      state: {
        last: value(Flight),
        worst: value(int(), { initial: 0 }),
        recent: listState(int()),
        byDay: mapState(text(), int()),
        sum: reducing(int(), (a, b) => a + b),
        mean: aggregating(list(int()), {
          create: () => [0, 0],
          add: (sum, delay: number) => [(sum[0] ?? 0) + delay, (sum[1] ?? 0) + 1],
          result: (sum) => String(sum[0]),
        }),
      },
      sides: { early: Flight },
      each(flight, ctx) {
        expectTypeOf(flight).toEqualTypeOf<Flight>()
        expectTypeOf(ctx.key).toEqualTypeOf<string>()
        expectTypeOf(ctx.state.last).toEqualTypeOf<ValueState<Flight>>()
        expectTypeOf(ctx.state.worst).toEqualTypeOf<InitialValueState<number>>()
        expectTypeOf(ctx.state.recent).toEqualTypeOf<ListState<number>>()
        expectTypeOf(ctx.state.byDay).toEqualTypeOf<MapState<string, number>>()
        expectTypeOf(ctx.state.sum).toEqualTypeOf<FoldingState<number, number>>()
        expectTypeOf(ctx.state.mean).toEqualTypeOf<FoldingState<number, string>>()
        ctx.timers.at(flight.date)
        ctx.emit({ origin: ctx.key, worst: ctx.state.worst.get() })
        ctx.output.early(flight)
        // @ts-expect-error not what it declares to give out
        ctx.emit({ origin: 1 })
        // @ts-expect-error operator lists have no key
        void ctx.lists
      },
      timer: (time, { key }) => expectTypeOf([time, key]).toEqualTypeOf<(string | number)[]>(),
    })
    shell((env) => {
      const flights = env.from(sampleSource(Flight), { uid: 'f' })
      const done = flights.keyBy('origin').process(stats)
      expectTypeOf(done.map((record) => record.worst)).toEqualTypeOf<DataStream<number>>()
      expectTypeOf(done.side('early')).toEqualTypeOf<DataStream<Flight>>()
      // @ts-expect-error the key is a number
      flights.keyBy('delay').process(stats)
      const delays = flights.map((f) => f.delay).keyBy((n) => String(n))
      // @ts-expect-error numbers are no flights
      delays.process(stats)
      // @ts-expect-error it needs a key
      flights.process(stats)
    })
  })

  it('without key have lists in place of state', () => {
    process({
      uid: 'p',
      in: int(),
      out: text(),
      lists: { seen: operatorList(int()) },
      each(n, ctx) {
        expectTypeOf(ctx.lists.seen).toEqualTypeOf<ListState<number>>()
        ctx.emit(String(n))
        // @ts-expect-error there is no key
        void ctx.key
      },
    })
    // @ts-expect-error a definition needs a uid
    process({ in: int(), out: text(), each: () => {} })
  })

  it('see both sides of a connection', () => {
    shell((env) => {
      const flights = env.from(sampleSource(Flight), { uid: 'f' })
      const limits = env.from(sampleSource(int()), { uid: 'l' })
      flights
        .keyBy('delay')
        .connect(limits.keyBy((n) => n))
        .process({
          uid: 'c',
          out: int(),
          state: { n: value(int()) },
          each: (f, { key, state }) => state.n.set(f.delay + key),
          second: (n, { emit, state }) => emit(n + (state.n.get() ?? 0)),
        })
      flights.connect(limits.broadcast(mapState('limits', text(), int()))).process({
        uid: 'b',
        out: int(),
        each: (f, { broadcast, emit }) => {
          emit(broadcast.get(f.origin) ?? 0)
          // @ts-expect-error the data side only reads
          broadcast.set('x', 1)
        },
        control: (n, { broadcast }) => broadcast.set('x', n),
      })
      // @ts-expect-error one has a key, the other has none
      flights.keyBy('origin').connect(limits)
    })
  })
})
