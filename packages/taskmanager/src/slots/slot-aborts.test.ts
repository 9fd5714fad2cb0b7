import type { StateRuntime } from '@weirjs/api/functions'
import { dynamicCodec } from '@weirjs/common/codec/dynamic-codec'
import { boolCodec } from '@weirjs/common/codec/primitives'
import type { TaskRestore } from '@weirjs/common/core/checkpoint/handles'
import { describe, expect, test } from 'vitest'
import type { Codec } from '@weirjs/common/core/codec'
import type { OperatorContext, SnapshotSink } from '../operators/operator.ts'
import type { SnapshotFactory } from '../task/factories.ts'
import { counting, expectedCounts, outcome, start } from './kit-counting.contract.ts'
import { CountingSource, MapWith } from './kit-operators.contract.ts'
import type { KitOptions } from './kit-plan.contract.ts'
import { SlotKit } from './slot-kit.contract.ts'

describe('what goes wrong', () => {
  /** The writer of one checkpoint of one task never gets done, or fails. */
  function writers(stuck: number, how: 'stuck' | 'failing'): NonNullable<KitOptions['snapshots']> {
    return (plain): SnapshotFactory => ({
      ...plain,
      keyedBackend: (request) => plain.keyedBackend(request),
      reader: (restore: TaskRestore) => plain.reader(restore),
      writer: (request) => {
        const writer = plain.writer(request)
        if (request.checkpointId !== stuck || request.task.vertexId !== 'v1') return writer
        const finish = (): Promise<never> =>
          how === 'stuck' ? new Promise(() => {}) : Promise.reject(new Error('disk on fire'))
        return {
          keyed: writer.keyed,
          list: writer.list.bind(writer),
          full: false,
          finish,
          abandon: () => writer.abandon(),
        }
      },
    })
  }

  test('an abort reaches every operator once, and the next checkpoint completes', async () => {
    const run = counting({ snapshots: writers(1, 'stuck') })
    const { kit, logs } = run
    await start(run)
    kit.trigger(1)
    await kit.until(() => kit.acks.length === 4)
    kit.abort(1)
    kit.abort(1)
    kit.trigger(2)
    await kit.until(() => kit.acked(2))
    for (const log of logs)
      expect(log.events.filter((event) => event.startsWith('abort'))).toEqual(['abort 1'])
    expect(kit.declines).toEqual([])
    await kit.close()
  })

  test('an abort that comes before the trigger makes it harmless', async () => {
    const run = counting()
    const { kit, logs } = run
    await start(run)
    kit.abort(1)
    kit.trigger(1)
    await kit.until(() => kit.allIn('end-of-data'))
    expect(kit.acks).toEqual([])
    for (const log of logs) expect(log.events).toEqual(['abort 1', 'finish'])
    await kit.close()
  })

  test('an abort in the middle of an alignment lets the held channels flow', async () => {
    const run = counting()
    const { kit, sources, logs } = run
    await start(run, 400)
    const triggered = kit.tasks.filter((task) => task.vertexId === 'v0')
    await kit.until(() => sources.every((source) => source.emitted === source.pauseAt))
    // Only one source gets the trigger: its channels are held, the others never deliver the barrier.
    const one = triggered.find((task) => task.subtask === 1)
    for (const slot of kit.slots) {
      slot.trigger({
        fence: kit.request.fence,
        checkpointId: 1 as never,
        timestampMs: 0,
        final: false,
        tasks: one === undefined ? [] : [one],
      })
    }
    for (const source of sources) source.resume()
    await kit.pass(20)
    expect(kit.inState('end-of-data')).toBeLessThan(kit.tasks.length)
    kit.abort(1)
    await kit.until(() => kit.allIn('end-of-data'))
    expect(outcome(logs)).toEqual({ highest: expectedCounts(), repeated: 0 })
    await kit.close()
  })

  test('a snapshot that cannot be written declines the checkpoint and nothing else', async () => {
    const run = counting({ snapshots: writers(1, 'failing') })
    const { kit, logs } = run
    await start(run)
    kit.trigger(1)
    await kit.until(() => kit.declines.length === 3)
    expect(kit.declines[0]?.failure.message).toContain('disk on fire')
    kit.abort(1)
    kit.trigger(2)
    await kit.until(() => kit.acked(2))
    await kit.until(() => kit.allIn('end-of-data'))
    expect(outcome(logs)).toEqual({ highest: expectedCounts(), repeated: 0 })
    await kit.close()
  })

  test.each([0, 1])(
    'a value that is not of its state declines by step and state, when it is changed %i times meanwhile',
    async (changes) => {
      const name: StateRuntime = {
        name: 'name',
        kind: 'value',
        codec: boolCodec as unknown as Codec,
        checkpointed: true,
      }
      let seen = 0
      const naming = (context: OperatorContext): MapWith => {
        const state = context.keyed?.value<unknown>(name)
        return new MapWith(context, (value: number) => {
          state?.set(value)
          seen += 1
        })
      }
      const sources: CountingSource[] = []
      const source = (context: OperatorContext): CountingSource => {
        const made = new CountingSource(context, 1 + changes)
        made.pauseAt = 1
        sources.push(made)
        return made
      }
      const kit = new SlotKit({
        vertices: [
          { parallelism: 1, operators: [{ uid: 'numbers', make: source }] },
          { parallelism: 1, operators: [{ uid: 'naming', state: [name], make: naming }] },
        ],
        edges: [{ from: 0, to: 1, partitioning: 'hash', key: () => 'k' }],
      })
      kit.deploy()
      await kit.until(() => seen === 1)
      kit.trigger(1)
      sources[0]?.resume()
      await kit.until(() => kit.declines.length === 1)
      expect(kit.declines[0]?.failure.message).toBe(
        `operator 'the naming' (uid naming): state "name": expected a boolean, got number 0`,
      )
      await kit.close()
    },
  )

  test('an operator that throws at the barrier fails its task, by name and uid', async () => {
    class Fragile extends MapWith {
      override snapshot(_sink: SnapshotSink): void {
        throw new Error('no picture please')
      }
    }
    const kit = new SlotKit({
      vertices: [
        {
          parallelism: 1,
          operators: [
            { uid: 'numbers', make: (context) => new CountingSource(context, 1e9) },
            { uid: 'fragile', make: (context) => new Fragile(context, (value) => value) },
          ],
        },
      ],
      edges: [],
    })
    kit.deploy()
    await kit.until(() => kit.allIn('running'))
    kit.trigger(1)
    await kit.until(() => kit.allIn('failed'))
    const change = kit.updates.at(-1)?.change
    expect(change?.state === 'failed' && change.failure.message).toBe(
      "operator 'the fragile' (uid fragile): no picture please",
    )
    await kit.close()
  })

  test('a promised list that is rejected declines, naming nobody wrong', async () => {
    class Late extends MapWith {
      override snapshot(sink: SnapshotSink): void {
        sink.list('late', 'list', dynamicCodec, Promise.reject(new Error('upload refused')))
      }
    }
    const kit = new SlotKit({
      vertices: [
        {
          parallelism: 1,
          operators: [
            { uid: 'numbers', make: (context) => new CountingSource(context, 1e9) },
            { uid: 'late', kind: 'sink', make: (context) => new Late(context, (value) => value) },
          ],
        },
      ],
      edges: [],
    })
    kit.deploy()
    await kit.until(() => kit.allIn('running'))
    kit.trigger(1)
    await kit.until(() => kit.declines.length === 1)
    expect(kit.declines[0]?.failure.message).toContain('upload refused')
    expect(kit.inState('running')).toBe(1)
    await kit.close()
  })
})
