// The smallest pipe for tests of the task loop: one source, one sink, one channel between two slots.

import type { OperatorContext } from '../operators/operator.ts'
import { CountingSource, LoggingSink } from './kit-operators.contract.ts'
import type { SinkLog } from './kit-operators.contract.ts'
import type { KitOptions } from './kit-plan.contract.ts'
import { SlotKit } from './slot-kit.contract.ts'

export const FRAME_BYTES = 1_024
export const CREDIT_BYTES: number = 4 * FRAME_BYTES
export const pad = (i: number): string => String(i).padStart(20, '.')

export interface Pipe {
  readonly kit: SlotKit
  readonly sources: CountingSource[]
  readonly logs: SinkLog[]
}

/** A source in slot 0, a sink in slot 1 (or in slot 0 too). */
export function pipe(
  more: Partial<KitOptions> & {
    readonly count?: number
    readonly sinkReady?: boolean
    readonly together?: boolean
  } = {},
): Pipe {
  const sources: CountingSource[] = []
  const logs: SinkLog[] = []
  const source = (context: OperatorContext): CountingSource => {
    const made = new CountingSource(context, more.count ?? 1e9, pad)
    sources.push(made)
    return made
  }
  const kit = new SlotKit({
    slots: 2,
    vertices: [
      { parallelism: 1, operators: [{ uid: 'numbers', make: source }], slotOf: () => 0 },
      {
        parallelism: 1,
        operators: [
          {
            uid: 'sink',
            kind: 'sink',
            make: (context) => new LoggingSink(context, logs, more.sinkReady ?? true),
          },
        ],
        slotOf: () => (more.together === true ? 0 : 1),
      },
    ],
    edges: [{ from: 0, to: 1 }],
    config: {
      'exchange.frame-bytes': String(FRAME_BYTES),
      'exchange.credit-bytes': String(CREDIT_BYTES),
    },
    ...more,
  })
  return { kit, sources, logs }
}
