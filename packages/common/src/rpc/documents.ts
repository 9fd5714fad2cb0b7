// What may stand in the JSON documents of a call. Their shape is that of the domain types, field by field: the compiler
// checks that nothing else can come out, and an unknown field is refused, so that one which was added to the domain and
// forgotten here is noticed by the first call instead of being lost. Whether a graph makes sense is not asked here.

import { z } from 'zod'

import type { SubtaskSnapshot, TaskRestore } from '../core/checkpoint/handles.ts'
import type { JobSettings, LogicalGraph } from '../core/graph/logical-graph.ts'
import type { PhysicalPlan } from '../core/graph/physical-plan.ts'
import { refuse } from './check.ts'

export const DOCUMENT_VERSION = 1
export const DOCUMENT_DEPTH_MAX = 100

/** One kind of document. */
export interface DocumentShape<T> {
  readonly name: string
  /** Throws `rpc/invalid-argument` naming `field` and the place within. */
  read(value: unknown, field: string): T
}

/** A domain type as it looks to zod: brands off. */
type Plain<T> = T extends string
  ? Exclude<keyof T, keyof string> extends never
    ? T
    : string
  : T extends number
    ? Exclude<keyof T, keyof number> extends never
      ? T
      : number
    : T extends boolean | null | undefined
      ? T
      : T extends readonly (infer U)[]
        ? readonly Plain<U>[]
        : T extends object
          ? { readonly [K in keyof T]: Plain<T[K]> }
          : T

function shape<T>(name: string, schema: z.ZodType<Plain<T>>): DocumentShape<T> {
  return {
    name,
    read: (value, field) => {
      const result = schema.safeParse(value)
      if (result.success) return result.data as T
      const issue = result.error.issues[0]
      const place = issue === undefined ? '' : issue.path.map((part) => `.${String(part)}`).join('')
      return refuse(`${field}${place}`, issue?.message ?? `is no ${name}`)
    },
  }
}

// ---- words ----

const name = z.string().max(65_536)
const count = z.number().int().min(0)
const whole = z.number().int()
const strings = z.record(z.string(), z.string())

const codec = z.strictObject({ name, version: count, schema: z.exactOptional(z.unknown()) })

const stateKind = z.enum(['value', 'list', 'map', 'reducing', 'aggregating'])

const stateDeclaration = z.strictObject({
  name,
  kind: stateKind,
  codec,
  keyCodec: z.exactOptional(codec),
})

const operatorKind = z.enum([
  'source-enumerator',
  'source-reader',
  'map',
  'filter',
  'flat-map',
  'process',
  'keyed-process',
  'reduce',
  'co-process',
  'broadcast-process',
  'sink',
])

const partitioning = z.strictObject({
  kind: z.enum([
    'forward',
    'rebalance',
    'rescale',
    'shuffle',
    'broadcast',
    'global',
    'hash',
    'custom',
    'assign',
  ]),
})

const mode = z.enum(['exactly-once', 'at-least-once'])

// ---- graph and settings ----

export const GRAPH: DocumentShape<LogicalGraph> = shape<LogicalGraph>(
  'logical graph',
  z.strictObject({
    version: z.literal(1),
    name,
    nodes: z.array(
      z.strictObject({
        id: name,
        explicitUid: z.boolean(),
        name,
        kind: operatorKind,
        parallelism: z.exactOptional(whole),
        maxParallelism: z.exactOptional(whole),
        slotSharingGroup: name,
        chaining: z.enum(['always', 'head', 'never']),
        state: z.array(stateDeclaration),
        bounded: z.exactOptional(z.boolean()),
        location: z.exactOptional(name),
        description: z.exactOptional(name),
      }),
    ),
    edges: z.array(
      z.strictObject({
        from: name,
        output: name,
        to: name,
        input: count,
        partitioning,
        keyed: z.boolean(),
        codec,
      }),
    ),
  }),
)

const restart = z.discriminatedUnion('strategy', [
  z.strictObject({ strategy: z.literal('none') }),
  z.strictObject({ strategy: z.literal('fixed-delay'), attempts: count, delayMs: z.number() }),
  z.strictObject({
    strategy: z.literal('failure-rate'),
    failuresMax: count,
    windowMs: z.number(),
    delayMs: z.number(),
  }),
  z.strictObject({
    strategy: z.literal('exponential-delay'),
    initialMs: z.number(),
    maxMs: z.number(),
    multiplier: z.number(),
    jitter: z.number(),
    resetAfterMs: z.number(),
    attempts: count.nullable(),
  }),
])

