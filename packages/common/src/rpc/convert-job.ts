// What a client asks of the JobManager and what it is shown, between the wire and ours.

import type { CheckpointId } from '../core/ids.ts'
import { MAX_WATERMARK, MIN_WATERMARK } from '../core/time-constants.ts'
import type {
  AttemptView,
  CheckpointView,
  ClusterView,
  JobDefault,
  JobDetail,
  JobState,
  JobSummary,
  SubmitRequest,
  TaskView,
  WorkerView,
} from '../job-client.ts'
import { JOB_DEFAULT_CHARS_MAX } from '../core/job-views.ts'
import { each, ratio, real, required, text, TEXT_CHARS_MAX, whole, word } from './check.ts'
import {
  documentFromWire,
  documentToWire,
  failureFromWire,
  failureToWire,
  toBundleHash,
  toCheckpointId,
  toJobId,
} from './convert.ts'
import { ARGUMENTS, GRAPH, PLAN, SETTINGS } from './documents.ts'
import type { AttemptView as WireAttempt, AttemptView__Output } from './gen/weir/v1/AttemptView.ts'
import type {
  CheckpointView as WireCheckpoint,
  CheckpointView__Output,
} from './gen/weir/v1/CheckpointView.ts'
import type { ClusterResponse, ClusterResponse__Output } from './gen/weir/v1/ClusterResponse.ts'
import type { DescribeResponse, DescribeResponse__Output } from './gen/weir/v1/DescribeResponse.ts'
import type { JobDefault__Output } from './gen/weir/v1/JobDefault.ts'
import type { JobSummary as WireSummary, JobSummary__Output } from './gen/weir/v1/JobSummary.ts'
import type { SubmitHead, SubmitHead__Output } from './gen/weir/v1/SubmitHead.ts'
import type { TaskView as WireTask, TaskView__Output } from './gen/weir/v1/TaskView.ts'
import type { WorkerView as WireWorker, WorkerView__Output } from './gen/weir/v1/WorkerView.ts'

export const BUNDLE_BYTES_MAX: number = 64 * 1_024 * 1_024
const JOB_NAME_CHARS_MAX = 65_536

type Checkpoint = CheckpointView

const JOB_STATE = {
  INITIALIZING: 'JOB_STATE_INITIALIZING',
  CREATED: 'JOB_STATE_CREATED',
  RUNNING: 'JOB_STATE_RUNNING',
  FINISHING: 'JOB_STATE_FINISHING',
  FAILING: 'JOB_STATE_FAILING',
  RESTARTING: 'JOB_STATE_RESTARTING',
  CANCELLING: 'JOB_STATE_CANCELLING',
  FINISHED: 'JOB_STATE_FINISHED',
  FAILED: 'JOB_STATE_FAILED',
  CANCELED: 'JOB_STATE_CANCELED',
} as const satisfies Record<JobState, string>

const JOB_HEALTH = {
  HEALTHY: 'JOB_HEALTH_HEALTHY',
  DEGRADED: 'JOB_HEALTH_DEGRADED',
} as const satisfies Record<JobSummary['health'], string>

const CHECKPOINT_STATE = {
  IN_PROGRESS: 'CHECKPOINT_STATE_IN_PROGRESS',
  COMPLETED: 'CHECKPOINT_STATE_COMPLETED',
  FAILED: 'CHECKPOINT_STATE_FAILED',
} as const satisfies Record<Checkpoint['state'], string>

const CHECKPOINT_KIND = {
  periodic: 'CHECKPOINT_KIND_PERIODIC',
  manual: 'CHECKPOINT_KIND_MANUAL',
  final: 'CHECKPOINT_KIND_FINAL',
} as const satisfies Record<Checkpoint['kind'], string>

/** An optional field of ours is null when it is absent on the wire. */
function orNull<W, T>(value: W | null | undefined, convert: (value: W) => T): T | null {
  return value === null || value === undefined ? null : convert(value)
}

