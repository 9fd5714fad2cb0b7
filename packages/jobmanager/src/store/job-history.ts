// What the entries of a job's log add up to. A pure fold: the same entries give the same history on every leader, and a
// fold entry holds a whole history in place of all entries before it.

import { unreachable } from '@weirjs/common/core/assert'
import type { Failure } from '@weirjs/common/core/errors'
import type { JobSettings, LogicalGraph } from '@weirjs/common/core/graph/logical-graph'
import type { PhysicalPlan } from '@weirjs/common/core/graph/physical-plan'
import {
  type Attempt,
  attempt,
  type BundleHash,
  type CheckpointId,
  checkpointId,
  type LeaderEpoch,
} from '@weirjs/common/core/ids'
import type { CompletedCheckpoint } from '../core/checkpoint/events.ts'

/** Attempts that the history keeps, the newest. */
export const LOGGED_ATTEMPTS_MAX = 100
/**
 * A leader may use ids up to so many above the highest one that the log knows, without asking the log. Its successor
 * starts above that, so that no id is used twice, aborted ones included.
 */
export const CHECKPOINT_ID_SLACK = 10
/** Entries that began an epoch and whose places are remembered, the newest. */
export const EPOCH_ENTRIES_MAX = 1_000

/** What was accepted at submission, and never changes. */
export interface JobSubmission {
  readonly submissionId: string
  readonly graph: LogicalGraph
  readonly plan: PhysicalPlan
  readonly settings: JobSettings
  readonly bundleHash: BundleHash
  readonly args: Readonly<Record<string, unknown>>
  readonly submittedAtMs: number
  /** The checkpoint to start from until the job has one of its own. */
  readonly restore: RestoreInfo | null
}

export interface RestoreInfo {
  /** Of the manifest, relative to the storage root. */
  readonly manifestPath: string
  readonly checkpointId: CheckpointId
  readonly allowNonRestoredState: boolean
}

export interface LoggedAttempt {
  readonly attempt: Attempt
  readonly epoch: LeaderEpoch
  readonly atMs: number
  readonly restoredFrom: CheckpointId | null
  /** Why the attempt before it ended; null for the first of a leader. */
  readonly failure: Failure | null
}

export interface JobTerminal {
  readonly state: 'FINISHED' | 'FAILED' | 'CANCELED'
  readonly failure: Failure | null
  readonly endedAtMs: number
}

export type LogBody =
  /** Entry 1; starts epoch 1. */
  | { readonly type: 'submitted'; readonly submission: JobSubmission }
  /** A new leader; the epoch itself is in the entry's frame. */
  | {
      readonly type: 'epoch'
      readonly firstCheckpointId: CheckpointId
      /** Names the new leader to those whom it deposes, in words for people. */
      readonly leader?: string
    }
  | {
      readonly type: 'attempt'
      readonly attempt: Attempt
      readonly restoredFrom: CheckpointId | null
      readonly failure: Failure | null
    }
  /** Ids up to `upTo` are in use. */
  | { readonly type: 'ids'; readonly upTo: CheckpointId }
  /** The decision: from here on this checkpoint is complete. A final one also makes the job finishing. */
  | { readonly type: 'completed'; readonly checkpoint: CompletedCheckpoint }
  /** Their files may be deleted from now on. */
  | { readonly type: 'discarded'; readonly ids: readonly CheckpointId[] }
  | { readonly type: 'finishing'; readonly checkpointId: CheckpointId }
  /** Somebody wants the job to be canceled: whoever leads goes on with that until it is over. */
  | { readonly type: 'cancel-requested' }
  | ({ readonly type: 'terminal' } & JobTerminal)
  | { readonly type: 'fold'; readonly history: JobHistory }

/** Bodies that a leader appends; the others belong to the log itself. */
export type AppendableBody = Exclude<LogBody, { type: 'submitted' | 'epoch' | 'ids' | 'fold' }>

