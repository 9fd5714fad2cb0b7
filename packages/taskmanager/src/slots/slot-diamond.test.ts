import { Prng } from '@weirjs/common/core/prng'
import { expect, test } from 'vitest'
import { CountingSource, LoggingSink, MapWith } from './kit-operators.contract.ts'
import type { SinkLog } from './kit-operators.contract.ts'
import type { KitOptions } from './kit-plan.contract.ts'
import { SlotKit } from './slot-kit.contract.ts'

const RECORDS = 1_200

/** One source into two branches of unequal speed that meet again, everything at the least credit that is allowed. */
function diamond(seed: number, logs: SinkLog[], more: Partial<KitOptions> = {}): SlotKit {
  const prng = new Prng(seed)
  const somewhere = (): ((subtask: number) => number) => {
    const shift = prng.int(3)
    return (subtask) => (subtask + shift) % 3
  }
  const one = prng.between(1, 3)
  const other = prng.between(1, 3)
  const frameBytes = prng.pick([1_024, 1_024, 4_096])
  return new SlotKit({
    slots: 3,
    vertices: [
      {
        parallelism: 2,
        slotOf: somewhere(),
        operators: [
          {
            uid: 'source',
            make: (context) =>
              new CountingSource(context, RECORDS, (i, s) => `${s}.${i}`, prng.between(1, 30)),
          },
        ],
      },
      {
        parallelism: one,
        slotOf: somewhere(),
        operators: [
          {
            uid: 'left',
            make: (context) => new MapWith(context, (value: string) => `left ${value}`),
          },
        ],
      },
      {
        parallelism: other,
        slotOf: somewhere(),
        operators: [
          {
            uid: 'right',
            make: (context) =>
              new MapWith(context, (value: string) => `right ${value} ${'.'.repeat(300)}`),
          },
        ],
      },
      {
        parallelism: prng.between(1, 3),
        slotOf: somewhere(),
        operators: [
          { uid: 'sink', kind: 'sink', make: (context) => new LoggingSink(context, logs) },
        ],
      },
    ],
    edges: [
      { from: 0, to: 1, partitioning: prng.pick(['rebalance', 'shuffle'] as const) },
      { from: 0, to: 2, partitioning: 'hash', key: (value: string) => value },
      { from: 1, to: 3, partitioning: 'rebalance' },
      { from: 2, to: 3, partitioning: prng.pick(['rebalance', 'global'] as const), input: 1 },
    ],
    config: {
      'exchange.frame-bytes': String(frameBytes),
      'exchange.credit-bytes': String(frameBytes),
    },
    bufferTimeoutMs: prng.pick([0, 1, 5, null]),
    ...more,
  })
}

function names(logs: readonly SinkLog[]): string[] {
  const all = logs.flatMap((log) =>
    log.received.map((value) => (typeof value === 'string' ? value : (value as string[])[1])),
  )
  return all.map((value) => String(value).split(' ').slice(0, 2).join(' ')).sort()
}

const EXPECTED = ['left', 'right']
  .flatMap((side) =>
    [0, 1].flatMap((source) => Array.from({ length: RECORDS }, (_, i) => `${side} ${source}.${i}`)),
  )
  .sort()

test.each(Array.from({ length: 12 }, (_, i) => i + 1))(
  'branches of unequal speed neither stop nor lose anything at the least credit, with checkpoints all the time (seed %i)',
  async (seed) => {
    const prng = new Prng(seed + 1_000)
    const logs: SinkLog[] = []
    const first = diamond(seed, logs)
    first.deploy()
    await first.until(
      () => first.allRan || first.updates.some(({ change }) => change.state === 'end-of-data'),
    )
    let id = 0
    for (let rounds = prng.between(1, 6); rounds > 0 && !first.allIn('end-of-data'); rounds--) {
      id += 1
      first.trigger(id)
      if (prng.chance(0.3)) {
        await first.pass(prng.float())
        first.abort(id)
        continue
      }
      await first.until(() => first.acked(id))
      first.complete(id)
      await first.pass(prng.float() * 3)
    }
    id += 1
    first.trigger(id)
    await first.until(() => first.acked(id))
    const restores = first.restoresOf(id)
    await first.close()

    const restored: SinkLog[] = []
    const second = diamond(seed, restored, { restores, storage: first.storage })
    second.deploy()
    await second.until(() => second.allIn('end-of-data'))
    expect(names(restored)).toEqual(EXPECTED)
    await second.close()
  },
)
