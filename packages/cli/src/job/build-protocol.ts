// What the CLI and its throw-away process say to each other when a job's graph is built.

import type { ArgumentDescription } from '@weirjs/api/arguments'
import type { SaidSettings } from '@weirjs/api/said-settings'
import type { Failure } from '@weirjs/common/core/errors'
import type { JobSettings, LogicalGraph } from '@weirjs/common/core/graph/logical-graph'

export interface BuildRequest {
  readonly bundlePath: string
  /** Named in messages. */
  readonly file: string
  readonly runtimeRoot: string
  /** The job's own arguments, as typed. */
  readonly argv: readonly string[]
  /** What relative paths among them are relative to. */
  readonly directory: string
  readonly submittedAtMs: number
  /** Only what the job takes is wanted: nothing is built, and no argument need be there. */
  readonly describeOnly?: boolean
}

export interface BuiltGraph {
  readonly graph: LogicalGraph
  /** Complete: from the command line's configuration and what the code says. */
  readonly settings: JobSettings
  readonly args: Readonly<Record<string, unknown>>
}

export type BuildAnswer =
  | {
      readonly type: 'built'
      readonly graph: LogicalGraph
      /** Complete, with defaults for what the code does not say. */
      readonly settings: JobSettings
      readonly said: SaidSettings
      readonly args: BuiltGraph['args']
    }
  | { readonly type: 'described'; readonly takes: readonly ArgumentDescription[] }
  /** The arguments did not fit; what the job takes is told for the usage text. */
  | {
      readonly type: 'failed'
      readonly failure: Failure
      readonly takes: readonly ArgumentDescription[]
    }
