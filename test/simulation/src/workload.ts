// What a simulated cluster works on, drawn from the seed: a bounded stream of numbered records with keys, counted by key
// into exactly-once files. The expected output follows from the numbers alone, so the oracle needs no second engine.

import { buildJob } from '@weirjs/api/build-job'
import type { BuiltJob } from '@weirjs/api/built-job'
import { job, type JobDefinition } from '@weirjs/api/define-job'
import { keyedProcess } from '@weirjs/api/process-definitions'
import { value } from '@weirjs/api/state'
import { struct } from '@weirjs/api/struct'
import { int, text } from '@weirjs/api/types'
import type { CheckpointMode } from '@weirjs/common/core/graph/logical-graph'
import type { Prng } from '@weirjs/common/core/prng'
import { ndjsonFiles } from '@weirjs/connectors/files/files'
import type { FileSystem } from '@weirjs/connectors/files/file-system'
import { generator } from '@weirjs/connectors/generator/generator'

export type Shape = 'keyed' | 'keyed-twice' | 'union' | 'rebalanced' | 'diamond'
const SHAPES: readonly Shape[] = ['keyed', 'keyed-twice', 'union', 'rebalanced', 'diamond']

export interface WorkloadOptions {
  readonly shape: Shape
  readonly records: number
  readonly recordsPerSecond: number
  readonly keys: number
  readonly parallelism: number
  readonly sinkParallelism: number
  readonly checkpointMs: number
  readonly maxConcurrent: number
  readonly mode: CheckpointMode
}

export const OUTPUT = '/out'
export const ALERTS = '/alerts'

const Numbered = struct('Numbered', { n: int(), key: text(), part: text() })
const Counted = struct('Counted', { n: int(), key: text(), count: int() })
const Alert = struct('Alert', { part: text(), expected: int(), got: int() })

/** Two sources of a union count in halves of the numbers. */
const keyOf = (n: number, keys: number): string => `k${(n * 7919) % keys}`

export function drawWorkload(prng: Prng): Omit<WorkloadOptions, 'mode'> {
  const seconds = prng.between(8, 25)
  const recordsPerSecond = prng.pick([40, 100, 300])
  return {
    shape: prng.pick(SHAPES),
    records: seconds * recordsPerSecond,
    recordsPerSecond,
    keys: prng.pick([1, 7, 100]),
    parallelism: prng.between(1, 4),
    sinkParallelism: prng.between(1, 3),
    checkpointMs: prng.pick([100, 300, 1_000]),
    maxConcurrent: prng.pick([1, 1, 1, 2]),
  }
}

const counter = keyedProcess({
  uid: 'counter',
  in: Numbered,
  out: Counted,
  state: { count: value(int(), { initial: () => 0 }) },
  each(record, ctx) {
    const count = ctx.state.count.get() + 1
    ctx.state.count.set(count)
    ctx.emit({ n: record.n, key: record.key, count })
  },
})

/** Inside the job: of one source partition, every number comes once and in order. What it says must never be said. */
const checker = keyedProcess({
  uid: 'checker',
  in: Numbered,
  out: Alert,
  state: { last: value(int(), { initial: () => -1 }) },
  each(record, ctx) {
    const last = ctx.state.last.get()
    if (record.n <= last) ctx.emit({ part: record.part, expected: last + 1, got: record.n })
    ctx.state.last.set(record.n)
  },
})

export function defineWorkload(options: WorkloadOptions, files: FileSystem): JobDefinition {
  const { shape, records, recordsPerSecond, keys, parallelism, checkpointMs, maxConcurrent } =
    options
  const source = (
    name: string,
    from: number,
    count: number,
  ): ReturnType<typeof generator<{ n: number; key: string; part: string }>> =>
    generator({
      count,
      perSecond: Math.max(1, recordsPerSecond * (count / records)),
      type: Numbered,
      make: (i) => ({
        n: from + i,
        key: keyOf(from + i, keys),
        part: `${name}${Math.floor(i / 1_000) % parallelism}`,
      }),
    })
  const settings = {
    parallelism,
    checkpoint: { every: checkpointMs, maxConcurrent, timeout: 5_000, mode: options.mode },
    restart: { strategy: 'fixed-delay' as const, attempts: 1_000_000, delay: 100 },
  }
  return job('workload', settings, (env) => {
    const half = Math.floor(records / 2)
    const first = env.from(source('a', 0, shape === 'union' ? half : records), { uid: 'source-a' })
    const input =
      shape === 'union'
        ? first.union(env.from(source('b', half, records - half), { uid: 'source-b' }))
        : first
    const spread =
      shape === 'rebalanced'
        ? input
            .rebalance()
            .map((r) => r)
            .returns(Numbered)
        : input
    const counted = spread.keyBy('key').process(counter)
    const out = shape === 'keyed-twice' ? counted.keyBy('n').process(again).rebalance() : counted
    out
      .filter(() => true)
      .to(ndjsonFiles(OUTPUT, Counted, { fileSystem: files }), {
        uid: 'out',
        parallelism: options.sinkParallelism,
      })
    if (shape !== 'rebalanced') {
      input
        .keyBy('part')
        .process(checker)
        .to(ndjsonFiles(ALERTS, Alert, { fileSystem: files }), { uid: 'alerts' })
    }
  })
}

/** A second shuffle and a second state: a number seen twice would be lost here, which the oracle then misses. */
const again = keyedProcess({
  uid: 'again',
  in: Counted,
  out: Counted,
  state: { seen: value(int(), { initial: () => 0 }) },
  each(record, ctx) {
    ctx.state.seen.set(ctx.state.seen.get() + 1)
    if (ctx.state.seen.get() === 1) ctx.emit(record)
    else ctx.emit({ ...record, count: -ctx.state.seen.get() })
  },
})

export function buildWorkload(options: WorkloadOptions, files: FileSystem): BuiltJob {
  return buildJob(defineWorkload(options, files), {}, 0)
}

/** The key of number n, for the oracle. */
export function expectedKey(options: WorkloadOptions, n: number): string {
  return keyOf(n, options.keys)
}
