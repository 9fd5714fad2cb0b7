// One of everything that crosses the wire, every optional field once present and once absent, and implementers of the
// gateways that remember what they were asked. For tests.

import type { SubtaskSnapshot, TaskRestore } from '../core/checkpoint/handles.ts'
import { type Failure, WeirError } from '../core/errors.ts'
import type {
  CheckpointAck,
  CoordinatorGateway,
  DeployRequest,
  Heartbeat,
  HeartbeatReply,
  SlotEndpoint,
  SlotReply,
  SlotRequest,
  WorkerGateway,
  WorkerRegistration,
} from '../core/gateways.ts'
import {
  DEFAULT_JOB_SETTINGS,
  type JobSettings,
  type LogicalGraph,
} from '../core/graph/logical-graph.ts'
import type { PhysicalPlan } from '../core/graph/physical-plan.ts'
import {
  attempt,
  bundleHash,
  checkpointId,
  edgeId,
  type Fence,
  jobId,
  leaderEpoch,
  operatorUid,
  type TaskId,
  vertexId,
  workerId,
} from '../core/ids.ts'
import { MAX_WATERMARK, MIN_WATERMARK } from '../core/time-constants.ts'

export const FENCE: Fence = {
  jobId: jobId('0123456789abcdef'.repeat(2)),
  epoch: leaderEpoch(2),
  attempt: attempt(2 ** 40),
}
export const TASK: TaskId = { vertexId: vertexId('v1'), subtask: 3 }
export const OTHER_TASK: TaskId = { vertexId: vertexId('v0'), subtask: 0 }
export const HASH: string = 'ab'.repeat(32)
export const WORKER: string = 'worker-7f'

export const FAILURE: Failure = {
  code: 'job/user-code-failed',
  message: 'nicht möglich: \u{1F4A5}',
  domain: 'user',
  retry: 'backoff',
  hint: 'Look at line 3.',
  location: 'job.ts:3:1',
  peer: 'worker-8a',
  stack: 'Error\n  at job.ts:3:1',
  lastOutput: ['before', 'the end'],
}
export const BARE_FAILURE: Failure = {
  code: 'rpc/unavailable',
  message: '',
  domain: 'external',
  retry: 'immediate',
}

export const REGISTRATION: WorkerRegistration = {
  workerId: workerId(WORKER),
  controlAddress: '127.0.0.1:6122',
  slots: 4,
  pid: 4_711,
  version: '0.1.0',
}

export const HEARTBEAT: Heartbeat = {
  workerId: workerId(WORKER),
  coordinatorId: 'jm-1',
  rssBytes: 123_456_789,
  tasks: [
    {
      fence: FENCE,
      task: TASK,
      progressTick: 12,
      busyRatio: 0.25,
      idleRatio: 0.75,
      backPressuredRatio: 0,
      recordsIn: Number.MAX_SAFE_INTEGER,
      recordsOut: 0,
      bytesIn: 5e12,
      bytesOut: 1,
      watermark: MIN_WATERMARK,
    },
  ],
}

const FILE = { path: 'chk-5/v1-3-2-9.state', bytes: 1_000, sha256: HASH }
const CODEC = { name: 'struct', version: 2, schema: { fields: [['a', 'text']] } }
const PLAIN_CODEC = { name: 'dynamic', version: 1 }

export const SNAPSHOT_SAMPLE: SubtaskSnapshot = {
  file: FILE,
  operators: [
    {
      uid: operatorUid('count'),
      keyed: [
        {
          name: 'total',
          kind: 'map',
          codec: CODEC,
          keyCodec: PLAIN_CODEC,
          segments: [{ offset: 0, bytes: 10, entries: 2, keyGroup: 17 }],
        },
        { name: 'timers', kind: 'timers-event', codec: PLAIN_CODEC, segments: [] },
      ],
      lists: [
        {
          name: 'splits',
          mode: 'union',
          codec: CODEC,
          segment: { offset: 10, bytes: 0, entries: 0 },
        },
      ],
      ended: true,
      watermark: MAX_WATERMARK,
    },
  ],
}

