import type { ProcessContext } from '@weirjs/api/process-context'
import { dynamicCodec } from '@weirjs/common/codec/dynamic-codec'
import { intCodec } from '@weirjs/common/codec/primitives'
import type { Codec } from '@weirjs/common/core/codec'
import { attempt, type Fence, jobId, leaderEpoch, workerId } from '@weirjs/common/core/ids'
import { describe, expect, test } from 'vitest'
import type { OperatorContext } from '../operators/operator.ts'
import { ProcessOperator } from '../operators/process.ts'
import { CountingSource, LoggingSink, MapWith } from './kit-operators.contract.ts'
import type { SinkLog } from './kit-operators.contract.ts'
import { pipe } from './kit-pipe.contract.ts'
import { endpointOf } from './kit-plan.contract.ts'
import { SlotKit } from './slot-kit.contract.ts'

/** Hands on what it gets, but a text for 3; what cannot be sent becomes -3. */
function careful(context: OperatorContext): ProcessOperator {
  const functions = {
    each: (value: unknown, ctx: unknown) => {
      const { emit } = ctx as ProcessContext
      try {
        emit(value === 3 ? 'three' : value)
      } catch {
        emit(-3)
      }
    },
  }
  return new ProcessOperator({ functions, states: [], lists: [] }, context)
}

