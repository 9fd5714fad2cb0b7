import { describe, expect, test } from 'vitest'
import { Operator } from '../operators/operator.ts'
import type { OperatorContext } from '../operators/operator.ts'
import { CountingSource, LoggingSink } from './kit-operators.contract.ts'
import type { SinkLog } from './kit-operators.contract.ts'
import { CREDIT_BYTES, FRAME_BYTES, pad, pipe } from './kit-pipe.contract.ts'
import { SlotKit } from './slot-kit.contract.ts'

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
