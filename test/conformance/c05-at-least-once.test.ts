// C05. At-least-once mode over a crash: nothing is lost. Duplicates appear only behind a step with several channels in,
// where records overtake the barrier of a slower channel; in a chain, and over a single channel, there are none.

import type { DataStream } from '@weirjs/api/data-stream'
import { job, type JobDefinition } from '@weirjs/api/define-job'
import type { Environment } from '@weirjs/api/environment'
import { process } from '@weirjs/api/process-definitions'
import { struct } from '@weirjs/api/struct'
import { int, text } from '@weirjs/api/types'
import type { CheckpointMode } from '@weirjs/common/core/graph/logical-graph'
import { collected, type CollectedSink } from '@weirjs/connectors/memory/collected'
import { afterEach, describe, expect, it } from 'vitest'
import { paced } from './src/paced-source.ts'
import { VirtualCluster } from './src/virtual-cluster.ts'

const RECORDS = 2_000
const Numbered = struct('Numbered', { id: text(), n: int() })
type Numbered = { readonly id: string; readonly n: number }

type Shape = (
  env: Environment,
  numbers: (name: string) => DataStream<Numbered>,
) => DataStream<Numbered>

/** One source reaches the keyed step directly, the other over detours: its barriers come later. */
const shuffle: Shape = (_env, numbers) => {
  let slow = numbers('slow')
  for (let i = 0; i < 4; i++)
    slow = slow
      .rebalance()
      .map((record) => record)
      .returns(Numbered)
  return numbers('fast')
    .union(slow)
    .keyBy('n')
    .reduce((_, record) => record, { uid: 'latest' })
}

const chain: Shape = (_env, numbers) =>
  numbers('only')
    .map((record) => record)
    .returns(Numbered)

const channel: Shape = (_env, numbers) =>
  numbers('only')
    .map((record) => record)
    .returns(Numbered)
    .disableChaining()

interface Run {
  readonly definition: JobDefinition
  readonly sink: CollectedSink<Numbered>
}

/** Throws once, at a record after two checkpoints, in front of the sink. */
function crashing(shape: Shape, mode: CheckpointMode): Run {
  const sink = collected(Numbered)
  const seen = { completed: 0, thrown: 0, since: 0 }
  const thrower = process({
    uid: 'thrower',
    in: Numbered,
    out: Numbered,
    each(record, ctx) {
      ctx.emit(record)
      if (seen.completed < 2 || seen.thrown > 0 || seen.since++ < 20) return
      seen.thrown += 1
      throw new Error('thrown once, on purpose')
    },
    onCheckpointComplete: (id) => {
      seen.completed = Math.max(seen.completed, id)
    },
  })
  const options = {
    parallelism: 2,
    bufferTimeout: 0,
    checkpoint: { every: '15ms', mode },
    restart: { strategy: 'fixed-delay', attempts: 1, delay: '1ms' },
  } as const
  const definition = job('at-least-once', options, (env) => {
    const numbers = (name: string): DataStream<Numbered> =>
      env.from(
        paced({ type: Numbered, count: RECORDS, make: (n) => ({ id: `${name} ${n}`, n }) }),
        { uid: name },
      )
    shape(env, numbers).process(thrower).to(sink, { uid: 'sink' })
  })
  return { definition, sink }
}

describe('C05: a crash in at-least-once mode', () => {
  let cluster: VirtualCluster
  afterEach(() => cluster.close())

  /** How often each record has come out. */
  async function countsOf({ definition, sink }: Run): Promise<ReadonlyMap<string, number>> {
    cluster = await VirtualCluster.start()
    const id = await cluster.submit(definition)
    const end = await cluster.ended(id)
    expect(end).toMatchObject({ state: 'FINISHED', restarts: 1 })
    expect((await cluster.describe(id)).attempts.at(0)?.restoredFrom).toBeGreaterThanOrEqual(2)
    const counts = new Map<string, number>()
    for (const record of sink.items) counts.set(record.id, (counts.get(record.id) ?? 0) + 1)
    return counts
  }

  const duplicates = (counts: ReadonlyMap<string, number>): number =>
    [...counts.values()].filter((count) => count > 1).length

  it('loses nothing behind a shuffle, and may repeat what overtook a barrier', async () => {
    const counts = await countsOf(crashing(shuffle, 'at-least-once'))
    expect(counts.size).toBe(2 * RECORDS)
    // The records of two or three turns of the loop, not whole intervals.
    expect(duplicates(counts)).toBeGreaterThan(0)
    expect(duplicates(counts)).toBeLessThan(200)
  })

  it('repeats nothing behind the same shuffle in exactly-once mode', async () => {
    const counts = await countsOf(crashing(shuffle, 'exactly-once'))
    expect(counts.size).toBe(2 * RECORDS)
    expect(duplicates(counts)).toBe(0)
  })

  it.each([
    { name: 'a chain', shape: chain },
    { name: 'single channels', shape: channel },
  ])('neither loses nor repeats anything in $name', async ({ shape }) => {
    const counts = await countsOf(crashing(shape, 'at-least-once'))
    expect(counts.size).toBe(RECORDS)
    expect(duplicates(counts)).toBe(0)
  })
})
