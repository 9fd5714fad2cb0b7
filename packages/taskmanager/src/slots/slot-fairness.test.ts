// Two inputs from the same slot into a step that is slower than what makes its records.

import { systemScheduler } from '@weirjs/common/node/system-scheduler'
import { expect, test } from 'vitest'
import type { OperatorContext } from '../operators/operator.ts'
import { CountingSource, MapWith } from './kit-operators.contract.ts'
import type { KitVertex } from './kit-plan.contract.ts'
import { MemoryExchange } from './memory-transport.ts'
import { SlotKit } from './slot-kit.contract.ts'

/** Of each record in the slow step: it looks at the clock after each one then. */
const RECORD_MS = 0.6
const RECORDS = 1_500

const source = (name: string, count: number): KitVertex => ({
  parallelism: 1,
  operators: [{ uid: name, make: (context) => new CountingSource(context, count, () => name) }],
})

test('a stream that never runs dry does not keep the other one waiting', async () => {
  const scheduler = systemScheduler()
  const arrived: string[] = []
  const slow = (context: OperatorContext): MapWith =>
    new MapWith(context, (name: string) => {
      arrived.push(name)
      const untilMs = scheduler.nowMs() + RECORD_MS
      while (scheduler.nowMs() < untilMs);
    })
  const exchange = new MemoryExchange(scheduler)
  const kit = new SlotKit({
    vertices: [
      source('much', 1e9),
      source('little', 10),
      { parallelism: 1, operators: [{ uid: 'slow', make: slow }] },
    ],
    edges: [
      { from: 0, to: 2 },
      { from: 1, to: 2 },
    ],
    real: { scheduler, transport: (slot) => exchange.open(`slot-${slot}`) },
  })
  kit.deploy()
  await kit.until(() => arrived.length >= RECORDS)
  expect(arrived.filter((name) => name === 'little')).toHaveLength(10)
  await kit.close()
})
