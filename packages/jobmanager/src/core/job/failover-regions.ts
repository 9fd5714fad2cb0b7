// What must restart together: vertices that are joined by a channel, in any direction, because a producer's new attempt
// sends records that the consumer's old one has already counted. All of Weir's channels are pipelined, so a region is a
// connected component of the plan; most jobs are one region. An enumerator and its readers always share one (D23).

import { present } from '@weirjs/common/core/assert'
import type { PhysicalPlan } from '@weirjs/common/core/graph/physical-plan'
import type { VertexId } from '@weirjs/common/core/ids'

export interface RegionPlan {
  readonly index: number
  readonly vertices: readonly VertexId[]
}

/** Regions in the order of their first vertex. */
export function failoverRegions(plan: PhysicalPlan): RegionPlan[] {
  const parent = new Map<VertexId, VertexId>(plan.vertices.map((vertex) => [vertex.id, vertex.id]))
  for (const edge of plan.edges) parent.set(root(parent, edge.from), root(parent, edge.to))
  const members = new Map<VertexId, VertexId[]>()
  for (const vertex of plan.vertices) {
    const top = root(parent, vertex.id)
    const list = members.get(top)
    if (list === undefined) members.set(top, [vertex.id])
    else list.push(vertex.id)
  }
  return [...members.values()].map((vertices, index) => ({ index, vertices }))
}

function root(parent: Map<VertexId, VertexId>, start: VertexId): VertexId {
  let at = start
  for (;;) {
    const up = present(parent.get(at), `vertex ${at}`)
    if (up === at) return at
    const above = present(parent.get(up), `vertex ${up}`)
    parent.set(at, above)
    at = above
  }
}
