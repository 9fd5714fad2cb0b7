// A request of every method with every field set, as values by field name: what the matrix of bad fields starts from. For
// tests.

import { acknowledgeToWire, heartbeatToWire } from './convert-coordinator.ts'
import { submitHeadToWire } from './convert-job.ts'
import { allocateToWire, deployToWire } from './convert-worker.ts'
import type { Values } from './raw-message.fixture.ts'
import {
  ACK,
  DEPLOY,
  FENCE,
  GRAPH_SAMPLE,
  HASH,
  HEARTBEAT,
  SLOT_REQUEST,
  TASK,
  WORKER,
} from './samples.fixture.ts'
import { DEFAULT_JOB_SETTINGS } from '../core/graph/logical-graph.ts'
import { createHash } from 'node:crypto'

const fence = { jobId: FENCE.jobId, epoch: FENCE.epoch, attempt: FENCE.attempt }
const header = { sender: WORKER, sequence: 7, fence }
const task = { vertexId: TASK.vertexId, subtask: TASK.subtask }
const failure = {
  code: 'job/user-code-failed',
  message: 'no',
  domain: 1,
  retry: 2,
  hint: 'h',
  location: 'job.ts:1',
  stack: 's',
}
const job = { header, job: 'abc' }
const checkpoint = { header, checkpointId: 9, final: true }
const nothing = new Uint8Array(0)
const head = submitHeadToWire({
  graph: GRAPH_SAMPLE,
  settings: DEFAULT_JOB_SETTINGS,
  args: { a: 1 },
  bundle: nothing,
  bundleHash: createHash('sha256').update(nothing).digest('hex'),
  submittedAtMs: 1,
  restoreFrom: 'chk-1',
  allowNonRestoredState: true,
  submissionId: 'ab'.repeat(16),
} as never)

/** By service and method. Several where the fields exclude each other. */
export const REQUESTS: Readonly<Record<string, readonly Values[]>> = {
  'CoordinatorService/Register': [
    {
      header,
      workerId: WORKER,
      controlAddress: '127.0.0.1:6122',
      slots: 4,
      pid: 4_711,
      version: '0.1.0',
    },
  ],
  'CoordinatorService/Attach': [{ header, workerId: WORKER, coordinatorId: 'jm-1' }],
  'CoordinatorService/Heartbeat': [{ header, ...heartbeatToWire(HEARTBEAT) }],
  'CoordinatorService/Unregister': [{ header, workerId: WORKER, reason: 'told to' }],
  'CoordinatorService/TaskUpdate': [{ header, task, state: 5, failure }],
  'CoordinatorService/Acknowledge': [{ header, ...acknowledgeToWire(ACK) }],
  'CoordinatorService/Decline': [{ header, task, checkpointId: 9, failure }],
  'CoordinatorService/SlotsLost': [{ header, workerId: WORKER, slots: [0, 2], failure }],
  'CoordinatorService/Output': [{ header, lines: [{ fence, task, stream: 1, text: 'hello' }] }],
  'CoordinatorService/FetchBundle': [{ header, jobId: FENCE.jobId, bundleHash: HASH }],
  'WorkerService/Allocate': [{ header, ...allocateToWire(SLOT_REQUEST) }],
  'WorkerService/Deploy': [{ header, ...deployToWire(DEPLOY) }],
  'WorkerService/Run': [{ header, tasks: [task] }],
  'WorkerService/Cancel': [{ header, tasks: [task] }],
  'WorkerService/Release': [{ header }],
  'WorkerService/Trigger': [{ ...checkpoint, timestampMs: 1, tasks: [task] }],
  'WorkerService/NotifyComplete': [checkpoint],
  'WorkerService/NotifyAborted': [checkpoint],
  'JobService/Submit': [{ header, head }],
  'JobService/List': [{ header }],
  'JobService/Describe': [job],
  'JobService/Checkpoints': [job],
  'JobService/Cancel': [job],
  'JobService/TriggerCheckpoint': [job],
  'JobService/Workers': [{ header }],
  'JobService/DrainWorker': [{ header, worker: WORKER, draining: true }],
  'JobService/Cluster': [{ header }],
  'JobService/JobDefaults': [{ header }],
  'JobService/Watch': [job],
}
