import type { NodeRuntime } from '@weirjs/api/functions'
import type { Source } from '@weirjs/api/connector'
import { dynamicCodec } from '@weirjs/common/codec/dynamic-codec'
import { MAX_WATERMARK, NO_TIMESTAMP } from '@weirjs/common/core/time-constants'
import { systemScheduler } from '@weirjs/common/node/system-scheduler'
import { workerId } from '@weirjs/common/core/ids'
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
import { SlotKit, endpointOf } from './slot-kit.contract.ts'
import type { KitOptions } from './slot-kit.contract.ts'

const FRAME_BYTES = 1_024
const CREDIT_BYTES = 4 * FRAME_BYTES
const pad = (i: number): string => String(i).padStart(20, '.')

interface Pipe {
  readonly kit: SlotKit
  readonly sources: CountingSource[]
  readonly logs: SinkLog[]
}

/** A source in slot 0, a sink in slot 1 (or in slot 0 too). */
function pipe(
  more: Partial<KitOptions> & {
    readonly count?: number
    readonly sinkReady?: boolean
    readonly together?: boolean
  } = {},
): Pipe {
  const sources: CountingSource[] = []
  const logs: SinkLog[] = []
  const source = (context: OperatorContext): CountingSource => {
    const made = new CountingSource(context, more.count ?? 1e9, pad)
    sources.push(made)
    return made
  }
  const kit = new SlotKit({
    slots: 2,
    vertices: [
      { parallelism: 1, operators: [{ uid: 'numbers', make: source }], slotOf: () => 0 },
      {
        parallelism: 1,
        operators: [
          {
            uid: 'sink',
            kind: 'sink',
            make: (context) => new LoggingSink(context, logs, more.sinkReady ?? true),
          },
        ],
        slotOf: () => (more.together === true ? 0 : 1),
      },
    ],
    edges: [{ from: 0, to: 1 }],
    config: {
      'exchange.frame-bytes': String(FRAME_BYTES),
      'exchange.credit-bytes': String(CREDIT_BYTES),
    },
    ...more,
  })
  return { kit, sources, logs }
}