export interface JobHistory {
  readonly submission: JobSubmission
  readonly epoch: LeaderEpoch
  /** The first id that the leader of this epoch may use. */
  readonly nextCheckpointId: CheckpointId
  /** Highest id that the log knows of. */
  readonly highestCheckpointId: CheckpointId
  /** Completed and not discarded, rising ids. Restore from the last one. */
  readonly retained: readonly CompletedCheckpoint[]
  /** Set once the final checkpoint is complete: all that is left is to commit (D10). */
  readonly finishing: CheckpointId | null
  /** The job is to be canceled, whatever it was doing. */
  readonly cancelRequested: boolean
  readonly terminal: JobTerminal | null
  /** Oldest first. */
  readonly attempts: readonly LoggedAttempt[]
  /** Entries that began an epoch, rising. They are never deleted: a leader who slept finds its next place taken. */
  readonly epochEntries: readonly number[]
}

/** The frame of an entry, as far as the fold needs it. */
export interface EntryStamp {
  readonly index: number
  readonly epoch: LeaderEpoch
  readonly atMs: number
}

/** The history after `body`. `before` is null for the first entry that is read: a submission or a fold. */
export function foldEntry(before: JobHistory | null, body: LogBody, stamp: EntryStamp): JobHistory {
  if (body.type === 'submitted') return firstHistory(body.submission, stamp)
  if (body.type === 'fold') return body.history
  if (before === null) throw new RangeError(`a history does not begin with an entry "${body.type}"`)
  switch (body.type) {
    case 'epoch': {
      const highest = checkpointId(body.firstCheckpointId - 1)
      const epochEntries = [...before.epochEntries, stamp.index].slice(-EPOCH_ENTRIES_MAX)
      const nextCheckpointId = body.firstCheckpointId
      return {
        ...before,
        epoch: stamp.epoch,
        nextCheckpointId,
        highestCheckpointId: highest,
        epochEntries,
      }
    }
    case 'attempt': {
      const { attempt, restoredFrom, failure } = body
      const attempts = [
        ...before.attempts,
        { attempt, epoch: stamp.epoch, atMs: stamp.atMs, restoredFrom, failure },
      ]
      return { ...before, attempts: attempts.slice(-LOGGED_ATTEMPTS_MAX) }
    }
    case 'ids':
      return { ...before, highestCheckpointId: body.upTo }
    case 'completed':
      return withCompleted(before, body.checkpoint)
    case 'discarded': {
      const gone = new Set(body.ids)
      return { ...before, retained: before.retained.filter((one) => !gone.has(one.checkpointId)) }
    }
    case 'finishing':
      return { ...before, finishing: body.checkpointId }
    case 'cancel-requested':
      return { ...before, cancelRequested: true }
    case 'terminal': {
      const { state, failure, endedAtMs } = body
      return { ...before, terminal: { state, failure, endedAtMs } }
    }
    default:
      return unreachable(body)
  }
}

/** The highest attempt that the log knows of; 0 when there was none. */
export function lastAttempt({ attempts }: JobHistory): Attempt {
  return attempts.reduce(
    (highest, one) => (one.attempt > highest ? one.attempt : highest),
    attempt(0),
  )
}

/** The first id that the leader after `history` may use. */
export function firstIdOfNextEpoch(history: JobHistory): CheckpointId {
  return checkpointId(history.highestCheckpointId + CHECKPOINT_ID_SLACK + 1)
}

function firstHistory(submission: JobSubmission, stamp: EntryStamp): JobHistory {
  const highest = checkpointId(submission.restore?.checkpointId ?? 0)
  return {
    submission,
    epoch: stamp.epoch,
    nextCheckpointId: checkpointId(highest + 1),
    highestCheckpointId: highest,
    retained: [],
    finishing: null,
    cancelRequested: false,
    terminal: null,
    attempts: [],
    epochEntries: [stamp.index],
  }
}

function withCompleted(before: JobHistory, checkpoint: CompletedCheckpoint): JobHistory {
  const highest = checkpointId(Math.max(before.highestCheckpointId, checkpoint.checkpointId))
  return {
    ...before,
    highestCheckpointId: highest,
    retained: [...before.retained, checkpoint],
    finishing: checkpoint.kind === 'final' ? checkpoint.checkpointId : before.finishing,
  }
}
