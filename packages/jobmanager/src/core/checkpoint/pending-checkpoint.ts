// A checkpoint between its trigger and its end, and the memory of those that ended: acknowledgements travel slowly, so
// one may arrive for a checkpoint that was aborted (its files are then garbage), completed (then they are not), or that
// never was. The tombstones that tell these apart are bounded; without one, nothing is ever deleted.

import { assert } from '@weirjs/common/core/assert'
import type { AcknowledgedSnapshot } from '@weirjs/common/core/checkpoint/handles'
import type { Failure } from '@weirjs/common/core/errors'
import type { CheckpointAck } from '@weirjs/common/core/gateways'
import { type Attempt, type CheckpointId, type TaskId, taskKey } from '@weirjs/common/core/ids'
import type {
  CheckpointKind,
  CheckpointRecord,
  CompletedCheckpoint,
  PendingContent,
} from './events.ts'

/** Ended checkpoints that are remembered. */
export const TOMBSTONES_MAX = 1_024

/**
 * What an acknowledgement meant. `completed`: it was the last one missing. `late`: the checkpoint is over, and was
 * aborted: what was acknowledged is garbage. `duplicate`: counted already, or the checkpoint is complete. `unknown`:
 * no such checkpoint or task. Attempts were checked at the door, and ids are never used twice.
 */
export type AckOutcome = 'accepted' | 'completed' | 'duplicate' | 'unknown' | 'late'

export type PendingPhase =
  /** Acknowledgements are missing. */
  | { readonly tag: 'collecting' }
  /** All are there; another checkpoint is being written at the moment. */
  | { readonly tag: 'ready' }
  | { readonly tag: 'writing-manifest' }
  /** The decision moment: from here only the log can say how it ended. */
  | { readonly tag: 'logging'; readonly completed: CompletedCheckpoint }

/** How a checkpoint ended. `doubtful`: its log entry may exist, or its files may be another leader's, so they are kept. */
export type Tombstone = 'completed' | 'aborted' | 'doubtful'

export interface PendingOptions {
  readonly checkpointId: CheckpointId
  readonly kind: CheckpointKind
  /** The newest attempt among the tasks that take part. */
  readonly attempt: Attempt
  /** Wall clock. */
  readonly triggeredAtMs: number
  /** Monotonic: aborted when acknowledgements are still missing then. */
  readonly deadlineMs: number
  readonly tasks: readonly TaskId[]
  /** Manual requests that this checkpoint answers. */
  readonly requestIds: readonly string[]
}

export class PendingCheckpoint {
  readonly checkpointId: CheckpointId
  readonly kind: CheckpointKind
  readonly attempt: Attempt
  readonly triggeredAtMs: number
  readonly deadlineMs: number
  readonly requestIds: readonly string[]
  phase: PendingPhase = { tag: 'collecting' }
  readonly #acknowledged = new Map<string, AcknowledgedSnapshot | null>()
  #missing: number
  #stateBytes = 0
  #stallMsMax = 0

  constructor(options: PendingOptions) {
    assert(options.tasks.length > 0, 'a checkpoint has at least one task')
    this.checkpointId = options.checkpointId
    this.kind = options.kind
    this.attempt = options.attempt
    this.triggeredAtMs = options.triggeredAtMs
    this.deadlineMs = options.deadlineMs
    this.requestIds = options.requestIds
    for (const task of options.tasks) this.#acknowledged.set(taskKey(task), null)
    this.#missing = this.#acknowledged.size
    assert(this.#missing === options.tasks.length, 'tasks are different from each other')
  }

  get stateBytes(): number {
    return this.#stateBytes
  }

  acknowledge(ack: CheckpointAck): 'accepted' | 'completed' | 'duplicate' | 'unknown' {
    const key = taskKey(ack.task)
    const known = this.#acknowledged.get(key)
    if (known === undefined) return 'unknown'
    if (known !== null) return 'duplicate'
    assert(this.phase.tag === 'collecting', 'acknowledgements are missing only while collecting')
    this.#acknowledged.set(key, { task: ack.task, snapshot: ack.snapshot, stats: ack.stats })
    this.#missing -= 1
    this.#stateBytes += ack.stats.stateBytes
    this.#stallMsMax = Math.max(this.#stallMsMax, ack.stats.stallMsMax)
    return this.#missing === 0 ? 'completed' : 'accepted'
  }

  /** Everything that was acknowledged, in the order of the job's tasks. */
  content(): PendingContent {
    assert(this.#missing === 0, 'a manifest is made when every task has acknowledged')
    const { checkpointId, kind, triggeredAtMs } = this
    const tasks = [...this.#acknowledged.values()].filter((snapshot) => snapshot !== null)
    return { checkpointId, kind, triggeredAtMs, tasks }
  }

  /** As it will stand in the log. */
  completed(
    manifestPath: string,
    manifestSha256: string,
    completedAtMs: number,
  ): CompletedCheckpoint {
    const { checkpointId, kind, triggeredAtMs, stateBytes } = this
    return {
      checkpointId,
      kind,
      manifestPath,
      manifestSha256,
      triggeredAtMs,
      completedAtMs,
      stateBytes,
    }
  }

  record(
    state: CheckpointRecord['state'],
    endedAtMs: number | null,
    failure: Failure | null,
  ): CheckpointRecord {
    return {
      checkpointId: this.checkpointId,
      kind: this.kind,
      state,
      triggeredAtMs: this.triggeredAtMs,
      endedAtMs,
      stateBytes: this.#stateBytes,
      acknowledged: this.#acknowledged.size - this.#missing,
      total: this.#acknowledged.size,
      stallMsMax: this.#stallMsMax,
      failure,
    }
  }
}

/** All pending checkpoints of a job, by id, and the tombstones of those that ended. */
export class PendingCheckpoints {
  readonly #pending = new Map<CheckpointId, PendingCheckpoint>()
  readonly #tombstones = new Map<CheckpointId, Tombstone>()

  get size(): number {
    return this.#pending.size
  }

  get(id: CheckpointId): PendingCheckpoint | null {
    return this.#pending.get(id) ?? null
  }

  /** Rising ids. */
  all(): readonly PendingCheckpoint[] {
    return [...this.#pending.values()]
  }

  /** Ids only rise. */
  add(pending: PendingCheckpoint): void {
    for (const id of this.#pending.keys()) assert(id < pending.checkpointId, 'checkpoint ids rise')
    assert(!this.#tombstones.has(pending.checkpointId), 'a checkpoint id is used once')
    this.#pending.set(pending.checkpointId, pending)
  }

  end(pending: PendingCheckpoint, how: Tombstone): void {
    const removed = this.#pending.delete(pending.checkpointId)
    assert(removed, 'a checkpoint ends once')
    this.#tombstones.set(pending.checkpointId, how)
    if (this.#tombstones.size <= TOMBSTONES_MAX) return
    const oldest = this.#tombstones.keys().next()
    if (oldest.done !== true) this.#tombstones.delete(oldest.value)
  }

  acknowledge(ack: CheckpointAck): AckOutcome {
    const pending = this.#pending.get(ack.checkpointId)
    if (pending !== undefined) return pending.acknowledge(ack)
    const ended = this.#tombstones.get(ack.checkpointId)
    if (ended === undefined) return 'unknown'
    return ended === 'aborted' ? 'late' : 'duplicate'
  }
}