export const SETTINGS: DocumentShape<JobSettings> = shape<JobSettings>(
  'job settings',
  z.strictObject({
    checkpoint: z.strictObject({
      intervalMs: z.number().nullable(),
      mode,
      minPauseMs: z.number(),
      timeoutMs: z.number(),
      maxConcurrent: count,
      tolerableFailures: count.nullable(),
      retained: count,
      retainOn: z.enum(['always', 'failure-and-cancel', 'failure', 'never']),
    }),
    restart,
    parallelism: whole,
    maxParallelism: whole.nullable(),
    bufferTimeoutMs: z.number().nullable(),
    chaining: z.boolean(),
    config: strings,
  }),
)

export const ARGUMENTS: DocumentShape<Readonly<Record<string, unknown>>> = shape<
  Readonly<Record<string, unknown>>
>('job arguments', z.record(z.string(), z.unknown()))

// ---- plan ----

const target = z.discriminatedUnion('to', [
  z.strictObject({ to: z.literal('operator'), index: count, edgeIndex: count }),
  z.strictObject({ to: z.literal('edge'), edge: name }),
])

export const PLAN: DocumentShape<PhysicalPlan> = shape<PhysicalPlan>(
  'physical plan',
  z.strictObject({
    jobName: name,
    vertices: z.array(
      z.strictObject({
        id: name,
        name,
        parallelism: z.number().int().min(1).max(32_768),
        maxParallelism: z.number().int().min(1).max(32_768),
        slotSharingGroup: name,
        operators: z.array(
          z.strictObject({
            uid: name,
            name,
            kind: operatorKind,
            state: z.array(stateDeclaration),
            outputs: z.array(z.strictObject({ tag: name, target })),
          }),
        ),
        inputs: z.array(name),
        outputs: z.array(name),
      }),
    ),
    edges: z.array(
      z.strictObject({
        id: name,
        from: name,
        fromOperator: name,
        output: name,
        to: name,
        input: count,
        partitioning,
        keyed: z.boolean(),
        codec,
        edgeIndex: count,
      }),
    ),
    mode,
    bufferTimeoutMs: z.number().nullable(),
  }),
)

// ---- state handles ----

const file = z.strictObject({
  path: name,
  bytes: count,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
})
const segment = z.strictObject({ offset: count, bytes: count, entries: count })
const keyGroupSegment = z.strictObject({
  offset: count,
  bytes: count,
  entries: count,
  keyGroup: count,
})
const keyedKind = z.enum([...stateKind.options, 'timers-event', 'timers-processing'])
const listMode = z.enum(['list', 'union', 'broadcast'])

export const SNAPSHOT: DocumentShape<SubtaskSnapshot> = shape<SubtaskSnapshot>(
  'subtask snapshot',
  z.strictObject({
    file: file.nullable(),
    operators: z.array(
      z.strictObject({
        uid: name,
        keyed: z.array(
          z.strictObject({
            name,
            kind: keyedKind,
            codec,
            keyCodec: z.exactOptional(codec),
            segments: z.array(keyGroupSegment),
          }),
        ),
        lists: z.array(z.strictObject({ name, mode: listMode, codec, segment })),
        ended: z.boolean(),
        watermark: whole,
      }),
    ),
  }),
)

export const RESTORE: DocumentShape<TaskRestore> = shape<TaskRestore>(
  'task restore',
  z.strictObject({
    checkpointId: z.number().int().min(1),
    directory: name,
    operators: z.array(
      z.strictObject({
        uid: name,
        keyed: z.array(
          z.strictObject({
            name,
            kind: keyedKind,
            codec,
            keyCodec: z.exactOptional(codec),
            parts: z.array(z.strictObject({ file, segments: z.array(keyGroupSegment) })),
          }),
        ),
        lists: z.array(
          z.strictObject({
            name,
            mode: listMode,
            codec,
            parts: z.array(z.strictObject({ file, segment, first: count, end: count })),
          }),
        ),
        ended: z.boolean(),
        watermark: whole,
      }),
    ),
    commitOnly: z.boolean(),
  }),
)
