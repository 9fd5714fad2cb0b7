// Codec for a connector's own plain data (splits, enumerator states, committables): JSON, so that a person can read a
// checkpoint, under a name of its own. Values are finite numbers, text, booleans, null, arrays and objects of these.

import { WeirError } from '@weirjs/common/core/errors'
import type { Codec } from '@weirjs/common/core/codec'

/** `name` is `connector/what`, for instance `files/split`; raise `version` when the shape changes. */
export function plainCodec<T>(name: string, version: number): Codec<T> {
  return {
    descriptor: { name, version },
    write(sink, value) {
      sink.u8(1)
      sink.text(JSON.stringify(value))
    },
    read(source) {
      if (source.u8() !== 1) throw damaged(name)
      try {
        return JSON.parse(source.text()) as T
      } catch (cause) {
        throw damaged(name, cause)
      }
    },
  }
}

function damaged(name: string, cause?: unknown): WeirError {
  return new WeirError('codec/damaged', `stored ${name} is not what was written`, {
    domain: 'external',
    retry: 'never',
    cause,
  })
}
