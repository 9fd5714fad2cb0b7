// Lists of state that a step emits: what left it is a record, and does not change with the state.

import { listState, operatorList, stateRuntimes, listRuntimes } from '@weirjs/api/state'
import type { ListState, ProcessContext } from '@weirjs/api/process-context'
import { intCodec } from '@weirjs/common/codec/primitives'
import { expect, test } from 'vitest'
import type { OperatorContext } from '../operators/operator.ts'
import { ProcessOperator } from '../operators/process.ts'
import { CountingSource, LoggingSink } from './kit-operators.contract.ts'
import type { SinkLog } from './kit-operators.contract.ts'
import { SlotKit } from './slot-kit.contract.ts'

type Ctx = ProcessContext<unknown, { all: ListState<number> }, unknown, number, typeof LISTS>
declare const LISTS: { readonly all: ListState<number> }

const ofKey = {
  states: stateRuntimes({ all: listState(intCodec) }),
  lists: [],
  listIn: (ctx: Ctx) => ctx.state.all,
}
const ofSubtask = {
  states: [],
  lists: listRuntimes({ all: operatorList(intCodec) }),
  listIn: (ctx: Ctx) => ctx.lists.all,
}

test.each([
  ['a key', ofKey, 'false'],
  ['a key, while developing', ofKey, 'true'],
  ['a subtask', ofSubtask, 'false'],
  ['a subtask, while developing', ofSubtask, 'true'],
])(
  'the list of %s may be emitted, and goes on',
  async (_whose, { states, lists, listIn }, frozen) => {
    const logs: SinkLog[] = []
    const functions = {
      each: (value: unknown, ctx: unknown) => {
        const list = listIn(ctx as Ctx)
        list.add(value as number)
        ;(ctx as Ctx).emit(list.get())
      },
    }
    const gathering = (context: OperatorContext): ProcessOperator =>
      new ProcessOperator({ functions, states, lists }, context)
    const kit = new SlotKit({
      vertices: [
        {
          parallelism: 1,
          operators: [{ uid: 'numbers', make: (context) => new CountingSource(context, 4) }],
        },
        { parallelism: 1, operators: [{ uid: 'gathering', state: states, make: gathering }] },
        {
          parallelism: 1,
          operators: [
            { uid: 'sink', kind: 'sink', make: (context) => new LoggingSink(context, logs) },
          ],
        },
      ],
      edges: [
        { from: 0, to: 1, partitioning: 'hash', key: () => 0 },
        { from: 1, to: 2 },
      ],
      config: { 'dev.freeze-records': frozen },
    })
    kit.deploy()
    await kit.until(() => kit.allIn('end-of-data'))
    expect(logs[0]?.received).toEqual([[0], [0, 1], [0, 1, 2], [0, 1, 2, 3]])
    await kit.close()
  },
)
