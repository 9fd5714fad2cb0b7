// The job as its author wrote it: operators and edges, no parallel instances yet. Plain JSON: it is submitted, stored
// in the job log and shown. Functions are not in it (decision D15): every slot imports the bundle, builds the graph
// again and takes from it only "node id → functions"; the plan that the JobManager accepted is authoritative.

import type { OperatorUid } from '../ids.ts'

/** Names a codec so that evolution and `--dry-run` are decidable (decision D17). `schema` is plain JSON. */
export interface CodecDescriptor {
  readonly name: string
  readonly version: number
  readonly schema?: unknown
}

export type StateKind = 'value' | 'list' | 'map' | 'reducing' | 'aggregating'

/** Declared keyed state; kept in the graph so that a restore can be checked before anything is deployed. */
export interface StateDeclaration {
  readonly name: string
  readonly kind: StateKind
  /** Of the value, the list's element, or the map's value. */
  readonly codec: CodecDescriptor
  /** Of the map's key; maps only. */
  readonly keyCodec?: CodecDescriptor
}

/** Which operator class runs a node; `taskmanager/operators/registry` has one entry for each. */
export type OperatorKind =
  | 'source-enumerator' // parallelism 1, no input; emits splits
  | 'source-reader' // input: splits; emits records
  | 'map'
  | 'filter'
  | 'flat-map'
  | 'process' // one input, not keyed, side outputs
  | 'keyed-process' // one keyed input, state, timers, side outputs
  | 'reduce' // keyed
  | 'co-process' // two inputs, both keyed or both not
  | 'broadcast-process' // input 0 data (keyed or not), input 1 broadcast control
  | 'sink'

/** How an edge chooses the consumer's subtask. `assign`: the record names it (splits only, decision D23). */
export type Partitioning =
  | { readonly kind: 'forward' }
  | { readonly kind: 'rebalance' }
  | { readonly kind: 'rescale' }
  | { readonly kind: 'shuffle' }
  | { readonly kind: 'broadcast' }
  | { readonly kind: 'global' }
  | { readonly kind: 'hash' }
  | { readonly kind: 'custom' }
  | { readonly kind: 'assign' }

/** `always`: may join its producer's chain. `head`: starts a chain. `never`: neither joins nor is joined. */
export type ChainingMode = 'always' | 'head' | 'never'

export interface LogicalNode {
  /** Unique in the graph. The author's uid where given, else derived from position (stateless steps only). */
  readonly id: OperatorUid
  /** True when the author gave the uid. Sources, sinks and stateful steps always have one. */
  readonly explicitUid: boolean
  /** What a person reads. */
  readonly name: string
  readonly kind: OperatorKind
  /** Absent: the job's default parallelism. */
  readonly parallelism?: number
  /** Absent: the job's, else derived from parallelism. */
  readonly maxParallelism?: number
  readonly slotSharingGroup: string
  readonly chaining: ChainingMode
  /** Keyed state that the node declares; empty for stateless nodes. */
  readonly state: readonly StateDeclaration[]
  /** Sources only: false when the input never ends. */
  readonly bounded?: boolean
  /** `file:line` where the job calls this step, when known. */
  readonly location?: string
  /** Kind of connector and other facts worth showing, for `plan` and the page. */
  readonly description?: string
}

export interface LogicalEdge {
  readonly from: OperatorUid
  /** `main`, or the tag of a side output. */
  readonly output: string
  readonly to: OperatorUid
  /** 0 or 1: which input of the consumer. Several edges into one input are a union. */
  readonly input: number
  readonly partitioning: Partitioning
  /** True when the consumer sees this input keyed (partitioning is `hash`). */
  readonly keyed: boolean
  /** Codec of the records on this edge. */
  readonly codec: CodecDescriptor
}

export type CheckpointMode = 'exactly-once' | 'at-least-once'

export interface CheckpointSettings {
  /** Milliseconds between triggers, ≥ 10; null: no periodic checkpoints. */
  readonly intervalMs: number | null
  readonly mode: CheckpointMode
  readonly minPauseMs: number
  readonly timeoutMs: number
  readonly maxConcurrent: number
  /** Consecutive failures that are tolerated; null: any number. */
  readonly tolerableFailures: number | null
  /** Completed checkpoints kept, ≥ 1. */
  readonly retained: number
  /** What stays when the job has ended. A FINISHED job's checkpoints are deleted unless `always`. */
  readonly retainOn: 'always' | 'failure-and-cancel' | 'failure' | 'never'
}

export type RestartSettings =
  | { readonly strategy: 'none' }
  | { readonly strategy: 'fixed-delay'; readonly attempts: number; readonly delayMs: number }
  | {
      readonly strategy: 'failure-rate'
      readonly failuresMax: number
      readonly windowMs: number
      readonly delayMs: number
    }
  | {
      readonly strategy: 'exponential-delay'
      readonly initialMs: number
      readonly maxMs: number
      readonly multiplier: number
      /** 0 … 1: the share of the delay that chance may add or take. */
      readonly jitter: number
      /** A run this long without failure starts the delays anew. */
      readonly resetAfterMs: number
      /** null: no limit. */
      readonly attempts: number | null
    }

export interface JobSettings {
  readonly checkpoint: CheckpointSettings
  readonly restart: RestartSettings
  readonly parallelism: number
  /** null: derived from each operator's parallelism. */
  readonly maxParallelism: number | null
  /** Milliseconds that a record may wait in an open frame; 0: sent at once; null: only full frames leave. */
  readonly bufferTimeoutMs: number | null
  readonly chaining: boolean
  /** Every other key set by the job or by `-D`, validated by the configuration schema. */
  readonly config: Readonly<Record<string, string>>
}

export const DEFAULT_CHECKPOINT_SETTINGS: CheckpointSettings = {
  intervalMs: 10_000,
  mode: 'exactly-once',
  minPauseMs: 0,
  timeoutMs: 600_000,
  maxConcurrent: 1,
  tolerableFailures: null,
  retained: 3,
  retainOn: 'failure-and-cancel',
}

export const DEFAULT_RESTART_SETTINGS: Extract<RestartSettings, { strategy: 'exponential-delay' }> =
  {
    strategy: 'exponential-delay',
    initialMs: 1_000,
    maxMs: 60_000,
    multiplier: 1.5,
    jitter: 0.1,
    resetAfterMs: 3_600_000,
    attempts: null,
  }

export const DEFAULT_JOB_SETTINGS: JobSettings = {
  checkpoint: DEFAULT_CHECKPOINT_SETTINGS,
  restart: DEFAULT_RESTART_SETTINGS,
  parallelism: 1,
  maxParallelism: null,
  bufferTimeoutMs: 5,
  chaining: true,
  config: {},
}

export interface LogicalGraph {
  readonly version: 1
  readonly name: string
  readonly nodes: readonly LogicalNode[]
  readonly edges: readonly LogicalEdge[]
}

export const GRAPH_NODES_MAX = 10_000
export const GRAPH_EDGES_MAX = 50_000
export const PARALLELISM_MAX = 32_768
