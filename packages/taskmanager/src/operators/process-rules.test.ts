import { describe, expect, test } from 'vitest'
import { withDefault } from '@weirjs/common/codec/composites'
import { intCodec, textCodec } from '@weirjs/common/codec/primitives'
import { structCodec } from '@weirjs/common/codec/struct-codec'
import type { Codec } from '@weirjs/common/core/codec'
import { MAX_WATERMARK } from '@weirjs/common/core/time-constants'
import type { NodeRuntime, ProcessFunctions } from '@weirjs/api/functions'
import type { ListState, ProcessContext, ValueState } from '@weirjs/api/process-context'
import { OperatorHarness } from './harness.ts'
import type { OperatorSnapshotInMemory } from './harness-snapshot.ts'
import { codec, keyed, last, rules } from './process-fixtures.contract.ts'
import type { Ctx } from './process-fixtures.contract.ts'

describe('what a process step refuses', () => {
  const push = (runtime: NodeRuntime, value: unknown = 1): void =>
    new OperatorHarness({ runtime }).push(value, { key: 'k' })
  const each = (fn: (ctx: Ctx) => unknown): ProcessFunctions => ({
    each: (_value, ctx) => void fn(ctx as Ctx),
  })

  test('functions that return promises', () => {
    const refused = expect.objectContaining({ code: 'job/async-function' })
    const async = async (): Promise<never> => {
      throw new Error('nobody hears this')
    }
    expect(() => push(keyed({ each: async as never }))).toThrow(refused)
    expect(() => push({ kind: 'map', map: async })).toThrow(refused)
    expect(() => push({ kind: 'filter', test: async as never })).toThrow(refused)
    expect(() => push({ kind: 'flat-map', flatMap: async as never })).toThrow(refused)
  })

  test('keys and timers in steps that have none, and timers that nobody would hear', () => {
    const refused = expect.objectContaining({ code: 'job/not-available' })
    const plain = (fn: (ctx: Ctx) => unknown): NodeRuntime => ({
      kind: 'process',
      lists: [],
      functions: each(fn),
    })
    expect(() => push(plain((ctx) => ctx.key))).toThrow(refused)
    expect(() => push(plain((ctx) => ctx.timers.at(1)))).toThrow(refused)
    expect(() => push(keyed(each((ctx) => ctx.timers.at(1))))).toThrow(refused)
  })

  test('keyed state in finish and on the control side, where there is no key', () => {
    const refused = expect.objectContaining({ code: 'state/no-key' })
    const get = (ctx: unknown): unknown =>
      (ctx as ProcessContext<unknown, { last: ValueState<number> }>).state.last.get()
    const h = new OperatorHarness({
      runtime: keyed({ each: () => {}, finish: (ctx) => void get(ctx) }, [last]),
    })
    h.push(1, { key: 'k' })
    expect(() => h.finish()).toThrow(refused)
    const control = {
      ...rules,
      state: [last],
      functions: { each: () => {}, second: (_: unknown, ctx: unknown) => void get(ctx) },
    }
    const broadcast = new OperatorHarness({ runtime: control as NodeRuntime, keyed: true })
    broadcast.push(1, { key: 'k' })
    expect(() => broadcast.pushSecond(1)).toThrow(refused)
  })
})

