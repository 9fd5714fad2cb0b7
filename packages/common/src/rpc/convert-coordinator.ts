// Worker → JobManager, between the wire and ours.

import type { SubtaskCheckpointStats } from '../core/checkpoint/handles.ts'
import {
  type CheckpointAck,
  type CheckpointDecline,
  HEARTBEAT_MS_MAX,
  type Heartbeat,
  type HeartbeatReply,
  OUTPUT_LINE_CHARS_MAX,
  type OutputLine,
  type RegistrationReply,
  type TaskReport,
  type TaskStateChange,
  type TaskUpdate,
  type WorkerRegistration,
} from '../core/gateways.ts'
import { MAX_WATERMARK, MIN_WATERMARK } from '../core/time-constants.ts'
import { each, ratio, real, refuse, required, text, whole, word } from './check.ts'
import {
  documentFromWire,
  documentToWire,
  failureFromWire,
  failureToWire,
  fenceFromWire,
  fenceOfHeader,
  fenceToWire,
  SLOT_MAX,
  taskFromWire,
  taskToWire,
  toCheckpointId,
  toWorkerId,
} from './convert.ts'
import { SNAPSHOT } from './documents.ts'
import type {
  AcknowledgeRequest,
  AcknowledgeRequest__Output,
} from './gen/weir/v1/AcknowledgeRequest.ts'
import type { CheckpointStats, CheckpointStats__Output } from './gen/weir/v1/CheckpointStats.ts'
import type { DeclineRequest, DeclineRequest__Output } from './gen/weir/v1/DeclineRequest.ts'
import type { HeartbeatRequest, HeartbeatRequest__Output } from './gen/weir/v1/HeartbeatRequest.ts'
import type {
  HeartbeatResponse,
  HeartbeatResponse__Output,
} from './gen/weir/v1/HeartbeatResponse.ts'
import type { OutputLine as WireOutputLine, OutputLine__Output } from './gen/weir/v1/OutputLine.ts'
import type { OutputStream__Output } from './gen/weir/v1/OutputStream.ts'
import type { RegisterRequest, RegisterRequest__Output } from './gen/weir/v1/RegisterRequest.ts'
import type { RegisterResponse, RegisterResponse__Output } from './gen/weir/v1/RegisterResponse.ts'
import type { TaskReport as WireTaskReport, TaskReport__Output } from './gen/weir/v1/TaskReport.ts'
import type {
  TaskUpdateRequest,
  TaskUpdateRequest__Output,
} from './gen/weir/v1/TaskUpdateRequest.ts'

const PID_MAX = 2 ** 32 - 1
const SLOTS_MAX = 65_536

// ---- register, heartbeat ----

export function registrationToWire(
  registration: WorkerRegistration,
): Omit<RegisterRequest, 'header'> {
  return { ...registration }
}

export function registrationFromWire(wire: RegisterRequest__Output): WorkerRegistration {
  return {
    workerId: toWorkerId(wire.workerId, 'workerId'),
    controlAddress: text(wire.controlAddress, 'controlAddress'),
    slots: whole(wire.slots, 'slots', 0, SLOTS_MAX),
    pid: whole(wire.pid, 'pid', 0, PID_MAX),
    version: text(wire.version, 'version'),
  }
}

export function registrationReplyToWire(reply: RegistrationReply): RegisterResponse {
  return { ...reply }
}

export function registrationReplyFromWire(wire: RegisterResponse__Output): RegistrationReply {
  return {
    coordinatorId: text(wire.coordinatorId, 'coordinatorId'),
    heartbeatIntervalMs: real(wire.heartbeatIntervalMs, 'heartbeatIntervalMs', 1, HEARTBEAT_MS_MAX),
    heartbeatTimeoutMs: real(wire.heartbeatTimeoutMs, 'heartbeatTimeoutMs', 1, HEARTBEAT_MS_MAX),
  }
}

export function heartbeatToWire(heartbeat: Heartbeat): Omit<HeartbeatRequest, 'header'> {
  return {
    workerId: heartbeat.workerId,
    coordinatorId: heartbeat.coordinatorId,
    tasks: heartbeat.tasks.map(taskReportToWire),
    rssBytes: count(heartbeat.rssBytes),
  }
}

