// A job that counts words, for tests of checkpoints: two sources, two shuffles, sinks that remember everything.

import type { OperatorContext } from '../operators/operator.ts'
import { COUNT, CountingSource, KeyedCount, LoggingSink } from './kit-operators.contract.ts'
import type { SinkLog } from './kit-operators.contract.ts'
import type { KitOptions } from './kit-plan.contract.ts'
import { SlotKit } from './slot-kit.contract.ts'

export const PER_SOURCE = 1_500
export const word = (i: number, subtask: number): string => `w${(i * 7 + subtask) % 40}`

export interface Run {
  readonly kit: SlotKit
  readonly sources: CountingSource[]
  readonly logs: SinkLog[]
}

/** Two sources, keyed counts on three subtasks, a sink on two: all exchanges, two shuffles. */
export function counting(more: Partial<KitOptions> = {}): Run {
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
export async function start(run: Run, upTo = Number.POSITIVE_INFINITY): Promise<void> {
  run.kit.deploy()
  await run.kit.until(() => run.kit.allRan)
  for (const source of run.sources) source.resume(upTo)
}

/** Every word's highest count, and how often each `[word, count]` arrived. */
export function outcome(logs: readonly SinkLog[]): {
  highest: Map<string, number>
  repeated: number
} {
  const highest = new Map<string, number>()
  const seen = new Map<string, number>()
  for (const [key, count] of logs.flatMap((log) => log.received as [string, number][])) {
    highest.set(key, Math.max(count, highest.get(key) ?? 0))
    seen.set(`${key} ${count}`, (seen.get(`${key} ${count}`) ?? 0) + 1)
  }
  return { highest, repeated: [...seen.values()].filter((times) => times > 1).length }
}

export function expectedCounts(): Map<string, number> {
  const counts = new Map<string, number>()
  for (let source = 0; source < 2; source++) {
    for (let i = 0; i < PER_SOURCE; i++)
      counts.set(word(i, source), (counts.get(word(i, source)) ?? 0) + 1)
  }
  return counts
}
