// The JSON documents of calls: graph, settings, arguments, plan, state handles. Whether a graph makes sense is not asked
// here, only whether it is one.

import type {
  KeyedStateRestore,
  KeyedStateSnapshot,
  KeyGroupSegment,
  ListStateRestore,
  ListStateSnapshot,
  OperatorRestore,
  OperatorSnapshot,
  Segment,
  StateFile,
  SubtaskSnapshot,
  TaskRestore,
} from '../core/checkpoint/handles.ts'
import type {
  CheckpointMode,
  CheckpointSettings,
  CodecDescriptor,
  JobSettings,
  LogicalEdge,
  LogicalGraph,
  LogicalNode,
  OperatorKind,
  Partitioning,
  RestartSettings,
  StateDeclaration,
} from '../core/graph/logical-graph.ts'
import { PARALLELISM_MAX } from '../core/graph/logical-graph.ts'
import type {
  PhysicalPlan,
  PlanEdge,
  PlanOperator,
  PlanOutput,
  PlanTarget,
  PlanVertex,
} from '../core/graph/physical-plan.ts'
import { refuse } from './check.ts'
import {
  anyShape,
  booleanShape,
  type Check,
  listShape,
  literalShape,
  matchingShape,
  nullableShape,
  numberShape,
  objectShape,
  optionalShape,
  type Plain,
  recordShape,
  textShape,
  unionShape,
  wholeShape,
  wordShape,
} from './shape.ts'

export const DOCUMENT_VERSION = 1
export const DOCUMENT_DEPTH_MAX = 100

/** One kind of document. */
export interface DocumentShape<T> {
  readonly name: string
  readonly check: Check<unknown>
  /** Throws `rpc/invalid-argument` naming `field` and the place within. */
  read(value: unknown, field: string): T
}

function document<T>(name: string, check: Check<Plain<T>>): DocumentShape<T> {
  return {
    name,
    check,
    read: (value, field) => {
      const problem = check.problem(value)
      if (problem === null) return value as T
      const blank = problem.indexOf(' ')
      return refuse(`${field}${problem.slice(0, blank)}`, problem.slice(blank + 1))
    },
  }
}

// ---- words ----

const count = wholeShape(0)
const whole = wholeShape(Number.MIN_SAFE_INTEGER)
const parallelism = wholeShape(1, PARALLELISM_MAX)

const codec = objectShape<CodecDescriptor>({
  name: textShape,
  version: count,
  schema: optionalShape(anyShape),
})

const state = objectShape<StateDeclaration>({
  name: textShape,
  kind: wordShape({ value: true, list: true, map: true, reducing: true, aggregating: true }),
  codec,
  keyCodec: optionalShape(codec),
})

const operatorKind = wordShape<OperatorKind>({
  'source-enumerator': true,
  'source-reader': true,
  map: true,
  filter: true,
  'flat-map': true,
  process: true,
  'keyed-process': true,
  reduce: true,
  'co-process': true,
  'broadcast-process': true,
  sink: true,
})

const partitioning = unionShape<Partitioning, 'kind'>('kind', {
  forward: {},
  rebalance: {},
  rescale: {},
  shuffle: {},
  broadcast: {},
  global: {},
  hash: {},
  custom: {},
  assign: {},
})

const mode = wordShape<CheckpointMode>({ 'exactly-once': true, 'at-least-once': true })

// ---- graph and settings ----

const node = objectShape<LogicalNode>({
  id: textShape,
  explicitUid: booleanShape,
  name: textShape,
  kind: operatorKind,
  parallelism: optionalShape(whole),
  maxParallelism: optionalShape(whole),
  slotSharingGroup: textShape,
  chaining: wordShape({ always: true, head: true, never: true }),
  state: listShape(state),
  bounded: optionalShape(booleanShape),
  location: optionalShape(textShape),
  description: optionalShape(textShape),
})

const edge = objectShape<LogicalEdge>({
  from: textShape,
  output: textShape,
  to: textShape,
  input: count,
  partitioning,
  keyed: booleanShape,
  codec,
})

export const GRAPH: DocumentShape<LogicalGraph> = document<LogicalGraph>(
  'logical graph',
  objectShape<LogicalGraph>({
    version: literalShape(1),
    name: textShape,
    nodes: listShape(node),
    edges: listShape(edge),
  }),
)

const restart = unionShape<RestartSettings, 'strategy'>('strategy', {
  none: {},
  'fixed-delay': { attempts: count, delayMs: numberShape },
  'failure-rate': { failuresMax: count, windowMs: numberShape, delayMs: numberShape },
  'exponential-delay': {
    initialMs: numberShape,
    maxMs: numberShape,
    multiplier: numberShape,
    jitter: numberShape,
    resetAfterMs: numberShape,
    attempts: nullableShape(count),
  },
})

