// Every configuration key: its type, default, whom it concerns, and what it does. Names are Flink's where the meaning is
// equal. `job` and `task` keys may also be set by the job's code and by -D at submit.

import { WORKER_SLOTS_MAX } from '../core/gateways.ts'
import {
  DEFAULT_CHECKPOINT_SETTINGS as CHECKPOINT,
  type CheckpointMode,
  type CheckpointSettings,
} from '../core/graph/logical-graph.ts'
import { TASK_BOUNDS } from '../core/job-bounds.ts'
import { jobProcessBytesMin, SLOT_HEAP_BYTES_MIN } from '../core/job-memory.ts'
import { type KeyDefinition, ofJobs, ofProcess, ofTask } from './config-definition.ts'
import { OUTPUT_KEYS, type OutputValues } from './config-output-keys.ts'
import { RESTART_KEYS, type RestartValues } from './config-restart-keys.ts'
import { SECURITY_KEYS, type SecurityValues } from './config-security-keys.ts'
import {
  boolean,
  duration,
  host,
  hostPort,
  integer,
  number,
  oneOf,
  orWord,
  type PortRange,
  portRange,
  size,
  type SystemUser,
  systemUser,
  text,
  textList,
  type ValueSchema,
} from './config-values.ts'

const KIB = 1_024
const GIB = 1_024 ** 3
const PORT_MAX = 65_535

/** Durations are milliseconds, sizes are bytes, null is "none" or "not said". */
export interface ConfigValues extends RestartValues, SecurityValues, OutputValues {
  readonly 'data.dir': string
  readonly 'log.level': 'debug' | 'info' | 'warn' | 'error'
  readonly 'health.port': number | null
  readonly 'health.bind-host': string
  readonly 'health.address-file': string | null

  readonly 'resources.watch-interval': number | null
  readonly 'resources.disk-free-min': number
  readonly 'resources.open-files-max': number
  readonly 'resources.memory-max': number

  readonly 'jobmanager.rpc.address': string
  readonly 'jobmanager.rpc.port': number
  readonly 'jobmanager.bind-host': string
  readonly 'rest.port': number | null
  readonly 'rest.bind-address': string
  readonly 'rest.advertised-address': string | null
  readonly 'jobmanager.execution.failover-strategy': 'region' | 'full'
  readonly 'jobmanager.execution.deploy-timeout': number
  readonly 'heartbeat.interval': number
  readonly 'heartbeat.timeout': number

  readonly 'taskmanager.numberOfTaskSlots': number
  readonly 'taskmanager.host': string | null
  readonly 'taskmanager.bind-host': string
  readonly 'taskmanager.rpc.port': number
  readonly 'taskmanager.data.port-range': PortRange
  readonly 'taskmanager.memory.job-process-heap': number | null
  readonly 'taskmanager.memory.job-process-max': number | null
  readonly 'taskmanager.job-process.prepared': boolean
  readonly 'taskmanager.job-process.processes-max': number
  readonly 'taskmanager.job-process.user': SystemUser | null
  readonly 'taskmanager.job-process.control-group': string | null
  readonly 'taskmanager.job-environment': readonly string[]
  readonly 'taskmanager.secrets.directory': string | null
  readonly 'task.cancellation.timeout': number
  readonly 'task.progress.timeout': number | null

  readonly 'exchange.frame-bytes': number
  readonly 'exchange.credit-bytes': number
  readonly 'exchange.probe.interval': number
  readonly 'exchange.probe.timeout': number

  readonly 'parallelism.default': number
  readonly 'pipeline.max-parallelism': number | null
  readonly 'pipeline.operator-chaining.enabled': boolean
  readonly 'execution.buffer-timeout.interval': number | null
  readonly 'execution.checkpointing.dir': string | null
  readonly 'execution.checkpointing.interval': number | null
  readonly 'execution.checkpointing.mode': CheckpointMode
  readonly 'execution.checkpointing.min-pause': number
  readonly 'execution.checkpointing.timeout': number
  readonly 'execution.checkpointing.max-concurrent-checkpoints': number
  readonly 'execution.checkpointing.tolerable-failed-checkpoints': number | null
  readonly 'execution.checkpointing.num-retained': number
  readonly 'execution.checkpointing.retain-on': CheckpointSettings['retainOn']
}

export type ConfigKey = keyof ConfigValues

const maybeText: ValueSchema<string | null> = text
const maybeHost: ValueSchema<string | null> = host
const port = integer(0, PORT_MAX)

