// What a test of the task loop writes down, and the plan that becomes of it: what the JobManager's planner would send.

import type { JobFunctions, NodeRuntime, StateRuntime } from '@weirjs/api/functions'
import { dynamicCodec } from '@weirjs/common/codec/dynamic-codec'
import type { TaskRestore } from '@weirjs/common/core/checkpoint/handles'
import type { MemoryStorage } from '@weirjs/common/core/checkpoint/memory-storage'
import type { Scheduler } from '@weirjs/common/core/clock'
import type { Codec, Key } from '@weirjs/common/core/codec'
import type { DeployRequest, SlotEndpoint, TaskPlacement } from '@weirjs/common/core/gateways'
import type {
  CheckpointMode,
  OperatorKind,
  Partitioning,
} from '@weirjs/common/core/graph/logical-graph'
import type {
  PhysicalPlan,
  PlanEdge,
  PlanOperator,
  PlanVertex,
} from '@weirjs/common/core/graph/physical-plan'
import {
  attempt,
  edgeId,
  jobId,
  leaderEpoch,
  operatorUid,
  taskKey,
  vertexId,
  workerId,
} from '@weirjs/common/core/ids'
import type { Fence } from '@weirjs/common/core/ids'
import type { Transport } from '../exchange/exchange.ts'
import type { Operator, OperatorContext } from '../operators/operator.ts'
import type { SnapshotFactory } from '../task/factories.ts'

export const FENCE: Fence = {
  jobId: jobId('0'.repeat(32)),
  epoch: leaderEpoch(1),
  attempt: attempt(1),
}

export interface KitOperator {
  readonly uid: string
  readonly kind?: OperatorKind
  readonly make: (context: OperatorContext) => Operator
  readonly state?: readonly StateRuntime[]
  /** Index in the chain of the next operator, for `main`; default: the one behind. */
  readonly next?: number | null
}

export interface KitVertex {
  readonly parallelism: number
  readonly operators: readonly KitOperator[]
  /** Slot of each subtask; default: subtask modulo slots. */
  readonly slotOf?: (subtask: number) => number
  readonly maxParallelism?: number
}

export interface KitEdge {
  readonly from: number
  readonly to: number
  readonly partitioning?: Partitioning['kind']
  readonly input?: number
  readonly output?: string
  /** Chain index of the producing operator; default: the last one. */
  readonly fromOperator?: number
  readonly codec?: Codec
  readonly key?: (value: never) => Key
  readonly partition?: (key: Key, subtasks: number) => number
}

export interface KitOptions {
  readonly vertices: readonly KitVertex[]
  readonly edges: readonly KitEdge[]
  readonly slots?: number
  readonly mode?: CheckpointMode
  readonly bufferTimeoutMs?: number | null
  readonly config?: Readonly<Record<string, string>>
  readonly restores?: ReadonlyMap<string, TaskRestore>
  readonly storage?: MemoryStorage
  readonly snapshots?: (plain: SnapshotFactory) => SnapshotFactory
  /** Instead of virtual time and the wire in memory. */
  readonly real?: { readonly scheduler: Scheduler; readonly transport: (slot: number) => Transport }
  /** Run only this slot here; the others run elsewhere. Then the slots of `deploy` and the calls are only this one. */
  readonly only?: number
  /** Given to `createOperator` for nodes whose functions the wiring needs. */
  readonly runtimes?: Readonly<Record<string, NodeRuntime>>
}

export function endpointOf(slot: number): SlotEndpoint {
  return { workerId: workerId('w1'), slot, dataAddress: `slot-${slot}` }
}

export function deployRequest(options: KitOptions, slots: number): DeployRequest {
  const plan = planOf(options)
  const placements: (TaskPlacement & { readonly slot: number })[] = []
  options.vertices.forEach((vertex, index) => {
    for (let subtask = 0; subtask < vertex.parallelism; subtask++) {
      const slot = vertex.slotOf?.(subtask) ?? subtask % slots
      placements.push({
        task: { vertexId: vertexId(`v${index}`), subtask },
        endpoint: endpointOf(slot),
        slot,
      })
    }
  })
  const tasks = placements.map(({ task, slot }) => ({
    task,
    slot,
    restore: options.restores?.get(taskKey(task)) ?? null,
  }))
  return { fence: FENCE, plan, placements, tasks }
}

function planOf(options: KitOptions): PhysicalPlan {
  const edges = options.edges.map((edge, index): PlanEdge => {
    const operators = options.vertices[edge.from]?.operators ?? []
    const from = operators[edge.fromOperator ?? operators.length - 1]
    return {
      id: edgeId(`e${index}`),
      from: vertexId(`v${edge.from}`),
      fromOperator: operatorUid(from?.uid ?? ''),
      output: edge.output ?? 'main',
      to: vertexId(`v${edge.to}`),
      input: edge.input ?? 0,
      partitioning: { kind: edge.partitioning ?? 'forward' },
      keyed: edge.key !== undefined && edge.partitioning === 'hash',
      codec: (edge.codec ?? dynamicCodec).descriptor,
      edgeIndex: index,
    }
  })
  const vertices = options.vertices.map(
    (vertex, index): PlanVertex => ({
      id: vertexId(`v${index}`),
      name: vertex.operators.map(({ uid }) => uid).join(' → '),
      parallelism: vertex.parallelism,
      maxParallelism: vertex.maxParallelism ?? 128,
      slotSharingGroup: 'default',
      operators: vertex.operators.map((operator, at) => planOperator(vertex, operator, at, edges)),
      inputs: edges.filter((edge) => edge.to === `v${index}`).map(({ id }) => id),
      outputs: edges.filter((edge) => edge.from === `v${index}`).map(({ id }) => id),
    }),
  )
  return {
    jobName: 'kit',
    vertices,
    edges,
    mode: options.mode ?? 'exactly-once',
    bufferTimeoutMs: options.bufferTimeoutMs === undefined ? 5 : options.bufferTimeoutMs,
  }
}

function planOperator(
  vertex: KitVertex,
  operator: KitOperator,
  at: number,
  edges: readonly PlanEdge[],
): PlanOperator {
  const next = operator.next === undefined ? at + 1 : operator.next
  const chained = next !== null && next < vertex.operators.length
  return {
    uid: operatorUid(operator.uid),
    name: `the ${operator.uid}`,
    kind: operator.kind ?? 'process',
    state: [],
    outputs: [
      ...(chained
        ? [{ tag: 'main', target: { to: 'operator', index: next, edgeIndex: 0 } as const }]
        : []),
      ...edges
        .filter((edge) => edge.fromOperator === operator.uid)
        .map((edge) => ({
          tag: edge.output,
          target: { to: 'edge', edge: edge.id } as const,
        })),
    ],
  }
}

export function functionsOf(options: KitOptions): JobFunctions {
  const nodes = options.vertices
    .flatMap(({ operators }) => operators)
    .map((operator): [string, NodeRuntime] => {
      const given = options.runtimes?.[operator.uid]
      return [
        operator.uid,
        given ?? {
          kind: 'keyed-process',
          functions: { each: () => {} },
          state: operator.state ?? [],
        },
      ]
    })
  const edges = options.edges.map((edge) => ({
    codec: edge.codec ?? dynamicCodec,
    ...(edge.key === undefined ? {} : { key: edge.key }),
    ...(edge.partition === undefined ? {} : { partition: edge.partition }),
  }))
  return { nodes: new Map(nodes), edges }
}
