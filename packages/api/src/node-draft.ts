// The graph while it is being written: nodes whose settings may still change (`.parallelism(4)` comes after the call
// that made the node), and the loose ends that streams hold. The graph builder turns it into the LogicalGraph.

import type { Codec, Key } from '@weirjs/common/core/codec'
import type {
  ChainingMode,
  OperatorKind,
  Partitioning,
  StateDeclaration,
} from '@weirjs/common/core/graph/logical-graph'
import type { NodeRuntime } from './functions.ts'

/** A step of the job. `undefined` settings are inherited or left to the job's defaults. */
export interface NodeDraft {
  readonly id: string
  readonly explicitUid: boolean
  readonly kind: OperatorKind
  readonly runtime: NodeRuntime
  readonly state: readonly StateDeclaration[]
  readonly location: string | undefined
  readonly description: string | undefined
  readonly bounded: boolean | undefined
  /** The reader that this enumerator serves: it takes the name and the slot sharing group from there. */
  readonly serves: NodeDraft | undefined
  name: string
  parallelism: number | undefined
  maxParallelism: number | undefined
  slotSharingGroup: string | undefined
  chaining: ChainingMode
}

/** One output of a node. */
export interface Port {
  readonly node: NodeDraft
  /** `main`, or the tag of a side output. */
  readonly tag: string
  /** Of the records that leave here. */
  readonly codec: Codec
}

/** `auto`: forward when both sides have the same parallelism, else rebalance. */
export type Route = { readonly kind: 'auto' } | Partitioning

/** A loose end of a stream: an output, and how its records are to be spread over the next step's subtasks. */
export interface Inlet {
  readonly port: Port
  readonly route: Route
  readonly key?: (value: never) => Key
  readonly keyField?: string
  readonly partition?: (key: Key, subtasks: number) => number
}

export interface EdgeDraft {
  readonly inlet: Inlet
  readonly to: NodeDraft
  readonly input: 0 | 1
  /** Wanted by the consumer; undefined: what the port has. */
  readonly codec: Codec | undefined
}
