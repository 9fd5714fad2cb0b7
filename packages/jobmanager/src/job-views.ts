// Jobs as clients see them, put together from what the machine, the log and the heartbeats say. Plain JSON out; nothing
// is kept here but the newest report of each task and the newest records of checkpoints.

import { checkpointDirectory } from '@weirjs/common/core/checkpoint/paths'
import type { CheckpointStorage } from '@weirjs/common/core/checkpoint/storage'
import type { TaskReport } from '@weirjs/common/core/gateways'
import type { JobSettings } from '@weirjs/common/core/graph/logical-graph'
import {
  type PhysicalPlan,
  type PlanVertex,
  readsSource,
} from '@weirjs/common/core/graph/physical-plan'
import { type CheckpointId, type JobId, taskKey } from '@weirjs/common/core/ids'
import { MIN_WATERMARK } from '@weirjs/common/core/time-constants'
import type { AttemptView, CheckpointView, JobSummary, TaskView } from '@weirjs/common/job-client'
import { shownValues } from '@weirjs/common/core/secret-names'
import type { CheckpointRecord, CompletedCheckpoint } from './core/checkpoint/events.ts'
import type { TaskEntry } from './core/job/execution-graph.ts'
import { taskName } from './core/plan/planner.ts'
import { type JobHistory, lastAttempt, type LoggedAttempt } from './store/job-history.ts'

/** Records of checkpoints that a job shows. */
export const CHECKPOINT_RECORDS_MAX = 200

/** Settings for eyes: what the job's own configuration keeps secret is masked. */
export const shownSettings = (settings: JobSettings): JobSettings => ({
  ...settings,
  config: shownValues(settings.config),
})

// ---- checkpoints ----

/** The checkpoints of one job, newest first; completed ones of former leaders are told by the log. */
export class CheckpointBook {
  readonly #job: JobId
  readonly #storage: CheckpointStorage
  readonly #records = new Map<CheckpointId, CheckpointView>()

  constructor(job: JobId, storage: CheckpointStorage) {
    this.#job = job
    this.#storage = storage
  }

  record(record: CheckpointRecord): CheckpointView {
    const path = record.state === 'COMPLETED' ? this.#path(record.checkpointId) : null
    const view: CheckpointView = { ...record, path }
    this.#records.delete(record.checkpointId)
    this.#records.set(record.checkpointId, view)
    if (this.#records.size > CHECKPOINT_RECORDS_MAX) {
      const oldest = this.#records.keys().next()
      if (oldest.done !== true) this.#records.delete(oldest.value)
    }
    return view
  }

  /** `retained` is the truth about what can be restored; `older` comes from the history index and is not trusted. */
  views(
    retained: readonly CompletedCheckpoint[],
    older: readonly CheckpointView[],
  ): CheckpointView[] {
    const all = new Map<CheckpointId, CheckpointView>()
    for (const view of older) all.set(view.checkpointId, { ...view, path: null })
    for (const [id, view] of this.#records) all.set(id, { ...view, path: null })
    for (const one of retained) {
      const known = all.get(one.checkpointId) ?? completedView(one)
      all.set(one.checkpointId, {
        ...known,
        state: 'COMPLETED',
        path: this.#path(one.checkpointId),
      })
    }
    const newestFirst = [...all.values()].sort((a, b) => b.checkpointId - a.checkpointId)
    return newestFirst.slice(0, CHECKPOINT_RECORDS_MAX)
  }

  completed(one: CompletedCheckpoint): CheckpointView {
    return {
      ...(this.#records.get(one.checkpointId) ?? completedView(one)),
      path: this.#path(one.checkpointId),
    }
  }

  #path(id: CheckpointId): string {
    return this.#storage.locate(checkpointDirectory(this.#job, id))
  }
}

function completedView(one: CompletedCheckpoint): CheckpointView {
  return {
    checkpointId: one.checkpointId,
    state: 'COMPLETED',
    kind: one.kind,
    triggeredAtMs: one.triggeredAtMs,
    endedAtMs: one.completedAtMs,
    stateBytes: one.stateBytes,
    acknowledged: 0,
    total: 0,
    stallMsMax: 0,
    path: null,
    failure: null,
  }
}

/** A record of the history index, if it still has the form of one. */
export function asCheckpointView(value: unknown): CheckpointView | null {
  if (typeof value !== 'object' || value === null) return null
  const view = value as Partial<CheckpointView>
  return Number.isSafeInteger(view.checkpointId) && typeof view.state === 'string'
    ? (value as CheckpointView)
    : null
}

// ---- attempts ----

/** Attempts as the log tells them, newest first. The log says why the attempt before ended. */
export function loggedAttempts(attempts: readonly LoggedAttempt[]): AttemptView[] {
  const views = attempts.map((one, index): AttemptView => {
    const next = attempts[index + 1]
    return {
      attempt: one.attempt,
      epoch: one.epoch,
      startedAtMs: one.atMs,
      restoredFrom: one.restoredFrom,
      endedAtMs: next?.atMs ?? null,
      failure: next?.failure ?? null,
    }
  })
  return views.reverse()
}

// ---- tasks ----

export function taskView(entry: TaskEntry, report: TaskReport | undefined): TaskView {
  return {
    vertexId: entry.task.vertexId,
    subtask: entry.task.subtask,
    name: taskName(entry.vertex, entry.task.subtask),
    state: entry.state,
    worker: entry.slot?.workerId ?? null,
    attempt: entry.attempt ?? 0,
    busyRatio: report?.busyRatio ?? 0,
    idleRatio: report?.idleRatio ?? 0,
    backPressuredRatio: report?.backPressuredRatio ?? 0,
    recordsIn: report?.recordsIn ?? 0,
    recordsOut: report?.recordsOut ?? 0,
    watermark: report?.watermark ?? MIN_WATERMARK,
  }
}

/**
 * Records that the sources made, and records that came to the tasks that hold the sinks, in this attempt. Where a sink is
 * chained to its source, all that the source made.
 */
export function progressOf(
  plan: PhysicalPlan,
  reports: ReadonlyMap<string, TaskReport>,
): { readonly recordsIn: number; readonly recordsOut: number } {
  const arrived = (wanted: (vertex: PlanVertex) => boolean): number => {
    let total = 0
    for (const vertex of plan.vertices) {
      for (let subtask = 0; wanted(vertex) && subtask < vertex.parallelism; subtask++) {
        total += reports.get(taskKey({ vertexId: vertex.id, subtask }))?.recordsIn ?? 0
      }
    }
    return total
  }
  return {
    recordsIn: arrived(readsSource),
    recordsOut: arrived((vertex) => vertex.operators.some(({ kind }) => kind === 'sink')),
  }
}

// ---- whole jobs ----

/** A job that nobody runs here: ended, or not taken over yet. */
export function storedSummary(job: JobId, history: JobHistory): JobSummary {
  const { submission, terminal, retained } = history
  return {
    jobId: job,
    name: submission.graph.name,
    state: terminal?.state ?? 'INITIALIZING',
    health: 'HEALTHY',
    submittedAtMs: submission.submittedAtMs,
    endedAtMs: terminal?.endedAtMs ?? null,
    attempt: lastAttempt(history),
    restarts: Math.max(0, lastAttempt(history) - 1),
    tasks: { total: countTasks(submission.plan), running: 0 },
    lastCheckpointId: retained.at(-1)?.checkpointId ?? null,
    failure: terminal?.failure ?? null,
  }
}

export function countTasks(plan: PhysicalPlan): number {
  return plan.vertices.reduce((sum, vertex) => sum + vertex.parallelism, 0)
}