export const RESTORE_SAMPLE: TaskRestore = {
  checkpointId: checkpointId(5),
  directory: FENCE.jobId,
  commitOnly: true,
  allowNonRestoredState: false,
  operators: [
    {
      uid: operatorUid('count'),
      keyed: [
        {
          name: 'total',
          kind: 'value',
          codec: CODEC,
          keyCodec: CODEC,
          parts: [{ file: FILE, segments: [{ offset: 0, bytes: 10, entries: 2, keyGroup: 0 }] }],
        },
      ],
      lists: [
        {
          name: 'splits',
          mode: 'list',
          codec: CODEC,
          parts: [{ file: FILE, segment: { offset: 1, bytes: 2, entries: 3 }, first: 0, end: 3 }],
        },
      ],
      ended: false,
      watermark: MIN_WATERMARK,
    },
  ],
}

export const ACK: CheckpointAck = {
  fence: FENCE,
  task: TASK,
  checkpointId: checkpointId(9),
  snapshot: SNAPSHOT_SAMPLE,
  stats: {
    syncMs: 0.5,
    asyncMs: 12,
    alignmentMs: 0,
    startDelayMs: -3,
    stallMsMax: 1.25,
    stateBytes: 9,
  },
}

export const GRAPH_SAMPLE: LogicalGraph = {
  version: 1,
  name: 'count',
  nodes: [
    {
      id: operatorUid('in'),
      explicitUid: true,
      name: 'lines',
      kind: 'source-reader',
      parallelism: 2,
      maxParallelism: 128,
      slotSharingGroup: 'default',
      chaining: 'always',
      state: [{ name: 'total', kind: 'map', codec: CODEC, keyCodec: PLAIN_CODEC }],
      bounded: true,
      location: 'job.ts:9',
      description: 'files',
    },
    {
      id: operatorUid('out'),
      explicitUid: false,
      name: 'print',
      kind: 'sink',
      slotSharingGroup: 'default',
      chaining: 'never',
      state: [{ name: 'n', kind: 'value', codec: PLAIN_CODEC }],
    },
  ],
  edges: [
    {
      from: operatorUid('in'),
      output: 'main',
      to: operatorUid('out'),
      input: 0,
      partitioning: { kind: 'hash' },
      keyed: true,
      codec: CODEC,
    },
  ],
}

export const SETTINGS_SAMPLES: readonly JobSettings[] = [
  { ...DEFAULT_JOB_SETTINGS, config: { 'a.b': 'c', empty: '' } },
  {
    ...DEFAULT_JOB_SETTINGS,
    restart: { strategy: 'none' },
    maxParallelism: 128,
    bufferTimeoutMs: null,
  },
  { ...DEFAULT_JOB_SETTINGS, restart: { strategy: 'fixed-delay', attempts: 3, delayMs: 10 } },
  {
    ...DEFAULT_JOB_SETTINGS,
    restart: { strategy: 'failure-rate', failuresMax: 3, windowMs: 60_000, delayMs: 1 },
    checkpoint: { ...DEFAULT_JOB_SETTINGS.checkpoint, intervalMs: null, tolerableFailures: 2 },
  },
]

export const PLAN_SAMPLE: PhysicalPlan = {
  jobName: 'count',
  mode: 'exactly-once',
  bufferTimeoutMs: 5,
  vertices: [
    {
      id: vertexId('v0'),
      name: 'lines → count',
      parallelism: 2,
      maxParallelism: 128,
      slotSharingGroup: 'default',
      operators: [
        {
          uid: operatorUid('in'),
          name: 'lines',
          kind: 'source-reader',
          state: [{ name: 'total', kind: 'map', codec: CODEC, keyCodec: PLAIN_CODEC }],
          outputs: [
            { tag: 'main', target: { to: 'operator', index: 1, edgeIndex: 0 } },
            { tag: 'late', target: { to: 'edge', edge: edgeId('e0') } },
          ],
        },
      ],
      inputs: [],
      outputs: [edgeId('e0')],
    },
  ],
  edges: [
    {
      id: edgeId('e0'),
      from: vertexId('v0'),
      fromOperator: operatorUid('in'),
      output: 'late',
      to: vertexId('v1'),
      input: 1,
      partitioning: { kind: 'assign' },
      keyed: false,
      codec: CODEC,
      edgeIndex: 3,
    },
  ],
}

