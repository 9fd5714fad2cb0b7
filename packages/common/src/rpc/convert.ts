// The door between the wire and ours, the part that all services share: headers, fences, tasks, failures, documents.
// Wire types never get past the convert files, and nothing gets in unchecked. A failure's text is cut rather than
// refused: news of a failure must not get lost because it is long.

import {
  type ErrorDomain,
  type Failure,
  FAILURE_MESSAGE_CHARS_MAX,
  FAILURE_STACK_CHARS_MAX,
  LAST_OUTPUT_LINE_CHARS_MAX,
  LAST_OUTPUT_LINES_MAX,
  type RetryHint,
} from '../core/errors.ts'
import {
  attempt,
  type BundleHash,
  bundleHash,
  type CheckpointId,
  checkpointId,
  type Fence,
  type JobId,
  jobId,
  leaderEpoch,
  type TaskId,
  vertexId,
  type WorkerId,
  workerId,
} from '../core/ids.ts'
import { matching, NAME_CHARS_MAX, refuse, required, text, whole, word } from './check.ts'
import { DOCUMENT_DEPTH_MAX, DOCUMENT_VERSION, type DocumentShape } from './documents.ts'
import type { Document, Document__Output } from './gen/weir/v1/Document.ts'
import type { Failure as WireFailure, Failure__Output } from './gen/weir/v1/Failure.ts'
import type { Fence as WireFence, Fence__Output } from './gen/weir/v1/Fence.ts'
import type { Header, Header__Output } from './gen/weir/v1/Header.ts'
import type { TaskId as WireTaskId, TaskId__Output } from './gen/weir/v1/TaskId.ts'

export const SUBTASK_MAX = 32_767
export const SLOT_MAX = 65_535
export const JOB_ID_PATTERN: RegExp = /^[0-9a-f]{32}$/
const HASH_PATTERN = /^[0-9a-f]{64}$/
const VERTEX_PATTERN = /^v\d{1,9}$/

// ---- ids ----

export function toJobId(value: string | undefined, field: string): JobId {
  return jobId(matching(value, field, JOB_ID_PATTERN))
}

export function toWorkerId(value: string | undefined, field: string): WorkerId {
  return workerId(text(value, field))
}

export function toBundleHash(value: string | undefined, field: string): BundleHash {
  return bundleHash(matching(value, field, HASH_PATTERN))
}

export function toCheckpointId(value: string | number | undefined, field: string): CheckpointId {
  return checkpointId(whole(value, field, 1))
}

export function fenceToWire(fence: Fence): WireFence {
  return {
    jobId: toJobId(fence.jobId, 'fence.jobId'),
    epoch: whole(fence.epoch, 'fence.epoch', 1),
    attempt: whole(fence.attempt, 'fence.attempt', 1),
  }
}

export function fenceFromWire(wire: Fence__Output | null | undefined, field: string): Fence {
  const { jobId: job, epoch, attempt: number } = required(wire, field)
  return {
    jobId: toJobId(job, `${field}.jobId`),
    epoch: leaderEpoch(whole(epoch, `${field}.epoch`, 1)),
    attempt: attempt(whole(number, `${field}.attempt`, 1)),
  }
}

export function taskToWire(task: TaskId): WireTaskId {
  return { vertexId: task.vertexId, subtask: whole(task.subtask, 'task.subtask', 0, SUBTASK_MAX) }
}

export function taskFromWire(wire: TaskId__Output | null | undefined, field: string): TaskId {
  const { vertexId: vertex, subtask } = required(wire, field)
  return {
    vertexId: vertexId(matching(vertex, `${field}.vertexId`, VERTEX_PATTERN)),
    subtask: whole(subtask, `${field}.subtask`, 0, SUBTASK_MAX),
  }
}

// ---- headers ----

/** Who calls, and the how-manieth call of theirs it is. */
export interface Caller {
  readonly sender: string
  readonly sequence: number
}

export function headerToWire(caller: Caller, fence: Fence | null = null): Header {
  return {
    sender: caller.sender,
    sequence: caller.sequence,
    fence: fence === null ? null : fenceToWire(fence),
  }
}

export function callerFromWire(wire: Header__Output | null): Caller {
  const header = required(wire, 'header')
  return {
    sender: text(header.sender, 'header.sender'),
    sequence: whole(header.sequence, 'header.sequence', 1),
  }
}