const checkpoint = objectShape<CheckpointSettings>({
  intervalMs: nullableShape(numberShape),
  mode,
  minPauseMs: numberShape,
  timeoutMs: numberShape,
  maxConcurrent: count,
  tolerableFailures: nullableShape(count),
  retained: count,
  retainOn: wordShape({ always: true, 'failure-and-cancel': true, failure: true, never: true }),
})

export const SETTINGS: DocumentShape<JobSettings> = document<JobSettings>(
  'job settings',
  objectShape<JobSettings>({
    checkpoint,
    restart,
    parallelism: whole,
    maxParallelism: nullableShape(whole),
    bufferTimeoutMs: nullableShape(numberShape),
    chaining: booleanShape,
    config: recordShape(textShape),
  }),
)

type Arguments = Readonly<Record<string, unknown>>

export const ARGUMENTS: DocumentShape<Arguments> = document<Arguments>(
  'job arguments',
  recordShape(anyShape),
)

// ---- plan ----

const target = unionShape<PlanTarget, 'to'>('to', {
  operator: { index: count, edgeIndex: count },
  edge: { edge: textShape },
})

const operator = objectShape<PlanOperator>({
  uid: textShape,
  name: textShape,
  kind: operatorKind,
  state: listShape(state),
  outputs: listShape(objectShape<PlanOutput>({ tag: textShape, target })),
})

const vertex = objectShape<PlanVertex>({
  id: textShape,
  name: textShape,
  parallelism,
  maxParallelism: parallelism,
  slotSharingGroup: textShape,
  operators: listShape(operator),
  inputs: listShape(textShape),
  outputs: listShape(textShape),
})

const planEdge = objectShape<PlanEdge>({
  id: textShape,
  from: textShape,
  fromOperator: textShape,
  output: textShape,
  to: textShape,
  input: count,
  partitioning,
  keyed: booleanShape,
  codec,
  edgeIndex: count,
})

export const PLAN: DocumentShape<PhysicalPlan> = document<PhysicalPlan>(
  'physical plan',
  objectShape<PhysicalPlan>({
    jobName: textShape,
    vertices: listShape(vertex),
    edges: listShape(planEdge),
    mode,
    bufferTimeoutMs: nullableShape(numberShape),
  }),
)

// ---- state handles ----

const file = objectShape<StateFile>({
  path: textShape,
  bytes: count,
  sha256: matchingShape(/^[0-9a-f]{64}$/),
})
const segment = objectShape<Segment>({ offset: count, bytes: count, entries: count })
const keyGroupSegment = objectShape<KeyGroupSegment>({
  offset: count,
  bytes: count,
  entries: count,
  keyGroup: count,
})
const keyedKind = wordShape<KeyedStateSnapshot['kind']>({
  value: true,
  list: true,
  map: true,
  reducing: true,
  aggregating: true,
  'timers-event': true,
  'timers-processing': true,
})
const listMode = wordShape<ListStateSnapshot['mode']>({ list: true, union: true, broadcast: true })

const operatorSnapshot = objectShape<OperatorSnapshot>({
  uid: textShape,
  keyed: listShape(
    objectShape<KeyedStateSnapshot>({
      name: textShape,
      kind: keyedKind,
      codec,
      keyCodec: optionalShape(codec),
      segments: listShape(keyGroupSegment),
    }),
  ),
  lists: listShape(
    objectShape<ListStateSnapshot>({ name: textShape, mode: listMode, codec, segment }),
  ),
  ended: booleanShape,
  watermark: whole,
})

export const SNAPSHOT: DocumentShape<SubtaskSnapshot> = document<SubtaskSnapshot>(
  'subtask snapshot',
  objectShape<SubtaskSnapshot>({
    file: nullableShape(file),
    operators: listShape(operatorSnapshot),
  }),
)

const operatorRestore = objectShape<OperatorRestore>({
  uid: textShape,
  keyed: listShape(
    objectShape<KeyedStateRestore>({
      name: textShape,
      kind: keyedKind,
      codec,
      keyCodec: optionalShape(codec),
      parts: listShape(
        objectShape<KeyedStateRestore['parts'][number]>({
          file,
          segments: listShape(keyGroupSegment),
        }),
      ),
    }),
  ),
  lists: listShape(
    objectShape<ListStateRestore>({
      name: textShape,
      mode: listMode,
      codec,
      parts: listShape(
        objectShape<ListStateRestore['parts'][number]>({ file, segment, first: count, end: count }),
      ),
    }),
  ),
  ended: booleanShape,
  watermark: whole,
})

export const RESTORE: DocumentShape<TaskRestore> = document<TaskRestore>(
  'task restore',
  objectShape<TaskRestore>({
    checkpointId: wholeShape(1),
    directory: textShape,
    operators: listShape(operatorRestore),
    commitOnly: booleanShape,
    allowNonRestoredState: booleanShape,
  }),
)
