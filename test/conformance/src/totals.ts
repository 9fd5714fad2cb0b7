// A small job with keyed state whose source is held by the reins: what most tests of restores need.

import { job, type JobDefinition } from '@weirjs/api/define-job'
import { keyedProcess } from '@weirjs/api/process-definitions'
import type { SettingsOptions } from '@weirjs/api/settings'
import { type StateDescriptors, value } from '@weirjs/api/state'
import { struct } from '@weirjs/api/struct'
import { int, text } from '@weirjs/api/types'
import type { JobId } from '@weirjs/common/core/ids'
import { collected, type CollectedSink } from '@weirjs/connectors/memory/collected'
import { paced } from './paced-source.ts'
import type { VirtualCluster } from './virtual-cluster.ts'

export const TOTAL_RECORDS = 600
export const TOTAL_KEYS = 10

export const Numbered = struct('Numbered', { n: int(), key: text() })
export const Total = struct('Total', { key: text(), count: int() })
export type Total = { readonly key: string; readonly count: number }

export interface TotalsOptions {
  readonly settings?: SettingsOptions
  /** Uid of the counting step. */
  readonly uid?: string
  /** States of the counting step besides its count. */
  readonly more?: StateDescriptors
}

export interface Totals {
  readonly definition: JobDefinition
  readonly sink: CollectedSink<Total>
  /** Records that have been counted, by all runs of this definition. */
  readonly seen: { records: number }
  /** Numbers below it may leave the source. */
  limit: number
  /** Sum of the counts that were told in the end; each key is told once. */
  readonly sum: () => number
  feed(cluster: VirtualCluster, id: JobId, limit: number): Promise<void>
}

/** Counts numbers by key, and tells the counts at the end. */
export function totals(options: TotalsOptions = {}): Totals {
  const sink = collected(Total)
  const seen = { records: 0 }
  const settings = {
    checkpoint: { every: 'off', retained: 10 },
    parallelism: 2,
    ...options.settings,
  } as const
  const run: Totals = {
    sink,
    seen,
    limit: 0,
    sum: () => sink.items.reduce((sum, { count }) => sum + count, 0),
    async feed(cluster, id, limit) {
      const wanted = seen.records + limit - this.limit
      this.limit = limit
      await cluster.when(id, `${limit} records`, () => seen.records >= wanted)
      await cluster.pass(10)
    },
    definition: job('totals', settings, (env) => {
      const counting = keyedProcess({
        uid: options.uid ?? 'counting',
        in: Numbered,
        out: Total,
        key: text(),
        state: { count: value(int(), { initial: () => 0 }), ...options.more },
        each(_record, { state }) {
          seen.records += 1
          state.count.set(state.count.get() + 1)
        },
        finishKey: ({ state, key, emit }) => emit({ key, count: state.count.get() }),
      })
      const make = (n: number) => ({ n, key: `k${n % TOTAL_KEYS}` })
      const may = (n: number): boolean => n < run.limit
      env
        .from(paced({ type: Numbered, count: TOTAL_RECORDS, splits: 4, everyMs: 0.1, make, may }), {
          uid: 'numbers',
        })
        .keyBy('key')
        .process(counting)
        .to(sink, { uid: 'sink' })
    }),
  }
  return run
}
