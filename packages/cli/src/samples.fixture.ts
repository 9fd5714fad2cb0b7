// What a cluster might answer, for tests of commands.

import { DEFAULT_JOB_SETTINGS, type OperatorKind } from '@weirjs/common/core/graph/logical-graph'
import type { PlanVertex } from '@weirjs/common/core/graph/physical-plan'
import { checkpointId, type JobId, jobId, operatorUid, vertexId } from '@weirjs/common/core/ids'
import type {
  CheckpointView,
  JobDetail,
  JobSummary,
  TaskView,
  WorkerView,
} from '@weirjs/common/job-client'

export const id: JobId = jobId('7f3a'.padEnd(32, '0'))

export function summary(state: JobSummary['state'], more: Partial<JobSummary> = {}): JobSummary {
  return {
    jobId: id,
    name: 'flights',
    state,
    health: 'HEALTHY',
    submittedAtMs: 0,
    endedAtMs: null,
    attempt: 1,
    restarts: 0,
    tasks: { total: 8, running: 8 },
    lastCheckpointId: null,
    failure: null,
    ...more,
  }
}

export const detail = (state: JobSummary['state'], more: Partial<JobDetail> = {}): JobDetail => ({
  ...summary(state, more),
  plan: { jobName: 'flights', vertices: [], edges: [], mode: 'exactly-once', bufferTimeoutMs: 5 },
  settings: DEFAULT_JOB_SETTINGS,
  taskViews: [],
  attempts: [],
  ...more,
})

/** Of one operator. */
export const vertex = (name: string, kind: OperatorKind): PlanVertex => ({
  id: vertexId(name),
  name,
  parallelism: 1,
  maxParallelism: 128,
  slotSharingGroup: 'default',
  operators: [{ uid: operatorUid(name), name, kind, state: [], outputs: [] }],
  inputs: [],
  outputs: [],
})

export const completed: CheckpointView = {
  checkpointId: checkpointId(3),
  state: 'COMPLETED',
  kind: 'periodic',
  triggeredAtMs: 1_000,
  endedAtMs: 1_034,
  stateBytes: 1_234_567,
  acknowledged: 8,
  total: 8,
  stallMsMax: 1,
  path: '/data/chk-3',
  failure: null,
}

export const worker = (name: string, more: Partial<WorkerView> = {}): WorkerView => ({
  workerId: name,
  address: '127.0.0.1:1',
  pid: 7,
  slots: 2,
  freeSlots: 1,
  lastHeartbeatAgeMs: 1,
  rssBytes: 1_000,
  draining: false,
  ...more,
})

export const TASK: TaskView = {
  vertexId: 'v1',
  subtask: 0,
  name: 'count (1/1)',
  state: 'running',
  worker: null,
  attempt: 1,
  busyRatio: 0.5,
  idleRatio: 0.5,
  backPressuredRatio: 0,
  recordsIn: 10,
  recordsOut: 5,
  watermark: 0,
}
