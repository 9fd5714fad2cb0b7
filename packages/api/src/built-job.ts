// A job after its build function ran: the graph that travels, and the functions that stay.

import type { JobSettings, LogicalGraph } from '@weirjs/common/core/graph/logical-graph'
import type { JobFunctions } from './functions.ts'
import type { SecretKeeper } from './secret.ts'

export interface BuiltJob {
  readonly graph: LogicalGraph
  readonly settings: JobSettings
  readonly functions: JobFunctions
  /** To be opened with what the machine holds before the functions run. */
  readonly secrets: SecretKeeper
}
