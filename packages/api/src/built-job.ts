// A job after its build function ran: the graph that travels, and the functions that stay.

import type { JobSettings, LogicalGraph } from '@weirjs/common/core/graph/logical-graph'
import type { JobFunctions } from './functions.ts'

export interface BuiltJob {
  readonly graph: LogicalGraph
  readonly settings: JobSettings
  readonly functions: JobFunctions
}