// ---- submit ----

export function submitHeadToWire(request: SubmitRequest): SubmitHead {
  return {
    graph: documentToWire(request.graph),
    settings: documentToWire(request.settings),
    args: documentToWire(request.args),
    bundleHash: toBundleHash(request.bundleHash, 'bundleHash'),
    bundleBytes: request.bundle.length,
    submittedAtMs: real(request.submittedAtMs, 'submittedAtMs'),
    ...(request.restoreFrom === null ? {} : { restoreFrom: request.restoreFrom }),
    allowNonRestoredState: request.allowNonRestoredState,
    submissionId: request.submissionId,
  }
}

/** A submit before its bundle has come. */
export interface SubmitPreamble {
  readonly request: Omit<SubmitRequest, 'bundle'>
  readonly bundleBytes: number
}

export function submitHeadFromWire(wire: SubmitHead__Output): SubmitPreamble {
  return {
    bundleBytes: whole(wire.bundleBytes, 'bundleBytes', 0, BUNDLE_BYTES_MAX),
    request: {
      graph: documentFromWire(wire.graph, 'graph', GRAPH),
      settings: documentFromWire(wire.settings, 'settings', SETTINGS),
      args: documentFromWire(wire.args, 'args', ARGUMENTS),
      bundleHash: toBundleHash(wire.bundleHash, 'bundleHash'),
      submittedAtMs: real(wire.submittedAtMs, 'submittedAtMs'),
      restoreFrom: orNull(wire.restoreFrom, (path) => text(path, 'restoreFrom', 1, TEXT_CHARS_MAX)),
      allowNonRestoredState: wire.allowNonRestoredState,
      submissionId: text(wire.submissionId, 'submissionId'),
    },
  }
}

// ---- jobs ----

export function summaryToWire(job: JobSummary): WireSummary {
  return {
    jobId: job.jobId,
    name: job.name,
    state: JOB_STATE[job.state],
    health: JOB_HEALTH[job.health],
    submittedAtMs: job.submittedAtMs,
    ...(job.endedAtMs === null ? {} : { endedAtMs: job.endedAtMs }),
    attempt: whole(job.attempt, 'attempt'),
    restarts: whole(job.restarts, 'restarts'),
    tasksTotal: whole(job.tasks.total, 'tasks.total'),
    tasksRunning: whole(job.tasks.running, 'tasks.running'),
    ...(job.lastCheckpointId === null ? {} : { lastCheckpointId: job.lastCheckpointId }),
    failure: orNull(job.failure, failureToWire),
  }
}

export function summaryFromWire(
  wire: JobSummary__Output | null | undefined,
  field: string,
): JobSummary {
  const job = required(wire, field)
  return {
    jobId: toJobId(job.jobId, `${field}.jobId`),
    name: text(job.name, `${field}.name`, 0, JOB_NAME_CHARS_MAX),
    state: word(JOB_STATE, job.state, `${field}.state`),
    health: word(JOB_HEALTH, job.health, `${field}.health`),
    submittedAtMs: real(job.submittedAtMs, `${field}.submittedAtMs`),
    endedAtMs: orNull(job.endedAtMs, (ms) => real(ms, `${field}.endedAtMs`)),
    attempt: whole(job.attempt, `${field}.attempt`),
    restarts: whole(job.restarts, `${field}.restarts`),
    tasks: {
      total: whole(job.tasksTotal, `${field}.tasksTotal`),
      running: whole(job.tasksRunning, `${field}.tasksRunning`),
    },
    lastCheckpointId: orNull(job.lastCheckpointId, (id) =>
      toCheckpointId(id, `${field}.lastCheckpointId`),
    ),
    failure: orNull(job.failure, (failure) => failureFromWire(failure, `${field}.failure`)),
  }
}

