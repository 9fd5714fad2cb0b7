// Keys that are not the same when they are asked for twice: by the producer, who sends the record where its key lies, and
// by the consumer, who looks for its state.

import { mapState, stateRuntimes } from '@weirjs/api/state'
import { intCodec } from '@weirjs/common/codec/primitives'
import type { Key } from '@weirjs/common/core/codec'
import { expect, test } from 'vitest'
import type { OperatorContext } from '../operators/operator.ts'
import { COUNT, CountingSource, KeyedCount, MapWith } from './kit-operators.contract.ts'
import { SlotKit } from './slot-kit.contract.ts'

const [MAP] = stateRuntimes({ map: mapState(intCodec, intCodec) })

const STEPS = {
  value: (context: OperatorContext) => new KeyedCount(context),
  map: (context: OperatorContext) =>
    new MapWith(context, (value: number) => {
      if (MAP !== undefined) context.keyed?.map(MAP).set(value, 1)
    }),
  timer: (context: OperatorContext) =>
    new MapWith(context, (value: number) => context.keyed?.eventTimers.register(value)),
}

test.each<[keyof typeof STEPS, string, (salt: number) => Key]>([
  ['value', 'a text', (salt) => `salted ${salt}`],
  ['value', 'a number', (salt) => salt],
  ['map', 'a text', (salt) => `salted ${salt}`],
  ['timer', 'a number', (salt) => salt],
])('no %s is kept under %s that is another key to the producer', async (kept, _what, salted) => {
  let asked = 0
  const kit = new SlotKit({
    vertices: [
      {
        parallelism: 1,
        operators: [{ uid: 'numbers', make: (context) => new CountingSource(context, 10) }],
      },
      {
        parallelism: 2,
        operators: [
          {
            uid: 'keep',
            state: [COUNT, ...(MAP === undefined ? [] : [MAP])],
            make: STEPS[kept],
          },
        ],
      },
    ],
    edges: [{ from: 0, to: 1, partitioning: 'hash', key: () => salted(asked++) }],
  })
  kit.deploy()
  await kit.until(() => kit.inState('failed') > 0)
  const change = kit.updates.find((update) => update.change.state === 'failed')?.change
  expect(change).toMatchObject({
    failure: { code: 'key/unstable', domain: 'user', message: expect.stringContaining('uid keep') },
  })
  await kit.close()
})