export function heartbeatFromWire(wire: HeartbeatRequest__Output): Heartbeat {
  return {
    workerId: toWorkerId(wire.workerId, 'workerId'),
    coordinatorId: text(wire.coordinatorId, 'coordinatorId'),
    tasks: each(wire.tasks, 'tasks', taskReportFromWire),
    rssBytes: whole(wire.rssBytes, 'rssBytes'),
  }
}

function taskReportToWire(report: TaskReport): WireTaskReport {
  return {
    fence: fenceToWire(report.fence),
    task: taskToWire(report.task),
    progressTick: count(report.progressTick),
    busyRatio: share(report.busyRatio),
    idleRatio: share(report.idleRatio),
    backPressuredRatio: share(report.backPressuredRatio),
    recordsIn: count(report.recordsIn),
    recordsOut: count(report.recordsOut),
    bytesIn: count(report.bytesIn),
    bytesOut: count(report.bytesOut),
    watermark: count(report.watermark, MIN_WATERMARK, MAX_WATERMARK),
    ...(isAmount(report.workLeft) ? { workLeft: report.workLeft } : {}),
  }
}

// A heartbeat must not fail for a statistic: who does not beat is taken for lost, with all jobs that it serves.

/** It may have divided by zero. */
function share(value: number): number {
  return Number.isFinite(value) ? Math.min(1, Math.max(0, value)) : 0
}

function count(value: number, min = 0, max: number = Number.MAX_SAFE_INTEGER): number {
  return Number.isNaN(value) ? min : Math.min(max, Math.max(min, Math.floor(value)))
}

const isAmount = (value: number | null | undefined): value is number =>
  typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER

function taskReportFromWire(wire: TaskReport__Output, field: string): TaskReport {
  return {
    fence: fenceFromWire(wire.fence, `${field}.fence`),
    task: taskFromWire(wire.task, `${field}.task`),
    progressTick: whole(wire.progressTick, `${field}.progressTick`),
    busyRatio: ratio(wire.busyRatio, `${field}.busyRatio`),
    idleRatio: ratio(wire.idleRatio, `${field}.idleRatio`),
    backPressuredRatio: ratio(wire.backPressuredRatio, `${field}.backPressuredRatio`),
    recordsIn: whole(wire.recordsIn, `${field}.recordsIn`),
    recordsOut: whole(wire.recordsOut, `${field}.recordsOut`),
    bytesIn: whole(wire.bytesIn, `${field}.bytesIn`),
    bytesOut: whole(wire.bytesOut, `${field}.bytesOut`),
    watermark: whole(wire.watermark, `${field}.watermark`, MIN_WATERMARK, MAX_WATERMARK),
    ...(wire._workLeft === 'workLeft'
      ? { workLeft: real(wire.workLeft ?? 0, `${field}.workLeft`) }
      : {}),
  }
}

const HEARTBEAT_VERDICT = {
  ok: 'HEARTBEAT_VERDICT_OK',
  'unknown-worker': 'HEARTBEAT_VERDICT_UNKNOWN_WORKER',
} as const satisfies Record<HeartbeatReply, string>

export function heartbeatReplyToWire(reply: HeartbeatReply): HeartbeatResponse {
  return { verdict: HEARTBEAT_VERDICT[reply] }
}

export function heartbeatReplyFromWire(wire: HeartbeatResponse__Output): HeartbeatReply {
  return word(HEARTBEAT_VERDICT, wire.verdict, 'verdict')
}

// ---- tasks ----

const TASK_STATE = {
  restored: 'TASK_STATE_RESTORED',
  running: 'TASK_STATE_RUNNING',
  'end-of-data': 'TASK_STATE_END_OF_DATA',
  finished: 'TASK_STATE_FINISHED',
  canceled: 'TASK_STATE_CANCELED',
  failed: 'TASK_STATE_FAILED',
} as const satisfies Record<TaskStateChange['state'], string>

export function taskUpdateToWire({ task, change }: TaskUpdate): Omit<TaskUpdateRequest, 'header'> {
  return {
    task: taskToWire(task),
    state: TASK_STATE[change.state],
    failure: change.state === 'failed' ? failureToWire(change.failure) : null,
  }
}

