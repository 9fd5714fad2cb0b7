// A list of a key is one entry: the number of elements, then each of them.

import type { ByteSink, ByteSource, Codec } from '@weirjs/common/core/codec'

/** Goes by the descriptor of its elements: that they are a list is the state's kind. */
export function listCodec<T>(element: Codec<T>): Codec<T[]> {
  return {
    descriptor: element.descriptor,
    write(sink: ByteSink, values: readonly T[]): void {
      sink.count(values.length)
      for (const value of values) element.write(sink, value)
    },
    read(source: ByteSource): T[] {
      const length = source.count()
      const values: T[] = []
      for (let i = 0; i < length; i++) values.push(element.read(source))
      return values
    },
  }
}