const PROCESS_KEYS = {
  'data.dir': ofProcess(
    text,
    '.weir/cluster',
    'Where a process keeps everything: state, index, token.',
    ['cluster.data.dir'],
  ),
  'log.level': ofProcess(
    oneOf('debug', 'info', 'warn', 'error'),
    'info',
    'Least severe event that is logged.',
  ),
  'health.port': ofProcess(
    orWord('off', port),
    null,
    'Port of /livez, /readyz and /metrics; `weir healthcheck` asks there; 0: any free one.',
  ),
  'health.bind-host': ofProcess(
    host,
    '127.0.0.1',
    'Address of health.port. /livez and /readyz say nothing that has to be kept; /metrics wants the token.',
  ),
  'health.address-file': ofProcess(
    maybeText,
    null,
    'File that host:port of health.port is written to when it is bound, for whoever chose 0.',
  ),
  'resources.watch-interval': ofProcess(
    orWord('off', duration(1_000)),
    10_000,
    'How often a process looks whether it runs short of disk, inodes, descriptors or memory, and logs it.',
  ),
  'resources.disk-free-min': ofProcess(
    size(0, 1_024 * GIB),
    GIB,
    'Less free space where a process writes is logged as a warning.',
  ),
  'resources.open-files-max': ofProcess(
    number(0, 1),
    0.8,
    'A larger share of the file descriptors in use, by a process or one of its job processes, is logged as a warning.',
  ),
  'resources.memory-max': ofProcess(
    number(0, 1),
    0.9,
    'A larger share of the memory in use, of the container or else of the machine, is logged as a warning.',
  ),
  'jobmanager.rpc.address': ofProcess(
    host,
    '127.0.0.1',
    'Where TaskManagers and clients find the JobManager.',
  ),
  'jobmanager.rpc.port': ofProcess(port, 6123, 'Control port of the JobManager; 0: any free one.'),
  'jobmanager.bind-host': ofProcess(host, '127.0.0.1', 'Address that the JobManager listens on.'),
  'rest.port': ofProcess(
    orWord('off', port),
    8081,
    'Port of the REST interface and the page; 0: any free one.',
  ),
  'rest.bind-address': ofProcess(host, '127.0.0.1', 'Address that the REST interface listens on.'),
  'rest.advertised-address': ofProcess(
    orWord('bound', hostPort),
    null,
    'host:port under which people reach the page, behind a mapped port or a proxy. bound: where it listens.',
  ),
  'jobmanager.execution.failover-strategy': ofProcess(
    oneOf('region', 'full'),
    'region',
    'Whether a failure restarts the connected part of a job, or all of it.',
  ),
  'jobmanager.execution.deploy-timeout': ofProcess(
    duration(1_000),
    300_000,
    'Time that deployed tasks have to restore, and then again to open and run; after that they count as failed.',
  ),
  'heartbeat.interval': ofProcess(duration(10), 1_000, 'Time between heartbeats of a TaskManager.'),
  'heartbeat.timeout': ofProcess(
    duration(20),
    10_000,
    'Silence after which a TaskManager counts as lost.',
  ),
  'taskmanager.numberOfTaskSlots': ofProcess(
    integer(1, WORKER_SLOTS_MAX),
    1,
    'Slots that a TaskManager offers.',
  ),
  'taskmanager.host': ofProcess(
    maybeHost,
    null,
    'Address that others dial; default: its bind host, or where that is all, the name of the machine.',
  ),
  'taskmanager.bind-host': ofProcess(host, '127.0.0.1', 'Address that a TaskManager listens on.'),
  'taskmanager.rpc.port': ofProcess(port, 6122, 'Control port of a TaskManager; 0: any free one.'),
  'taskmanager.data.port-range': ofProcess(
    portRange,
    { first: 0, last: 0 },
    'Ports of the data plane, one for each slot and process of a job: three for each slot, because restarts may meet what they replace; 0: any free ones.',
  ),
  'taskmanager.memory.job-process-heap': ofProcess(
    orWord('auto', size(SLOT_HEAP_BYTES_MIN, 1_024 * GIB)),
    null,
    'Heap of each slot thread of a job process; auto: 4 GiB, or a share of what a container may use.',
    ['taskmanager.slot.heap'],
  ),
  'taskmanager.memory.job-process-max': ofProcess(
    orWord('auto', size(jobProcessBytesMin(1, SLOT_HEAP_BYTES_MIN), 1_024 * GIB)),
    null,
    'Resident memory, Buffers and all, of a job process with all slots; one with fewer has its share. One that takes more is killed, and its job restarts. auto: what the heaps need and more, within the container or the machine.',
  ),
  'taskmanager.job-process.prepared': ofProcess(
    boolean,
    true,
    'Keep one job process started ahead.',
    ['taskmanager.prepare-job-process'],
  ),
  'taskmanager.job-process.processes-max': ofProcess(
    integer(0, 1_000_000),
    256,
    'Processes that the code of a job may have started and that still run, for each job process. One that has more is killed with them, and its job restarts.',
  ),
  'taskmanager.job-process.user': ofProcess(
    orWord('own', systemUser),
    null,
    "Whom job processes run as; own: whom their TaskManager does. Another one takes a TaskManager that runs as root, and keeps the token, keys and secrets of this machine's processes from the code of jobs.",
  ),
  'taskmanager.job-process.control-group': ofProcess(
    maybeText,
    null,
    'Directory of control groups of version 2 that the user of the TaskManager may write to (Linux 5.14). Each job process gets one there: what its code starts is counted, limited by the kernel and ended with it, daemons too.',
  ),
  'taskmanager.job-environment': ofProcess(
    textList,
    [],
    'Environment variables that jobs may see.',
    ['taskmanager.job.env'],
  ),
  'taskmanager.secrets.directory': ofProcess(
    maybeText,
    null,
    'Directory with a file for each secret that jobs may name, as Docker and Kubernetes mount them.',
  ),
  'task.cancellation.timeout': ofProcess(
    duration(100),
    10_000,
    'Time that a cancelled task has before its job process is killed.',
  ),
  'task.progress.timeout': ofProcess(
    orWord('off', duration(1_000)),
    120_000,
    "Time for which the job's code may block a slot, or a job process be silent; then it is killed and the job restarts.",
  ),
  'execution.checkpointing.dir': ofProcess(
    maybeText,
    null,
    'The checkpoint storage, shared by all processes; default: checkpoints in data.dir.',
    ['state.checkpoints.dir'],
  ),
} as const

