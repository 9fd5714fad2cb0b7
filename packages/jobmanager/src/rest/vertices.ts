// Vertices and their subtasks as the REST interface tells them: Flink's names of states and fields, beside them what Weir
// measures itself. Only looks; knows no HTTP.

import type { PlanEdge, PlanVertex } from '@weirjs/common/core/graph/physical-plan'
import type { TaskReport } from '@weirjs/common/core/gateways'
import { taskKey } from '@weirjs/common/core/ids'
import { MAX_WATERMARK, MIN_WATERMARK } from '@weirjs/common/core/time-constants'
import type { JobDetail, TaskView } from '@weirjs/common/job-client'
import { z } from 'zod'
import { bytes, count, ratio, text, time } from './route.ts'

// ---- states ----

const TASK_STATES = ['CREATED', 'DEPLOYING', 'RUNNING', 'FINISHED', 'CANCELED', 'FAILED'] as const
export type TaskStatus = (typeof TASK_STATES)[number]

/** Ours to Flink's. A task at its end of data runs on, because it takes part in checkpoints. */
const STATUS_OF: Readonly<Record<string, TaskStatus>> = {
  waiting: 'CREATED',
  deployed: 'DEPLOYING',
  restored: 'DEPLOYING',
  running: 'RUNNING',
  ended: 'RUNNING',
  finished: 'FINISHED',
  canceled: 'CANCELED',
  failed: 'FAILED',
  lost: 'FAILED',
}

export const statusOf = (state: string): TaskStatus => STATUS_OF[state] ?? 'CREATED'

export type StatusCounts = Record<TaskStatus, number>
export const statusCounts: z.ZodType<StatusCounts> = z.object({
  CREATED: count,
  DEPLOYING: count,
  RUNNING: count,
  FINISHED: count,
  CANCELED: count,
  FAILED: count,
})

/** Of all tasks; a job that is not run here any more has those of its end. */
export function countStatuses(job: JobDetail, vertex: string | null = null): StatusCounts {
  const counts: StatusCounts = {
    CREATED: 0,
    DEPLOYING: 0,
    RUNNING: 0,
    FINISHED: 0,
    CANCELED: 0,
    FAILED: 0,
  }
  const own = job.taskViews.filter((task) => vertex === null || task.vertexId === vertex)
  for (const task of own) counts[statusOf(task.state)]++
  if (own.length > 0) return counts
  const tasks = job.plan.vertices
    .filter((one) => vertex === null || one.id === vertex)
    .reduce((sum, one) => sum + one.parallelism, 0)
  const { state } = job
  const known = state === 'FINISHED' || state === 'CANCELED' || state === 'FAILED'
  counts[known ? state : 'CREATED'] = tasks
  return counts
}

/** One word for all subtasks of a vertex: the one that is furthest from well. */
export function worstOf(counts: StatusCounts): TaskStatus {
  const order: readonly TaskStatus[] = ['FAILED', 'CANCELED', 'CREATED', 'DEPLOYING', 'RUNNING']
  return order.find((state) => counts[state] > 0) ?? 'FINISHED'
}

// ---- measures ----

export interface IoMetrics {
  readonly 'read-bytes': number
  readonly 'write-bytes': number
  readonly 'read-records': number
  readonly 'write-records': number
  readonly 'busy-ratio': number
  readonly 'idle-ratio': number
  readonly 'backpressured-ratio': number
  readonly watermark: number | null
}

export const ioMetrics: z.ZodType<IoMetrics> = z.object({
  'read-bytes': bytes,
  'write-bytes': bytes,
  'read-records': count,
  'write-records': count,
  'busy-ratio': ratio,
  'idle-ratio': ratio,
  'backpressured-ratio': ratio,
  watermark: time.nullable(),
})

export type Reports = ReadonlyMap<string, TaskReport>

export function metricsOf(task: TaskView, report: TaskReport | undefined): IoMetrics {
  return {
    'read-bytes': report?.bytesIn ?? 0,
    'write-bytes': report?.bytesOut ?? 0,
    'read-records': task.recordsIn,
    'write-records': task.recordsOut,
    'busy-ratio': share(task.busyRatio),
    'idle-ratio': share(task.idleRatio),
    'backpressured-ratio': share(task.backPressuredRatio),
    watermark: watermarkOf(task.watermark),
  }
}

