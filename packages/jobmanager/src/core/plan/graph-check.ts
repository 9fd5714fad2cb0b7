// Refuses a logical graph that cannot run, before anything is stored: one clear error that names the step and, when
// known, the author's file and line. It trusts nothing, because graphs arrive over the wire from any client. It repairs
// nothing either; what can be run in another way (a forward edge between unequal parallelisms) is the planner's matter.

import { WeirError } from '@weirjs/common/core/errors'
import {
  GRAPH_EDGES_MAX,
  GRAPH_NODES_MAX,
  type JobSettings,
  type LogicalEdge,
  type LogicalGraph,
  type LogicalNode,
  PARALLELISM_MAX,
} from '@weirjs/common/core/graph/logical-graph'
import type { OperatorUid } from '@weirjs/common/core/ids'
import { shownValue } from '@weirjs/common/core/job-bounds'
import { isPrintable, printable } from '@weirjs/common/core/printable'

/** Subtasks of a whole job. */
export const JOB_TASKS_MAX = 200_000
export const NAME_CHARS_MAX = 1_000
export const UID_CHARS_MAX = 255
/** Steps of a cycle that an error message names. */
const CYCLE_NAMES_MAX = 12

/** The graph with its lookups, once it has been found sound. */
export interface CheckedGraph {
  readonly graph: LogicalGraph
  readonly nodes: ReadonlyMap<OperatorUid, LogicalNode>
  /** Indexes into graph.edges, in graph order. */
  readonly incoming: ReadonlyMap<OperatorUid, readonly number[]>
  readonly outgoing: ReadonlyMap<OperatorUid, readonly number[]>
  /** Every node after all of its producers; ties in graph order. */
  readonly order: readonly LogicalNode[]
  readonly parallelism: ReadonlyMap<OperatorUid, number>
}

/** Throws `job/invalid-graph` (domain user) for the first thing that is wrong. */
export function checkGraph(graph: LogicalGraph, settings: JobSettings): CheckedGraph {
  checkLimits(graph)
  const nodes = indexNodes(graph)
  const incoming = new Map<OperatorUid, number[]>(graph.nodes.map((node) => [node.id, []]))
  const outgoing = new Map<OperatorUid, number[]>(graph.nodes.map((node) => [node.id, []]))
  for (const [index, edge] of graph.edges.entries()) {
    checkEdge(edge, nodes)
    outgoing.get(edge.from)?.push(index)
    incoming.get(edge.to)?.push(index)
  }
  for (const node of graph.nodes)
    checkInputs(
      node,
      (incoming.get(node.id) ?? []).map((i) => graph.edges[i] as LogicalEdge),
    )
  for (const node of graph.nodes) checkOutputs(node, outgoing.get(node.id) ?? [])
  const parallelism = checkParallelism(graph, settings)
  const order = topologicalOrder(graph, incoming, outgoing)
  return { graph, nodes, incoming, outgoing, order, parallelism }
}

/** An error of the author's graph, at the step's own place in the source when that is known. */
export function invalidGraph(message: string, node?: LogicalNode, hint?: string): WeirError {
  return new WeirError('job/invalid-graph', message, {
    domain: 'user',
    retry: 'never',
    ...(hint === undefined ? {} : { hint }),
    ...(node?.location === undefined ? {} : { location: node.location }),
  })
}

export const describeNode = (node: LogicalNode): string =>
  printable(node.name === node.id ? `'${node.id}'` : `'${node.name}' (uid '${node.id}')`)

function checkLimits(graph: LogicalGraph): void {
  if (graph.version !== 1)
    throw invalidGraph(`graph version ${String(graph.version)} is not known here`)
  if (graph.name.trim() === '' || graph.name.length > NAME_CHARS_MAX) {
    throw invalidGraph(`a job needs a name of 1 to ${NAME_CHARS_MAX} characters`)
  }
  if (!isPrintable(graph.name))
    throw invalidGraph(`the job's name "${printable(graph.name)}" has a control character in it`)
  if (graph.nodes.length === 0) throw invalidGraph('the job has no steps')
  if (graph.nodes.length > GRAPH_NODES_MAX) {
    throw invalidGraph(
      `the job has ${graph.nodes.length} steps, at most ${GRAPH_NODES_MAX} are allowed`,
    )
  }
  if (graph.edges.length > GRAPH_EDGES_MAX) {
    throw invalidGraph(
      `the job has ${graph.edges.length} edges, at most ${GRAPH_EDGES_MAX} are allowed`,
    )
  }
}

