import { workerId } from '@weirjs/common/core/ids'
import { MAX_WATERMARK } from '@weirjs/common/core/time-constants'
import { systemScheduler } from '@weirjs/common/node/system-scheduler'
import { MessageChannel } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import { PortTransport } from '../exchange/port-exchange.ts'
import { Operator } from '../operators/operator.ts'
import type { OperatorContext, PollResult } from '../operators/operator.ts'
import {
  COUNT,
  CountingSource,
  KeyedCount,
  LoggingSink,
  MapWith,
} from './kit-operators.contract.ts'
import type { SinkLog } from './kit-operators.contract.ts'
import type { KitOptions } from './kit-plan.contract.ts'
import { SlotKit } from './slot-kit.contract.ts'

/** A source that says once how far it is, and a sink that hears of it. */
function telling(
  watermark: number,
  more: Partial<KitOptions> = {},
): { kit: SlotKit; logs: SinkLog[] } {
  const logs: SinkLog[] = []
  const source = (context: OperatorContext): Operator => {
    const made = new CountingSource(context, 100)
    made.pauseAt = 10
    made.onPause = () => context.emitWatermark(watermark)
    return made
  }
  const kit = new SlotKit({
    slots: 1,
    vertices: [
      { parallelism: 1, operators: [{ uid: 'numbers', make: source }] },
      {
        parallelism: 1,
        operators: [{ uid: 'sink', make: (context) => new LoggingSink(context, logs) }],
      },
    ],
    edges: [{ from: 0, to: 1 }],
    ...more,
  })
  return { kit, logs }
}

