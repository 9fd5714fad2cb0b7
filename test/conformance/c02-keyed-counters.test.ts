// C02. Keyed state of every kind, one crash after a completed checkpoint: each key's count is exact in all of them. The
// heap back end with full snapshots; other back ends join here.

import { job, type JobDefinition } from '@weirjs/api/define-job'
import { keyedProcess } from '@weirjs/api/process-definitions'
import { aggregating, listState, mapState, reducing, value } from '@weirjs/api/state'
import { struct } from '@weirjs/api/struct'
import { int, text } from '@weirjs/api/types'
import { generator } from '@weirjs/connectors/generator/generator'
import { collected, type CollectedSink } from '@weirjs/connectors/memory/collected'
import { afterEach, describe, expect, it } from 'vitest'
import { VirtualCluster } from './src/virtual-cluster.ts'

const RECORDS = 4_000
const PER_SECOND = 4_000
const KEYS = 37

const Numbered = struct('Numbered', { n: int(), key: text() })
const Counts = struct('Counts', {
  key: text(),
  value: int(),
  list: int(),
  map: int(),
  reduced: int(),
  aggregated: int(),
})
interface Counts {
  readonly key: string
  readonly value: number
  readonly list: number
  readonly map: number
  readonly reduced: number
  readonly aggregated: number
}

function counting(): { readonly definition: JobDefinition; readonly sink: CollectedSink<Counts> } {
  const sink = collected(Counts)
  const counter = keyedProcess({
    uid: 'counter',
    in: Numbered,
    out: Counts,
    key: text(),
    state: {
      value: value(int(), { initial: () => 0 }),
      list: listState(int()),
      map: mapState(int(), int()),
      reduced: reducing(int(), (a, b) => a + b),
      aggregated: aggregating(int(), {
        create: () => 0,
        add: (sum: number, _n: number) => sum + 1,
        result: (sum) => sum,
      }),
    },
    each(record, { state }) {
      state.value.set(state.value.get() + 1)
      state.list.add(record.n)
      state.map.set(record.n % 7, (state.map.get(record.n % 7) ?? 0) + 1)
      state.reduced.add(1)
      state.aggregated.add(record.n)
    },
    finishKey({ state, key, emit }) {
      emit({
        key,
        value: state.value.get(),
        // A record that came twice, or out of order, is not counted.
        list: state.list.get().filter((n, i, all) => i === 0 || n > (all[i - 1] ?? n)).length,
        map: [...state.map.entries()].reduce((sum, [, count]) => sum + count, 0),
        reduced: state.reduced.get() ?? 0,
        aggregated: state.aggregated.get() ?? 0,
      })
    },
  })
  const options = { parallelism: 2, checkpoint: { every: '50ms' } } as const
  const definition = job('keyed-counters', options, (env) => {
    env
      .from(
        generator({
          count: RECORDS,
          perSecond: PER_SECOND,
          type: Numbered,
          make: (n) => ({ n, key: `key ${n % KEYS}` }),
        }),
        // One reader, so that the records of a key come in order.
        { uid: 'numbers', parallelism: 1 },
      )
      .keyBy('key')
      .process(counter)
      .to(sink, { uid: 'sink' })
  })
  return { definition, sink }
}

const expected = (): readonly Counts[] =>
  Array.from({ length: KEYS }, (_, k) => {
    const count = Math.ceil((RECORDS - k) / KEYS)
    const all = { value: count, list: count, map: count, reduced: count, aggregated: count }
    return { key: `key ${k}`, ...all }
  })

const byKey = (a: Counts, b: Counts): number => (a.key < b.key ? -1 : 1)

describe('C02: keyed counters over a crash', () => {
  let cluster: VirtualCluster
  afterEach(() => cluster.close())

  it.each(['a TaskManager', 'the JobManager', 'both at once'])(
    'counts every key exactly when %s dies (heap, full snapshots)',
    async (who) => {
      cluster = await VirtualCluster.start()
      const { definition, sink } = counting()
      const id = await cluster.submit(definition)
      await cluster.whenCompleted(id, 3)
      await cluster.pass(25) // into the middle of an interval
      if (who !== 'the JobManager') cluster.killTaskManager()
      if (who !== 'a TaskManager') await cluster.restartJobManager()
      const end = await cluster.ended(id)

      expect(end.state).toBe('FINISHED')
      const { attempts } = await cluster.describe(id)
      expect(attempts.at(0)?.restoredFrom).toBeGreaterThanOrEqual(3)
      expect(sink.items.toSorted(byKey)).toEqual(expected().toSorted(byKey))
    },
  )
})
