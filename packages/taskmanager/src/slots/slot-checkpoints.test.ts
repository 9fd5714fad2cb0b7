import { Prng } from '@weirjs/common/core/prng'
import { taskKey } from '@weirjs/common/core/ids'
import { describe, expect, test } from 'vitest'
import {
  PER_SOURCE,
  counting,
  expectedCounts,
  outcome,
  start,
  word,
} from './kit-counting.contract.ts'
import { COUNT, CountingSource, KeyedCount, LoggingSink } from './kit-operators.contract.ts'
import type { SinkLog } from './kit-operators.contract.ts'
import { SlotKit } from './slot-kit.contract.ts'

describe('exactly once', () => {
  test.each([1, 2, 3, 4, 5, 6])(
    'a job restored from a checkpoint at any moment counts exactly (seed %i)',
    async (seed) => {
      const prng = new Prng(seed)
      const first = counting()
      await start(first)
      const at = prng.between(1, PER_SOURCE - 10)
      await first.kit.until(() => first.sources.some((source) => source.emitted >= at))
      first.kit.trigger(1)
      await first.kit.until(() => first.kit.acked(1))
      await first.kit.pass(prng.between(0, 20))
      const restores = first.kit.restoresOf(1)
      await first.kit.close()

      const second = counting({ restores, storage: first.kit.storage })
      await start(second)
      await second.kit.until(() => second.kit.allIn('end-of-data'))
      const { highest, repeated } = outcome(second.logs)
      expect(highest).toEqual(expectedCounts())
      expect(repeated).toBe(0)
      for (const log of second.logs) expect(log.events[0]).toBe('commit 1')
      await second.kit.close()
    },
  )

  test('several checkpoints one after the other, the last of them restored', async () => {
    const first = counting()
    await start(first, 0)
    for (const id of [1, 2, 3, 4]) {
      for (const source of first.sources) source.resume(id * 300)
      await first.kit.pass(id)
      first.kit.trigger(id)
      await first.kit.until(() => first.kit.acked(id))
      first.kit.complete(id)
      await first.kit.pass(3)
    }
    const restores = first.kit.restoresOf(4)
    for (const log of first.logs) {
      expect(log.events.filter((event) => event.startsWith('commit'))).toEqual([
        'commit 1',
        'commit 2',
        'commit 3',
        'commit 4',
      ])
    }
    await first.kit.close()
    const second = counting({ restores, storage: first.kit.storage })
    await start(second)
    await second.kit.until(() => second.kit.allIn('end-of-data'))
    expect(outcome(second.logs)).toEqual({ highest: expectedCounts(), repeated: 0 })
    await second.kit.close()
  })

  test('two checkpoints under way at once', async () => {
    const run = counting()
    const { kit, logs } = run
    await start(run)
    kit.trigger(1)
    kit.trigger(2)
    await kit.until(() => kit.acked(1) && kit.acked(2))
    await kit.until(() => kit.allIn('end-of-data'))
    expect(outcome(logs)).toEqual({ highest: expectedCounts(), repeated: 0 })
    await kit.close()
  })
})

test('at least once loses nothing', async () => {
  const first = counting({ mode: 'at-least-once' })
  await start(first)
  await first.kit.until(() => first.sources.some((source) => source.emitted >= 700))
  first.kit.trigger(1)
  await first.kit.until(() => first.kit.acked(1))
  const restores = first.kit.restoresOf(1)
  await first.kit.close()
  const second = counting({ mode: 'at-least-once', restores, storage: first.kit.storage })
  await start(second)
  await second.kit.until(() => second.kit.allIn('end-of-data'))
  const { highest } = outcome(second.logs)
  for (const [key, count] of expectedCounts())
    expect(highest.get(key)).toBeGreaterThanOrEqual(count)
  await second.kit.close()
})

