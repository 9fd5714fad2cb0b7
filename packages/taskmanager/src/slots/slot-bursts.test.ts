import type { ProcessFunctions } from '@weirjs/api/functions'
import type { ProcessContext, ValueState } from '@weirjs/api/process-context'
import { intCodec } from '@weirjs/common/codec/primitives'
import { describe, expect, test } from 'vitest'
import type { Operator, OperatorContext } from '../operators/operator.ts'
import { ProcessOperator } from '../operators/process.ts'
import { COUNT, CountingSource, LoggingSink } from './kit-operators.contract.ts'
import type { SinkLog } from './kit-operators.contract.ts'
import { CREDIT_BYTES, FRAME_BYTES } from './kit-pipe.contract.ts'
import { SlotKit } from './slot-kit.contract.ts'

const KEYS = 5_000
const MORE = { ...COUNT, name: 'more' }

/** Numbers 0 … KEYS - 1, keyed by themselves; what `functions` emit goes to a sink in another slot that takes nothing yet. */
function bursting(
  functions: Partial<ProcessFunctions>,
  source: (context: OperatorContext) => Operator = (context) => new CountingSource(context, KEYS),
): { kit: SlotKit; logs: SinkLog[] } {
  const logs: SinkLog[] = []
  const parts = {
    functions: {
      each: (value: unknown, ctx: unknown) => {
        // Two states: each key is to be finished once.
        ;(ctx as Ctx).state.count.set(value as number)
        ;(ctx as Ctx).state.more.set(value as number)
      },
      ...functions,
    },
    states: [COUNT, MORE],
    lists: [],
  }
  const kit = new SlotKit({
    slots: 2,
    vertices: [
      {
        parallelism: 1,
        slotOf: () => 0,
        operators: [{ uid: 'numbers', make: source }],
      },
      {
        parallelism: 1,
        slotOf: () => 0,
        operators: [
          {
            uid: 'keyed',
            state: [COUNT, MORE],
            make: (context) => new ProcessOperator(parts, context),
          },
        ],
      },
      {
        parallelism: 1,
        slotOf: () => 1,
        operators: [{ uid: 'sink', make: (context) => new LoggingSink(context, logs, false) }],
      },
    ],
    edges: [
      { from: 0, to: 1, partitioning: 'hash', codec: intCodec, key: (value: number) => value },
      { from: 1, to: 2 },
    ],
    config: {
      'exchange.frame-bytes': String(FRAME_BYTES),
      'exchange.credit-bytes': String(CREDIT_BYTES),
    },
  })
  return { kit, logs }
}

type Ctx = ProcessContext<unknown, { count: ValueState<number>; more: ValueState<number> }>

const keys = Array.from({ length: KEYS }, (_, key) => key)
const sorted = (log: SinkLog | undefined): unknown[] =>
  (log?.received ?? []).toSorted((a, b) => (a as number) - (b as number))

const BURSTS: [string, Partial<ProcessFunctions>][] = [
  ['keys that are finished', { finishKey: (ctx) => (ctx as Ctx).emit((ctx as Ctx).key) }],
  [
    'timers that are due at once',
    {
      each: (value, ctx) => (ctx as Ctx).timers.at(value as number),
      timer: (_time, ctx) => (ctx as Ctx).emit((ctx as Ctx).key),
    },
  ],
]

describe.each(BURSTS)('%s', (_what, functions) => {
  test('fill the outputs within their bounds, and go on when there is room', async () => {
    const { kit, logs } = bursting(functions)
    kit.deploy()
    await kit.until(() => kit.inState('end-of-data') === 1)
    await kit.pass(200)
    expect(kit.wire.sent.get('e1:0:0')).toBeLessThanOrEqual(CREDIT_BYTES + FRAME_BYTES + 100)
    const keyed = kit.slots[0]?.report().find(({ task }) => task.vertexId === 'v1')
    // Sent or waiting: far from all that there is.
    expect(keyed?.recordsOut).toBeGreaterThan(0)
    expect(keyed?.recordsOut).toBeLessThan(KEYS / 2)
    const [log] = logs
    if (log !== undefined) log.ready = true
    log?.wake()
    await kit.until(() => kit.allIn('end-of-data'))
    expect(sorted(log)).toEqual(keys)
    await kit.close()
  })

  test('come whole before the barrier behind them', async () => {
    const { kit, logs } = bursting(functions)
    kit.deploy()
    await kit.until(() => kit.inState('end-of-data') === 1)
    kit.trigger(1)
    await kit.pass(200)
    expect(kit.acks.map(({ task }) => task.vertexId)).toEqual(['v0'])
    const [log] = logs
    if (log !== undefined) log.ready = true
    log?.wake()
    await kit.until(() => kit.acked(1))
    expect(log?.events).toContain(`snapshot 1 at ${KEYS}`)
    const snapshot = kit.acks.find(({ task }) => task.vertexId === 'v1')?.snapshot
    expect(snapshot?.operators.map(({ ended }) => ended)).toEqual([true])
    await kit.close()
  })

  test('stop at once when the task is cancelled', async () => {
    const { kit } = bursting(functions)
    kit.deploy()
    await kit.until(() => kit.inState('end-of-data') === 1)
    await kit.pass(200)
    kit.cancel()
    await kit.until(() => kit.allIn('canceled'))
    await kit.close()
  })
})

test('processing timers that came due during a burst fire behind it, without further input', async () => {
  /** All numbers, a watermark over all of them, and then silence. */
  const quiet = (context: OperatorContext): Operator => {
    const source = new CountingSource(context, KEYS + 1)
    source.pauseAt = KEYS
    source.onPause = () => context.emitWatermark(KEYS)
    return source
  }
  const { kit, logs } = bursting(
    {
      each: (value, ctx) => {
        ;(ctx as Ctx).timers.at(value as number)
        if (value === KEYS - 1) (ctx as Ctx).timers.after(1)
      },
      timer: (_time, ctx) =>
        (ctx as Ctx).emit((ctx as Ctx).timeDomain === 'processing' ? KEYS : (ctx as Ctx).key),
    },
    quiet,
  )
  kit.deploy()
  await kit.until(() => kit.allRan)
  await kit.pass(200)
  const [log] = logs
  if (log !== undefined) log.ready = true
  log?.wake()
  await kit.pass(1_000)
  expect(sorted(log)).toEqual([...keys, KEYS])
  await kit.close()
})
