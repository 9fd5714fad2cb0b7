import { describe, expect, test } from 'vitest'
import { intCodec, textCodec } from '@weirjs/common/codec/primitives'
import { NO_TIMESTAMP } from '@weirjs/common/core/time-constants'
import type { ListRuntime, NodeRuntime, StateRuntime } from '@weirjs/api/functions'
import type { ListState, ProcessContext, ValueState } from '@weirjs/api/process-context'
import { HARNESS_MODES, OperatorHarness } from './harness.ts'
import { codec, keyed, last, rules } from './process-fixtures.contract.ts'
import type { Ctx } from './process-fixtures.contract.ts'

interface Login {
  readonly user: string
  readonly time: number
}

/** Tells who was silent for 30 minutes. */
const inactivity: NodeRuntime = {
  kind: 'keyed-process',
  state: [last],
  functions: {
    each: (value, ctx) => {
      const { state, timers } = ctx as ProcessContext<unknown, { last: ValueState<number> }>
      const login = value as Login
      state.last.set(login.time)
      timers.at(login.time + 30)
    },
    timer: (time, ctx) => {
      const { state, emit, key } = ctx as ProcessContext<unknown, { last: ValueState<number> }>
      const since = state.last.get() as number
      if (time - since >= 30) emit({ user: key, since })
    },
  },
}