describe('back-pressure', () => {
  test('a consumer that is stuck stops the producer within its credits', async () => {
    const { kit, sources, logs } = pipe({ sinkReady: false, count: 5_000 })
    kit.deploy()
    await kit.until(() => kit.allRan)
    await kit.pass(200)
    const [source] = sources
    const stoppedAt = source?.emitted ?? 0
    expect(stoppedAt).toBeGreaterThan(0)
    expect(kit.wire.sent.get('e0:0:0')).toBeLessThanOrEqual(CREDIT_BYTES + FRAME_BYTES + 100)
    await kit.pass(200)
    expect(source?.emitted).toBe(stoppedAt)
    const report = kit.slots[0]?.report()[0]
    expect(report?.backPressuredRatio).toBeGreaterThan(0.9)
    for (const log of logs) {
      log.ready = true
      log.wake()
    }
    await kit.until(() => kit.allIn('end-of-data'))
    expect(logs[0]?.received).toEqual(Array.from({ length: 5_000 }, (_, i) => pad(i)))
    await kit.close()
  })

  test('in one slot at most two batches are on the way', async () => {
    const { kit, sources } = pipe({ sinkReady: false, together: true })
    kit.deploy()
    await kit.until(() => kit.allRan)
    await kit.pass(100)
    // Two handed over, one that waits, one that is open.
    expect(sources[0]?.emitted).toBeLessThanOrEqual(4 * 512)
    expect(sources[0]?.emitted).toBeGreaterThanOrEqual(2 * 512)
    await kit.close()
  })

  test.each([false, true])(
    'a job that is stuck is cancelled at once (one slot: %s)',
    async (together) => {
      const { kit, logs } = pipe({ sinkReady: false, together })
      kit.deploy()
      await kit.until(() => kit.allRan)
      await kit.pass(100)
      const before = kit.time.nowMs()
      kit.cancel()
      await kit.until(() => kit.allIn('canceled'))
      expect(kit.time.nowMs() - before).toBeLessThan(5)
      expect(logs[0]?.events).toEqual(['close'])
      await kit.close()
    },
  )

  test('a burst of one call is kept, and nothing is read until it is gone', async () => {
    class Burst extends Operator {
      readonly #context: OperatorContext
      constructor(context: OperatorContext) {
        super()
        this.#context = context
      }
      process(value: unknown, timestamp: number): void {
        for (let i = 0; i < 1_000; i++)
          this.#context.output.emit(`${value as string}/${i}`, timestamp)
      }
    }
    const logs: SinkLog[] = []
    const kit = new SlotKit({
      slots: 2,
      vertices: [
        {
          parallelism: 1,
          slotOf: () => 0,
          operators: [
            { uid: 'numbers', make: (context) => new CountingSource(context, 5, pad) },
            { uid: 'burst', make: (context) => new Burst(context) },
          ],
        },
        {
          parallelism: 1,
          slotOf: () => 1,
          operators: [{ uid: 'sink', make: (context) => new LoggingSink(context, logs) }],
        },
      ],
      edges: [{ from: 0, to: 1 }],
      config: { 'exchange.frame-bytes': '1024' },
    })
    kit.deploy()
    await kit.until(() => kit.allIn('end-of-data'))
    expect(logs[0]?.received).toEqual(
      Array.from({ length: 5_000 }, (_, i) => `${pad(Math.floor(i / 1_000))}/${i % 1_000}`),
    )
    await kit.close()
  })

  test('a record larger than every limit of the channel moves', async () => {
    const { kit, logs } = pipe({ count: 0 })
    await kit.close()
    const giant = 'x'.repeat(50 * CREDIT_BYTES)
    const big: SinkLog[] = logs
    const other = new SlotKit({
      slots: 2,
      vertices: [
        {
          parallelism: 1,
          slotOf: () => 0,
          operators: [
            { uid: 'giants', make: (context) => new CountingSource(context, 3, () => giant) },
          ],
        },
        {
          parallelism: 1,
          slotOf: () => 1,
          operators: [{ uid: 'sink', make: (context) => new LoggingSink(context, big) }],
        },
      ],
      edges: [{ from: 0, to: 1 }],
      config: { 'exchange.frame-bytes': '1024', 'exchange.credit-bytes': '1024' },
    })
    other.deploy()
    await other.until(() => other.allIn('end-of-data'))
    expect(big.at(-1)?.received).toEqual([giant, giant, giant])
    await other.close()
  })
})

describe('when frames leave', () => {
  test('at once when the input runs dry', async () => {
    const { kit, sources, logs } = pipe({ bufferTimeoutMs: 5_000 })
    kit.deploy()
    await kit.until(() => sources.length > 0)
    for (const source of sources) source.pauseAt = 3
    await kit.until(() => logs[0]?.received.length === 3)
    expect(kit.time.nowMs()).toBeLessThan(10)
    await kit.close()
  })

  test('at latest after the buffer timeout, while others keep the slot busy', async () => {
    const logs: SinkLog[] = []
    const slow: CountingSource[] = []
    const kit = new SlotKit({
      slots: 2,
      vertices: [
        {
          parallelism: 1,
          slotOf: () => 0,
          operators: [
            {
              uid: 'slow',
              make: (context) => {
                const made = new CountingSource(context, 1e9, pad)
                made.pauseAt = 1
                slow.push(made)
                return made
              },
            },
          ],
        },
        {
          parallelism: 1,
          slotOf: () => 1,
          operators: [{ uid: 'sink', make: (context) => new LoggingSink(context, logs) }],
        },
        {
          parallelism: 1,
          slotOf: () => 0,
          operators: [{ uid: 'busy', make: (context) => new CountingSource(context, 1e9) }],
        },
      ],
      edges: [{ from: 0, to: 1 }],
      bufferTimeoutMs: 20,
    })
    kit.deploy()
    await kit.until(() => (slow[0]?.emitted ?? 0) === 1)
    const emittedAt = kit.time.nowMs()
    await kit.until(() => logs[0]?.received.length === 1)
    expect(kit.time.nowMs() - emittedAt).toBeGreaterThan(15)
    expect(kit.time.nowMs() - emittedAt).toBeLessThan(22)
    await kit.close()
  })

  test('only full or behind a barrier when there is no timeout', async () => {
    const { kit, sources, logs } = pipe({ bufferTimeoutMs: null })
    kit.deploy()
    await kit.until(() => sources.length > 0)
    for (const source of sources) source.pauseAt = 3
    await kit.until(() => kit.allRan)
    await kit.pass(10_000)
    expect(logs[0]?.received).toEqual([])
    kit.trigger(1)
    await kit.until(() => kit.acked(1))
    expect(logs[0]?.received.length).toBe(3)
    await kit.close()
  })
})

