// From the graph that the author wrote to the plan that runs: checks it, fixes parallelism and key groups for each
// operator, joins operators into chains, numbers vertices and edges. The same graph and settings give the same plan,
// always: the plan is authoritative for every slot, which only looks functions up by uid (decision D15).

import {
  type JobSettings,
  type LogicalEdge,
  type LogicalGraph,
  PARALLELISM_MAX,
  type Partitioning,
} from '@weirjs/common/core/graph/logical-graph'
import type {
  PhysicalPlan,
  PlanEdge,
  PlanOperator,
  PlanOutput,
  PlanVertex,
} from '@weirjs/common/core/graph/physical-plan'
import {
  type EdgeId,
  edgeId,
  type OperatorUid,
  type VertexId,
  vertexId,
} from '@weirjs/common/core/ids'
import { present } from '@weirjs/common/core/assert'
import {
  type Chain,
  type ChainSide,
  type ChainVerdict,
  groupChains,
  judgeChain,
} from './chaining.ts'
import { type CheckedGraph, checkGraph, describeNode, NAME_CHARS_MAX } from './graph-check.ts'

/** Below this many subtasks the derived maximum parallelism stays the same, so that small jobs may grow. */
const DERIVED_MAX_PARALLELISM_MIN = 128

/** What the planner changed or decided, in words, for `weir plan` and the log. */
export interface PlanNote {
  readonly edgeIndex: number
  readonly kind: 'downgraded' | 'not-chained'
  readonly text: string
}

export interface PlannedJob {
  readonly plan: PhysicalPlan
  readonly notes: readonly PlanNote[]
}

interface Draft {
  readonly checked: CheckedGraph
  readonly settings: JobSettings
  /** Per logical edge. */
  readonly partitionings: readonly Partitioning[]
  readonly chained: ReadonlySet<number>
  readonly notes: PlanNote[]
}

/** Throws `job/invalid-graph`. */
export function planJob(graph: LogicalGraph, settings: JobSettings): PlannedJob {
  const checked = checkGraph(graph, settings)
  const notes: PlanNote[] = []
  const partitionings = graph.edges.map((edge, index) =>
    settlePartitioning(checked, edge, index, notes),
  )
  const chained = chainEdges(checked, settings, partitionings, notes)
  const draft: Draft = { checked, settings, partitionings, chained, notes }
  return { plan: assemble(draft), notes }
}

/** Flink's rule: room for half as many again, rounded up to a power of two, within 128 … 32768. */
export function deriveMaxParallelism(parallelism: number): number {
  let power = DERIVED_MAX_PARALLELISM_MIN
  while (power < parallelism * 1.5) power *= 2
  return Math.min(power, PARALLELISM_MAX)
}

function settlePartitioning(
  checked: CheckedGraph,
  edge: LogicalEdge,
  edgeIndex: number,
  notes: PlanNote[],
): Partitioning {
  const producers = present(checked.parallelism.get(edge.from), 'parallelism')
  const consumers = present(checked.parallelism.get(edge.to), 'parallelism')
  if (edge.partitioning.kind !== 'forward' || producers === consumers) return edge.partitioning
  const from = describeNode(present(checked.nodes.get(edge.from), 'node'))
  const to = describeNode(present(checked.nodes.get(edge.to), 'node'))
  notes.push({
    edgeIndex,
    kind: 'downgraded',
    text: `forward from ${from} to ${to} became rebalance: parallelism ${producers} feeds parallelism ${consumers}`,
  })
  return { kind: 'rebalance' }
}

function chainEdges(
  checked: CheckedGraph,
  settings: JobSettings,
  partitionings: readonly Partitioning[],
  notes: PlanNote[],
): Set<number> {
  const chained = new Set<number>()
  for (const [index, edge] of checked.graph.edges.entries()) {
    const verdict: ChainVerdict = judgeChain(
      {
        edge,
        partitioning: present(partitionings[index], 'partitioning'),
        from: side(checked, settings, edge.from),
        to: side(checked, settings, edge.to),
        consumerInputs: (checked.incoming.get(edge.to) ?? []).length,
      },
      settings.chaining,
    )
    if (verdict === 'chained') chained.add(index)
    else if (edge.partitioning.kind === 'forward') {
      notes.push({
        edgeIndex: index,
        kind: 'not-chained',
        text: `'${edge.from}' and '${edge.to}' are not chained: ${verdict}`,
      })
    }
  }
  return chained
}

function side(checked: CheckedGraph, settings: JobSettings, uid: OperatorUid): ChainSide {
  const node = present(checked.nodes.get(uid), 'node')
  const parallelism = present(checked.parallelism.get(uid), 'parallelism')
  return {
    node,
    parallelism,
    maxParallelism:
      node.maxParallelism ?? settings.maxParallelism ?? deriveMaxParallelism(parallelism),
  }
}

