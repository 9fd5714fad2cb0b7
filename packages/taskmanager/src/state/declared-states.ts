// Which keyed states a node has: those that its author declared, and those that its kind brings
// along.

import { unreachable } from '@weirjs/common/core/assert'
import type { NodeRuntime, StateRuntime } from '@weirjs/api/functions'

/** The one state of a `reduce` step. The graph declares it as a value under this name. */
export const REDUCE_STATE = 'reduced'

export function declaredStates(runtime: NodeRuntime): readonly StateRuntime[] {
  switch (runtime.kind) {
    case 'keyed-process':
    case 'co-process':
    case 'broadcast-process':
      return runtime.state
    case 'reduce':
      return [{ name: REDUCE_STATE, kind: 'value', codec: runtime.codec, checkpointed: true }]
    case 'source-enumerator':
    case 'source-reader':
    case 'map':
    case 'filter':
    case 'flat-map':
    case 'process':
    case 'sink':
      return []
    default:
      return unreachable(runtime)
  }
}