function indexNodes(graph: LogicalGraph): Map<OperatorUid, LogicalNode> {
  const nodes = new Map<OperatorUid, LogicalNode>()
  for (const node of graph.nodes) {
    if (node.id === '' || node.id.length > UID_CHARS_MAX) {
      throw invalidGraph(
        `a uid has 1 to ${UID_CHARS_MAX} characters; '${node.name}' has ${node.id.length}`,
        node,
      )
    }
    if (!isPrintable(node.id) || !isPrintable(node.name))
      throw invalidGraph(`${describeNode(node)} has a control character in its name or uid`, node)
    const twin = nodes.get(node.id)
    if (twin !== undefined) {
      const where = twin.location === undefined ? '' : ` (the other one is at ${twin.location})`
      throw invalidGraph(
        `uid '${node.id}' is used by '${twin.name}' and by '${node.name}'${where}`,
        node,
        'Give each step a uid of its own; state is found by it.',
      )
    }
    nodes.set(node.id, node)
  }
  if (!graph.nodes.some((node) => node.kind === 'source-enumerator'))
    throw invalidGraph('the job has no source')
  if (!graph.nodes.some((node) => node.kind === 'sink')) {
    throw invalidGraph('the job has no sink', undefined, 'End at least one stream with .to(sink).')
  }
  return nodes
}

function checkEdge(edge: LogicalEdge, nodes: ReadonlyMap<OperatorUid, LogicalNode>): void {
  const from = nodes.get(edge.from)
  const to = nodes.get(edge.to)
  if (from === undefined)
    throw invalidGraph(
      `an edge into ${shownValue(edge.to)} comes from the unknown step ${shownValue(edge.from)}`,
      to,
    )
  if (to === undefined)
    throw invalidGraph(
      `an edge of ${shownValue(edge.from)} leads to the unknown step ${shownValue(edge.to)}`,
      from,
    )
  if (edge.input !== 0 && edge.input !== 1) {
    throw invalidGraph(`${describeNode(to)} has no input ${edge.input}: inputs are 0 and 1`, to)
  }
  if (edge.keyed !== (edge.partitioning.kind === 'hash')) {
    throw invalidGraph(
      `the edge from ${describeNode(from)} to ${describeNode(to)} must be hashed iff it is keyed`,
      to,
    )
  }
  const assigns = edge.partitioning.kind === 'assign'
  if (
    assigns !== (from.kind === 'source-enumerator') ||
    assigns !== (to.kind === 'source-reader')
  ) {
    throw invalidGraph(
      `the edge from ${describeNode(from)} to ${describeNode(to)}: only an enumerator assigns, and only to its readers`,
      to,
    )
  }
}

function checkInputs(node: LogicalNode, edges: readonly LogicalEdge[]): void {
  const first = edges.filter((edge) => edge.input === 0)
  const second = edges.filter((edge) => edge.input === 1)
  if (node.kind === 'source-enumerator') {
    if (edges.length > 0)
      throw invalidGraph(`${describeNode(node)} is a source and cannot have an input`, node)
    return
  }
  if (first.length === 0) throw invalidGraph(`${describeNode(node)} has no input`, node)
  if (node.kind === 'source-reader' && edges.length !== 1) {
    throw invalidGraph(`${describeNode(node)} needs exactly one enumerator`, node)
  }
  const binary = node.kind === 'co-process' || node.kind === 'broadcast-process'
  if (binary && second.length === 0)
    throw invalidGraph(`${describeNode(node)} has no second input`, node)
  if (!binary && second.length > 0)
    throw invalidGraph(`${describeNode(node)} has one input, not two`, node)
  const wantsKey = node.kind === 'keyed-process' || node.kind === 'reduce'
  if (wantsKey && first.some((edge) => !edge.keyed)) {
    throw invalidGraph(`${describeNode(node)} needs a keyed input`, node, 'Put keyBy before it.')
  }
  if (first.some((edge) => edge.keyed !== first[0]?.keyed)) {
    throw invalidGraph(`${describeNode(node)} joins keyed and unkeyed streams in one input`, node)
  }
  if (node.kind === 'co-process' && second.some((edge) => edge.keyed !== first[0]?.keyed)) {
    throw invalidGraph(`${describeNode(node)}: both inputs are keyed, or none`, node)
  }
}

function checkOutputs(node: LogicalNode, outgoing: readonly number[]): void {
  if (node.kind === 'sink' && outgoing.length > 0)
    throw invalidGraph(`${describeNode(node)} is a sink and has an output`, node)
  if (node.kind === 'source-enumerator' && outgoing.length !== 1) {
    throw invalidGraph(`${describeNode(node)} needs exactly one group of readers`, node)
  }
}