describe('streams', () => {
  test('after a restore each operator knows the watermark that it had, before any other comes', async () => {
    const first = telling(7)
    first.kit.deploy()
    await first.kit.until(() => first.logs[0]?.watermarks.length === 1)
    first.kit.trigger(1)
    await first.kit.until(() => first.kit.acked(1))
    const restores = first.kit.restoresOf(1)
    const { storage } = first.kit
    await first.kit.close()
    const second = telling(9, { restores, storage })
    second.kit.deploy()
    await second.kit.until(() => second.logs[0]?.watermarks.includes(9) === true)
    expect(second.logs[0]?.watermarks).toEqual([7, 9])
    await second.kit.close()
  })

  test('after a restore consumers hear the watermark of an input that says nothing more', async () => {
    const run = (marks: readonly (number | null)[], more: Partial<KitOptions> = {}) => {
      const logs: SinkLog[] = []
      const sources = marks.map((mark, i) => ({
        parallelism: 1,
        operators: [
          {
            uid: `source-${i}`,
            make: (context: OperatorContext): Operator => {
              const made = new CountingSource(context, 100)
              made.pauseAt = 10
              if (mark !== null) made.onPause = () => context.emitWatermark(mark)
              return made
            },
          },
        ],
      }))
      const sink = {
        uid: 'sink',
        make: (context: OperatorContext) => new LoggingSink(context, logs),
      }
      const kit = new SlotKit({
        slots: 1,
        vertices: [...sources, { parallelism: 1, operators: [sink] }],
        edges: marks.map((_, from) => ({ from, to: marks.length })),
        ...more,
      })
      kit.deploy()
      return { kit, logs }
    }
    const first = run([500, 300])
    await first.kit.until(() => first.logs[0]?.watermarks.at(-1) === 300)
    first.kit.trigger(1)
    await first.kit.until(() => first.kit.acked(1))
    const restores = first.kit.restoresOf(1)
    const { storage } = first.kit
    await first.kit.close()
    const second = run([null, 10_000], { restores, storage })
    await second.kit.until(() => second.kit.allRan)
    await second.kit.pass(1_000)
    expect(second.logs[0]?.watermarks).toEqual([300, 500])
    await second.kit.close()
  })

  test('watermarks are the lowest of all channels and end at the highest possible', async () => {
    class Ticking extends CountingSource {
      readonly #own: OperatorContext
      constructor(context: OperatorContext) {
        super(context, 100)
        this.#own = context
      }
      override readonly poll = (): PollResult => {
        if (this.emitted >= 100) return 'end'
        this.#own.output.emit(this.emitted, this.emitted)
        this.emitted += 1
        if (this.emitted % 10 === 0)
          this.#own.emitWatermark(this.emitted * (this.#own.task.subtask + 1))
        return 'more'
      }
    }
    const logs: SinkLog[] = []
    const kit = new SlotKit({
      slots: 2,
      vertices: [
        { parallelism: 2, operators: [{ uid: 'ticks', make: (context) => new Ticking(context) }] },
        {
          parallelism: 1,
          operators: [{ uid: 'sink', make: (context) => new LoggingSink(context, logs) }],
        },
      ],
      edges: [{ from: 0, to: 1, partitioning: 'global' }],
    })
    kit.deploy()
    await kit.until(() => kit.allIn('end-of-data'))
    const marks = logs[0]?.watermarks ?? []
    expect(marks).toEqual([...marks].sort((a, b) => a - b))
    expect(marks.at(-1)).toBe(MAX_WATERMARK)
    expect(logs[0]?.received.length).toBe(200)
    await kit.close()
  })

  test('side outputs, several listeners, broadcast and two inputs', async () => {
    class Sorting extends Operator {
      readonly #context: OperatorContext
      constructor(context: OperatorContext) {
        super()
        this.#context = context
      }
      process(value: unknown, timestamp: number): void {
        if ((value as number) % 2 === 0) this.#context.output.emit(value, timestamp)
        else this.#context.side('odd').emit(value, timestamp)
        this.#context.side('nobody listens').emit(value, timestamp)
      }
    }
    const logs: SinkLog[] = []
    const kit = new SlotKit({
      slots: 2,
      vertices: [
        {
          parallelism: 1,
          operators: [
            { uid: 'numbers', make: (context) => new CountingSource(context, 10) },
            { uid: 'sort', make: (context) => new Sorting(context) },
          ],
        },
        {
          parallelism: 2,
          operators: [{ uid: 'sink', make: (context) => new LoggingSink(context, logs) }],
        },
      ],
      edges: [
        { from: 0, to: 1, partitioning: 'broadcast' },
        { from: 0, to: 1, partitioning: 'rebalance', output: 'odd', input: 1 },
        { from: 0, to: 1, partitioning: 'global' },
      ],
    })
    kit.deploy()
    await kit.until(() => kit.allIn('end-of-data'))
    const evens = [0, 2, 4, 6, 8]
    const firsts = logs.map((log) =>
      log.received.filter((value) => typeof value === 'number').sort(),
    )
    expect(firsts.sort((a, b) => a.length - b.length)).toEqual([evens, [...evens, ...evens].sort()])
    const seconds = logs.flatMap((log) => log.received.filter((value) => Array.isArray(value)))
    expect(seconds.map((value) => (value as [string, number])[1]).sort()).toEqual([1, 3, 5, 7, 9])
    await kit.close()
  })

  test('processing timers fire through the operator when they are due, and not behind the end', async () => {
    const fired: number[] = []
    class Alarm extends MapWith {
      #dueMs: number | null
      readonly #wallMs: () => number
      constructor(context: OperatorContext) {
        super(context, (value) => value)
        this.#wallMs = () => context.scheduler.wallMs()
        this.#dueMs = this.#wallMs() + 50
      }
      override nextProcessingTimer(): number | null {
        return this.#dueMs
      }
      override onProcessingTime(wallMs: number): void {
        fired.push(wallMs - (this.#dueMs ?? 0))
        this.#dueMs = fired.length < 3 ? this.#wallMs() + 50 : null
      }
    }
    const sources: CountingSource[] = []
    const kit = new SlotKit({
      vertices: [
        {
          parallelism: 1,
          operators: [
            {
              uid: 'numbers',
              make: (context) => {
                const made = new CountingSource(context, 10)
                made.pauseAt = 5
                sources.push(made)
                return made
              },
            },
            { uid: 'alarm', make: (context) => new Alarm(context) },
          ],
        },
      ],
      edges: [],
    })
    kit.deploy()
    await kit.pass(120)
    expect(fired.length).toBe(2)
    for (const lateMs of fired) expect(lateMs).toBeLessThan(1)
    sources[0]?.resume()
    await kit.until(() => kit.allIn('end-of-data'))
    await kit.pass(200)
    expect(fired.length).toBe(2)
    await kit.close()
  })
})

test('over real ports: a keyed shuffle between slots counts every record once', async () => {
  const logs: SinkLog[] = []
  const ports = new Map<number, { peer: number; port: MessagePort }[]>([
    [0, []],
    [1, []],
    [2, []],
  ])
  for (const [a, b] of [
    [0, 1],
    [0, 2],
    [1, 2],
  ] as const) {
    const { port1, port2 } = new MessageChannel()
    ports.get(a)?.push({ peer: b, port: port1 })
    ports.get(b)?.push({ peer: a, port: port2 })
  }
  const kit = new SlotKit({
    slots: 3,
    vertices: [
      {
        parallelism: 2,
        operators: [
          {
            uid: 'words',
            make: (context) =>
              new CountingSource(context, 20_000, (i, s) => `w${(i * 3 + s) % 500}`, 128),
          },
        ],
      },
      {
        parallelism: 3,
        operators: [
          { uid: 'count', state: [COUNT], make: (context) => new KeyedCount(context) },
          { uid: 'sink', kind: 'sink', make: (context) => new LoggingSink(context, logs) },
        ],
      },
    ],
    edges: [{ from: 0, to: 1, partitioning: 'hash', key: (value: string) => value }],
    real: {
      scheduler: systemScheduler(),
      transport: (slot) =>
        new PortTransport({
          ports: (ports.get(slot) ?? []).map(({ peer, port }) => ({
            peer: { workerId: workerId('w1'), index: peer },
            port,
          })),
        }),
    },
  })
  kit.deploy()
  await kit.until(() => kit.allIn('end-of-data'))
  const highest = new Map<string, number>()
  for (const [key, count] of logs.flatMap((log) => log.received as [string, number][])) {
    expect(count).toBe((highest.get(key) ?? 0) + 1)
    highest.set(key, count)
  }
  expect(highest.size).toBe(500)
  for (const count of highest.values()) expect(count).toBe(80)
  await kit.close()
})
