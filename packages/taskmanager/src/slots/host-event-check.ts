// What a slot thread and its process say, before it is believed. The thread runs code of the job, which reaches both channels
// (its `parentPort`, the pipe of its process), so what comes is not always one of ours. Shapes are checked, as deep as the
// TaskManager looks into them, and not what they mean: a job may tell lies about itself.

import { ownText } from '@weirjs/common/codec/byte-reader'
import { isErrorDomain, isRetryHint, WeirError } from '@weirjs/common/core/errors'
import {
  OUTPUT_LINE_CHARS_MAX,
  type SlotEndpoint,
  type TaskReport,
} from '@weirjs/common/core/gateways'
import type { Fence, VertexId } from '@weirjs/common/core/ids'
import type { HostEvent, ProbeResult, SlotEvent, StartResult, ThreadEvent } from './protocol.ts'

const LIST_ITEMS_MAX = 100_000
/** They are a letter and a number; reports of tasks are kept. */
const VERTEX_ID_CHARS_MAX = 64

type Fields = Readonly<Record<string, unknown>>

export const badMessage = (): WeirError =>
  new WeirError('job/bad-message', 'a slot has sent what Weir does not understand', {
    domain: 'user',
    retry: 'backoff',
    hint: 'parentPort of a slot and the pipes of its process belong to Weir: does the job, or a library of it, write there?',
  })

export function isThreadEvent(value: unknown): value is ThreadEvent {
  if (!isRecord(value)) return false
  return isOfBoth(value) || (value['type'] === 'event' && isSlotEvent(value['event']))
}

export function isHostEvent(value: unknown): value is HostEvent {
  if (!isRecord(value)) return false
  switch (value['type']) {
    case 'lost':
      return isFailure(value['failure'])
    case 'slot':
      return isWhole(value['slot']) && isSlotEvent(value['event'])
    default:
      return isOfBoth(value)
  }
}

/** Without what came with it and nobody asked for: it is kept until the next one. */
export function plainReport({ fence, task, ...report }: TaskReport): TaskReport {
  return {
    fence: { jobId: fence.jobId, epoch: fence.epoch, attempt: fence.attempt },
    task: { vertexId: ownText(task.vertexId) as VertexId, subtask: task.subtask },
    progressTick: report.progressTick,
    busyRatio: report.busyRatio,
    idleRatio: report.idleRatio,
    backPressuredRatio: report.backPressuredRatio,
    recordsIn: report.recordsIn,
    recordsOut: report.recordsOut,
    bytesIn: report.bytesIn,
    bytesOut: report.bytesOut,
    watermark: report.watermark,
    ...(report.workLeft === undefined ? {} : { workLeft: report.workLeft }),
  }
}

// ---- answers ----

export const isEndpoint = (ok: unknown): ok is SlotEndpoint =>
  isRecord(ok) && isWhole(ok['slot']) && isText(ok['dataAddress'])

/** One endpoint for each of the slots, in their order. */
export function isStartResult(ok: unknown, slots: readonly number[]): ok is StartResult {
  if (!isRecord(ok) || !isListOf(ok['endpoints'], isEndpoint)) return false
  const told = (ok['endpoints'] as readonly SlotEndpoint[]).map(({ slot }) => slot)
  return told.length === slots.length && slots.every((slot, i) => slot === told[i])
}

export const isProbeResult = (ok: unknown): ok is ProbeResult =>
  isRecord(ok) &&
  isNumber(ok['rssBytes']) &&
  isListOf(ok['slotLoopAgesMs'], isNumber) &&
  isListOf(ok['slotMemory'], isSlotMemory)

const isSlotMemory = (memory: unknown): boolean =>
  isRecord(memory) && isNumber(memory['heapBytes']) && isNumber(memory['externalBytes'])

/** To a request that only wants to be heard. */
export const isAnything = (_ok: unknown): _ok is unknown => true

// ---- parts ----

/** What a thread tells its process in the same words as the process its TaskManager. */
function isOfBoth({ type, id, outcome }: Fields): boolean {
  return type === 'prepared' || (type === 'reply' && isWhole(id) && isOutcome(outcome))
}

