import { Prng } from '@weirjs/common/core/prng'
import type { TaskRestore } from '@weirjs/common/core/checkpoint/handles'
import { taskKey } from '@weirjs/common/core/ids'
import { dynamicCodec } from '@weirjs/common/codec/dynamic-codec'
import { describe, expect, test } from 'vitest'
import type { OperatorContext, SnapshotSink } from '../operators/operator.ts'
import type { SnapshotFactory } from '../task/factories.ts'
import {
  COUNT,
  CountingSource,
  KeyedCount,
  LoggingSink,
  MapWith,
} from './kit-operators.contract.ts'
import type { SinkLog } from './kit-operators.contract.ts'
import { SlotKit } from './slot-kit.contract.ts'
import type { KitOptions } from './slot-kit.contract.ts'

const PER_SOURCE = 1_500
const word = (i: number, subtask: number): string => `w${(i * 7 + subtask) % 40}`

interface Run {
  readonly kit: SlotKit
  readonly sources: CountingSource[]
  readonly logs: SinkLog[]
}

/** Two sources, keyed counts on three subtasks, a sink on two: all exchanges, two shuffles. */
function counting(more: Partial<KitOptions> = {}): Run {
  const sources: CountingSource[] = []
  const logs: SinkLog[] = []
  const source = (context: OperatorContext): CountingSource => {
    const made = new CountingSource(context, PER_SOURCE, word, 1 + context.task.subtask * 20)
    made.pauseAt = 0
    sources.push(made)
    return made
  }
  const kit = new SlotKit({
    slots: 2,
    vertices: [
      { parallelism: 2, operators: [{ uid: 'words', make: source }] },
      {
        parallelism: 3,
        operators: [{ uid: 'count', state: [COUNT], make: (context) => new KeyedCount(context) }],
      },
      {
        parallelism: 2,
        operators: [
          { uid: 'sink', kind: 'sink', make: (context) => new LoggingSink(context, logs) },
        ],
      },
    ],
    edges: [
      { from: 0, to: 1, partitioning: 'hash', key: (value: string) => value },
      { from: 1, to: 2, partitioning: 'rebalance' },
    ],
    config: { 'exchange.frame-bytes': '1024' },
    ...more,
  })
  return { kit, sources, logs }
}

/** Deploys, and lets the sources go when all tasks run: to so many records each, or to their end. */
async function start(run: Run, upTo = Number.POSITIVE_INFINITY): Promise<void> {
  run.kit.deploy()
  await run.kit.until(() => run.kit.allRan)
  for (const source of run.sources) source.resume(upTo)
}

/** Every word's highest count, and how often each `[word, count]` arrived. */
function outcome(logs: readonly SinkLog[]): { highest: Map<string, number>; repeated: number } {
  const highest = new Map<string, number>()
  const seen = new Map<string, number>()
  for (const [key, count] of logs.flatMap((log) => log.received as [string, number][])) {
    highest.set(key, Math.max(count, highest.get(key) ?? 0))
    seen.set(`${key} ${count}`, (seen.get(`${key} ${count}`) ?? 0) + 1)
  }
  return { highest, repeated: [...seen.values()].filter((times) => times > 1).length }
}

function expectedCounts(): Map<string, number> {
  const counts = new Map<string, number>()
  for (let source = 0; source < 2; source++) {
    for (let i = 0; i < PER_SOURCE; i++)
      counts.set(word(i, source), (counts.get(word(i, source)) ?? 0) + 1)
  }
  return counts
}

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