/** The fence of a call that is about one attempt of a job. */
export function fenceOfHeader(wire: Header__Output | null): Fence {
  return fenceFromWire(required(wire, 'header').fence, 'header.fence')
}

// ---- failures ----

const DOMAIN = {
  user: 'ERROR_DOMAIN_USER',
  external: 'ERROR_DOMAIN_EXTERNAL',
  internal: 'ERROR_DOMAIN_INTERNAL',
} as const satisfies Record<ErrorDomain, string>

const RETRY = {
  never: 'RETRY_HINT_NEVER',
  backoff: 'RETRY_HINT_BACKOFF',
  immediate: 'RETRY_HINT_IMMEDIATE',
} as const satisfies Record<RetryHint, string>

export function failureToWire(failure: Failure): WireFailure {
  return {
    ...cutTexts(failure),
    code: failure.code.slice(0, NAME_CHARS_MAX),
    message: failure.message.slice(0, FAILURE_MESSAGE_CHARS_MAX),
    domain: DOMAIN[failure.domain],
    retry: RETRY[failure.retry],
    lastOutput: [...cutLines(failure.lastOutput ?? [])],
  }
}

export function failureFromWire(wire: Failure__Output | null | undefined, field: string): Failure {
  const failure = required(wire, field)
  const lastOutput = cutLines(failure.lastOutput)
  return {
    ...cutTexts(failure),
    code: text(failure.code, `${field}.code`),
    message: failure.message.slice(0, FAILURE_MESSAGE_CHARS_MAX),
    domain: word(DOMAIN, failure.domain, `${field}.domain`),
    retry: word(RETRY, failure.retry, `${field}.retry`),
    ...(lastOutput.length === 0 ? {} : { lastOutput }),
  }
}

const cutLines = (lines: readonly string[]): readonly string[] =>
  lines.slice(-LAST_OUTPUT_LINES_MAX).map((line) => line.slice(0, LAST_OUTPUT_LINE_CHARS_MAX))

/** The optional texts of a Failure, in either form. */
function cutTexts(
  failure: Pick<Failure, 'hint' | 'location' | 'peer' | 'stack'>,
): Pick<Failure, 'hint' | 'location' | 'peer' | 'stack'> {
  const { hint, location, peer, stack } = failure
  return {
    ...(hint === undefined ? {} : { hint: hint.slice(0, FAILURE_MESSAGE_CHARS_MAX) }),
    ...(location === undefined ? {} : { location: location.slice(0, NAME_CHARS_MAX) }),
    ...(peer === undefined ? {} : { peer: peer.slice(0, NAME_CHARS_MAX) }),
    ...(stack === undefined ? {} : { stack: stack.slice(0, FAILURE_STACK_CHARS_MAX) }),
  }
}

// ---- documents ----

export function documentToWire(value: unknown): Document {
  return { version: DOCUMENT_VERSION, json: Buffer.from(JSON.stringify(value)) }
}

export function documentFromWire<T>(
  wire: Document__Output | null | undefined,
  field: string,
  shape: DocumentShape<T>,
): T {
  const { version, json } = required(wire, field)
  if (version !== DOCUMENT_VERSION) {
    refuse(
      field,
      `is a ${shape.name} of version ${version}, this process knows version ${DOCUMENT_VERSION}`,
    )
  }
  if (depthOf(json) > DOCUMENT_DEPTH_MAX)
    refuse(field, `is nested deeper than ${DOCUMENT_DEPTH_MAX}`)
  return shape.read(parse(json, field), field)
}

function parse(json: Buffer, field: string): unknown {
  try {
    return JSON.parse(json.toString('utf8'))
  } catch (error) {
    return refuse(field, error instanceof Error ? error.message : 'is no JSON')
  }
}

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** Deepest nesting of arrays and objects in JSON text, without parsing it. */
function depthOf(json: Uint8Array): number {
  let depth = 0
  let deepest = 0
  for (let i = 0; i < json.length; i += 1) {
    const byte = json[i]
    if (byte === QUOTE) {
      for (i += 1; i < json.length && json[i] !== QUOTE; i += 1) if (json[i] === BACKSLASH) i += 1
    } else if (byte === 0x5b || byte === 0x7b) {
      depth += 1
      if (depth > deepest) deepest = depth
    } else if (byte === 0x5d || byte === 0x7d) depth -= 1
  }
  return deepest
}