export function detailToWire(job: JobDetail): DescribeResponse {
  return {
    summary: summaryToWire(job),
    plan: documentToWire(job.plan),
    settings: documentToWire(job.settings),
    tasks: job.taskViews.map(taskToWire),
    attempts: job.attempts.map(attemptToWire),
  }
}

export function detailFromWire(wire: DescribeResponse__Output): JobDetail {
  return {
    ...summaryFromWire(wire.summary, 'summary'),
    plan: documentFromWire(wire.plan, 'plan', PLAN),
    settings: documentFromWire(wire.settings, 'settings', SETTINGS),
    taskViews: each(wire.tasks, 'tasks', taskFromWire),
    attempts: each(wire.attempts, 'attempts', attemptFromWire),
  }
}

function taskToWire({ worker, ...task }: TaskView): WireTask {
  return { ...task, ...(worker === null ? {} : { worker }) }
}

function taskFromWire(wire: TaskView__Output, field: string): TaskView {
  return {
    vertexId: text(wire.vertexId, `${field}.vertexId`),
    subtask: whole(wire.subtask, `${field}.subtask`),
    name: text(wire.name, `${field}.name`, 0, TEXT_CHARS_MAX),
    state: text(wire.state, `${field}.state`),
    worker: orNull(wire.worker, (worker) => text(worker, `${field}.worker`)),
    attempt: whole(wire.attempt, `${field}.attempt`),
    busyRatio: ratio(wire.busyRatio, `${field}.busyRatio`),
    idleRatio: ratio(wire.idleRatio, `${field}.idleRatio`),
    backPressuredRatio: ratio(wire.backPressuredRatio, `${field}.backPressuredRatio`),
    recordsIn: whole(wire.recordsIn, `${field}.recordsIn`),
    recordsOut: whole(wire.recordsOut, `${field}.recordsOut`),
    watermark: whole(wire.watermark, `${field}.watermark`, MIN_WATERMARK, MAX_WATERMARK),
  }
}

function attemptToWire(attempt: AttemptView): WireAttempt {
  return {
    attempt: whole(attempt.attempt, 'attempt'),
    epoch: whole(attempt.epoch, 'epoch'),
    startedAtMs: attempt.startedAtMs,
    ...(attempt.restoredFrom === null ? {} : { restoredFrom: attempt.restoredFrom }),
    ...(attempt.endedAtMs === null ? {} : { endedAtMs: attempt.endedAtMs }),
    failure: orNull(attempt.failure, failureToWire),
  }
}

function attemptFromWire(wire: AttemptView__Output, field: string): AttemptView {
  return {
    attempt: whole(wire.attempt, `${field}.attempt`),
    epoch: whole(wire.epoch, `${field}.epoch`),
    startedAtMs: real(wire.startedAtMs, `${field}.startedAtMs`),
    restoredFrom: orNull(
      wire.restoredFrom,
      (id): CheckpointId => toCheckpointId(id, `${field}.restoredFrom`),
    ),
    endedAtMs: orNull(wire.endedAtMs, (ms) => real(ms, `${field}.endedAtMs`)),
    failure: orNull(wire.failure, (failure) => failureFromWire(failure, `${field}.failure`)),
  }
}

// ---- checkpoints ----

export function checkpointToWire(checkpoint: Checkpoint): WireCheckpoint {
  return {
    checkpointId: toCheckpointId(checkpoint.checkpointId, 'checkpointId'),
    state: CHECKPOINT_STATE[checkpoint.state],
    kind: CHECKPOINT_KIND[checkpoint.kind],
    triggeredAtMs: checkpoint.triggeredAtMs,
    ...(checkpoint.endedAtMs === null ? {} : { endedAtMs: checkpoint.endedAtMs }),
    stateBytes: whole(checkpoint.stateBytes, 'stateBytes'),
    acknowledged: whole(checkpoint.acknowledged, 'acknowledged'),
    total: whole(checkpoint.total, 'total'),
    stallMsMax: checkpoint.stallMsMax,
    ...(checkpoint.path === null ? {} : { path: checkpoint.path }),
    failure: orNull(checkpoint.failure, failureToWire),
  }
}