describe('what goes wrong', () => {
  /** The writer of one checkpoint of one task never gets done, or fails. */
  function writers(stuck: number, how: 'stuck' | 'failing'): NonNullable<KitOptions['snapshots']> {
    return (plain): SnapshotFactory => ({
      ...plain,
      keyedBackend: (request) => plain.keyedBackend(request),
      reader: (restore: TaskRestore) => plain.reader(restore),
      writer: (request) => {
        const writer = plain.writer(request)
        if (request.checkpointId !== stuck || request.task.vertexId !== 'v1') return writer
        const finish = (): Promise<never> =>
          how === 'stuck' ? new Promise(() => {}) : Promise.reject(new Error('disk on fire'))
        return {
          keyed: writer.keyed,
          list: writer.list.bind(writer),
          full: false,
          finish,
          abandon: () => writer.abandon(),
        }
      },
    })
  }

  test('an abort reaches every operator once, and the next checkpoint completes', async () => {
    const run = counting({ snapshots: writers(1, 'stuck') })
    const { kit, logs } = run
    await start(run)
    kit.trigger(1)
    await kit.until(() => kit.acks.length === 4)
    kit.abort(1)
    kit.abort(1)
    kit.trigger(2)
    await kit.until(() => kit.acked(2))
    for (const log of logs)
      expect(log.events.filter((event) => event.startsWith('abort'))).toEqual(['abort 1'])
    expect(kit.declines).toEqual([])
    await kit.close()
  })

  test('an abort that comes before the trigger makes it harmless', async () => {
    const run = counting()
    const { kit, logs } = run
    await start(run)
    kit.abort(1)
    kit.trigger(1)
    await kit.until(() => kit.allIn('end-of-data'))
    expect(kit.acks).toEqual([])
    for (const log of logs) expect(log.events).toEqual(['abort 1', 'finish'])
    await kit.close()
  })

  test('an abort in the middle of an alignment lets the held channels flow', async () => {
    const run = counting()
    const { kit, sources, logs } = run
    await start(run, 400)
    const triggered = kit.tasks.filter((task) => task.vertexId === 'v0')
    await kit.until(() => sources.every((source) => source.emitted === source.pauseAt))
    // Only one source gets the trigger: its channels are held, the others never deliver the barrier.
    const one = triggered.find((task) => task.subtask === 1)
    for (const slot of kit.slots) {
      slot.trigger({
        fence: kit.request.fence,
        checkpointId: 1 as never,
        timestampMs: 0,
        final: false,
        tasks: one === undefined ? [] : [one],
      })
    }
    for (const source of sources) source.resume()
    await kit.pass(20)
    expect(kit.inState('end-of-data')).toBeLessThan(kit.tasks.length)
    kit.abort(1)
    await kit.until(() => kit.allIn('end-of-data'))
    expect(outcome(logs)).toEqual({ highest: expectedCounts(), repeated: 0 })
    await kit.close()
  })

  test('a snapshot that cannot be written declines the checkpoint and nothing else', async () => {
    const run = counting({ snapshots: writers(1, 'failing') })
    const { kit, logs } = run
    await start(run)
    kit.trigger(1)
    await kit.until(() => kit.declines.length === 3)
    expect(kit.declines[0]?.failure.message).toContain('disk on fire')
    kit.abort(1)
    kit.trigger(2)
    await kit.until(() => kit.acked(2))
    await kit.until(() => kit.allIn('end-of-data'))
    expect(outcome(logs)).toEqual({ highest: expectedCounts(), repeated: 0 })
    await kit.close()
  })

  test('an operator that throws at the barrier fails its task, by name and uid', async () => {
    class Fragile extends MapWith {
      override snapshot(_sink: SnapshotSink): void {
        throw new Error('no picture please')
      }
    }
    const kit = new SlotKit({
      vertices: [
        {
          parallelism: 1,
          operators: [
            { uid: 'numbers', make: (context) => new CountingSource(context, 1e9) },
            { uid: 'fragile', make: (context) => new Fragile(context, (value) => value) },
          ],
        },
      ],
      edges: [],
    })
    kit.deploy()
    await kit.until(() => kit.allIn('running'))
    kit.trigger(1)
    await kit.until(() => kit.allIn('failed'))
    const change = kit.updates.at(-1)?.change
    expect(change?.state === 'failed' && change.failure.message).toBe(
      "operator 'the fragile' (uid fragile): no picture please",
    )
    await kit.close()
  })

  test('a promised list that is rejected declines, naming nobody wrong', async () => {
    class Late extends MapWith {
      override snapshot(sink: SnapshotSink): void {
        sink.list('late', 'list', dynamicCodec, Promise.reject(new Error('upload refused')))
      }
    }
    const kit = new SlotKit({
      vertices: [
        {
          parallelism: 1,
          operators: [
            { uid: 'numbers', make: (context) => new CountingSource(context, 1e9) },
            { uid: 'late', kind: 'sink', make: (context) => new Late(context, (value) => value) },
          ],
        },
      ],
      edges: [],
    })
    kit.deploy()
    await kit.until(() => kit.allIn('running'))
    kit.trigger(1)
    await kit.until(() => kit.declines.length === 1)
    expect(kit.declines[0]?.failure.message).toContain('upload refused')
    expect(kit.inState('running')).toBe(1)
    await kit.close()
  })
})

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