export const ENDPOINT: SlotEndpoint = {
  workerId: workerId(WORKER),
  slot: 2,
  dataAddress: '127.0.0.1:40000',
}

export const SLOT_REQUEST: SlotRequest = {
  fence: FENCE,
  jobName: 'count',
  bundle: bundleHash(HASH),
  args: { input: ['a', 1, null, { deep: true }], rate: 0.5 },
  submittedAtMs: 1_700_000_000_000.25,
  config: { 'taskmanager.frame-bytes': '32768', empty: '' },
  credential: 'c'.repeat(64),
  slots: [0, 2],
}

export const DEPLOY: DeployRequest = {
  fence: FENCE,
  plan: PLAN_SAMPLE,
  placements: [
    { task: TASK, endpoint: ENDPOINT },
    { task: OTHER_TASK, endpoint: { ...ENDPOINT, slot: 0 } },
  ],
  tasks: [
    { task: TASK, slot: 2, restore: RESTORE_SAMPLE },
    { task: OTHER_TASK, slot: 0, restore: null },
  ],
}

/** What a gateway was asked, in order: method and arguments. */
export type Asked = (readonly [string, ...unknown[]])[]

export class RecordingCoordinator implements CoordinatorGateway {
  readonly asked: Asked = []
  coordinatorId = 'jm-1'
  heartbeatReply: HeartbeatReply = 'ok'
  bundle: Uint8Array = new Uint8Array(0)
  /** Thrown by every call but register and heartbeat. */
  refusal: Error | null = null

  async register(registration: WorkerRegistration) {
    this.asked.push(['register', registration])
    return {
      coordinatorId: this.coordinatorId,
      heartbeatIntervalMs: 250,
      heartbeatTimeoutMs: 2_000.5,
    }
  }
  async heartbeat(heartbeat: Heartbeat) {
    this.asked.push(['heartbeat', heartbeat])
    return this.heartbeatReply
  }
  unregister = this.#record('unregister')
  taskUpdate = this.#record('taskUpdate')
  acknowledge = this.#record('acknowledge')
  decline = this.#record('decline')
  slotsLost = this.#record('slotsLost')
  output = this.#record('output')
  async fetchBundle(...args: unknown[]) {
    this.asked.push(['fetchBundle', ...args])
    if (this.refusal !== null) throw this.refusal
    return this.bundle
  }

  #record(method: string): (...args: unknown[]) => Promise<void> {
    return async (...args) => {
      this.asked.push([method, ...args])
      if (this.refusal !== null) throw this.refusal
    }
  }
}

export class RecordingWorker implements WorkerGateway {
  readonly asked: Asked = []
  /** Held by `allocate` before it answers. */
  allocating: Promise<void> = Promise.resolve()

  async allocate(request: SlotRequest): Promise<SlotReply> {
    this.asked.push(['allocate', request])
    await this.allocating
    return { endpoints: [ENDPOINT] }
  }
  deploy = this.#record('deploy')
  run = this.#record('run')
  cancel = this.#record('cancel')
  release = this.#record('release')
  trigger = this.#record('trigger')
  notifyComplete = this.#record('notifyComplete')
  notifyAborted = this.#record('notifyAborted')

  #record(method: string): (...args: unknown[]) => Promise<void> {
    return async (...args) => {
      this.asked.push([method, ...args])
    }
  }
}

export const NO_SUCH_JOB: WeirError = new WeirError('job/not-found', 'there is no job 12', {
  domain: 'user',
  hint: 'See: weir job list',
})
