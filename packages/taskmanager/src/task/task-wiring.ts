// From the plan to channels: which input and output channels one subtask has, where their other ends lie, and which
// codec, key function and partitioner belong to each. Read once at deployment; nothing here runs per record.

import { assert, present } from '@weirjs/common/core/assert'
import type { Key, Codec } from '@weirjs/common/core/codec'
import type { EdgeRuntime, JobFunctions } from '@weirjs/api/functions'
import type { DeployRequest, SlotEndpoint } from '@weirjs/common/core/gateways'
import { subtaskOfKeyGroup } from '@weirjs/common/core/graph/key-groups'
import { consumersOf, producersOf } from '@weirjs/common/core/graph/physical-plan'
import type { PhysicalPlan, PlanEdge, PlanVertex } from '@weirjs/common/core/graph/physical-plan'
import { taskKey } from '@weirjs/common/core/ids'
import type { EdgeId, TaskId } from '@weirjs/common/core/ids'
import type { Prng } from '@weirjs/common/core/prng'
import { createPartitioner } from '../core/partitioners.ts'
import { channelKey } from '../exchange/exchange.ts'
import type { ChannelKey } from '../exchange/exchange.ts'
import type { OutputChannel } from '../exchange/output-channel.ts'
import {
  AssignEdgeOutput,
  KeyedEdgeOutput,
  PartitionedEdgeOutput,
  SingleEdgeOutput,
} from './task-output.ts'
import type { CountingOutput } from './task-output.ts'

/** One end of a channel as the plan sees it. */
export interface ChannelPlan {
  readonly key: ChannelKey
  /** The task at the other end, and its slot. */
  readonly peer: TaskId
  readonly endpoint: SlotEndpoint
}

export interface EdgePlan {
  readonly edge: PlanEdge
  readonly runtime: EdgeRuntime
  readonly codec: Codec
  readonly keyOf: ((value: never) => Key) | null
  /** In channel order. */
  readonly channels: readonly ChannelPlan[]
}

export interface TaskPlan {
  readonly plan: PhysicalPlan
  readonly vertex: PlanVertex
  readonly task: TaskId
  /** In input order, each with its channels in rising producer order. */
  readonly inputs: readonly EdgePlan[]
  readonly outputs: ReadonlyMap<EdgeId, EdgePlan>
}

/** Everything about one task's channels. AssertionFailed when plan, placements and functions do not fit together. */
export function planTask(request: DeployRequest, task: TaskId, functions: JobFunctions): TaskPlan {
  const { plan } = request
  const vertex = vertexOf(plan, task)
  const placed = new Map(
    request.placements.map((placement) => [taskKey(placement.task), placement.endpoint]),
  )
  const endpointOf = (peer: TaskId): SlotEndpoint =>
    present(placed.get(taskKey(peer)), `the slot of ${taskKey(peer)}`)
  const edgeOf = (id: EdgeId): PlanEdge =>
    present(
      plan.edges.find((edge) => edge.id === id),
      `edge ${id}`,
    )
  const inputs = vertex.inputs.map(edgeOf).map((edge) => {
    const from = vertexOf(plan, { vertexId: edge.from, subtask: 0 })
    const producers = producersOf(
      edge.partitioning,
      task.subtask,
      from.parallelism,
      vertex.parallelism,
    )
    const channels = producers.map((producer) => {
      const peer = { vertexId: edge.from, subtask: producer }
      return { key: channelKey(edge.id, producer, task.subtask), peer, endpoint: endpointOf(peer) }
    })
    return edgePlan(edge, channels, functions)
  })
  const outputs = vertex.outputs.map(edgeOf).map((edge) => {
    const to = vertexOf(plan, { vertexId: edge.to, subtask: 0 })
    const consumers = consumersOf(
      edge.partitioning,
      task.subtask,
      vertex.parallelism,
      to.parallelism,
    )
    const channels = consumers.map((consumer) => {
      const peer = { vertexId: edge.to, subtask: consumer }
      return { key: channelKey(edge.id, task.subtask, consumer), peer, endpoint: endpointOf(peer) }
    })
    return edgePlan(edge, channels, functions)
  })
  return {
    plan,
    vertex,
    task,
    inputs,
    outputs: new Map(outputs.map((edge) => [edge.edge.id, edge])),
  }
}