describe.each(HARNESS_MODES)('process steps, %s', (mode) => {
  test('state and event timers per key', () => {
    const h = new OperatorHarness({
      runtime: inactivity,
      mode,
      keyOf: (login: Login) => login.user,
    })
    h.push({ user: 'alice', time: 0 })
    h.push({ user: 'bob', time: 5 })
    h.advanceWatermark(20)
    h.push({ user: 'alice', time: 20 })
    h.advanceWatermark(34)
    expect(h.output).toEqual([])
    h.advanceWatermark(35)
    expect(h.output).toEqual([{ user: 'bob', since: 5 }])
    h.finish()
    expect(h.records).toEqual([
      { value: { user: 'bob', since: 5 }, timestamp: 35 },
      { value: { user: 'alice', since: 20 }, timestamp: 50 },
    ])
  })

  test('at the end each key that has state is visited once, before finish', () => {
    const other: StateRuntime = { ...last, name: 'other' }
    const h = new OperatorHarness({
      mode,
      runtime: keyed(
        {
          each: (value, ctx) => {
            const { state } = ctx as ProcessContext<unknown, Record<string, ValueState<number>>>
            const login = value as Login
            state['last']?.set(login.time)
            if (login.time > 1) state['other']?.set(login.time)
            if (login.time > 2) state['last']?.clear()
          },
          finishKey: (ctx) => {
            const { key, emit, state } = ctx as ProcessContext<
              unknown,
              Record<string, ValueState<number>>
            >
            emit([key, state['last']?.get(), state['other']?.get()])
            state['other']?.clear()
          },
          finish: (ctx) => (ctx as Ctx).emit('finish'),
        },
        [last, other],
      ),
      keyOf: (login: Login) => login.user,
    })
    for (const [time, user] of ['alice', 'bob', 'carol'].entries()) h.push({ user, time: time + 1 })
    h.finish()
    const visited = h.output.slice(0, 3) as readonly unknown[][]
    expect(visited.toSorted((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1))).toEqual([
      ['alice', 1, null],
      ['bob', 2, 2],
      ['carol', null, 3],
    ])
    expect(h.output.slice(3)).toEqual(['finish'])
  })

  test('processing timers follow the wall clock, tell their domain, and can be taken back', () => {
    const h = new OperatorHarness({
      mode,
      runtime: keyed({
        each: (value, ctx) => {
          const { timers } = ctx as Ctx
          const at = timers.after('5m')
          if (value === 'cancel') timers.deleteAfter(at)
        },
        timer: (_time, ctx) => {
          const { emit, key, timeDomain } = ctx as Ctx
          emit(`${String(key)} ${timeDomain}`)
        },
      }),
    })
    h.push('x', { key: 1 })
    h.push('cancel', { key: 2 })
    h.advanceTime(299_999)
    expect(h.output).toEqual([])
    h.advanceTime(1)
    expect(h.output).toEqual(['1 processing'])
  })

  test('times with a fraction become whole: those of records downwards, those of timers upwards', () => {
    const h = new OperatorHarness({
      mode,
      runtime: keyed({
        each: (value, ctx) => {
          const { emit, timers } = ctx as Ctx
          emit('given', value as number)
          timers.at(value as number)
          timers.at(50.5)
          timers.deleteAt(50.25)
        },
        timer: (_time, ctx) => (ctx as Ctx).emit('fired'),
      }),
    })
    h.push(7.5, { key: 1, timestamp: 1 })
    h.advanceWatermark(7)
    expect(h.records).toEqual([{ value: 'given', timestamp: 7 }])
    h.advanceWatermark(100)
    expect(h.records.slice(1)).toEqual([{ value: 'fired', timestamp: 8 }])
    for (const time of [Number.NaN, 2 ** 60, '7'])
      expect(() => h.push(time, { key: 1 })).toThrow(
        expect.objectContaining({ code: 'job/bad-timestamp' }),
      )
  })

  test('a processing timer that sets itself anew does not fire twice in one go', () => {
    const h = new OperatorHarness({
      mode,
      runtime: keyed({
        each: (_value, ctx) => void (ctx as Ctx).timers.after(0),
        timer: (time, ctx) => {
          const { emit, timers } = ctx as Ctx
          emit(time)
          timers.after(0)
        },
      }),
    })
    h.push('x', { key: 1 })
    h.advanceTime(10)
    expect(h.output).toHaveLength(10)
  })

  test('many timers that are due at once all fire, in order', () => {
    const h = new OperatorHarness({
      mode,
      runtime: keyed({
        each: (value, ctx) => {
          for (let i = 1; i <= 300; i++) (ctx as Ctx).timers.after(i + (value as number))
        },
        timer: (time, ctx) => (ctx as Ctx).emit(time),
      }),
    })
    for (const key of [1, 2, 3]) h.push(key * 1_000, { key })
    h.advanceTime(10_000)
    expect(h.output).toHaveLength(900)
    expect(h.output).toEqual([...h.output].sort((a, b) => (a as number) - (b as number)))
  })

  test('emits on main and side outputs, with the time stamp at hand unless it is told', () => {
    const h = new OperatorHarness({
      mode,
      runtime: {
        kind: 'process',
        lists: [],
        functions: {
          each: (value, ctx) => {
            const { emit, side, output } = ctx as ProcessContext<
              unknown,
              never,
              { late: unknown; odd: unknown }
            >
            emit(value)
            emit(value, 7)
            side('late').emit(value)
            output.odd(value, 9)
            output.late(value, 8)
          },
        },
      },
    })
    h.push('a', { timestamp: 5 })
    h.push('b')
    expect(h.records.map(({ timestamp }) => timestamp)).toEqual([5, 7, NO_TIMESTAMP, 7])
    expect(h.collected.side('late').map(({ timestamp }) => timestamp)).toEqual([
      5,
      8,
      NO_TIMESTAMP,
      8,
    ])
    expect(h.side('odd')).toEqual(['a', 'b'])
  })

  test('operator lists are kept over restores', () => {
    const seen: ListRuntime = { name: 'seen', mode: 'list', codec: codec(textCodec) }
    const h = new OperatorHarness({
      mode,
      runtime: {
        kind: 'process',
        lists: [seen],
        functions: {
          each: (value, ctx) => {
            const { lists, emit } = ctx as ProcessContext<
              unknown,
              never,
              never,
              never,
              { seen: ListState<string> }
            >
            if (!lists.seen.get().includes(value as string)) emit(value)
            lists.seen.add(value as string)
          },
          finish: (ctx) => {
            const { lists, emit } = ctx as ProcessContext<
              unknown,
              never,
              never,
              never,
              { seen: ListState<string> }
            >
            emit(lists.seen.length)
          },
        },
      },
    })
    for (const value of ['a', 'b', 'a', 'c', 'b']) h.push(value)
    h.finish()
    expect(h.output).toEqual(['a', 'b', 'c', 5])
  })

  test('two keyed inputs share the state of a key', () => {
    const h = new OperatorHarness({
      mode,
      keyOf: (value: { id: number }) => value.id,
      secondKeyOf: (value: { ref: number }) => value.ref,
      runtime: {
        kind: 'co-process',
        state: [{ ...last, initial: () => 0 }],
        functions: {
          each: (_value, ctx) => {
            const { state } = ctx as ProcessContext<unknown, { last: ValueState<number> }>
            state.last.set((state.last.get() as number) + 1)
          },
          second: (_value, ctx) => {
            const { state, emit, key } = ctx as ProcessContext<
              unknown,
              { last: ValueState<number> }
            >
            emit([key, state.last.get()])
          },
        },
      },
    })
    for (const id of [1, 2, 1]) h.push({ id })
    for (const ref of [1, 2, 3]) h.pushSecond({ ref })
    expect(h.output).toEqual([
      [1, 2],
      [2, 1],
      [3, 0],
    ])
  })

  test('the control side changes the broadcast map, the data side reads it', () => {
    const h = new OperatorHarness({ mode, runtime: rules, keyed: true })
    h.push('apple', { key: 'a' })
    h.pushSecond({ name: 'apple', price: 3 })
    h.push('apple', { key: 'a' })
    h.pushSecond({ name: 'apple', price: null })
    h.push('apple', { key: 'a' })
    expect(h.output).toEqual([
      ['apple', undefined, 0],
      ['apple', 3, 1],
      ['apple', undefined, 0],
    ])
  })

  test('reduce emits the rolling result per key', () => {
    const h = new OperatorHarness({
      mode,
      keyOf: (value: number) => value % 2,
      runtime: {
        kind: 'reduce',
        codec: codec(intCodec),
        reduce: (a, b) => (a as number) + (b as number),
      },
    })
    for (const value of [1, 2, 3, 4, 5]) h.push(value, { timestamp: value })
    expect(h.records).toEqual([
      { value: 1, timestamp: 1 },
      { value: 2, timestamp: 2 },
      { value: 4, timestamp: 3 },
      { value: 6, timestamp: 4 },
      { value: 9, timestamp: 5 },
    ])
  })

  test('map, filter and flat map', () => {
    const map = new OperatorHarness({
      mode,
      runtime: { kind: 'map', map: (value) => (value as number) * 2 },
    })
    const filter = new OperatorHarness({
      mode,
      runtime: { kind: 'filter', test: (value) => (value as number) > 1 },
    })
    const flatMap = new OperatorHarness({
      mode,
      runtime: {
        kind: 'flat-map',
        flatMap: (value, emit) => {
          for (let i = 0; i < (value as number); i++) emit(i)
        },
      },
    })
    for (const h of [map, filter, flatMap])
      for (const value of [0, 1, 2, 3]) h.push(value, { timestamp: value })
    expect(map.output).toEqual([0, 2, 4, 6])
    expect(filter.output).toEqual([2, 3])
    expect(flatMap.records.map(({ value, timestamp }) => [value, timestamp])).toEqual([
      [0, 1],
      [0, 2],
      [1, 2],
      [0, 3],
      [1, 3],
      [2, 3],
    ])
  })
})