describe('rescaling operator state', () => {
  const lists = (mode: 'list' | 'union'): NodeRuntime => ({
    kind: 'process',
    lists: [{ name: 'seen', mode, codec: codec(intCodec) }],
    functions: {
      each: (value, ctx) =>
        (ctx as { lists: { seen: ListState<unknown> } } & Ctx).lists.seen.add(value),
      finish: (ctx) =>
        (ctx as Ctx).emit([
          ...(ctx as { lists: { seen: ListState<unknown> } } & Ctx).lists.seen.get(),
        ]),
    },
  })
  const snapshots = (runtime: NodeRuntime): OperatorSnapshotInMemory[] =>
    [0, 1].map((subtask) => {
      const h = new OperatorHarness({ runtime, subtask, parallelism: 2 })
      for (let i = 0; i < 5; i++) h.push(subtask * 10 + i)
      return h.snapshot()
    })
  const restored = (runtime: NodeRuntime, subtask: number, parallelism: number): unknown => {
    const h = new OperatorHarness({ runtime, restore: snapshots(runtime), subtask, parallelism })
    h.finish()
    return h.output[0]
  }

  test('a list is dealt out, a union goes to all', () => {
    const dealt = [0, 1, 2].map((subtask) => restored(lists('list'), subtask, 3) as number[])
    expect(dealt.flat()).toEqual([0, 1, 2, 3, 4, 10, 11, 12, 13, 14])
    expect(dealt.map((part) => part.length)).toEqual([3, 3, 4])
    expect([0, 1, 2].map((subtask) => restored(lists('union'), subtask, 3))).toEqual(
      [0, 1, 2].map(() => [0, 1, 2, 3, 4, 10, 11, 12, 13, 14]),
    )
  })

  test('every subtask of any parallelism has the whole broadcast map', () => {
    const taken = [0, 1].map((subtask) => {
      const h = new OperatorHarness({ runtime: rules, subtask, parallelism: 2 })
      for (let i = 0; i < 10; i++) h.pushSecond({ name: `n${i}`, price: i })
      return h.snapshot()
    })
    for (let subtask = 0; subtask < 5; subtask++) {
      const h = new OperatorHarness({ runtime: rules, restore: taken, subtask, parallelism: 5 })
      h.push('n7')
      expect(h.output).toEqual([['n7', 7, 10]])
    }
  })

  test('lifecycle functions are called with open first and close once', () => {
    const calls: string[] = []
    const h = new OperatorHarness({
      runtime: {
        kind: 'process',
        lists: [],
        functions: {
          open: (ctx) =>
            void calls.push(`open ${(ctx as Ctx).subtask}/${(ctx as Ctx).parallelism}`),
          each: (_value, ctx) => {
            calls.push(`each ${(ctx as Ctx).watermark}`)
            ;(ctx as Ctx).print('seen')
          },
          finish: () => void calls.push('finish'),
          close: () => void calls.push('close'),
          onCheckpointComplete: (id) => void calls.push(`complete ${id}`),
          onCheckpointAborted: (id) => void calls.push(`aborted ${id}`),
        },
      },
      subtask: 1,
      parallelism: 2,
    })
    h.advanceWatermark(5)
    h.push(1)
    void h.operator.onCheckpointComplete(3)
    h.operator.onCheckpointAborted(4)
    h.finish()
    h.close()
    expect(calls).toEqual(['open 1/2', 'each 5', 'complete 3', 'aborted 4', 'finish', 'close'])
    expect(h.collected.printed).toEqual(['seen'])
    expect(h.collected.watermark).toBeLessThan(MAX_WATERMARK)
  })
})

test('a broadcast map goes on when the type of its values has grown a field', () => {
  const priced = (fields: Readonly<Record<string, Codec>>): NodeRuntime =>
    ({
      ...rules,
      broadcast: {
        name: 'rules',
        keyCodec: codec(textCodec),
        codec: codec(structCodec('Price', fields)),
      },
    }) as NodeRuntime
  const before = new OperatorHarness({ runtime: priced({ cents: codec(intCodec) }), keyed: true })
  before.pushSecond({ name: 'apple', price: { cents: 3 } })
  const after = new OperatorHarness({
    runtime: priced({
      cents: codec(intCodec),
      currency: codec(withDefault(textCodec, 'EUR')),
    }),
    keyed: true,
    restore: [before.snapshot()],
  })
  after.push('apple', { key: 'a' })
  expect(after.output).toEqual([['apple', { cents: 3, currency: 'EUR' }, 1]])
})
