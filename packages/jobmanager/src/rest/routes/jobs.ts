// Jobs: the list, one of them with its vertices, its plan, what ended its attempts, one vertex with its subtasks.

import type { Failure } from '@weirjs/common/core/errors'
import { type JobDetail, type JobSummary, TERMINAL_STATES } from '@weirjs/common/job-client'
import { z } from 'zod'
import { noSuchThing } from '../problem.ts'
import {
  count,
  maybeTime,
  milliseconds,
  type PathParameters,
  type RestRoute,
  type RestSource,
  route,
  text,
  time,
} from '../route.ts'
import {
  countStatuses,
  ioMetrics,
  jobPlan,
  metricsOf,
  planOf,
  reportOf,
  type Reports,
  statusCounts,
  statusOf,
  vertexMetrics,
  worstOf,
} from '../vertices.ts'

const failure = z
  .object({ code: text, message: text, hint: text.nullable(), location: text.nullable() })
  .nullable()

const head = z.object({
  jid: text,
  name: text,
  state: text,
  health: z.enum(['HEALTHY', 'DEGRADED']),
  'start-time': time.meta({ description: 'When it was submitted.' }),
  'end-time': maybeTime,
  duration: milliseconds,
  attempt: count,
  restarts: count,
  failure,
})

const listedJob = head.extend({
  tasks: z.object({ total: count, running: count }),
  'last-checkpoint': count.nullable(),
})

const vertex = z.object({
  id: text,
  slotSharingGroupId: text,
  name: text,
  maxParallelism: count,
  parallelism: count,
  status: text,
  tasks: statusCounts,
  metrics: ioMetrics,
})

const job = head.extend({
  'job-type': text,
  maxParallelism: z.number(),
  now: time,
  vertices: z.array(vertex),
  'status-counts': statusCounts,
  plan: jobPlan,
})

const config = z.object({
  jid: text,
  name: text,
  'execution-config': z.object({
    'restart-strategy': text,
    'job-parallelism': count,
    'user-config': z
      .record(text, text)
      .meta({ description: 'What the job or `-D` said besides; values of secrets are masked.' }),
    'max-parallelism': z.number().meta({ description: '-1: derived for each vertex.' }),
    'buffer-timeout': z.number().meta({ description: 'Milliseconds; -1: only full frames leave.' }),
    chaining: z.boolean(),
    checkpointing: z.object({
      mode: text,
      interval: z.number().meta({ description: 'Milliseconds; -1: no periodic checkpoints.' }),
      timeout: milliseconds,
      'min-pause': milliseconds,
      'max-concurrent': count,
      'tolerable-failures': z.number().meta({ description: '-1: any number.' }),
      retained: count,
      'retain-on': text,
    }),
  }),
})

const exceptions = z.object({
  'root-exception': text.nullable(),
  timestamp: maybeTime,
  exceptionHistory: z.object({
    entries: z.array(
      z.object({
        exceptionName: text.meta({ description: 'The stable code.' }),
        stacktrace: text,
        timestamp: time,
        attempt: count,
        hint: text.nullable(),
        location: text.nullable(),
        lastOutput: z.array(text).meta({ description: 'What its process wrote last.' }),
      }),
    ),
    truncated: z.boolean(),
  }),
})

const oneVertex = z.object({
  id: text,
  name: text,
  parallelism: count,
  maxParallelism: count,
  now: time,
  aggregated: z.object({ metrics: ioMetrics, 'status-counts': statusCounts }),
  subtasks: z.array(
    z.object({
      subtask: count,
      name: text,
      status: text,
      attempt: count,
      'taskmanager-id': text.nullable(),
      'end-of-data': z.boolean(),
      metrics: ioMetrics,
    }),
  ),
})

/** What `truncated` says of: as many attempts as a job keeps. */
const ATTEMPTS_TOLD_MAX = 100

export const jobRoutes: readonly RestRoute[] = [
  route({
    path: '/jobs',
    about: 'All jobs that are known, with their states.',
    answer: z.object({ jobs: z.array(z.object({ id: text, status: text })) }),
    handle: async ({ client }) => {
      const jobs = await client.list()
      return { jobs: jobs.map(({ jobId, state }) => ({ id: jobId, status: state })) }
    },
  }),
  route({
    path: '/jobs/overview',
    about: 'All jobs that are known, newest first.',
    answer: z.object({ jobs: z.array(listedJob) }),
    handle: async ({ client, scheduler }) => {
      const jobs = await client.list()
      return { jobs: jobs.map((one) => listedOf(one, scheduler.wallMs())) }
    },
  }),
  route({
    path: '/jobs/:jobid',
    about:
      'A job with its vertices and its plan. The id may be a unique beginning of it, here and below.',
    answer: job,
    handle: async (source, parameters) => jobOf(source, await detailOf(source, parameters)),
  }),
  route({
    path: '/jobs/:jobid/plan',
    about: 'The graph of a job.',
    answer: z.object({ plan: jobPlan }),
    handle: async (source, parameters) => ({ plan: planOf(await detailOf(source, parameters)) }),
  }),
  route({
    path: '/jobs/:jobid/config',
    about: 'The settings that a job runs with, whoever made them.',
    answer: config,
    handle: async (source, parameters) => configOf(await detailOf(source, parameters)),
  }),
  route({
    path: '/jobs/:jobid/exceptions',
    about: 'What ended the attempts of a job, newest first.',
    answer: exceptions,
    handle: async (source, parameters) => exceptionsOf(await detailOf(source, parameters)),
  }),
  route({
    path: '/jobs/:jobid/vertices/:vertexid',
    about: 'A vertex of a job with its subtasks.',
    answer: oneVertex,
    handle: async (source, parameters) => {
      const detail = await detailOf(source, parameters)
      return vertexOf(source, detail, parameters['vertexid'] ?? '')
    },
  }),
]