export function taskUpdateFromWire(wire: TaskUpdateRequest__Output): TaskUpdate {
  const state = word(TASK_STATE, wire.state, 'state')
  if (state !== 'failed' && wire.failure !== null) refuse('failure', `does not go with ${state}`)
  return {
    fence: fenceOfHeader(wire.header),
    task: taskFromWire(wire.task, 'task'),
    change:
      state === 'failed' ? { state, failure: failureFromWire(wire.failure, 'failure') } : { state },
  }
}

// ---- checkpoints ----

export function acknowledgeToWire(ack: CheckpointAck): Omit<AcknowledgeRequest, 'header'> {
  return {
    task: taskToWire(ack.task),
    checkpointId: toCheckpointId(ack.checkpointId, 'checkpointId'),
    snapshot: documentToWire(ack.snapshot),
    stats: statsToWire(ack.stats),
  }
}

export function acknowledgeFromWire(wire: AcknowledgeRequest__Output): CheckpointAck {
  return {
    fence: fenceOfHeader(wire.header),
    task: taskFromWire(wire.task, 'task'),
    checkpointId: toCheckpointId(wire.checkpointId, 'checkpointId'),
    snapshot: documentFromWire(wire.snapshot, 'snapshot', SNAPSHOT),
    stats: statsFromWire(required(wire.stats, 'stats')),
  }
}

function statsToWire(stats: SubtaskCheckpointStats): CheckpointStats {
  return { ...stats, stateBytes: whole(stats.stateBytes, 'stats.stateBytes') }
}

function statsFromWire(wire: CheckpointStats__Output): SubtaskCheckpointStats {
  return {
    syncMs: real(wire.syncMs, 'stats.syncMs'),
    asyncMs: real(wire.asyncMs, 'stats.asyncMs'),
    alignmentMs: real(wire.alignmentMs, 'stats.alignmentMs'),
    // By two wall clocks: may be negative.
    startDelayMs: real(wire.startDelayMs, 'stats.startDelayMs', Number.MIN_SAFE_INTEGER),
    stallMsMax: real(wire.stallMsMax, 'stats.stallMsMax'),
    stateBytes: whole(wire.stateBytes, 'stats.stateBytes'),
  }
}

export function declineToWire(decline: CheckpointDecline): Omit<DeclineRequest, 'header'> {
  return {
    task: taskToWire(decline.task),
    checkpointId: toCheckpointId(decline.checkpointId, 'checkpointId'),
    failure: failureToWire(decline.failure),
  }
}

export function declineFromWire(wire: DeclineRequest__Output): CheckpointDecline {
  return {
    fence: fenceOfHeader(wire.header),
    task: taskFromWire(wire.task, 'task'),
    checkpointId: toCheckpointId(wire.checkpointId, 'checkpointId'),
    failure: failureFromWire(wire.failure, 'failure'),
  }
}

export function slotsFromWire(slots: readonly number[]): readonly number[] {
  return each(slots, 'slots', (slot, field) => whole(slot, field, 0, SLOT_MAX), SLOTS_MAX)
}

// ---- output ----

export const OUTPUT_STREAM: Readonly<Record<OutputLine['stream'], OutputStream__Output>> = {
  print: 'OUTPUT_STREAM_PRINT',
  stdout: 'OUTPUT_STREAM_STDOUT',
  stderr: 'OUTPUT_STREAM_STDERR',
}

export function outputLineToWire(line: OutputLine): WireOutputLine {
  return {
    fence: fenceToWire(line.fence),
    task: line.task === null ? null : taskToWire(line.task),
    stream: OUTPUT_STREAM[line.stream],
    text: line.text.slice(0, OUTPUT_LINE_CHARS_MAX),
  }
}

export function outputLineFromWire(wire: OutputLine__Output, field: string): OutputLine {
  return {
    fence: fenceFromWire(wire.fence, `${field}.fence`),
    task: wire.task === null ? null : taskFromWire(wire.task, `${field}.task`),
    stream: word(OUTPUT_STREAM, wire.stream, `${field}.stream`),
    text: wire.text.slice(0, OUTPUT_LINE_CHARS_MAX),
  }
}
