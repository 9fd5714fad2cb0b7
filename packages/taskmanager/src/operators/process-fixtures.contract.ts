// Process steps that several tests use.

import { floatCodec, intCodec, textCodec } from '@weirjs/common/codec/primitives'
import type { Codec } from '@weirjs/common/core/codec'
import type { NodeRuntime, ProcessFunctions, StateRuntime } from '@weirjs/api/functions'
import type { MapState, ProcessContext, ReadonlyMapState } from '@weirjs/api/process-context'

export type Ctx = ProcessContext
export const codec = <T>(known: Codec<T>): Codec => known as unknown as Codec

export const last: StateRuntime = {
  name: 'last',
  kind: 'value',
  codec: codec(floatCodec),
  checkpointed: true,
}

export const keyed = (
  functions: ProcessFunctions,
  state: readonly StateRuntime[] = [],
): NodeRuntime => ({
  kind: 'keyed-process',
  functions,
  state,
})

type PriceMap = MapState<string, number>

export const rules: NodeRuntime = {
  kind: 'broadcast-process',
  state: [],
  broadcast: { name: 'rules', keyCodec: codec(textCodec), codec: codec(intCodec) },
  functions: {
    each: (value, ctx) => {
      const { broadcast, emit } = ctx as { broadcast: ReadonlyMapState<string, number> } & Ctx
      emit([value, broadcast.get(value as string), broadcast.size])
    },
    second: (value, ctx) => {
      const { broadcast } = ctx as { broadcast: PriceMap } & Ctx
      const { name, price } = value as { name: string; price: number | null }
      if (price === null) broadcast.delete(name)
      else broadcast.set(name, price)
    },
  },
}
