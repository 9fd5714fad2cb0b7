// C01. A throttled source, at least two checkpoints, then one throw in the middle of the pipeline. Every stage counts in
// its own kind of state; after the restore, from a checkpoint and not from nothing, all counts are exact.

import { job, type JobDefinition } from '@weirjs/api/define-job'
import { keyedProcess, process } from '@weirjs/api/process-definitions'
import { operatorList, value } from '@weirjs/api/state'
import { struct } from '@weirjs/api/struct'
import { int, text } from '@weirjs/api/types'
import { collected, type CollectedSink } from '@weirjs/connectors/memory/collected'
import { generator } from '@weirjs/connectors/generator/generator'
import { afterEach, describe, expect, it } from 'vitest'
import { VirtualCluster } from './src/virtual-cluster.ts'

const RECORDS = 3_000
const PER_SECOND = 2_000
const KEYS = 13

const Numbered = struct('Numbered', { n: int(), key: text() })
const Stage = struct('Stage', { stage: text(), subtask: int(), count: int() })
const Total = struct('Total', { key: text(), count: int() })
type Stage = { readonly stage: string; readonly subtask: number; readonly count: number }
type Total = { readonly key: string; readonly count: number }

interface Counting {
  readonly definition: JobDefinition
  readonly stages: CollectedSink<Stage>
  readonly totals: CollectedSink<Total>
  readonly seen: { thrown: number; completed: number; bystanderOpened: number }
}

/** A stage that counts its records in an operator list, lets them through, and tells its count at the end. */
const counter = (name: string, onRecord: (n: number) => void, onComplete: (id: number) => void) =>
  process({
    uid: name,
    in: Numbered,
    out: Numbered,
    lists: { count: operatorList(int()) },
    sides: { counts: Stage },
    each(record, ctx) {
      onRecord(record.n)
      ctx.lists.count.update([(ctx.lists.count.get()[0] ?? 0) + 1])
      ctx.emit(record)
    },
    finish(ctx) {
      ctx.output.counts({ stage: name, subtask: ctx.subtask, count: ctx.lists.count.get()[0] ?? 0 })
    },
    onCheckpointComplete: onComplete,
  })

const totalling = keyedProcess({
  uid: 'totals',
  in: Numbered,
  out: Total,
  key: text(),
  state: { count: value(int(), { initial: () => 0 }) },
  each(_record, { state }) {
    state.count.set(state.count.get() + 1)
  },
  finishKey({ state, key, emit }) {
    emit({ key, count: state.count.get() })
  },
})

function counting(): Counting {
  const stages = collected(Stage)
  const totals = collected(Total)
  const seen = { thrown: 0, completed: 0, bystanderOpened: 0 }
  const source = () =>
    generator({
      count: RECORDS,
      perSecond: PER_SECOND,
      type: Numbered,
      make: (n) => ({ n, key: `k${n % KEYS}` }),
    })
  const throwOnce = (): void => {
    if (seen.completed < 2 || seen.thrown > 0) return
    seen.thrown += 1
    throw new Error('thrown once, on purpose')
  }
  const options = {
    parallelism: 2,
    checkpoint: { every: '100ms' },
    restart: { strategy: 'fixed-delay', attempts: 1, delay: '10ms' },
  } as const
  const definition = job('throw-mid-pipeline', options, (env) => {
    const first = env.from(source(), { uid: 'numbers' }).process(
      counter(
        'before',
        () => {},
        (id) => (seen.completed = Math.max(seen.completed, id)),
      ),
    )
    const second = first.rebalance().process(counter('after', throwOnce, () => {}))
    const total = second.keyBy('key').process(totalling)
    first.side('counts').union(second.side('counts')).to(stages, { uid: 'stages' })
    total.to(totals, { uid: 'totals-out' })
    // Not connected to any of it: a region of its own.
    const bystander = process({
      uid: 'bystander',
      in: Numbered,
      out: Numbered,
      open: () => void seen.bystanderOpened++,
      each: (record, ctx) => ctx.emit(record),
    })
    env
      .from(source(), { uid: 'other-numbers' })
      .process(bystander)
      .to(collected(Numbered), { uid: 'other-out' })
  })
  return { definition, stages, totals, seen }
}

describe('C01: one throw mid-pipeline after two checkpoints', () => {
  let cluster: VirtualCluster
  afterEach(() => cluster.close())

  it.each([
    // The bystander has parallelism 2: it is opened again only when everything restarts.
    { failover: 'region', bystanderOpened: 2 },
    { failover: 'full', bystanderOpened: 4 },
  ] as const)('counts exactly with $failover failover', async ({ failover, bystanderOpened }) => {
    cluster = await VirtualCluster.start({ failover })
    const { definition, stages, totals, seen } = counting()
    const id = await cluster.submit(definition)
    const end = await cluster.ended(id)

    expect(end).toMatchObject({ state: 'FINISHED', restarts: 1 })
    expect(seen.thrown).toBe(1)
    const { attempts } = await cluster.describe(id)
    expect(attempts.at(0)?.restoredFrom).toBeGreaterThanOrEqual(2)
    expect(seen.bystanderOpened).toBe(bystanderOpened)

    const counted = (stage: string): number =>
      stages.items.filter((one) => one.stage === stage).reduce((sum, one) => sum + one.count, 0)
    expect(stages.items).toHaveLength(4)
    expect({ before: counted('before'), after: counted('after') }).toEqual({
      before: RECORDS,
      after: RECORDS,
    })
    expect(Object.fromEntries(totals.items.map(({ key, count }) => [key, count]))).toEqual(
      Object.fromEntries(
        Array.from({ length: KEYS }, (_, k) => [`k${k}`, Math.ceil((RECORDS - k) / KEYS)]),
      ),
    )
  })
})