export function checkpointFromWire(
  wire: CheckpointView__Output | null | undefined,
  field: string,
): Checkpoint {
  const checkpoint = required(wire, field)
  return {
    checkpointId: toCheckpointId(checkpoint.checkpointId, `${field}.checkpointId`),
    state: word(CHECKPOINT_STATE, checkpoint.state, `${field}.state`),
    kind: word(CHECKPOINT_KIND, checkpoint.kind, `${field}.kind`),
    triggeredAtMs: real(checkpoint.triggeredAtMs, `${field}.triggeredAtMs`),
    endedAtMs: orNull(checkpoint.endedAtMs, (ms) => real(ms, `${field}.endedAtMs`)),
    stateBytes: whole(checkpoint.stateBytes, `${field}.stateBytes`),
    acknowledged: whole(checkpoint.acknowledged, `${field}.acknowledged`),
    total: whole(checkpoint.total, `${field}.total`),
    stallMsMax: real(checkpoint.stallMsMax, `${field}.stallMsMax`),
    path: orNull(checkpoint.path, (path) => text(path, `${field}.path`, 1, TEXT_CHARS_MAX)),
    failure: orNull(checkpoint.failure, (failure) => failureFromWire(failure, `${field}.failure`)),
  }
}

// ---- the cluster ----

export function workerToWire(worker: WorkerView): WireWorker {
  return { ...worker, rssBytes: whole(Math.round(worker.rssBytes), 'rssBytes') }
}

export function workerFromWire(wire: WorkerView__Output, field: string): WorkerView {
  return {
    workerId: text(wire.workerId, `${field}.workerId`),
    address: text(wire.address, `${field}.address`),
    pid: whole(wire.pid, `${field}.pid`),
    slots: whole(wire.slots, `${field}.slots`),
    freeSlots: whole(wire.freeSlots, `${field}.freeSlots`),
    lastHeartbeatAgeMs: real(wire.lastHeartbeatAgeMs, `${field}.lastHeartbeatAgeMs`),
    rssBytes: whole(wire.rssBytes, `${field}.rssBytes`),
    draining: wire.draining,
  }
}

export function clusterToWire(cluster: ClusterView): ClusterResponse {
  return {
    ...cluster,
    jobs: { ...cluster.jobs },
    restAddress: cluster.restAddress ?? '',
    notLeading: cluster.notLeading ?? '',
  }
}

export function clusterFromWire(wire: ClusterResponse__Output): ClusterView {
  const jobs = Object.entries(wire.jobs).map(([state, number]) => {
    const named = text(state, 'jobs.key')
    return [named, whole(number, `jobs.${named}`)]
  })
  return {
    coordinatorId: text(wire.coordinatorId, 'coordinatorId'),
    version: text(wire.version, 'version'),
    pid: whole(wire.pid, 'pid'),
    startedAtMs: real(wire.startedAtMs, 'startedAtMs'),
    workers: whole(wire.workers, 'workers'),
    slots: whole(wire.slots, 'slots'),
    freeSlots: whole(wire.freeSlots, 'freeSlots'),
    jobs: Object.fromEntries(jobs),
    checkpointDirectory: text(wire.checkpointDirectory, 'checkpointDirectory', 0, TEXT_CHARS_MAX),
    restAddress: text(wire.restAddress, 'restAddress', 0) || null,
    notLeading: text(wire.notLeading, 'notLeading', 0, TEXT_CHARS_MAX) || null,
  }
}

export function jobDefaultFromWire(wire: JobDefault__Output, field: string): JobDefault {
  return {
    key: text(wire.key, `${field}.key`),
    text: text(wire.text, `${field}.text`, 0, JOB_DEFAULT_CHARS_MAX),
    origin: text(wire.origin, `${field}.origin`, 1, TEXT_CHARS_MAX),
  }
}
