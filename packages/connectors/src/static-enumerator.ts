// An enumerator for inputs whose splits are known from the start: split i goes to subtask i modulo parallelism, all at
// once. What was handed out is the readers' from then on, so all it remembers is that it did.

import type { Codec } from '@weirjs/common/core/codec'
import type {
  Assignment,
  EnumeratorContext,
  SourceWork,
  SplitEnumerator,
} from '@weirjs/api/connector'
import { plainCodec } from './plain-codec.ts'

export interface StaticState {
  readonly handedOut: boolean
}

export const staticStateCodec: Codec<StaticState> = plainCodec('static-enumerator', 1)

/** For sources on this enumerator: before its splits were handed out, nobody has counted them. */
export const staticWork = <Split>(
  ofSplit: (split: Split) => number | null,
): SourceWork<Split, StaticState> => ({
  ofSplit,
  ofEnumerator: ({ handedOut }) => (handedOut ? 0 : null),
})

export class StaticEnumerator<Split> implements SplitEnumerator<Split, StaticState> {
  readonly #context: EnumeratorContext
  readonly #makeSplits: (parallelism: number) => readonly Split[]
  #handedOut: boolean

  /** `makeSplits` gets the parallelism of the first start; a job keeps its splits when it is rescaled. */
  constructor(
    context: EnumeratorContext,
    restored: StaticState | null,
    makeSplits: (parallelism: number) => readonly Split[],
  ) {
    this.#context = context
    this.#makeSplits = makeSplits
    this.#handedOut = restored?.handedOut ?? false
  }

  async start(): Promise<void> {}

  readerIdle(_subtask: number): void {}

  poll(): readonly Assignment<Split>[] | 'end' {
    if (this.#handedOut) return 'end'
    this.#handedOut = true
    const { parallelism } = this.#context
    return this.#makeSplits(parallelism).map((split, i) => ({ subtask: i % parallelism, split }))
  }

  snapshot(): StaticState {
    return { handedOut: this.#handedOut }
  }

  async close(): Promise<void> {}
}
