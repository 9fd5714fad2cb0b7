// An answer of every method with something in every field, as values by field name: what the matrix of bad answers starts
// from. For tests.

import { DEFAULT_JOB_SETTINGS } from '../core/graph/logical-graph.ts'
import { documentToWire } from './convert.ts'
import type { Values } from './raw-message.fixture.ts'
import { FENCE, PLAN_SAMPLE, WORKER } from './samples.fixture.ts'

const failure: Values = {
  code: 'job/user-code-failed',
  message: 'no',
  domain: 1,
  retry: 2,
  hint: 'h',
  location: 'job.ts:1',
  peer: 'worker-8a',
  stack: 's',
  lastOutput: ['the end'],
}
const summary: Values = {
  jobId: FENCE.jobId,
  name: 'count',
  state: 9,
  health: 2,
  submittedAtMs: 1,
  endedAtMs: 2,
  attempt: 3,
  restarts: 2,
  tasksTotal: 4,
  tasksRunning: 3,
  lastCheckpointId: 8,
  failure,
}
const checkpoint: Values = {
  checkpointId: 8,
  state: 2,
  kind: 2,
  triggeredAtMs: 1,
  endedAtMs: 2,
  stateBytes: 3,
  acknowledged: 4,
  total: 4,
  stallMsMax: 0.5,
  path: '/var/weir/chk-8',
  failure,
}
const worker: Values = {
  workerId: WORKER,
  address: '127.0.0.1:6122',
  pid: 7,
  slots: 4,
  freeSlots: 1,
  lastHeartbeatAgeMs: 0.5,
  rssBytes: 9,
  draining: true,
}
const task: Values = {
  vertexId: 'v0',
  subtask: 1,
  name: 'lines',
  state: 'running',
  worker: WORKER,
  attempt: 2,
  busyRatio: 0.5,
  idleRatio: 0.25,
  backPressuredRatio: 0.25,
  recordsIn: 1,
  recordsOut: 2,
  watermark: -5,
}
const attempt: Values = {
  attempt: 2,
  epoch: 1,
  startedAtMs: 3,
  restoredFrom: 8,
  endedAtMs: 4,
  failure,
}
const nothing: readonly Values[] = [{}]

/** By service and method. Several where the fields exclude each other. */
export const ANSWERS: Readonly<Record<string, readonly Values[]>> = {
  'CoordinatorService/Register': [
    { coordinatorId: 'jm-1', heartbeatIntervalMs: 250, heartbeatTimeoutMs: 2_000 },
  ],
  'CoordinatorService/Attach': [{ coordinatorId: 'jm-1' }],
  'CoordinatorService/Heartbeat': [{ verdict: 1 }],
  'CoordinatorService/Unregister': nothing,
  'CoordinatorService/TaskUpdate': nothing,
  'CoordinatorService/Acknowledge': nothing,
  'CoordinatorService/Decline': nothing,
  'CoordinatorService/SlotsLost': nothing,
  'CoordinatorService/Output': nothing,
  'CoordinatorService/FetchBundle': [{ chunk: Buffer.from('the code') }],
  'WorkerService/Allocate': [
    { endpoints: [{ workerId: WORKER, slot: 2, dataAddress: '127.0.0.1:40000' }] },
  ],
  'WorkerService/Deploy': nothing,
  'WorkerService/Run': nothing,
  'WorkerService/Cancel': nothing,
  'WorkerService/Release': nothing,
  'WorkerService/Trigger': nothing,
  'WorkerService/NotifyComplete': nothing,
  'WorkerService/NotifyAborted': nothing,
  'JobService/Submit': [{ jobId: FENCE.jobId }],
  'JobService/List': [{ jobs: [summary] }],
  'JobService/Describe': [
    {
      summary,
      plan: documentToWire(PLAN_SAMPLE),
      settings: documentToWire(DEFAULT_JOB_SETTINGS),
      tasks: [task],
      attempts: [attempt],
    },
  ],
  'JobService/Checkpoints': [{ checkpoints: [checkpoint] }],
  'JobService/Cancel': nothing,
  'JobService/TriggerCheckpoint': [{ checkpoint }],
  'JobService/Workers': [{ workers: [worker] }],
  'JobService/DrainWorker': [{ worker }],
  'JobService/Cluster': [
    {
      coordinatorId: 'jm-1',
      version: '0.1.0',
      pid: 7,
      startedAtMs: 8,
      workers: 1,
      slots: 4,
      freeSlots: 1,
      jobs: { RUNNING: 1 },
      checkpointDirectory: '/var/weir',
      restAddress: '127.0.0.1:8081',
      notLeading: 'it stands by',
    },
  ],
  'JobService/JobDefaults': [
    { defaults: [{ key: 'parallelism.default', text: '4', origin: 'cluster: flag -D' }] },
  ],
  'JobService/Watch': [
    { state: summary },
    { checkpoint },
    { failure: { failure, willRestart: true, delayMs: 1 } },
    { restored: { checkpointId: 8, attempt: 2 } },
    { progress: { recordsIn: 1, recordsOut: 2, doneRatio: 0.5 } },
    { output: { stream: 1, text: 'hello' } },
    { lostOutput: { lines: 3 } },
    { outputLog: { epoch: 2 } },
  ],
}