/** Sums of what was moved; ratios of the subtask that is worst off; the watermark that holds the others back. */
export function sumMetrics(all: readonly IoMetrics[]): IoMetrics {
  const sum = (value: (one: IoMetrics) => number): number =>
    all.reduce((total, one) => total + value(one), 0)
  const most = (value: (one: IoMetrics) => number): number =>
    all.reduce((highest, one) => Math.max(highest, value(one)), 0)
  const watermarks = all.map(({ watermark }) => watermark)
  const lowest = watermarks.includes(null) ? null : Math.min(...watermarks.map((one) => one ?? 0))
  return {
    'read-bytes': sum((one) => one['read-bytes']),
    'write-bytes': sum((one) => one['write-bytes']),
    'read-records': sum((one) => one['read-records']),
    'write-records': sum((one) => one['write-records']),
    'busy-ratio': most((one) => one['busy-ratio']),
    'idle-ratio': most((one) => one['idle-ratio']),
    'backpressured-ratio': most((one) => one['backpressured-ratio']),
    watermark: all.length === 0 ? null : lowest,
  }
}

export function vertexMetrics(job: JobDetail, vertex: string, reports: Reports): IoMetrics {
  const tasks = job.taskViews.filter((task) => task.vertexId === vertex)
  return sumMetrics(tasks.map((task) => metricsOf(task, reportOf(reports, task))))
}

export function reportOf(
  reports: Reports,
  { vertexId, subtask }: TaskView,
): TaskReport | undefined {
  return reports.get(taskKey({ vertexId: vertexId as PlanVertex['id'], subtask }))
}

const share = (value: number): number => Math.min(1, Math.max(0, value))

function watermarkOf(watermark: number): number | null {
  return watermark <= MIN_WATERMARK || watermark >= MAX_WATERMARK ? null : watermark
}

// ---- the plan ----

export interface PlanNode {
  readonly id: string
  readonly parallelism: number
  readonly maxParallelism: number
  readonly description: string
  readonly operator: string
  readonly operators: { readonly uid: string; readonly name: string; readonly kind: string }[]
  readonly inputs: {
    readonly num: number
    readonly id: string
    readonly ship_strategy: string
    readonly exchange: string
  }[]
}

export interface JobPlan {
  readonly jid: string
  readonly name: string
  readonly type: string
  readonly nodes: PlanNode[]
}

const planInput = z.object({
  num: count,
  id: text,
  ship_strategy: text.meta({ description: 'FORWARD, HASH, REBALANCE, …' }),
  exchange: text,
})
const planNode: z.ZodType<PlanNode> = z.object({
  id: text,
  parallelism: count,
  maxParallelism: count,
  description: text,
  operator: text,
  operators: z.array(z.object({ uid: text, name: text, kind: text })),
  inputs: z.array(planInput),
})
export const jobPlan: z.ZodType<JobPlan> = z.object({
  jid: text,
  name: text,
  type: text,
  nodes: z.array(planNode),
})

export function planOf(job: JobDetail): JobPlan {
  const { plan } = job
  const edges = new Map(plan.edges.map((edge) => [edge.id, edge]))
  return {
    jid: job.jobId,
    name: job.name,
    type: 'STREAMING',
    nodes: plan.vertices.map((vertex) => nodeOf(vertex, edges)),
  }
}

function nodeOf(vertex: PlanVertex, edges: ReadonlyMap<PlanEdge['id'], PlanEdge>): PlanNode {
  const inputs = vertex.inputs.flatMap((id) => edges.get(id) ?? [])
  return {
    id: vertex.id,
    parallelism: vertex.parallelism,
    maxParallelism: vertex.maxParallelism,
    description: vertex.name,
    operator: vertex.operators[0]?.name ?? vertex.name,
    operators: vertex.operators.map(({ uid, name, kind }) => ({ uid, name, kind })),
    inputs: inputs.map((edge) => ({
      num: edge.input,
      id: edge.from,
      ship_strategy: edge.partitioning.kind.toUpperCase(),
      exchange: 'pipelined_bounded',
    })),
  }
}
