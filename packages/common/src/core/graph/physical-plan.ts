// The job as it runs: chains of operators (vertices), the edges between them, and for each edge which producer subtask
// talks to which consumer subtask. Computed by the JobManager's planner, stored in the job log, sent to workers whole.

import { assert } from '../assert.ts'
import type { EdgeId, OperatorUid, VertexId } from '../ids.ts'
import type {
  CheckpointMode,
  CodecDescriptor,
  OperatorKind,
  Partitioning,
  StateDeclaration,
} from './logical-graph.ts'

/** Where an operator's output goes: to an operator of the same chain, or out on an edge. */
export type PlanTarget =
  | { readonly to: 'operator'; readonly index: number; readonly edgeIndex: number }
  | { readonly to: 'edge'; readonly edge: EdgeId }

export interface PlanOutput {
  /** `main`, or the tag of a side output. */
  readonly tag: string
  readonly target: PlanTarget
}

export interface PlanOperator {
  readonly uid: OperatorUid
  readonly name: string
  readonly kind: OperatorKind
  readonly state: readonly StateDeclaration[]
  readonly outputs: readonly PlanOutput[]
}

export interface PlanVertex {
  readonly id: VertexId
  /** `source → map → sink`. */
  readonly name: string
  readonly parallelism: number
  readonly maxParallelism: number
  readonly slotSharingGroup: string
  /** In topological order; the first is the head, the only one that has network inputs and keyed state. */
  readonly operators: readonly PlanOperator[]
  /** Edges into the head, in input order. */
  readonly inputs: readonly EdgeId[]
  /** Edges out of any operator of the chain. */
  readonly outputs: readonly EdgeId[]
}

export interface PlanEdge {
  readonly id: EdgeId
  readonly from: VertexId
  readonly fromOperator: OperatorUid
  readonly output: string
  readonly to: VertexId
  /** Input number of the consuming head: 0 or 1. */
  readonly input: number
  readonly partitioning: Partitioning
  readonly keyed: boolean
  readonly codec: CodecDescriptor
  /** Index of the edge in the logical graph: how a slot finds the key function and codec of the rebuilt job. */
  readonly edgeIndex: number
}

export interface PhysicalPlan {
  readonly jobName: string
  readonly vertices: readonly PlanVertex[]
  readonly edges: readonly PlanEdge[]
  readonly mode: CheckpointMode
  readonly bufferTimeoutMs: number | null
}

/** Its tasks read a source: the records that came to them are those that the source made. */
export const readsSource = ({ operators }: PlanVertex): boolean =>
  operators[0]?.kind === 'source-reader'

/** True when every producer subtask talks to every consumer subtask. */
export function isAllToAll(partitioning: Partitioning): boolean {
  return partitioning.kind !== 'forward' && partitioning.kind !== 'rescale'
}

/** Consumer subtasks of a producer subtask, in channel order. Forward wants equal parallelism. */
export function consumersOf(
  partitioning: Partitioning,
  producer: number,
  producers: number,
  consumers: number,
): readonly number[] {
  if (isAllToAll(partitioning)) return range(0, consumers)
  if (partitioning.kind === 'forward') {
    assert(producers === consumers, 'a forward edge joins equal parallelisms')
    return [producer]
  }
  return pointwise(producer, producers, consumers)
}

/** Producer subtasks of a consumer subtask: the mirror of consumersOf, in rising order. */
export function producersOf(
  partitioning: Partitioning,
  consumer: number,
  producers: number,
  consumers: number,
): readonly number[] {
  if (isAllToAll(partitioning)) return range(0, producers)
  if (partitioning.kind === 'forward') return [consumer]
  return range(0, producers).filter((p) => pointwise(p, producers, consumers).includes(consumer))
}

/** Contiguous blocks: each producer feeds its share of consumers, or several producers share one. */
function pointwise(producer: number, producers: number, consumers: number): readonly number[] {
  if (producers >= consumers) return [Math.floor((producer * consumers) / producers)]
  return range(
    Math.ceil((producer * consumers) / producers),
    Math.ceil(((producer + 1) * consumers) / producers),
  )
}

function range(first: number, end: number): number[] {
  return Array.from({ length: end - first }, (_, i) => first + i)
}
