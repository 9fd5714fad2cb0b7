// One operator class for each kind of node. A new operator is one file beside this one, and one
// line here.

import { assert, unreachable } from '@weirjs/common/core/assert'
import type { OperatorFactory } from '../task/factories.ts'
import { BroadcastProcessOperator, ProcessOperator } from './process.ts'
import { ReduceOperator } from './reduce.ts'
import { SinkOperator } from './sink.ts'
import { SourceEnumeratorOperator, SourceReaderOperator } from './source.ts'
import { FilterOperator, FlatMapOperator, MapOperator } from './stateless.ts'

export const createOperator: OperatorFactory = (node, runtime, context) => {
  assert(node.kind === runtime.kind, `plan and job agree on what ${node.uid} is`)
  switch (runtime.kind) {
    case 'source-enumerator':
      return new SourceEnumeratorOperator(runtime, context)
    case 'source-reader':
      return new SourceReaderOperator(runtime, context)
    case 'map':
      return new MapOperator(runtime, context)
    case 'filter':
      return new FilterOperator(runtime, context)
    case 'flat-map':
      return new FlatMapOperator(runtime, context)
    case 'process':
      return new ProcessOperator(
        { functions: runtime.functions, states: [], lists: runtime.lists },
        context,
      )
    case 'keyed-process':
    case 'co-process':
      return new ProcessOperator(
        { functions: runtime.functions, states: runtime.state, lists: [] },
        context,
      )
    case 'broadcast-process':
      return new BroadcastProcessOperator(runtime, context)
    case 'reduce':
      return new ReduceOperator(runtime, context)
    case 'sink':
      return new SinkOperator(runtime, context)
    default:
      return unreachable(runtime)
  }
}
