// Decides which operators run in one task. An edge is chained when handing the record over by a plain call means the
// same as sending it: same subtask numbers, no other input to merge, same slot, nobody objects. An operator that feeds
// several forward consumers chains them all, so a chain is a tree; a node with several inputs or a keyed one is a head.

import type {
  ChainingMode,
  LogicalEdge,
  LogicalNode,
  Partitioning,
} from '@weirjs/common/core/graph/logical-graph'
import type { OperatorUid } from '@weirjs/common/core/ids'

/** What the rules look at. */
export interface ChainCandidate {
  readonly edge: LogicalEdge
  /** After the planner's downgrades. */
  readonly partitioning: Partitioning
  readonly from: ChainSide
  readonly to: ChainSide
  /** All edges into the consumer, every input counted. */
  readonly consumerInputs: number
}

export interface ChainSide {
  readonly node: LogicalNode
  readonly parallelism: number
  readonly maxParallelism: number
}

export type ChainVerdict =
  | 'chained'
  | 'chaining is off'
  | 'not a forward edge'
  | 'other parallelism'
  | 'other maximum parallelism'
  | 'other slot-sharing group'
  | 'several inputs'
  | 'consumer starts a chain'
  | 'producer is never chained'
  | 'source'

/** The first rule that forbids the chain, or `chained`. */
export function judgeChain(candidate: ChainCandidate, chainingOn: boolean): ChainVerdict {
  const { from, to } = candidate
  if (!chainingOn) return 'chaining is off'
  if (candidate.partitioning.kind !== 'forward') return 'not a forward edge'
  if (candidate.consumerInputs !== 1) return 'several inputs'
  if (to.node.kind === 'source-reader' || from.node.kind === 'source-enumerator') return 'source'
  if (from.parallelism !== to.parallelism) return 'other parallelism'
  if (from.maxParallelism !== to.maxParallelism) return 'other maximum parallelism'
  if (from.node.slotSharingGroup !== to.node.slotSharingGroup) return 'other slot-sharing group'
  if (!joins(to.node.chaining)) return 'consumer starts a chain'
  if (from.node.chaining === 'never') return 'producer is never chained'
  return 'chained'
}

const joins = (mode: ChainingMode): boolean => mode === 'always'

/** One task-to-be: its operators in topological order, head first. */
export interface Chain {
  readonly head: OperatorUid
  readonly members: readonly OperatorUid[]
}

/**
 * Groups the nodes of `order` (topological) along the chained edges. A member has exactly one input edge, so each node
 * falls into exactly one chain. Chains come in the order of their heads.
 */
export function groupChains(
  order: readonly LogicalNode[],
  chainedInto: ReadonlyMap<OperatorUid, OperatorUid>,
): Chain[] {
  const chainOf = new Map<OperatorUid, OperatorUid[]>()
  const chains: { head: OperatorUid; members: OperatorUid[] }[] = []
  for (const node of order) {
    const producer = chainedInto.get(node.id)
    const joined = producer === undefined ? undefined : chainOf.get(producer)
    if (joined === undefined) {
      const members = [node.id]
      chains.push({ head: node.id, members })
      chainOf.set(node.id, members)
    } else {
      joined.push(node.id)
      chainOf.set(node.id, joined)
    }
  }
  return chains
}
