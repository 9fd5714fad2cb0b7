// What one task does for a checkpoint, in the same five steps everywhere:
//   1. the open frames are completed,  2. the barrier goes out behind them on every channel,
//   3. every operator, head to tail, gives the synchronous part of its snapshot, keyed state fixes its moment,
//   4. the loop goes on; keyed entries are written in short slices between its batches,
//   5. in the background promises resolve, the file is published, and the task acknowledges.
// Steps 1 to 3 happen between two records without a pause: exactly the records before the barrier are in the snapshot.
// An error in step 3 fails the task; later ones only decline the checkpoint.

import { assert, present } from '@weirjs/common/core/assert'
import type {
  KeyedStateSnapshot,
  ListMode,
  ListStateSnapshot,
  SubtaskSnapshot,
} from '@weirjs/common/core/checkpoint/handles'
import type { Scheduler } from '@weirjs/common/core/clock'
import type { Codec } from '@weirjs/common/core/codec'
import type { Failure } from '@weirjs/common/core/errors'
import { checkpointId } from '@weirjs/common/core/ids'
import type { CheckpointId, Fence, TaskId } from '@weirjs/common/core/ids'
import type { FrameBarrier } from '@weirjs/common/codec/frame'
import type { AlignmentTiming } from '../exchange/input-gate.ts'
import { blame, failureOf } from '../operators/blame.ts'
import type { SnapshotSink } from '../operators/operator.ts'
import type { SlotListener } from '../slots/slot.ts'
import type { KeyedSnapshot, KeyedStateBackend } from '../state/state-backend.ts'
import type { SnapshotFactory, SnapshotWriter } from './factories.ts'
import type { OperatorChain } from './operator-chain.ts'
import type { TaskOutputs } from './task-output.ts'

/** Snapshots of one task whose writing is under way; the coordinator allows far fewer. */
export const SNAPSHOTS_UNDER_WAY_MAX = 64

export interface SubtaskCheckpointsOptions {
  readonly fence: Fence
  readonly task: TaskId
  readonly scheduler: Scheduler
  readonly snapshots: SnapshotFactory
  readonly listener: SlotListener
  readonly chain: OperatorChain
  readonly keyed: KeyedStateBackend | null
  readonly outputs: TaskOutputs
  /** There is something to advance again. */
  readonly wake: () => void
}

interface PromisedList {
  readonly operator: number
  /** Encodes the elements, when they are there. */
  readonly encode: Promise<() => ListStateSnapshot>
}

interface UnderWay {
  readonly id: CheckpointId
  readonly writer: SnapshotWriter
  readonly timing: AlignmentTiming
  /** Fixed after the operators' part, which may still write state. */
  keyed: KeyedSnapshot | null
  readonly lists: ListStateSnapshot[][]
  readonly promised: PromisedList[]
  readonly ended: readonly boolean[]
  readonly watermark: number
  readonly keyedDone: PromiseWithResolvers<void>
  advancing: boolean
  dropped: boolean
  syncMs: number
  stallMsMax: number
  syncEndMs: number
}

export class SubtaskCheckpoints {
  readonly #options: SubtaskCheckpointsOptions
  readonly #underWay = new Map<number, UnderWay>()
  #newestId = 0

  constructor(options: SubtaskCheckpointsOptions) {
    this.#options = options
  }

  /** Highest id that was taken here; 0: none. */
  get newestId(): number {
    return this.#newestId
  }

  /** Steps 1 to 3, and the beginning of the rest. Throws what an operator throws. */
  take(barrier: FrameBarrier, timing: AlignmentTiming): void {
    assert(barrier.checkpointId > this.#newestId, 'checkpoint ids rise')
    assert(this.#underWay.size < SNAPSHOTS_UNDER_WAY_MAX, 'few snapshots are under way')
    const { scheduler, outputs, chain, keyed, wake } = this.#options
    const startMs = scheduler.nowMs()
    this.#newestId = barrier.checkpointId
    outputs.barrier(barrier)
    const taken = this.#begin(checkpointId(barrier.checkpointId), timing)
    this.#underWay.set(taken.id, taken)
    try {
      chain.each((operator, index) => {
        operator.snapshot(new ListCollector(barrier, taken, index))
      })
      taken.keyed = keyed?.snapshot() ?? null
    } catch (error) {
      this.#drop(taken)
      throw error
    }
    taken.syncEndMs = scheduler.nowMs()
    taken.syncMs = taken.syncEndMs - startMs
    taken.stallMsMax = taken.syncMs
    // Cannot reject: #finish turns every error into a decline.
    void this.#finish(taken)
    if (taken.advancing) wake()
    else taken.keyedDone.resolve()
  }

  /** Step 4: writes keyed entries for at most `budgetMs`. True when it should be called again soon. */
  advance(budgetMs: number): boolean {
    for (const taken of this.#underWay.values()) {
      if (!taken.advancing || taken.writer.full) continue
      this.#advanceOne(taken, budgetMs)
      return this.#hasWork()
    }
    return false
  }

  /** The checkpoint is given up, or a newer one is complete: what is under way for it is dropped, silently. */
  drop(id: number): void {
    const taken = this.#underWay.get(id)
    if (taken !== undefined) this.#drop(taken)
  }

  /** A complete checkpoint subsumes the older ones. */
  dropBefore(id: number): void {
    for (const taken of this.#underWay.values()) {
      if (taken.id < id) this.#drop(taken)
    }
  }

  close(): void {
    for (const taken of this.#underWay.values()) this.#drop(taken)
  }

  #begin(id: CheckpointId, timing: AlignmentTiming): UnderWay {
    const { chain, snapshots, fence, task, keyed, wake } = this.#options
    return {
      id,
      writer: snapshots.writer({ fence, task, checkpointId: id, onDrained: wake }),
      timing,
      keyed: null,
      lists: chain.nodes.map(() => []),
      promised: [],
      ended: chain.nodes.map((_, index) => chain.ended(index)),
      watermark: chain.watermark,
      keyedDone: Promise.withResolvers<void>(),
      advancing: keyed !== null,
      dropped: false,
      syncMs: 0,
      stallMsMax: 0,
      syncEndMs: 0,
    }
  }

  #advanceOne(taken: UnderWay, budgetMs: number): void {
    const { scheduler, chain } = this.#options
    const startMs = scheduler.nowMs()
    try {
      if (taken.keyed?.advance(taken.writer.keyed, budgetMs) !== 'more') {
        taken.advancing = false
        taken.keyedDone.resolve()
      }
    } catch (error) {
      taken.advancing = false
      taken.keyedDone.reject(blame(error, present(chain.nodes[0], 'the head of the chain')))
    }
    taken.stallMsMax = Math.max(taken.stallMsMax, scheduler.nowMs() - startMs)
  }

  #hasWork(): boolean {
    for (const taken of this.#underWay.values()) {
      if (taken.advancing && !taken.writer.full) return true
    }
    return false
  }

