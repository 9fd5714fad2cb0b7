// Snapshots of one operator in memory, and how they are dealt out to other parallelisms: what
// checkpoint storage and JobManager do for real tasks, without either.

import type {
  KeyedStateSnapshot,
  ListMode,
  ListStateSnapshot,
} from '@weirjs/common/core/checkpoint/handles'
import type { Codec } from '@weirjs/common/core/codec'
import { MemorySnapshot, keyedRestore } from '../state/memory-snapshot.ts'
import type { KeyedStateBackend } from '../state/state-backend.ts'
import type { Operator, RestoredLists, SnapshotSink } from './operator.ts'

/** One subtask's part of a checkpoint. */
export interface OperatorSnapshotInMemory {
  readonly memory: MemorySnapshot
  readonly keyed: readonly KeyedStateSnapshot[]
  readonly lists: readonly ListStateSnapshot[]
}

class ListTaker implements SnapshotSink {
  readonly checkpointId: number
  readonly final: boolean
  readonly lists: ListStateSnapshot[] = []
  readonly promised: Promise<() => void>[] = []
  readonly #memory: MemorySnapshot

  constructor(memory: MemorySnapshot, checkpointId: number, final: boolean) {
    this.#memory = memory
    this.checkpointId = checkpointId
    this.final = final
  }

  list<T>(
    name: string,
    mode: ListMode,
    codec: Codec<T>,
    elements: readonly T[] | Promise<readonly T[]>,
  ): void {
    const take = (found: readonly T[]): void => {
      this.lists.push(this.#memory.encoder.list(name, mode, codec, found))
    }
    if (elements instanceof Promise) this.promised.push(elements.then((found) => () => take(found)))
    else take(elements)
  }
}

export interface SnapshotRequest {
  readonly operator: Operator
  readonly keyed: KeyedStateBackend | null
  readonly checkpointId: number
  readonly final?: boolean
}

/** Takes the snapshot of an operator that promises nothing (everything but sinks). */
export function snapshotNow(request: SnapshotRequest): OperatorSnapshotInMemory {
  const { memory, taker } = begin(request)
  if (taker.promised.length > 0)
    throw new Error('the operator promises elements: use snapshotLater')
  return { memory, keyed: writeKeyed(request, memory), lists: taker.lists }
}

/** The synchronous part now; resolves when the operator's promises have. */
export async function snapshotLater(request: SnapshotRequest): Promise<OperatorSnapshotInMemory> {
  const { memory, taker } = begin(request)
  const keyed = writeKeyed(request, memory)
  for (const take of await Promise.all(taker.promised)) take()
  return { memory, keyed, lists: taker.lists }
}

function begin(request: SnapshotRequest): { memory: MemorySnapshot; taker: ListTaker } {
  const memory = new MemorySnapshot()
  const taker = new ListTaker(memory, request.checkpointId, request.final ?? false)
  request.operator.snapshot(taker)
  return { memory, taker }
}

function writeKeyed(
  { keyed }: SnapshotRequest,
  memory: MemorySnapshot,
): readonly KeyedStateSnapshot[] {
  return keyed === null ? [] : memory.keyed(keyed.snapshot())
}

/** Loads a back end with its key groups of a checkpoint. */
export function restoreKeyed(
  keyed: KeyedStateBackend,
  snapshots: readonly OperatorSnapshotInMemory[],
  keyGroups: { readonly first: number; readonly end: number },
): void {
  for (const { memory, keyed: states } of snapshots) {
    keyed
      .restore(keyedRestore([{ file: memory.file, keyed: states }], keyGroups), memory.read)
      .advance(Number.POSITIVE_INFINITY)
  }
}

/** One subtask's share of the lists of a checkpoint. */
export function dealLists(
  snapshots: readonly OperatorSnapshotInMemory[],
  subtask: number,
  parallelism: number,
): RestoredLists {
  return {
    restored: snapshots.length > 0,
    list<T>(name: string, codec: Codec<T>): readonly T[] {
      const found = snapshots.flatMap(({ memory, lists }) =>
        lists
          .filter((list) => list.name === name)
          .map((list) => ({ list, elements: memory.list(list, codec) })),
      )
      const all = found.flatMap(({ elements }) => elements)
      switch (found[0]?.list.mode) {
        case undefined:
          return []
        case 'union':
          return all
        case 'broadcast':
          return found[subtask % found.length]?.elements ?? []
        case 'list':
          return all.slice(
            share(all.length, subtask, parallelism),
            share(all.length, subtask + 1, parallelism),
          )
      }
    },
  }
}

const share = (count: number, subtask: number, parallelism: number): number =>
  Math.floor((count * subtask) / parallelism)