function assemble(draft: Draft): PhysicalPlan {
  const { checked, settings, chained } = draft
  const edges = checked.graph.edges
  const chainedInto = new Map<OperatorUid, OperatorUid>()
  for (const index of chained) {
    const edge = present(edges[index], 'edge')
    chainedInto.set(edge.to, edge.from)
  }
  const chains = groupChains(checked.order, chainedInto)
  const vertexOf = new Map<OperatorUid, VertexId>()
  for (const [index, chain] of chains.entries()) {
    for (const uid of chain.members) vertexOf.set(uid, vertexId(`v${index}`))
  }
  const edgeIds = new Map<number, EdgeId>()
  for (const index of edges.keys()) {
    if (!chained.has(index)) edgeIds.set(index, edgeId(`e${edgeIds.size}`))
  }
  return {
    jobName: checked.graph.name,
    vertices: chains.map((chain) =>
      planVertex(draft, chain, present(vertexOf.get(chain.head), 'vertex'), edgeIds),
    ),
    edges: [...edgeIds].map(([index, id]) => planEdge(draft, index, id, vertexOf)),
    mode: settings.checkpoint.mode,
    bufferTimeoutMs: settings.bufferTimeoutMs,
  }
}

function planVertex(
  draft: Draft,
  chain: Chain,
  id: VertexId,
  edgeIds: ReadonlyMap<number, EdgeId>,
): PlanVertex {
  const { checked } = draft
  const head = side(checked, draft.settings, chain.head)
  const position = new Map(chain.members.map((uid, index) => [uid, index]))
  const outputs: EdgeId[] = []
  const operators = chain.members.map((uid): PlanOperator => {
    const node = present(checked.nodes.get(uid), 'node')
    return {
      uid,
      name: node.name,
      kind: node.kind,
      state: node.state,
      outputs: outputsOf(draft, uid, position, edgeIds, outputs),
    }
  })
  const inputs = (checked.incoming.get(chain.head) ?? []).toSorted(
    (a, b) =>
      present(checked.graph.edges[a], 'edge').input -
        present(checked.graph.edges[b], 'edge').input || a - b,
  )
  return {
    id,
    name: chainName(operators),
    parallelism: head.parallelism,
    maxParallelism: head.maxParallelism,
    slotSharingGroup: head.node.slotSharingGroup,
    operators,
    inputs: inputs.map((index) => present(edgeIds.get(index), 'input edge of a head')),
    outputs,
  }
}

function outputsOf(
  draft: Draft,
  uid: OperatorUid,
  position: ReadonlyMap<OperatorUid, number>,
  edgeIds: ReadonlyMap<number, EdgeId>,
  vertexOutputs: EdgeId[],
): PlanOutput[] {
  return (draft.checked.outgoing.get(uid) ?? []).map((edgeIndex): PlanOutput => {
    const edge = present(draft.checked.graph.edges[edgeIndex], 'edge')
    const id = edgeIds.get(edgeIndex)
    if (id === undefined) {
      const index = present(position.get(edge.to), 'chained consumer')
      return { tag: edge.output, target: { to: 'operator', index, edgeIndex } }
    }
    vertexOutputs.push(id)
    return { tag: edge.output, target: { to: 'edge', edge: id } }
  })
}

function planEdge(
  draft: Draft,
  edgeIndex: number,
  id: EdgeId,
  vertexOf: ReadonlyMap<OperatorUid, VertexId>,
): PlanEdge {
  const edge = present(draft.checked.graph.edges[edgeIndex], 'edge')
  return {
    id,
    from: present(vertexOf.get(edge.from), 'producer vertex'),
    fromOperator: edge.from,
    output: edge.output,
    to: present(vertexOf.get(edge.to), 'consumer vertex'),
    input: edge.input,
    partitioning: present(draft.partitionings[edgeIndex], 'partitioning'),
    keyed: edge.keyed,
    codec: edge.codec,
    edgeIndex,
  }
}

/** `a → b → (c, d)`: a chain reads as an arrow, a fork as a list. Members come after their producers, so one backward pass does. */
function chainName(operators: readonly PlanOperator[]): string {
  const names: string[] = operators.map((operator) => operator.name)
  for (let i = operators.length - 1; i >= 0; i--) {
    const targets = new Set<number>()
    for (const { target } of present(operators[i], 'operator').outputs)
      if (target.to === 'operator') targets.add(target.index)
    if (targets.size === 0) continue
    const parts = [...targets].map((index) => present(names[index], 'name'))
    const tail = parts.length === 1 ? present(parts[0], 'part') : `(${parts.join(', ')})`
    const name = `${names[i]} → ${tail}`
    names[i] = name.length > NAME_CHARS_MAX ? `${name.slice(0, NAME_CHARS_MAX - 1)}…` : name
  }
  return present(names[0], 'head name')
}

/** What a person calls a task: `count (2/4)`. */
export function taskName(vertex: PlanVertex, subtask: number): string {
  return `${vertex.name} (${subtask + 1}/${vertex.parallelism})`
}

/** True for tasks into which the coordinator injects barriers. */
export const isRoot = (vertex: PlanVertex): boolean => vertex.inputs.length === 0

/** All operators of a plan with the vertex that runs them. */
export function operatorsOf(plan: PhysicalPlan): { vertex: PlanVertex; operator: PlanOperator }[] {
  return plan.vertices.flatMap((vertex) =>
    vertex.operators.map((operator) => ({ vertex, operator })),
  )
}