/** Subtasks of the vertex behind the first edge out; 0 when there is none. */
export function consumersOfVertex({ plan, vertex }: TaskPlan): number {
  const edge = plan.edges.find(({ id }) => id === vertex.outputs[0])
  return edge === undefined ? 0 : vertexOf(plan, { vertexId: edge.to, subtask: 0 }).parallelism
}

function vertexOf(plan: PhysicalPlan, task: TaskId): PlanVertex {
  return present(
    plan.vertices.find((vertex) => vertex.id === task.vertexId),
    `vertex ${task.vertexId}`,
  )
}

function edgePlan(
  edge: PlanEdge,
  channels: readonly ChannelPlan[],
  functions: JobFunctions,
): EdgePlan {
  const runtime = present(functions.edges[edge.edgeIndex], `functions of edge ${edge.edgeIndex}`)
  const keyOf = edge.keyed
    ? present(runtime.key, `the key function of edge ${edge.edgeIndex}`)
    : null
  return { edge, runtime, codec: codecOf(edge, runtime, functions), keyOf, channels }
}

/** On an assign edge only the split travels, in the codec of its source. */
function codecOf(edge: PlanEdge, runtime: EdgeRuntime, functions: JobFunctions): Codec {
  if (edge.partitioning.kind !== 'assign') return runtime.codec
  const node = present(functions.nodes.get(edge.fromOperator), `functions of ${edge.fromOperator}`)
  assert(node.kind === 'source-enumerator', 'an assign edge begins at an enumerator')
  return node.source.splitCodec
}

/** How the records of an edge find their channels: each goes to all of these. `channels` in channel order. */
export function edgeOutputs(
  edge: EdgePlan,
  task: TaskPlan,
  channels: readonly OutputChannel[],
  prng: Prng,
): readonly CountingOutput[] {
  const { partitioning } = edge.edge
  if (partitioning.kind === 'hash') return [keyedOutput(edge, task, channels)]
  const noChoice = channels.length === 1 && partitioning.kind !== 'assign'
  if (partitioning.kind === 'broadcast' || noChoice)
    return channels.map((channel) => new SingleEdgeOutput(channel))
  const partitioner = createPartitioner({
    partitioning,
    channels: channels.length,
    prng,
    ...(edge.runtime.partition === undefined ? {} : { partition: edge.runtime.partition }),
    ...(edge.runtime.key === undefined
      ? {}
      : { keyOf: edge.runtime.key as (value: unknown) => Key }),
  })
  const Chosen = partitioning.kind === 'assign' ? AssignEdgeOutput : PartitionedEdgeOutput
  return [new Chosen(channels, partitioner)]
}

function keyedOutput(
  { edge, runtime }: EdgePlan,
  { plan }: TaskPlan,
  channels: readonly OutputChannel[],
): CountingOutput {
  const consumer = vertexOf(plan, { vertexId: edge.to, subtask: 0 })
  const keyOf = present(runtime.key, `the key function of edge ${edge.edgeIndex}`)
  return new KeyedEdgeOutput(
    channels,
    channelsOfKeyGroups(consumer),
    keyOf as (value: unknown) => Key,
  )
}

function channelsOfKeyGroups(consumer: PlanVertex): Uint16Array {
  const { maxParallelism, parallelism } = consumer
  return Uint16Array.from({ length: maxParallelism }, (_, keyGroup) =>
    subtaskOfKeyGroup(keyGroup, maxParallelism, parallelism),
  )
}