const {
  'exchange.frame-bytes': FRAME,
  'exchange.credit-bytes': CREDIT,
  'exchange.probe.interval': INTERVAL,
  'exchange.probe.timeout': TIMEOUT,
} = TASK_BOUNDS

const TASK_KEYS = {
  'exchange.frame-bytes': ofTask(
    size(FRAME.least, FRAME.most),
    32 * KIB,
    'A frame of records leaves when it is so full.',
  ),
  'exchange.credit-bytes': ofTask(
    size(CREDIT.least, CREDIT.most),
    128 * KIB,
    'Bytes that may be on the way on one channel, and one frame more; of a slot, that for each of its channels.',
  ),
  'exchange.probe.interval': ofTask(
    duration(INTERVAL.least, INTERVAL.most),
    10_000,
    'Silence after which a slot asks whether the TaskManager that it gets records from can be reached.',
  ),
  'exchange.probe.timeout': ofTask(
    duration(TIMEOUT.least, TIMEOUT.most),
    5_000,
    'Time for the answer; then the connection counts as lost. A busy TaskManager answers all the same.',
  ),
} as const

const JOB_KEYS = ofJobs({
  'parallelism.default': [1, 'Subtasks of each step that says nothing itself.'],
  'pipeline.max-parallelism': [null, 'Key groups of every step; auto: from its parallelism.'],
  'pipeline.operator-chaining.enabled': [
    true,
    'Join steps into tasks where possible.',
    ['pipeline.operator-chaining'],
  ],
  'execution.buffer-timeout.interval': [
    5,
    'Longest time that a record waits for others to travel with it.',
    ['execution.buffer-timeout'],
  ],
  'execution.checkpointing.interval': [
    CHECKPOINT.intervalMs,
    'Time between triggers of periodic checkpoints.',
  ],
  'execution.checkpointing.mode': [CHECKPOINT.mode, 'Whether channels are blocked for alignment.'],
  'execution.checkpointing.min-pause': [
    CHECKPOINT.minPauseMs,
    'Least time from the completion of a checkpoint to the next periodic trigger.',
  ],
  'execution.checkpointing.timeout': [
    CHECKPOINT.timeoutMs,
    'A checkpoint that takes longer is aborted.',
  ],
  'execution.checkpointing.max-concurrent-checkpoints': [
    CHECKPOINT.maxConcurrent,
    'Checkpoints that may be under way at the same time.',
  ],
  'execution.checkpointing.tolerable-failed-checkpoints': [
    CHECKPOINT.tolerableFailures,
    'Failed checkpoints in a row that the job bears.',
  ],
  'execution.checkpointing.num-retained': [
    CHECKPOINT.retained,
    'Completed checkpoints that are kept.',
  ],
  'execution.checkpointing.retain-on': [
    CHECKPOINT.retainOn,
    'When checkpoints stay after the job has ended.',
  ],
})

export const CONFIG_KEYS: { readonly [K in ConfigKey]: KeyDefinition<ConfigValues[K]> } = {
  ...PROCESS_KEYS,
  ...OUTPUT_KEYS,
  ...SECURITY_KEYS,
  ...TASK_KEYS,
  ...JOB_KEYS,
  ...RESTART_KEYS,
}

/** Keys under this prefix are the job's own; they are passed on as they are. */
export const USER_PREFIX = 'user.'
