// A list of a key is one entry: the number of elements, then each of them.

import type { ByteSink, ByteSource, Codec } from '@weirjs/common/core/codec'

/** The elements of one key. Whoever was shown them may have emitted them: those stay as they are. */
export class Items<T> {
  #elements: T[]
  #shown = false

  constructor(elements: T[]) {
    this.#elements = elements
  }

  /** What is there now, and does not change. */
  show(): readonly T[] {
    this.#shown = true
    return this.#elements
  }

  add(element: T): void {
    if (this.#shown) this.#elements = [...this.#elements]
    this.#shown = false
    this.#elements.push(element)
  }

  write(sink: ByteSink, codec: Codec<T>): void {
    const elements = this.#elements
    sink.count(elements.length)
    for (const element of elements) codec.write(sink, element)
  }
}

/** Goes by the descriptor of its elements: that they are a list is the state's kind. */
export function itemsCodec<T>(element: Codec<T>): Codec<Items<T>> {
  return {
    descriptor: element.descriptor,
    write(sink: ByteSink, items: Items<T>): void {
      items.write(sink, element)
    },
    read(source: ByteSource): Items<T> {
      const length = source.count()
      const elements: T[] = []
      for (let i = 0; i < length; i++) elements.push(element.read(source))
      return new Items(elements)
    },
  }
}
