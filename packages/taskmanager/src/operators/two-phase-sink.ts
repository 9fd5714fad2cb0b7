// The second phase of exactly-once sinks. What a writer gives at a barrier (committables) belongs
// to that checkpoint and is kept, in memory and in the lists of every later snapshot, until a
// completed checkpoint says that it may become visible. A later completed checkpoint subsumes
// earlier ones, aborted ones included: nothing is lost when notifications are, or when checkpoints
// fail. Commits go one after the other, in the order of checkpoints. Recovery commits what the
// restored checkpoint holds, before any record (D5); commits are idempotent because recovery
// repeats.

import type { SinkCommitter } from '@weirjs/api/connector'
import type { Codec } from '@weirjs/common/core/codec'
import { WeirError } from '@weirjs/common/core/errors'
import type { RestoredLists, SnapshotSink } from './operator.ts'

/** Checkpoints in a row that may fail before the sink gives up holding their committables. */
export const PENDING_CHECKPOINTS_MAX = 10_000

const PENDING = 'pending'

interface Pending {
  readonly checkpointId: number
  /** Resolves when all of it is durable. */
  readonly committables: Promise<readonly unknown[]>
  /** Taken behind the last record. */
  readonly ended: boolean
}

export interface TwoPhaseCommitsOptions {
  readonly committer: SinkCommitter<unknown>
  readonly codec: Codec
  /** True in the one subtask that removes what earlier attempts left behind. */
  readonly cleansUp: boolean
  /** Fails the task. */
  readonly fail: (error: unknown) => void
}

export class TwoPhaseCommits {
  readonly #options: TwoPhaseCommitsOptions
  /** Rising by checkpoint. */
  #pending: Pending[] = []
  #mustCleanUp: boolean
  #ended = false
  /**
   * The commits so far, one behind the other; it never rejects, whoever asked for a commit gets its
   * error.
   */
  #last: Promise<void> = Promise.resolve()

  constructor(options: TwoPhaseCommitsOptions) {
    this.#options = options
    this.#mustCleanUp = options.cleansUp
  }

  /** Commits what was restored. */
  async open(committables: readonly unknown[]): Promise<void> {
    if (committables.length > 0) await this.#options.committer.commit(committables)
  }

  /** Nothing is written any more: every checkpoint from now on may be the last one. */
  finish(): void {
    this.#ended = true
  }

  snapshot(sink: SnapshotSink, committables: Promise<readonly unknown[]>): void {
    if (this.#pending.length >= PENDING_CHECKPOINTS_MAX) throw tooManyPending()
    this.#pending.push({ checkpointId: sink.checkpointId, committables, ended: this.#ended })
    // What could not be made durable is missing in every later checkpoint too: the task cannot go
    // on.
    committables.catch((error: unknown) => this.#options.fail(error))
    const all = Promise.all(this.#pending.map((pending) => pending.committables))
    sink.list(
      PENDING,
      'list',
      this.#options.codec,
      all.then((lists) => lists.flat()),
    )
  }

  /**
   * Commits everything up to this checkpoint. Rejects when a commit fails; the task must not go on
   * then.
   */
  complete(checkpointId: number): Promise<void> {
    const work = this.#last.then(() => this.#commitUpTo(checkpointId))
    this.#last = work.catch(() => {})
    return work
  }

  async close(): Promise<void> {
    await this.#last
    await this.#options.committer.close()
  }

  async #commitUpTo(checkpointId: number): Promise<void> {
    const { committer, cleansUp } = this.#options
    const due = this.#pending.filter((pending) => pending.checkpointId <= checkpointId)
    const committables = (await Promise.all(due.map((pending) => pending.committables))).flat()
    if (committables.length > 0) await committer.commit(committables)
    // Snapshots taken meanwhile added theirs at the end.
    this.#pending = this.#pending.filter((pending) => pending.checkpointId > checkpointId)
    // Only a checkpoint of this attempt proves that every subtask has committed what it restored:
    // of the restored one itself, others may have staged things that they are still to commit.
    // A zombie of an earlier attempt may have gone on writing for a while, hence once more at the end.
    const cleans = (this.#mustCleanUp && due.length > 0) || due.some(({ ended }) => ended)
    if (!cleansUp || !cleans) return
    this.#mustCleanUp = false
    await committer.cleanUp()
  }
}

/** What the restored checkpoint holds. */
export function restoredCommittables(restored: RestoredLists, codec: Codec): readonly unknown[] {
  return restored.list(PENDING, codec)
}

function tooManyPending(): WeirError {
  return new WeirError(
    'sink/too-many-pending',
    `${PENDING_CHECKPOINTS_MAX} checkpoints in a row did not complete`,
    {
      domain: 'external',
      hint: 'Look at why checkpoints fail; what the sink has written becomes visible only when one completes.',
    },
  )
}