describe('failures', () => {
  test('what a function throws names the operator and stays in its task', async () => {
    const kit = new SlotKit({
      vertices: [
        {
          parallelism: 1,
          operators: [
            { uid: 'numbers', make: (context) => new CountingSource(context, 100) },
            {
              uid: 'picky',
              make: (context) =>
                new MapWith(context, (value: number) => {
                  if (value === 42) throw new TypeError('not that one')
                  return value
                }),
            },
            { uid: 'after', make: (context) => new MapWith(context, (value) => value) },
          ],
        },
      ],
      edges: [],
    })
    kit.deploy()
    await kit.until(() => kit.allIn('failed'))
    const change = kit.updates.at(-1)?.change
    expect(change).toMatchObject({
      state: 'failed',
      failure: {
        code: 'job/user-code-failed',
        domain: 'user',
        message: "operator 'the picky' (uid picky): not that one",
      },
    })
    await kit.close()
  })

  test.each(['local', 'of frames'])('so does one behind a channel that is %s', async (channel) => {
    const picky = (value: number): number => {
      if (value === 42) throw new TypeError('not that one')
      return value
    }
    const kit = new SlotKit({
      slots: 2,
      vertices: [
        {
          parallelism: 1,
          operators: [{ uid: 'numbers', make: (context) => new CountingSource(context, 100) }],
        },
        {
          parallelism: 1,
          slotOf: () => (channel === 'local' ? 0 : 1),
          operators: [{ uid: 'picky', make: (context) => new MapWith(context, picky) }],
        },
      ],
      edges: [{ from: 0, to: 1 }],
    })
    kit.deploy()
    await kit.until(() => kit.inState('failed') > 0)
    const change = kit.updates.find((update) => update.change.state === 'failed')?.change
    expect(change?.state === 'failed' && change.failure.message).toBe(
      "operator 'the picky' (uid picky): not that one",
    )
    await kit.close()
  })

  test.each(['onCheckpointComplete', 'onCheckpointAborted'])(
    'what %s does later, and fails, fails the task by name and uid',
    async (notice) => {
      const functions = {
        each: () => {},
        [notice]: async (id: number) => {
          throw new Error(`nobody takes ${id}`)
        },
      }
      const make = (context: OperatorContext): ProcessOperator =>
        new ProcessOperator({ functions, states: [], lists: [] }, context)
      const kit = new SlotKit({
        vertices: [
          {
            parallelism: 1,
            operators: [
              { uid: 'numbers', make: (context) => new CountingSource(context, 5) },
              { uid: 'telling', make },
            ],
          },
        ],
        edges: [],
      })
      kit.deploy()
      await kit.until(() => kit.allIn('end-of-data'))
      if (notice === 'onCheckpointComplete') kit.complete(1)
      else kit.abort(1)
      await kit.until(() => kit.allIn('failed'))
      const change = kit.updates.at(-1)?.change
      expect(change?.state === 'failed' && change.failure.message).toBe(
        "operator 'the telling' (uid telling): nobody takes 1",
      )
      await kit.close()
    },
  )

  test('work left that cannot be told is unknown, and fails nothing', async () => {
    class Closed extends CountingSource {
      #closed = false

      override get workLeft(): number {
        if (this.#closed) throw new Error('ask while I am open')
        if (this.emitted === 0) throw new Error('I do not know yet')
        return 7
      }

      override close(): void {
        this.#closed = true
      }
    }
    const sources: Closed[] = []
    const kit = new SlotKit({
      vertices: [
        {
          parallelism: 1,
          operators: [
            {
              uid: 'numbers',
              make: (context) => {
                const made = new Closed(context, 10)
                made.pauseAt = 0
                sources.push(made)
                return made
              },
            },
          ],
        },
      ],
      edges: [],
    })
    const told = (): unknown => kit.slots[0]?.report().map(({ workLeft }) => workLeft)
    kit.deploy()
    await kit.until(() => kit.allRan)
    expect(told()).toEqual([null])
    sources[0]?.resume(5)
    await kit.pass(5)
    expect(told()).toEqual([7])
    kit.cancel()
    await kit.until(() => kit.allIn('canceled'))
    expect(told()).toEqual([7])
    await kit.close()
  })

  test('what the next step of a chain throws fails the task, also when the step before catches it', async () => {
    const functions = {
      each: (value: unknown, ctx: unknown) => {
        const { emit, output } = ctx as ProcessContext<unknown, never, { bad: unknown }>
        try {
          emit(value)
        } catch {
          output.bad(value) // meant for what this very step may throw
        }
      },
    }
    const careful = (context: OperatorContext): ProcessOperator =>
      new ProcessOperator({ functions, states: [], lists: [] }, context)
    const picky = (value: number): number => {
      if (value === 42) throw new TypeError('not that one')
      return value
    }
    const kit = new SlotKit({
      vertices: [
        {
          parallelism: 1,
          operators: [
            { uid: 'numbers', make: (context) => new CountingSource(context, 100) },
            { uid: 'careful', make: careful },
            { uid: 'picky', make: (context) => new MapWith(context, picky) },
            { uid: 'after', make: (context) => new MapWith(context, (value) => value) },
          ],
        },
      ],
      edges: [],
    })
    kit.deploy()
    await kit.until(() => kit.allIn('failed'))
    const change = kit.updates.at(-1)?.change
    expect(change?.state === 'failed' && change.failure.message).toBe(
      "operator 'the picky' (uid picky): not that one",
    )
    await kit.close()
  })

  test('a record that cannot be sent is not, and who catches that goes on', async () => {
    const logs: SinkLog[] = []
    const kit = new SlotKit({
      slots: 2,
      vertices: [
        {
          parallelism: 1,
          operators: [
            { uid: 'numbers', make: (context) => new CountingSource(context, 6) },
            { uid: 'careful', make: careful },
          ],
        },
        {
          parallelism: 1,
          slotOf: () => 1,
          operators: [{ uid: 'sink', make: (context) => new LoggingSink(context, logs) }],
        },
      ],
      edges: [{ from: 0, to: 1, codec: intCodec as unknown as Codec }],
    })
    kit.deploy()
    await kit.until(() => kit.allIn('end-of-data'))
    expect(logs[0]?.received).toEqual([0, 1, 2, -3, 4, 5])
    await kit.close()
  })

  test.each(['two edges', 'a broadcast edge'])(
    'a record that only some have taken fails the task, whoever catches that: %s',
    async (edges) => {
      const make = (context: OperatorContext): LoggingSink => new LoggingSink(context, [])
      const codec = intCodec as unknown as Codec
      const two = edges === 'two edges'
      const kit = new SlotKit({
        slots: 2,
        vertices: [
          {
            parallelism: 1,
            operators: [
              { uid: 'numbers', make: (context) => new CountingSource(context, 6) },
              { uid: 'careful', make: careful },
            ],
          },
          // The first of the sinks lies in the slot of the producer, where nothing is encoded.
          { parallelism: two ? 1 : 2, operators: [{ uid: 'sink', make }] },
          ...(two
            ? [{ parallelism: 1, slotOf: () => 1, operators: [{ uid: 'other', make }] }]
            : []),
        ],
        edges: two
          ? [
              { from: 0, to: 1, codec: dynamicCodec },
              { from: 0, to: 2, codec },
            ]
          : [{ from: 0, to: 1, partitioning: 'broadcast', codec }],
      })
      kit.deploy()
      await kit.until(() => kit.updates.some(({ change }) => change.state === 'failed'))
      expect(kit.updates.find(({ change }) => change.state === 'failed')).toMatchObject({
        task: { vertexId: 'v0' },
        change: { failure: { message: expect.stringContaining("operator 'the careful'") } },
      })
      await kit.close()
    },
  )

  test('a lost connection fails the tasks at both ends, and names the slot', async () => {
    const { kit } = pipe()
    kit.deploy()
    await kit.until(() => kit.allRan)
    await kit.pass(5)
    kit.wire.cut(0, 1)
    await kit.until(() => kit.allIn('failed'))
    for (const { task, change } of kit.updates.filter(
      (update) => update.change.state === 'failed',
    )) {
      const peer = task.vertexId === 'v0' ? 'w1/1' : 'w1/0'
      expect(change).toMatchObject({
        failure: { code: 'exchange/peer-lost', domain: 'external', retry: 'immediate' },
      })
      expect(change.state === 'failed' && change.failure.message).toContain(peer)
    }
    await kit.close()
  })

  test('requests of another attempt are dropped and counted', async () => {
    const { kit } = pipe()
    kit.deploy()
    await kit.until(() => kit.allRan)
    const fence = { ...kit.request.fence, attempt: 2 as never }
    kit.slots[0]?.cancel({ fence, tasks: kit.tasks })
    kit.slots[0]?.notifyComplete({ fence, checkpointId: 1 as never, final: false })
    await kit.pass(5)
    expect(kit.inState('running')).toBe(2)
    expect(kit.slots[0]?.strangers).toBe(2)
    await kit.close()
  })

  test.each<[who: string, changed: Partial<Fence>, credential: string]>([
    ['with the wrong credential', {}, 'guessed'],
    ['of an older attempt', { attempt: attempt(0) }, 'secret'],
    ['of a deposed leader', { epoch: leaderEpoch(0) }, 'secret'],
    ['of another job', { jobId: jobId('f'.repeat(32)) }, 'secret'],
  ])('a consumer %s is refused and counted', async (_who, changed, credential) => {
    const { kit } = pipe()
    let told = ''
    const wire = kit.wire.transport(9).connect(
      endpointOf(0),
      {
        fence: { ...kit.request.fence, ...changed },
        credential,
        consumer: { workerId: workerId('w9'), index: 0 },
      },
      {
        frame: () => {},
        lost: (failure) => {
          told = failure.code
        },
      },
    )
    wire.open('e0:0:0' as never, 1_000)
    await kit.until(() => told !== '')
    expect(kit.slots[0]?.refusedConnections).toBe(1)
    await kit.close()
  })
})