describe('failures', () => {
  test('what a function throws names the operator and stays in its task', async () => {
    const kit = new SlotKit({
      vertices: [
        {
          parallelism: 1,
          operators: [
            { uid: 'numbers', make: (context) => new CountingSource(context, 100) },
            {
              uid: 'picky',
              make: (context) =>
                new MapWith(context, (value: number) => {
                  if (value === 42) throw new TypeError('not that one')
                  return value
                }),
            },
            { uid: 'after', make: (context) => new MapWith(context, (value) => value) },
          ],
        },
      ],
      edges: [],
    })
    kit.deploy()
    await kit.until(() => kit.allIn('failed'))
    const change = kit.updates.at(-1)?.change
    expect(change).toMatchObject({
      state: 'failed',
      failure: {
        code: 'job/user-code-failed',
        domain: 'user',
        message: "operator 'the picky' (uid picky): not that one",
      },
    })
    await kit.close()
  })

  test('a lost connection fails the tasks at both ends, and names the slot', async () => {
    const { kit } = pipe()
    kit.deploy()
    await kit.until(() => kit.allRan)
    await kit.pass(5)
    kit.wire.cut(0, 1)
    await kit.until(() => kit.allIn('failed'))
    for (const { task, change } of kit.updates.filter(
      (update) => update.change.state === 'failed',
    )) {
      const peer = task.vertexId === 'v0' ? 'w1/1' : 'w1/0'
      expect(change).toMatchObject({
        failure: { code: 'exchange/peer-lost', domain: 'external', retry: 'immediate' },
      })
      expect(change.state === 'failed' && change.failure.message).toContain(peer)
    }
    await kit.close()
  })

  test('requests of another attempt are dropped and counted', async () => {
    const { kit } = pipe()
    kit.deploy()
    await kit.until(() => kit.allRan)
    const fence = { ...kit.request.fence, attempt: 2 as never }
    kit.slots[0]?.cancel({ fence, tasks: kit.tasks })
    kit.slots[0]?.notifyComplete({ fence, checkpointId: 1 as never, final: false })
    await kit.pass(5)
    expect(kit.inState('running')).toBe(2)
    expect(kit.slots[0]?.strangers).toBe(2)
    await kit.close()
  })

  test('a consumer with the wrong credential is refused and counted', async () => {
    const { kit } = pipe()
    let told = ''
    const wire = kit.wire.transport(9).connect(
      endpointOf(0),
      {
        fence: kit.request.fence,
        credential: 'guessed',
        consumer: { workerId: workerId('w9'), index: 0 },
      },
      {
        frame: () => {},
        lost: (failure) => {
          told = failure.code
        },
      },
    )
    wire.open('e0:0:0' as never, 1_000)
    await kit.until(() => told !== '')
    expect(kit.slots[0]?.refusedConnections).toBe(1)
    await kit.close()
  })
})

