// State of tasks as a slot asks for it: heap back end, state files on the checkpoint storage.

import { keyCodec } from '@weirjs/common/codec/key-codec'
import type { CheckpointStorage } from '@weirjs/common/core/checkpoint/storage'
import type { Clock } from '@weirjs/common/core/clock'
import { keyGroupRange } from '@weirjs/common/core/graph/key-groups'
import type { SnapshotFactory } from '../task/factories.ts'
import { declaredStates } from './declared-states.ts'
import { HeapBackend } from './heap-backend.ts'
import { FileRestoreReader } from './snapshot-reader.ts'
import { FileSnapshotWriter } from './snapshot-writer.ts'

export interface SnapshotFactoryOptions {
  readonly storage: CheckpointStorage
  /** Measures the slices of snapshots. */
  readonly clock: Clock
}

export function heapSnapshots({ storage, clock }: SnapshotFactoryOptions): SnapshotFactory {
  return {
    keyedBackend({ vertex, subtask, runtime }) {
      const { first, last } = keyGroupRange(vertex.maxParallelism, vertex.parallelism, subtask)
      const keyGroups = { first, end: last + 1 }
      const { maxParallelism } = vertex
      const states = declaredStates(runtime)
      return new HeapBackend({ maxParallelism, keyGroups, keyCodec, states, clock })
    },
    writer: (request) => new FileSnapshotWriter(storage, request),
    reader: (restore) => new FileRestoreReader(storage, restore),
  }
}
