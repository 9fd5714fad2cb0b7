// A list of a key is one entry: the number of elements, then each of them.

import type { ByteSink, ByteSource, Codec } from '@weirjs/common/core/codec'

/** The elements of one key. Whoever was shown them may have emitted them: those stay as they are. */
export class Items<T> {
  #elements: T[]
  #shown = false

  constructor(elements: T[]) {
    this.#elements = elements
  }

  get length(): number {
    return this.#elements.length
  }

  /** What is there now, and does not change: the next `add` copies it. */
  show(): readonly T[] {
    this.#shown = true
    return this.#elements
  }

  /** For who reads at once and keeps nothing. */
  peek(): readonly T[] {
    return this.#elements
  }

  /** The elements that are there now, one by one; costs no copy. */
  values(): IterableIterator<T> {
    return firstOf(this.#elements, this.#elements.length)
  }

  add(element: T): void {
    // In one piece: a copy that grows at once would be copied twice.
    if (this.#shown) this.#elements = this.#elements.concat([element])
    else this.#elements.push(element)
    this.#shown = false
  }

  write(sink: ByteSink, codec: Codec<T>): void {
    const elements = this.#elements
    sink.count(elements.length)
    for (const element of elements) codec.write(sink, element)
  }
}

/** Elements are only ever added to an array: what was there first stays. */
function* firstOf<T>(elements: readonly T[], count: number): IterableIterator<T> {
  for (let i = 0; i < count; i++) yield elements[i] as T
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
