// `stream.keyBy(...).count({ uid })`: the count of each key so far.

import { structCodec } from '@weirjs/common/codec/struct-codec'
import { intCodec } from '@weirjs/common/codec/primitives'
import type { Codec, Key } from '@weirjs/common/core/codec'
import type { ProcessFunctions, StateRuntime } from './functions.ts'
import type { ProcessContext, ValueState } from './process-context.ts'

/** What `count` gives out for every record. */
export interface Counted<K extends Key> {
  readonly key: K
  readonly count: number
}

type Context = ProcessContext<Counted<Key>, { readonly count: ValueState<number> }>

export function countedType(key: Codec<Key>): Codec<Counted<Key>> {
  return structCodec<Counted<Key>>('Counted', { key, count: intCodec })
}

export function counting(): {
  readonly state: readonly StateRuntime[]
  readonly functions: ProcessFunctions
} {
  return {
    state: [{ name: 'count', kind: 'value', codec: intCodec, checkpointed: true }],
    functions: {
      each: (_value, ctx) => {
        const context = ctx as Context
        const { state, emit } = context
        const count = (state.count.get() ?? 0) + 1
        state.count.set(count)
        // Asked for last: state has found the key that it keeps, which pins no block.
        emit({ key: context.key, count })
      },
    },
  }
}
