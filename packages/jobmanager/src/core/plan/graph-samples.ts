// Small graphs for tests of the planner and the job machine: a shorthand for nodes and edges, nothing else. Not used
// by the running JobManager.

import {
  DEFAULT_JOB_SETTINGS,
  type JobSettings,
  type LogicalEdge,
  type LogicalGraph,
  type LogicalNode,
  type OperatorKind,
  type Partitioning,
} from '@weirjs/common/core/graph/logical-graph'
import { operatorUid } from '@weirjs/common/core/ids'

export function sampleNode(
  id: string,
  kind: OperatorKind,
  more: Partial<LogicalNode> = {},
): LogicalNode {
  return {
    id: operatorUid(id),
    explicitUid: true,
    name: id,
    kind,
    slotSharingGroup: 'default',
    chaining: 'always',
    state: [],
    ...more,
  }
}

export function sampleEdge(
  from: string,
  to: string,
  kind: Partitioning['kind'] = 'forward',
  more: Partial<LogicalEdge> = {},
): LogicalEdge {
  return {
    from: operatorUid(from),
    to: operatorUid(to),
    output: 'main',
    input: 0,
    partitioning: { kind },
    keyed: kind === 'hash',
    codec: { name: 'dynamic', version: 1 },
    ...more,
  }
}

export function sampleGraph(
  nodes: readonly LogicalNode[],
  edges: readonly LogicalEdge[],
  name = 'sample',
): LogicalGraph {
  return { version: 1, name, nodes, edges }
}

/** splits ⇒ read → map → ⧉count → out */
export function countingGraph(name = 'counting'): LogicalGraph {
  return sampleGraph(
    [
      sampleNode('splits', 'source-enumerator', { bounded: true }),
      sampleNode('read', 'source-reader', { bounded: true }),
      sampleNode('map', 'map'),
      sampleNode('count', 'keyed-process'),
      sampleNode('out', 'sink'),
    ],
    [
      sampleEdge('splits', 'read', 'assign'),
      sampleEdge('read', 'map'),
      sampleEdge('map', 'count', 'hash'),
      sampleEdge('count', 'out'),
    ],
    name,
  )
}

/** `regions` pipelines side by side that share nothing but slots. */
export function parallelPipelines(regions: number): LogicalGraph {
  const nodes: LogicalNode[] = []
  const edges: LogicalEdge[] = []
  for (let i = 0; i < regions; i++) {
    nodes.push(
      sampleNode(`splits${i}`, 'source-enumerator'),
      sampleNode(`read${i}`, 'source-reader'),
      sampleNode(`out${i}`, 'sink'),
    )
    edges.push(sampleEdge(`splits${i}`, `read${i}`, 'assign'), sampleEdge(`read${i}`, `out${i}`))
  }
  return sampleGraph(nodes, edges, `pipelines-${regions}`)
}

export function sampleSettings(more: Partial<JobSettings> = {}): JobSettings {
  return { ...DEFAULT_JOB_SETTINGS, ...more }
}
