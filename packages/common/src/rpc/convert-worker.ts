// JobManager → worker, between the wire and ours.

import type {
  CancelRequest,
  CheckpointNotice,
  DeployRequest,
  RunRequest,
  SlotEndpoint,
  SlotReply,
  SlotRequest,
  TaskDeployment,
  TaskPlacement,
  TriggerRequest,
} from '../core/gateways.ts'
import { each, real, required, text, TEXT_CHARS_MAX, whole } from './check.ts'
import {
  documentFromWire,
  documentToWire,
  fenceOfHeader,
  SLOT_MAX,
  taskFromWire,
  taskToWire,
  toBundleHash,
  toCheckpointId,
  toWorkerId,
} from './convert.ts'
import { slotsFromWire } from './convert-coordinator.ts'
import { ARGUMENTS, PLAN, RESTORE } from './documents.ts'
import type { AllocateRequest, AllocateRequest__Output } from './gen/weir/v1/AllocateRequest.ts'
import type { AllocateResponse, AllocateResponse__Output } from './gen/weir/v1/AllocateResponse.ts'
import type {
  CancelRequest as WireCancel,
  CancelRequest__Output,
} from './gen/weir/v1/CancelRequest.ts'
import type {
  DeployRequest as WireDeploy,
  DeployRequest__Output,
} from './gen/weir/v1/DeployRequest.ts'
import type { NotifyAbortedRequest__Output } from './gen/weir/v1/NotifyAbortedRequest.ts'
import type {
  NotifyCompleteRequest,
  NotifyCompleteRequest__Output,
} from './gen/weir/v1/NotifyCompleteRequest.ts'
import type { RunRequest as WireRun, RunRequest__Output } from './gen/weir/v1/RunRequest.ts'
import type {
  SlotEndpoint as WireEndpoint,
  SlotEndpoint__Output,
} from './gen/weir/v1/SlotEndpoint.ts'
import type { TaskDeployment__Output } from './gen/weir/v1/TaskDeployment.ts'
import type { TaskPlacement__Output } from './gen/weir/v1/TaskPlacement.ts'
import type {
  TriggerRequest as WireTrigger,
  TriggerRequest__Output,
} from './gen/weir/v1/TriggerRequest.ts'

const CONFIG_KEYS_MAX = 10_000

// ---- allocate ----

export function allocateToWire(request: SlotRequest): Omit<AllocateRequest, 'header'> {
  return {
    jobName: request.jobName,
    bundleHash: toBundleHash(request.bundle, 'bundle'),
    args: documentToWire(request.args),
    submittedAtMs: real(request.submittedAtMs, 'submittedAtMs'),
    config: { ...request.config },
    credential: request.credential,
    slots: [...request.slots],
  }
}

export function allocateFromWire(wire: AllocateRequest__Output): SlotRequest {
  return {
    fence: fenceOfHeader(wire.header),
    jobName: text(wire.jobName, 'jobName'),
    bundle: toBundleHash(wire.bundleHash, 'bundleHash'),
    args: documentFromWire(wire.args, 'args', ARGUMENTS),
    submittedAtMs: real(wire.submittedAtMs, 'submittedAtMs'),
    config: configFromWire(wire.config),
    credential: text(wire.credential, 'credential'),
    slots: slotsFromWire(wire.slots),
  }
}

function configFromWire(wire: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const entries = each(
    Object.entries(wire),
    'config',
    ([key, value], field): [string, string] => [
      text(key, field),
      text(value, `config.${key}`, 0, TEXT_CHARS_MAX),
    ],
    CONFIG_KEYS_MAX,
  )
  return Object.fromEntries(entries)
}

export function allocateReplyToWire(reply: SlotReply): AllocateResponse {
  return { endpoints: reply.endpoints.map(endpointToWire) }
}

export function allocateReplyFromWire(wire: AllocateResponse__Output): SlotReply {
  return { endpoints: each(wire.endpoints, 'endpoints', endpointFromWire) }
}

function endpointToWire(endpoint: SlotEndpoint): WireEndpoint {
  return { ...endpoint, slot: whole(endpoint.slot, 'endpoint.slot', 0, SLOT_MAX) }
}