  /** Step 5. */
  async #finish(taken: UnderWay): Promise<void> {
    const { fence, task, listener, scheduler } = this.#options
    try {
      // Promised lists are written behind the keyed segments: segments of one file do not interleave.
      const [, ...encoders] = await Promise.all([
        taken.keyedDone.promise,
        ...taken.promised.map((promised) => promised.encode),
      ])
      if (taken.dropped) return
      taken.promised.forEach(({ operator }, i) => {
        const encode = encoders[i]
        if (encode !== undefined) taken.lists[operator]?.push(encode())
      })
      const keyed = taken.keyed?.result() ?? []
      const file = await taken.writer.finish()
      if (taken.dropped) return
      const snapshot: SubtaskSnapshot = { file, operators: this.#operators(taken, keyed) }
      this.#release(taken)
      listener.acknowledge({
        fence,
        task,
        checkpointId: taken.id,
        snapshot,
        stats: {
          syncMs: taken.syncMs,
          asyncMs: scheduler.nowMs() - taken.syncEndMs,
          alignmentMs: taken.timing.alignmentMs,
          startDelayMs: taken.timing.startDelayMs,
          stallMsMax: taken.stallMsMax,
          stateBytes: file?.bytes ?? 0,
        },
      })
    } catch (error) {
      if (taken.dropped) return
      this.#drop(taken)
      this.decline(taken.id, failureOf(error))
    }
  }

  decline(id: CheckpointId, failure: Failure): void {
    const { fence, task, listener } = this.#options
    listener.decline({ fence, task, checkpointId: id, failure })
  }

  #operators(taken: UnderWay, keyed: readonly KeyedStateSnapshot[]): SubtaskSnapshot['operators'] {
    return this.#options.chain.nodes.map((node, index) => ({
      uid: node.uid,
      keyed: index === 0 ? keyed : [],
      lists: taken.lists[index] ?? [],
      ended: taken.ended[index] === true,
      watermark: taken.watermark,
    }))
  }

  #release(taken: UnderWay): void {
    this.#underWay.delete(taken.id)
    taken.keyed?.release()
  }

  #drop(taken: UnderWay): void {
    if (taken.dropped) return
    taken.dropped = true
    taken.advancing = false
    this.#release(taken)
    taken.keyedDone.resolve()
    // A file that cannot be removed is swept by the JobManager: nothing here depends on it.
    void taken.writer.abandon().catch(ignoreAbandoned)
  }
}

const ignoreAbandoned = (): void => {}

/** Takes the lists of one operator at the barrier. */
class ListCollector implements SnapshotSink {
  readonly checkpointId: number
  readonly final: boolean
  readonly #taken: UnderWay
  readonly #operator: number

  constructor(barrier: FrameBarrier, taken: UnderWay, operator: number) {
    this.checkpointId = barrier.checkpointId
    this.final = barrier.final
    this.#taken = taken
    this.#operator = operator
  }

  list<T>(
    name: string,
    mode: ListMode,
    codec: Codec<T>,
    elements: readonly T[] | Promise<readonly T[]>,
  ): void {
    const { writer, lists, promised } = this.#taken
    if (elements instanceof Promise) {
      const encode = elements.then((found) => () => writer.list(name, mode, codec, found))
      // The rejection is met in #finish, which may look at it later than it happens.
      encode.catch(ignoreAbandoned)
      promised.push({ operator: this.#operator, encode })
    } else lists[this.#operator]?.push(writer.list(name, mode, codec, elements))
  }
}
