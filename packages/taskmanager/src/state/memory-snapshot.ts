// A snapshot of one task that never leaves memory: the same chunks and segments as in a file, made
// and read back synchronously. For the operator harness and the contract suite of back ends, which
// snapshot after every item.

import { assert } from '@weirjs/common/core/assert'
import type {
  KeyedStateRestore,
  KeyedStateSnapshot,
  ListStateSnapshot,
  OperatorRestore,
  StateFile,
} from '@weirjs/common/core/checkpoint/handles'
import type { Codec } from '@weirjs/common/core/codec'
import { bridgeFor } from './restore-checks.ts'
import { SegmentEncoder } from './segment-encoder.ts'
import { forEachEntry } from './state-file.ts'
import type { KeyedSnapshot } from './state-backend.ts'

export class MemorySnapshot {
  readonly encoder: SegmentEncoder
  readonly #chunks: Uint8Array[] = []
  #whole: Uint8Array | null = null
  /** Stands for the file in handles. */
  readonly file: StateFile

  constructor(path = 'memory') {
    this.encoder = new SegmentEncoder(
      { full: false, takeChunk: (bytes) => this.#chunks.push(bytes) },
      0,
    )
    this.file = { path, bytes: 0, sha256: '' }
  }

  /** Runs a keyed snapshot to its end. */
  keyed(snapshot: KeyedSnapshot): readonly KeyedStateSnapshot[] {
    while (snapshot.advance(this.encoder, Number.POSITIVE_INFINITY) === 'more') continue
    return snapshot.result()
  }

  readonly read = (file: StateFile, offset: number, bytes: number): Uint8Array => {
    assert(file === this.file, 'a memory snapshot reads itself')
    this.#whole ??= Buffer.concat(this.#chunks)
    return this.#whole.subarray(offset, offset + bytes)
  }

  list<T>(list: ListStateSnapshot, codec: Codec<T>): readonly T[] {
    const bridge = bridgeFor(`list "${list.name}"`, list.codec, codec)
    const elements: T[] = []
    forEachEntry(this.file, list.segment, this.read, (source) => elements.push(bridge.read(source)))
    return elements
  }
}

/**
 * What a subtask with key groups [first, end) gets of keyed snapshots, as the JobManager would
 * assign it.
 */
export function keyedRestore(
  snapshots: readonly { readonly file: StateFile; readonly keyed: readonly KeyedStateSnapshot[] }[],
  keyGroups: { readonly first: number; readonly end: number },
): OperatorRestore['keyed'] {
  const states = new Map<string, KeyedStateRestore>()
  for (const { file, keyed } of snapshots) {
    for (const { segments, ...facts } of keyed) {
      const mine = segments.filter(
        (s) => s.keyGroup >= keyGroups.first && s.keyGroup < keyGroups.end,
      )
      if (mine.length === 0) continue
      const parts = states.get(facts.name)?.parts ?? []
      states.set(facts.name, { ...facts, parts: [...parts, { file, segments: mine }] })
    }
  }
  return [...states.values()]
}