function endpointFromWire(wire: SlotEndpoint__Output | null, field: string): SlotEndpoint {
  const { workerId, slot, dataAddress } = required(wire, field)
  return {
    workerId: toWorkerId(workerId, `${field}.workerId`),
    slot: whole(slot, `${field}.slot`, 0, SLOT_MAX),
    dataAddress: text(dataAddress, `${field}.dataAddress`),
  }
}

// ---- deploy, run, cancel ----

export function deployToWire(request: DeployRequest): Omit<WireDeploy, 'header'> {
  return {
    plan: documentToWire(request.plan),
    placements: request.placements.map(({ task, endpoint }) => ({
      task: taskToWire(task),
      endpoint: endpointToWire(endpoint),
    })),
    tasks: request.tasks.map(({ task, slot, restore }) => ({
      task: taskToWire(task),
      slot: whole(slot, 'slot', 0, SLOT_MAX),
      restore: restore === null ? null : documentToWire(restore),
    })),
  }
}

export function deployFromWire(wire: DeployRequest__Output): DeployRequest {
  return {
    fence: fenceOfHeader(wire.header),
    plan: documentFromWire(wire.plan, 'plan', PLAN),
    placements: each(wire.placements, 'placements', placementFromWire),
    tasks: each(wire.tasks, 'tasks', deploymentFromWire),
  }
}

function placementFromWire(wire: TaskPlacement__Output, field: string): TaskPlacement {
  return {
    task: taskFromWire(wire.task, `${field}.task`),
    endpoint: endpointFromWire(wire.endpoint, `${field}.endpoint`),
  }
}

function deploymentFromWire(wire: TaskDeployment__Output, field: string): TaskDeployment {
  return {
    task: taskFromWire(wire.task, `${field}.task`),
    slot: whole(wire.slot, `${field}.slot`, 0, SLOT_MAX),
    restore:
      wire.restore === null ? null : documentFromWire(wire.restore, `${field}.restore`, RESTORE),
  }
}

export function runToWire(request: RunRequest): Omit<WireRun, 'header'> {
  return { tasks: request.tasks.map(taskToWire) }
}

export function runFromWire(wire: RunRequest__Output): RunRequest {
  return { fence: fenceOfHeader(wire.header), tasks: each(wire.tasks, 'tasks', taskFromWire) }
}

export function cancelToWire(request: CancelRequest): Omit<WireCancel, 'header'> {
  return { tasks: request.tasks.map(taskToWire) }
}

export function cancelFromWire(wire: CancelRequest__Output): CancelRequest {
  return { fence: fenceOfHeader(wire.header), tasks: each(wire.tasks, 'tasks', taskFromWire) }
}

// ---- checkpoints ----

export function triggerToWire(request: TriggerRequest): Omit<WireTrigger, 'header'> {
  return {
    checkpointId: toCheckpointId(request.checkpointId, 'checkpointId'),
    timestampMs: real(request.timestampMs, 'timestampMs'),
    tasks: request.tasks.map(taskToWire),
    final: request.final,
  }
}

export function triggerFromWire(wire: TriggerRequest__Output): TriggerRequest {
  return {
    fence: fenceOfHeader(wire.header),
    checkpointId: toCheckpointId(wire.checkpointId, 'checkpointId'),
    timestampMs: real(wire.timestampMs, 'timestampMs'),
    tasks: each(wire.tasks, 'tasks', taskFromWire),
    final: wire.final,
  }
}

/** NotifyComplete and NotifyAborted look the same. */
export function noticeToWire(notice: CheckpointNotice): Omit<NotifyCompleteRequest, 'header'> {
  return { checkpointId: toCheckpointId(notice.checkpointId, 'checkpointId'), final: notice.final }
}

export function noticeFromWire(
  wire: NotifyCompleteRequest__Output | NotifyAbortedRequest__Output,
): CheckpointNotice {
  return {
    fence: fenceOfHeader(wire.header),
    checkpointId: toCheckpointId(wire.checkpointId, 'checkpointId'),
    final: wire.final,
  }
}