describe('streams', () => {
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

describe('sources of two halves', () => {
  const splitCodec = dynamicCodec
  const runtime = {
    kind: 'source-enumerator',
    source: { splitCodec } as unknown as Source,
  } as NodeRuntime

  class Enumerator extends Operator {
    readonly hints: number[] = []
    #splits = [1, 2, 3, 4]
    readonly #context: OperatorContext
    constructor(context: OperatorContext) {
      super()
      this.#context = context
      enumerators.push(this)
    }
    process(): void {}
    override onDownstreamHint(subtask: number): void {
      this.hints.push(subtask)
    }
    override readonly poll = (): PollResult => {
      const subtask = this.hints.shift()
      if (this.#splits.length === 0) return 'end'
      if (subtask === undefined) return 'wait'
      this.#context.output.emit({ subtask, split: this.#splits.shift() }, NO_TIMESTAMP)
      return this.#splits.length === 0 ? 'end' : 'more'
    }
  }

  class Reader extends Operator {
    readonly splits: number[] = []
    #left = 0
    #ended = false
    readonly #context: OperatorContext
    constructor(context: OperatorContext) {
      super()
      this.#context = context
      readers.push(this)
    }
    process(split: unknown): void {
      this.splits.push(split as number)
      this.#left += 100
    }
    override onInputEnd(): void {
      this.#ended = true
    }
    override readonly poll = (): PollResult => {
      if (this.#left === 0) {
        if (this.#ended) return 'end'
        this.#context.hintUpstream()
        return 'wait'
      }
      for (; this.#left > 0; this.#left--) {
        if (!this.#context.outputReady()) return 'more'
        this.#context.output.emit(this.#left, NO_TIMESTAMP)
      }
      return 'more'
    }
  }

  let enumerators: Enumerator[] = []
  let readers: Reader[] = []

  function source(logs: SinkLog[], sinkReady = true): SlotKit {
    enumerators = []
    readers = []
    return new SlotKit({
      slots: 2,
      vertices: [
        {
          parallelism: 1,
          operators: [
            {
              uid: 'enumerator',
              kind: 'source-enumerator',
              make: (context) => new Enumerator(context),
            },
          ],
        },
        {
          parallelism: 2,
          operators: [
            { uid: 'reader', kind: 'source-reader', make: (context) => new Reader(context) },
          ],
        },
        {
          parallelism: 2,
          operators: [
            { uid: 'sink', make: (context) => new LoggingSink(context, logs, sinkReady) },
          ],
          slotOf: (subtask) => 1 - subtask,
        },
      ],
      edges: [
        { from: 0, to: 1, partitioning: 'assign' },
        { from: 1, to: 2 },
      ],
      runtimes: { enumerator: runtime },
      config: { 'exchange.frame-bytes': '1024' },
    })
  }

  test('splits travel to the subtask that asked, and readers end when there are no more', async () => {
    const logs: SinkLog[] = []
    const kit = source(logs)
    kit.deploy()
    await kit.until(() => kit.allIn('end-of-data'))
    expect(readers.flatMap((reader) => reader.splits).sort()).toEqual([1, 2, 3, 4])
    for (const reader of readers) expect(reader.splits.length).toBeGreaterThan(0)
    expect(logs.reduce((sum, log) => sum + log.received.length, 0)).toBe(400)
    await kit.close()
  })

  test('a reader whose output is stuck still takes its splits and its barrier', async () => {
    const logs: SinkLog[] = []
    const kit = source(logs, false)
    kit.deploy()
    await kit.until(() => kit.allRan)
    await kit.pass(50)
    kit.trigger(1)
    await kit.until(() => kit.acks.some(({ task }) => task.vertexId === 'v0'))
    await kit.until(() => kit.acks.filter(({ task }) => task.vertexId === 'v1').length === 2)
    expect(kit.acks.filter(({ task }) => task.vertexId === 'v2')).toEqual([])
    for (const log of logs) {
      log.ready = true
      log.wake()
    }
    await kit.until(() => kit.acked(1))
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
