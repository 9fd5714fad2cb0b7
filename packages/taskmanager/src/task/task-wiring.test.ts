import type { JobFunctions } from '@weirjs/api/functions'
import { dynamicCodec } from '@weirjs/common/codec/dynamic-codec'
import type { DeployRequest } from '@weirjs/common/core/gateways'
import type { Partitioning } from '@weirjs/common/core/graph/logical-graph'
import type { PlanVertex } from '@weirjs/common/core/graph/physical-plan'
import { keyGroupOf, keyHashOf, subtaskOfKeyGroup } from '@weirjs/common/core/graph/key-groups'
import {
  attempt,
  edgeId,
  jobId,
  leaderEpoch,
  operatorUid,
  vertexId,
  workerId,
} from '@weirjs/common/core/ids'
import { Prng } from '@weirjs/common/core/prng'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { OutputChannel } from '../exchange/output-channel.ts'
import { consumersOfVertex, edgeOutputs, planTask } from './task-wiring.ts'
import type { TaskPlan } from './task-wiring.ts'

const functions: JobFunctions = {
  nodes: new Map(),
  edges: [
    {
      codec: dynamicCodec,
      key: (value: never) => value,
      partition: (key, subtasks) => (key as number) % subtasks,
    },
  ],
}

function request(kind: Partitioning['kind'], producers: number, consumers: number): DeployRequest {
  const vertex = (index: number, parallelism: number): PlanVertex => ({
    id: vertexId(`v${index}`),
    name: '',
    parallelism,
    maxParallelism: 64,
    slotSharingGroup: 'default',
    operators: [
      { uid: operatorUid(`o${index}`), name: '', kind: 'process', state: [], outputs: [] },
    ],
    inputs: index === 1 ? [edgeId('e0')] : [],
    outputs: index === 0 ? [edgeId('e0')] : [],
  })
  const vertices = [vertex(0, producers), vertex(1, consumers)]
  const tasks = vertices.flatMap(({ id, parallelism }) =>
    Array.from({ length: parallelism }, (_, subtask) => ({ vertexId: id, subtask })),
  )
  return {
    fence: { jobId: jobId('0'), epoch: leaderEpoch(1), attempt: attempt(1) },
    plan: {
      jobName: '',
      mode: 'exactly-once',
      bufferTimeoutMs: 5,
      vertices,
      edges: [
        {
          id: edgeId('e0'),
          from: vertexId('v0'),
          fromOperator: operatorUid('o0'),
          output: 'main',
          to: vertexId('v1'),
          input: 0,
          partitioning: { kind },
          keyed: kind === 'hash',
          codec: dynamicCodec.descriptor,
          edgeIndex: 0,
        },
      ],
    },
    placements: tasks.map((task, i) => ({
      task,
      endpoint: { workerId: workerId(`w${i % 3}`), slot: i, dataAddress: '' },
    })),
    tasks: [],
  }
}

const plans = (of: DeployRequest, vertex: string, parallelism: number): TaskPlan[] =>
  Array.from({ length: parallelism }, (_, subtask) =>
    planTask(of, { vertexId: vertexId(vertex), subtask }, functions),
  )

test('producers and consumers agree about every channel, whatever the partitioning and the parallelisms', () => {
  const kinds = [
    'rebalance',
    'rescale',
    'shuffle',
    'broadcast',
    'global',
    'hash',
    'custom',
    'forward',
  ] as const
  fc.assert(
    fc.property(
      fc.constantFrom(...kinds),
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 9 }),
      (kind, p, q) => {
        const consumers = kind === 'forward' ? p : q
        const of = request(kind, p, consumers)
        const sent = plans(of, 'v0', p).flatMap((plan) =>
          [...plan.outputs.values()].flatMap(({ channels }) => channels),
        )
        const received = plans(of, 'v1', consumers).flatMap((plan) =>
          plan.inputs.flatMap(({ channels }) => channels),
        )
        expect(sent.map(({ key }) => key).sort()).toEqual(received.map(({ key }) => key).sort())
        expect(new Set(sent.map(({ key }) => key)).size).toBe(sent.length)
        for (const plan of plans(of, 'v1', consumers))
          expect(plan.inputs[0]?.channels.length).toBeGreaterThan(0)
      },
    ),
  )
})

test('a record of a hash edge goes to the subtask that owns its key group, and carries the hash of its key', () => {
  const of = request('hash', 1, 5)
  const [plan] = plans(of, 'v0', 1)
  const edge = plan?.outputs.get(edgeId('e0'))
  const written: [number, unknown, number][] = []
  const channels = Array.from(
    { length: 5 },
    (_, at) =>
      ({
        write: (value: unknown, _timestamp: number, keyHash: number) =>
          written.push([at, value, keyHash]),
      }) as unknown as OutputChannel,
  )
  if (plan === undefined || edge === undefined) throw new Error('no plan')
  const [output] = edgeOutputs(edge, plan, channels, new Prng(1))
  for (const key of ['a', 'b', 7, 1n, true, '', 'ä€😀']) output?.emit(key, 0)
  expect(written.length).toBe(7)
  for (const [at, key, keyHash] of written) {
    expect(keyHash).toBe(keyHashOf(key as string))
    expect(at).toBe(subtaskOfKeyGroup(keyGroupOf(key as string, 64), 64, 5))
  }
  expect(consumersOfVertex(plan)).toBe(5)
})

test('a plan that does not fit its placements or functions is a bug, said so', () => {
  const of = request('hash', 1, 2)
  expect(() =>
    planTask({ ...of, placements: [] }, { vertexId: vertexId('v0'), subtask: 0 }, functions),
  ).toThrow('slot of v1/0')
  const task = { vertexId: vertexId('v1'), subtask: 0 }
  expect(() => planTask(of, task, { nodes: new Map(), edges: [{ codec: dynamicCodec }] })).toThrow(
    'key function',
  )
  expect(() => planTask(of, { vertexId: vertexId('v9'), subtask: 0 }, functions)).toThrow(
    'vertex v9',
  )
})