/** All that it says is of that attempt. */
export function isOf(fence: Fence, event: SlotEvent): boolean {
  const isSame = (one: { readonly fence: Fence }): boolean =>
    one.fence.jobId === fence.jobId &&
    one.fence.epoch === fence.epoch &&
    one.fence.attempt === fence.attempt
  switch (event.type) {
    case 'task-update':
      return isSame(event.update)
    case 'acknowledge':
      return isSame(event.ack)
    case 'decline':
      return isSame(event.decline)
    case 'output':
      return event.lines.every(isSame)
    case 'report':
      return event.tasks.every(isSame)
  }
}

function isSlotEvent(event: unknown): boolean {
  if (!isRecord(event)) return false
  const { type, update, ack, decline, lines, tasks } = event
  switch (type) {
    case 'task-update':
      return isOfTask(update) && isChange(update['change'])
    case 'acknowledge':
      return isOfCheckpoint(ack) && isRecord(ack['snapshot']) && isRecord(ack['stats'])
    case 'decline':
      return isOfCheckpoint(decline) && isFailure(decline['failure'])
    case 'output':
      return isListOf(lines, isLine)
    case 'report':
      return isListOf(tasks, isReport)
    default:
      return false
  }
}

const STATES: readonly unknown[] = ['restored', 'running', 'end-of-data', 'finished', 'canceled']

const isChange = (change: unknown): boolean =>
  isRecord(change) &&
  (change['state'] === 'failed' ? isFailure(change['failure']) : STATES.includes(change['state']))

const isOfCheckpoint = (value: unknown): value is Fields =>
  isOfTask(value) && isWhole(value['checkpointId'])

const isReport = (report: unknown): boolean =>
  isOfTask(report) &&
  isOptionalNumber(report['workLeft']) &&
  [
    'progressTick',
    'busyRatio',
    'idleRatio',
    'backPressuredRatio',
    'recordsIn',
    'recordsOut',
    'bytesIn',
    'bytesOut',
    'watermark',
  ].every((name) => isNumber(report[name]))

const STREAMS: readonly unknown[] = ['print', 'stdout', 'stderr']

const isLine = (line: unknown): boolean =>
  isRecord(line) &&
  isFence(line['fence']) &&
  (line['task'] === null || isTask(line['task'])) &&
  STREAMS.includes(line['stream']) &&
  typeof line['text'] === 'string' &&
  line['text'].length <= OUTPUT_LINE_CHARS_MAX

const isOfTask = (value: unknown): value is Fields =>
  isRecord(value) && isFence(value['fence']) && isTask(value['task'])

const isFence = (fence: unknown): boolean =>
  isRecord(fence) &&
  typeof fence['jobId'] === 'string' &&
  isWhole(fence['epoch']) &&
  isWhole(fence['attempt'])

const isTask = (task: unknown): boolean =>
  isRecord(task) &&
  typeof task['vertexId'] === 'string' &&
  task['vertexId'].length <= VERTEX_ID_CHARS_MAX &&
  isWhole(task['subtask'])

const isOutcome = (outcome: unknown): boolean =>
  isRecord(outcome) && ('ok' in outcome || isFailure(outcome['failure']))

/** Its words too: one that the wire does not know could never be told. */
const isFailure = (failure: unknown): boolean =>
  isRecord(failure) &&
  typeof failure['code'] === 'string' &&
  failure['code'] !== '' &&
  typeof failure['message'] === 'string' &&
  isErrorDomain(failure['domain']) &&
  isRetryHint(failure['retry']) &&
  ['hint', 'location', 'peer', 'stack'].every((name) => isOptionalText(failure[name])) &&
  (failure['lastOutput'] === undefined || isListOf(failure['lastOutput'], isText))

const isText = (value: unknown): boolean => typeof value === 'string'

const isOptionalNumber = (value: unknown): boolean =>
  value === undefined || value === null || isNumber(value)

const isNumber = (value: unknown): boolean => typeof value === 'number'

const isOptionalText = (value: unknown): boolean => value === undefined || isText(value)

/** Without holes, which `every` would leave out. */
const isListOf = (list: unknown, isOne: (item: unknown) => boolean): boolean =>
  Array.isArray(list) &&
  list.length <= LIST_ITEMS_MAX &&
  !list.includes(undefined) &&
  list.every(isOne)

const isRecord = (value: unknown): value is Fields => typeof value === 'object' && value !== null

const isWhole = (value: unknown): boolean => Number.isSafeInteger(value)