describe('the end', () => {
  test('the final checkpoint follows the end of data, then all commit and finish', async () => {
    const run = counting()
    const { kit, logs } = run
    await start(run)
    await kit.until(() => kit.allIn('end-of-data'))
    kit.trigger(1, true)
    await kit.until(() => kit.acked(1))
    expect(kit.acks.every(({ snapshot }) => snapshot.operators.every(({ ended }) => ended))).toBe(
      true,
    )
    kit.complete(1, true)
    await kit.until(() => kit.allIn('finished'))
    for (const log of logs) {
      expect(log.events.map((event) => event.replace(/ at .*/, ''))).toEqual([
        'finish',
        'snapshot 1 final',
        'commit 1',
        'close',
      ])
    }
    await kit.close()
  })

  test('after a restore the end is forwarded again, but finish does not run twice', async () => {
    const first = counting()
    await start(first)
    await first.kit.until(() => first.kit.allIn('end-of-data'))
    first.kit.trigger(1)
    await first.kit.until(() => first.kit.acked(1))
    const restores = first.kit.restoresOf(1)
    await first.kit.close()
    const second = counting({ restores, storage: first.kit.storage })
    await start(second)
    await second.kit.until(() => second.kit.allIn('end-of-data'))
    for (const log of second.logs) expect(log.events).toEqual(['commit 1'])
    expect(outcome(second.logs)).toEqual({ highest: expectedCounts(), repeated: 0 })
    await second.kit.close()
  })

  test.each([false, true])(
    'before the word to run nothing is opened and nothing committed (commit only: %s)',
    async (commitOnly) => {
      const first = counting()
      await start(first)
      await first.kit.until(() => first.kit.allIn('end-of-data'))
      first.kit.trigger(1, commitOnly)
      await first.kit.until(() => first.kit.acked(1))
      const restores = first.kit.restoresOf(1, commitOnly)
      await first.kit.close()
      const second = counting({ restores, storage: first.kit.storage })
      second.kit.runs = false
      second.kit.deploy()
      await second.kit.until(() => second.kit.allIn('restored'))
      second.kit.complete(1, commitOnly)
      await second.kit.pass(60_000)
      for (const log of second.logs) expect(log.events).toEqual([])
      for (const log of second.logs) expect(log.watermarks).toEqual([])
      expect(second.kit.allIn('restored')).toBe(true)
      second.kit.run()
      second.kit.run()
      await second.kit.until(() => second.kit.allIn(commitOnly ? 'finished' : 'end-of-data'))
      for (const log of second.logs) expect(log.events[0]).toBe('commit 1')
      for (const log of second.logs) expect(log.events.filter(isCommit)).toHaveLength(1)
      await second.kit.close()
    },
  )

  test('a task that waits for the word can be canceled; what was not opened is not closed', async () => {
    const run = counting()
    run.kit.runs = false
    run.kit.deploy()
    await run.kit.until(() => run.kit.allIn('restored'))
    run.kit.cancel()
    run.kit.run()
    await run.kit.until(() => run.kit.allIn('canceled'))
    await run.kit.close()
    expect(run.logs.length).toBeGreaterThan(0)
    for (const log of run.logs) expect(log.events).toEqual([])
  })

  test('a commit-only restore opens sinks only, commits, and finishes', async () => {
    const first = counting()
    await start(first)
    await first.kit.until(() => first.kit.allIn('end-of-data'))
    first.kit.trigger(1, true)
    await first.kit.until(() => first.kit.acked(1))
    const restores = first.kit.restoresOf(1, true)
    await first.kit.close()
    const second = counting({ restores, storage: first.kit.storage })
    second.kit.deploy()
    await second.kit.until(() => second.kit.allIn('finished'))
    expect(second.sources).toEqual([])
    for (const log of second.logs) expect(log.events).toEqual(['commit 1', 'close'])
    expect(second.kit.updates.map(({ change }) => change.state)).not.toContain('running')
    await second.kit.close()
  })
})

const isCommit = (event: string): boolean => event === 'commit 1'

test('acknowledgements carry figures of the snapshot', async () => {
  const run = counting()
  const { kit } = run
  await start(run, 500)
  await kit.pass(5)
  kit.trigger(1)
  await kit.until(() => kit.acked(1))
  const ack = kit.acks.find(({ task }) => taskKey(task) === 'v1/0')
  expect(ack?.stats.stateBytes).toBeGreaterThan(0)
  expect(ack?.stats.alignmentMs).toBeGreaterThanOrEqual(0)
  expect(ack?.snapshot.operators.map(({ uid }) => uid)).toEqual(['count'])
  await kit.close()
})

test('a long snapshot is written in slices, with records between them', async () => {
  const SLICES = 2_000
  const passed: number[] = []
  const logs: SinkLog[] = []
  const kit: SlotKit = new SlotKit({
    slots: 2,
    vertices: [
      {
        parallelism: 1,
        slotOf: () => 0,
        operators: [{ uid: 'words', make: (context) => new CountingSource(context, 1e9, word, 4) }],
      },
      {
        parallelism: 1,
        slotOf: () => 1,
        operators: [
          { uid: 'count', state: [COUNT], make: (context) => new KeyedCount(context) },
          { uid: 'sink', kind: 'sink', make: (context) => new LoggingSink(context, logs) },
        ],
      },
    ],
    edges: [{ from: 0, to: 1, partitioning: 'hash', key: (value: string) => value }],
    config: { 'exchange.frame-bytes': '1024' },
    snapshots: (plain) => ({
      writer: (request) => plain.writer(request),
      reader: (restore) => plain.reader(restore),
      keyedBackend: (request) => {
        const backend = plain.keyedBackend(request)
        const real = backend.snapshot.bind(backend)
        backend.snapshot = () => {
          const snapshot = real()
          let left = SLICES
          return {
            result: () => snapshot.result(),
            release: () => snapshot.release(),
            advance: (sink, budgetMs) => {
              passed.push(logs[0]?.received.length ?? 0)
              left -= 1
              return left > 0 ? 'more' : snapshot.advance(sink, budgetMs)
            },
          }
        }
        return backend
      },
    }),
  })
  kit.deploy()
  await kit.until(() => (logs[0]?.received.length ?? 0) > 1_000)
  kit.trigger(1)
  await kit.until(() => kit.acked(1))
  expect(passed.length).toBeGreaterThanOrEqual(SLICES)
  expect(new Set(passed).size).toBeGreaterThan(SLICES / 100)
  const inSnapshot = kit.acks.find(({ task }) => task.vertexId === 'v1')?.snapshot.operators[0]
    ?.keyed[0]
  expect(inSnapshot?.segments.reduce((sum, { entries }) => sum + entries, 0)).toBe(40)
  await kit.close()
})