function detailOf({ client }: RestSource, { jobid = '' }: PathParameters): Promise<JobDetail> {
  return client.describe(jobid)
}

function headOf(summary: JobSummary, wallMs: number): z.infer<typeof head> {
  const { jobId, name, state, health, submittedAtMs, endedAtMs, attempt, restarts } = summary
  return {
    jid: jobId,
    name,
    state,
    health,
    'start-time': submittedAtMs,
    'end-time': endedAtMs ?? -1,
    duration: Math.max(0, (endedAtMs ?? wallMs) - submittedAtMs),
    attempt,
    restarts,
    failure: failureOf(summary.failure),
  }
}

const failureOf = (found: Failure | null): z.infer<typeof failure> =>
  found === null
    ? null
    : {
        code: found.code,
        message: found.message,
        hint: found.hint ?? null,
        location: found.location ?? null,
      }

const listedOf = (summary: JobSummary, wallMs: number): z.infer<typeof listedJob> => ({
  ...headOf(summary, wallMs),
  tasks: summary.tasks,
  'last-checkpoint': summary.lastCheckpointId,
})

const NO_REPORTS: Reports = new Map()

function reportsOf({ jobs }: RestSource, { jobId }: JobDetail): Reports {
  return jobs().find((one) => one.jobId === jobId)?.measures?.reports ?? NO_REPORTS
}

function jobOf(source: RestSource, detail: JobDetail): z.infer<typeof job> {
  const wallMs = source.scheduler.wallMs()
  const reports = reportsOf(source, detail)
  return {
    ...headOf(detail, wallMs),
    'job-type': 'STREAMING',
    maxParallelism: detail.settings.maxParallelism ?? -1,
    now: wallMs,
    vertices: detail.plan.vertices.map((one) => {
      const counts = countStatuses(detail, one.id)
      return {
        id: one.id,
        slotSharingGroupId: one.slotSharingGroup,
        name: one.name,
        maxParallelism: one.maxParallelism,
        parallelism: one.parallelism,
        status: worstOf(counts),
        tasks: counts,
        metrics: vertexMetrics(detail, one.id, reports),
      }
    }),
    'status-counts': countStatuses(detail),
    plan: planOf(detail),
  }
}

function configOf({ jobId, name, settings }: JobDetail): z.infer<typeof config> {
  const { checkpoint, restart, parallelism, maxParallelism, bufferTimeoutMs, chaining } = settings
  return {
    jid: jobId,
    name,
    'execution-config': {
      'restart-strategy': restart.strategy,
      'job-parallelism': parallelism,
      'user-config': settings.config,
      'max-parallelism': maxParallelism ?? -1,
      'buffer-timeout': bufferTimeoutMs ?? -1,
      chaining,
      checkpointing: {
        mode: checkpoint.mode,
        interval: checkpoint.intervalMs ?? -1,
        timeout: checkpoint.timeoutMs,
        'min-pause': checkpoint.minPauseMs,
        'max-concurrent': checkpoint.maxConcurrent,
        'tolerable-failures': checkpoint.tolerableFailures ?? -1,
        retained: checkpoint.retained,
        'retain-on': checkpoint.retainOn,
      },
    },
  }
}

function exceptionsOf(detail: JobDetail): z.infer<typeof exceptions> {
  const own = detail.attempts.flatMap((one) =>
    one.failure === null
      ? []
      : [{ ...entryOf(one.failure), timestamp: one.endedAtMs ?? -1, attempt: one.attempt }],
  )
  // A job that never started, or cannot be taken over, failed without an attempt.
  const bare = own.length === 0 && detail.failure !== null && TERMINAL_STATES.includes(detail.state)
  const atMs = detail.endedAtMs ?? detail.submittedAtMs
  const entries =
    bare && detail.failure !== null
      ? [{ ...entryOf(detail.failure), timestamp: atMs, attempt: detail.attempt }]
      : own
  const newest = entries[0]
  return {
    'root-exception': newest?.stacktrace ?? null,
    timestamp: newest?.timestamp ?? -1,
    exceptionHistory: { entries, truncated: detail.attempts.length >= ATTEMPTS_TOLD_MAX },
  }
}

function entryOf(found: Failure): {
  exceptionName: string
  stacktrace: string
  hint: string | null
  location: string | null
  lastOutput: string[]
} {
  return {
    exceptionName: found.code,
    stacktrace: found.stack ?? found.message,
    hint: found.hint ?? null,
    location: found.location ?? null,
    lastOutput: [...(found.lastOutput ?? [])],
  }
}

function vertexOf(source: RestSource, detail: JobDetail, id: string): z.infer<typeof oneVertex> {
  const found = detail.plan.vertices.find((one) => one.id === id)
  if (found === undefined) {
    const message = `job ${detail.jobId} has no vertex ${id}`
    throw noSuchThing(message, `See /v1/jobs/${detail.jobId}/plan.`)
  }
  const reports = reportsOf(source, detail)
  const tasks = detail.taskViews.filter((task) => task.vertexId === id)
  return {
    id: found.id,
    name: found.name,
    parallelism: found.parallelism,
    maxParallelism: found.maxParallelism,
    now: source.scheduler.wallMs(),
    aggregated: {
      metrics: vertexMetrics(detail, id, reports),
      'status-counts': countStatuses(detail, id),
    },
    subtasks: tasks.map((task) => ({
      subtask: task.subtask,
      name: task.name,
      status: statusOf(task.state),
      attempt: task.attempt,
      'taskmanager-id': task.worker,
      'end-of-data': task.state === 'ended',
      metrics: metricsOf(task, reportOf(reports, task)),
    })),
  }
}