function checkParallelism(graph: LogicalGraph, settings: JobSettings): Map<OperatorUid, number> {
  if (!inRange(settings.parallelism)) {
    throw invalidGraph(
      `parallelism ${settings.parallelism} is not a whole number from 1 to ${PARALLELISM_MAX}`,
    )
  }
  if (settings.maxParallelism !== null && !inRange(settings.maxParallelism)) {
    throw invalidGraph(
      `maximum parallelism ${settings.maxParallelism} is not a whole number from 1 to ${PARALLELISM_MAX}`,
    )
  }
  const result = new Map<OperatorUid, number>()
  let tasks = 0
  for (const node of graph.nodes) {
    const parallelism =
      node.parallelism ?? (node.kind === 'source-enumerator' ? 1 : settings.parallelism)
    if (!inRange(parallelism)) {
      throw invalidGraph(
        `${describeNode(node)}: parallelism ${parallelism} is not a whole number from 1 to ${PARALLELISM_MAX}`,
        node,
      )
    }
    if (node.kind === 'source-enumerator' && parallelism !== 1) {
      throw invalidGraph(
        `${describeNode(node)}: an enumerator has parallelism 1, not ${parallelism}`,
        node,
      )
    }
    if (node.maxParallelism !== undefined && !inRange(node.maxParallelism)) {
      throw invalidGraph(
        `${describeNode(node)}: maximum parallelism ${node.maxParallelism} is not a whole number from 1 to ${PARALLELISM_MAX}`,
        node,
      )
    }
    const limit = node.maxParallelism ?? settings.maxParallelism
    if (limit !== null && limit < parallelism) {
      throw invalidGraph(
        `${describeNode(node)}: parallelism ${parallelism} is above its maximum parallelism ${limit}`,
        node,
      )
    }
    result.set(node.id, parallelism)
    tasks += parallelism
  }
  if (tasks > JOB_TASKS_MAX)
    throw invalidGraph(`the job would have ${tasks} subtasks, at most ${JOB_TASKS_MAX} are allowed`)
  return result
}

const inRange = (n: number): boolean => Number.isInteger(n) && n >= 1 && n <= PARALLELISM_MAX

function topologicalOrder(
  graph: LogicalGraph,
  incoming: ReadonlyMap<OperatorUid, readonly number[]>,
  outgoing: ReadonlyMap<OperatorUid, readonly number[]>,
): LogicalNode[] {
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]))
  const open = new Map(graph.nodes.map((node) => [node.id, (incoming.get(node.id) ?? []).length]))
  const order = graph.nodes.filter((node) => open.get(node.id) === 0)
  // `order` grows while it is walked: a node joins when its last producer has been passed.
  for (const node of order) {
    for (const index of outgoing.get(node.id) ?? []) {
      const to = (graph.edges[index] as LogicalEdge).to
      const left = (open.get(to) ?? 0) - 1
      open.set(to, left)
      if (left === 0) order.push(nodes.get(to) as LogicalNode)
    }
  }
  if (order.length < graph.nodes.length) throw describeCycle(graph, incoming, open)
  return order
}

/** Walks backwards among the nodes that were never free until one repeats: that stretch is a cycle. */
function describeCycle(
  graph: LogicalGraph,
  incoming: ReadonlyMap<OperatorUid, readonly number[]>,
  open: ReadonlyMap<OperatorUid, number>,
): WeirError {
  const blocked = (id: OperatorUid): boolean => (open.get(id) ?? 0) > 0
  let at = (graph.nodes.find((node) => blocked(node.id)) as LogicalNode).id
  const seen = new Map<OperatorUid, number>()
  const path: OperatorUid[] = []
  while (!seen.has(at)) {
    seen.set(at, path.length)
    path.push(at)
    const back = (incoming.get(at) ?? [])
      .map((i) => (graph.edges[i] as LogicalEdge).from)
      .find(blocked)
    at = back as OperatorUid
  }
  const backwards = path.slice(seen.get(at)).reverse()
  const start = backwards.indexOf(path[seen.get(at) ?? 0] as OperatorUid)
  const cycle = [...backwards.slice(start), ...backwards.slice(0, start)]
  const shown = cycle.length > CYCLE_NAMES_MAX ? [...cycle.slice(0, CYCLE_NAMES_MAX), '…'] : cycle
  const node = graph.nodes.find((candidate) => candidate.id === cycle[0])
  return invalidGraph(`the steps form a cycle: ${[...shown, cycle[0]].join(' → ')}`, node)
}
