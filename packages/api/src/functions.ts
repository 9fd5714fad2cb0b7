// What a slot takes from the rebuilt job besides the plan: functions, codecs and connectors by node id and edge index.
// Filled by the graph builder, read by taskmanager/operators/registry. Never serialised.

import type { Codec, Key } from '@weirjs/common/core/codec'
import type { StateKind } from '@weirjs/common/core/graph/logical-graph'
import type { Sink, Source } from './connector.ts'

/** Runtime side of one declared keyed state. */
export interface StateRuntime {
  readonly name: string
  readonly kind: StateKind
  readonly codec: Codec
  readonly keyCodec?: Codec
  /** value: what `get` answers when there is none. */
  readonly initial?: () => unknown
  /** reducing. */
  readonly reduce?: (a: unknown, b: unknown) => unknown
  /** aggregating. */
  readonly aggregate?: {
    readonly create: () => unknown
    readonly add: (accumulator: unknown, value: unknown) => unknown
    readonly result: (accumulator: unknown) => unknown
  }
  /** False: kept in memory only and rebuilt empty after a restore. */
  readonly checkpointed: boolean
}

export interface WatermarkRuntime {
  readonly timestamp: (value: unknown) => number
  /** Watermark = highest time stamp - this - 1. */
  readonly outOfOrderMs: number
  /** A split silent for so long does not hold the watermark; null: it does. */
  readonly idleAfterMs: number | null
}

/** The user's part of a (keyed) process step. `ctx` is one object, reused for every call. */
export interface ProcessFunctions {
  readonly open?: (ctx: unknown) => void | Promise<void>
  readonly each: (value: unknown, ctx: unknown) => void
  /** Second input of connect. */
  readonly second?: (value: unknown, ctx: unknown) => void
  readonly timer?: (time: number, ctx: unknown) => void
  /** Keyed steps: for each key that has state, with that key set, before `finish`. */
  readonly finishKey?: (ctx: unknown) => void
  readonly finish?: (ctx: unknown) => void
  readonly close?: () => void | Promise<void>
  readonly onCheckpointComplete?: (checkpointId: number) => void
  readonly onCheckpointAborted?: (checkpointId: number) => void
}

export type NodeRuntime =
  | { readonly kind: 'source-enumerator'; readonly source: Source }
  | {
      readonly kind: 'source-reader'
      readonly source: Source
      readonly watermarks: WatermarkRuntime | null
    }
  | { readonly kind: 'map'; readonly map: (value: unknown) => unknown }
  | { readonly kind: 'filter'; readonly test: (value: unknown) => boolean }
  | {
      readonly kind: 'flat-map'
      readonly flatMap: (value: unknown, emit: (value: unknown) => void) => void
    }
  | {
      readonly kind: 'process'
      readonly functions: ProcessFunctions
      readonly lists: readonly ListRuntime[]
    }
  | {
      readonly kind: 'keyed-process'
      readonly functions: ProcessFunctions
      readonly state: readonly StateRuntime[]
    }
  | {
      readonly kind: 'reduce'
      readonly reduce: (a: unknown, b: unknown) => unknown
      readonly codec: Codec
    }
  | {
      readonly kind: 'co-process'
      readonly functions: ProcessFunctions
      readonly state: readonly StateRuntime[]
    }
  | {
      readonly kind: 'broadcast-process'
      readonly functions: ProcessFunctions
      readonly state: readonly StateRuntime[]
      /** The broadcast map's name and codecs. */
      readonly broadcast: { readonly name: string; readonly keyCodec: Codec; readonly codec: Codec }
    }
  | { readonly kind: 'sink'; readonly sink: Sink }

/** Operator (not keyed) list state that a process step declares. */
export interface ListRuntime {
  readonly name: string
  readonly mode: 'list' | 'union'
  readonly codec: Codec
}

export interface EdgeRuntime {
  readonly codec: Codec
  /** Present on hash edges: the key of a record. */
  readonly key?: (value: never) => Key
  /** Field that the key is, when it is one: lets the engine read it from bytes. */
  readonly keyField?: string
  /** Present on custom edges: the subtask of a record's key. */
  readonly partition?: (key: Key, subtasks: number) => number
}

export interface JobFunctions {
  readonly nodes: ReadonlyMap<string, NodeRuntime>
  /** Same order as the logical graph's edges. */
  readonly edges: readonly EdgeRuntime[]
}
