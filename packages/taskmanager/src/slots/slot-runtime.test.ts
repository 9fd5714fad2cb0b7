import { expect, test } from 'vitest'
import {
  COUNT,
  CountingSource,
  KeyedCount,
  LoggingSink,
  MapWith,
} from './kit-operators.contract.ts'
import type { SinkLog } from './kit-operators.contract.ts'
import { SlotKit } from './slot-kit.contract.ts'

const word = (i: number, subtask: number): string => `w${(i * 7 + subtask) % 50}`

test('a chain in one slot runs from source to sink and reaches its end', async () => {
  const logs: SinkLog[] = []
  const kit = new SlotKit({
    vertices: [
      {
        parallelism: 1,
        operators: [
          { uid: 'numbers', make: (context) => new CountingSource(context, 100) },
          { uid: 'double', make: (context) => new MapWith(context, (value: number) => value * 2) },
          { uid: 'sink', kind: 'sink', make: (context) => new LoggingSink(context, logs) },
        ],
      },
    ],
    edges: [],
  })
  kit.deploy()
  await kit.until(() => kit.allIn('end-of-data'))
  expect(logs[0]?.received).toEqual(Array.from({ length: 100 }, (_, i) => i * 2))
  expect(logs[0]?.events).toEqual(['finish'])
  kit.trigger(1, true)
  await kit.until(() => kit.acked(1))
  kit.complete(1, true)
  await kit.until(() => kit.allIn('finished'))
  expect(logs[0]?.events).toEqual(['finish', 'snapshot 1 final at 100', 'commit 1', 'close'])
  await kit.close()
})

test.each([1, 2, 3])(
  'a keyed shuffle over %i slots counts every record once, in channel order',
  async (slots) => {
    const logs: SinkLog[] = []
    const perSource = 3_000
    const kit = new SlotKit({
      slots,
      vertices: [
        {
          parallelism: 2,
          operators: [
            { uid: 'words', make: (context) => new CountingSource(context, perSource, word) },
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
      config: { 'exchange.frame-bytes': '1024' },
    })
    kit.deploy()
    await kit.until(() => kit.allIn('end-of-data'))
    const expected = new Map<string, number>()
    for (let source = 0; source < 2; source++) {
      for (let i = 0; i < perSource; i++)
        expected.set(word(i, source), (expected.get(word(i, source)) ?? 0) + 1)
    }
    const counts = new Map<string, number>()
    for (const log of logs) {
      for (const [key, count] of log.received as [string, number][]) {
        expect(count).toBe((counts.get(key) ?? 0) + 1)
        counts.set(key, count)
      }
    }
    expect(counts).toEqual(expected)
    await kit.close()
  },
)
