// All measures that this JobManager can tell, of the cluster, its jobs, their checkpoints and their tasks, as text for
// Prometheus. Tasks are told here and nowhere else, from their heartbeats, so that sums over a cluster count once.

import { JOB_STATES } from '@weirjs/common/core/job-views'
import type { PlanVertex } from '@weirjs/common/core/graph/physical-plan'
import type { TaskReport } from '@weirjs/common/core/gateways'
import { taskKey, vertexId } from '@weirjs/common/core/ids'
import type { MetricLabels, MetricText } from '@weirjs/common/core/metrics/metric-text'
import { MAX_WATERMARK, MIN_WATERMARK } from '@weirjs/common/core/time-constants'
import type { ClusterView, JobSummary, TaskView, WorkerView } from '@weirjs/common/job-client'
import type { JobEntry, JobMeasures } from '../job-entry.ts'

/** Tasks that are told; more are counted only. Each has some ten lines. */
export const METRIC_TASKS_MAX = 10_000
const MS = 1_000

export interface ClusterMeasures {
  readonly cluster: ClusterView
  readonly workers: readonly WorkerView[]
  readonly jobs: readonly JobEntry[]
  readonly strangers: number
  readonly wallMs: number
}

export function writeClusterMetrics(text: MetricText, measures: ClusterMeasures): void {
  writeCluster(text, measures)
  writeWorkers(text, measures.workers)
  const jobs = measures.jobs.flatMap((entry) => {
    const own = entry.measures
    return own === null || entry.ended ? [] : [{ summary: entry.summary(), entry, measures: own }]
  })
  writeJobs(text, jobs)
  writeCheckpoints(text, jobs)
  writeTasks(text, jobs, measures.wallMs)
}

interface LiveJob {
  readonly summary: JobSummary
  readonly entry: JobEntry
  readonly measures: JobMeasures
}

const labelsOf = ({ summary }: LiveJob): { job: string; job_id: string } => ({
  job: summary.name,
  job_id: summary.jobId,
})

function writeCluster(text: MetricText, { cluster, strangers }: ClusterMeasures): void {
  const { workers, slots, freeSlots, jobs } = cluster
  text.family('weir_taskmanagers', 'gauge', 'Registered TaskManagers.').sample(workers)
  text.family('weir_slots', 'gauge', 'Slots of all TaskManagers.').sample(slots)
  text.family('weir_slots_free', 'gauge', 'Slots that no job holds.').sample(freeSlots)
  const states = text.family('weir_jobs', 'gauge', 'Jobs that are known, by state.')
  // All of them: a state without a job is 0, and an alert on that would never see one that is missing.
  for (const state of JOB_STATES) states.sample(jobs[state] ?? 0, { state })
  text
    .family('weir_messages_refused_total', 'counter', 'Messages of older attempts and leaders.')
    .sample(strangers)
}

function writeWorkers(text: MetricText, workers: readonly WorkerView[]): void {
  const each = (name: string, help: string, value: (worker: WorkerView) => number): void => {
    const family = text.family(name, 'gauge', help)
    for (const worker of workers) family.sample(value(worker), { tm: worker.workerId })
  }
  each('weir_taskmanager_slots', 'Slots of a TaskManager.', (worker) => worker.slots)
  each('weir_taskmanager_slots_free', 'Its free slots.', (worker) => worker.freeSlots)
  each(
    'weir_taskmanager_memory_bytes',
    'Resident memory of a TaskManager and its job processes.',
    (worker) => worker.rssBytes,
  )
  each(
    'weir_taskmanager_heartbeat_age_seconds',
    'Time since the last heartbeat of a TaskManager.',
    (worker) => worker.lastHeartbeatAgeMs / MS,
  )
}

function writeJobs(text: MetricText, jobs: readonly LiveJob[]): void {
  const each = (
    name: string,
    type: 'gauge' | 'counter',
    help: string,
    value: (job: JobSummary) => number,
  ): void => {
    const family = text.family(name, type, help)
    for (const job of jobs) family.sample(value(job.summary), labelsOf(job))
  }
  each('weir_job_tasks', 'gauge', 'Tasks of a job.', ({ tasks }) => tasks.total)
  each('weir_job_tasks_running', 'gauge', 'Those that run.', ({ tasks }) => tasks.running)
  each('weir_job_restarts_total', 'counter', 'Restarts of a job.', ({ restarts }) => restarts)
  each('weir_job_degraded', 'gauge', '1: the job runs, but not as it should.', ({ health }) =>
    health === 'DEGRADED' ? 1 : 0,
  )
}

function writeCheckpoints(text: MetricText, jobs: readonly LiveJob[]): void {
  const durations = text.family(
    'weir_checkpoint_duration_seconds',
    'histogram',
    'Time from the trigger of a checkpoint to its completion.',
  )
  for (const job of jobs) durations.distribution(job.measures.checkpoints.durations, labelsOf(job))
  const bytes = text.family(
    'weir_checkpoint_state_bytes',
    'gauge',
    'State in the newest completed checkpoint.',
  )
  for (const job of jobs) bytes.sample(job.measures.checkpoints.stateBytes, labelsOf(job))
  const stall = text.family(
    'weir_checkpoint_stall_seconds',
    'gauge',
    'Longest stop of a task for the newest completed checkpoint.',
  )
  for (const job of jobs) stall.sample(job.measures.checkpoints.stallSeconds, labelsOf(job))
  const ended = text.family('weir_checkpoints_total', 'counter', 'Checkpoints that have ended.')
  for (const job of jobs) {
    const { completed, failed } = job.measures.checkpoints
    ended.sample(completed, { ...labelsOf(job), state: 'completed' })
    ended.sample(failed, { ...labelsOf(job), state: 'failed' })
  }
}

// ---- tasks ----

interface LiveTask {
  readonly labels: MetricLabels
  readonly report: TaskReport
}

function writeTasks(text: MetricText, jobs: readonly LiveJob[], wallMs: number): void {
  const all = jobs.flatMap((job) => tasksOf(job))
  const tasks = all.slice(0, METRIC_TASKS_MAX)
  text
    .family('weir_tasks_not_told', 'gauge', 'Tasks above the number that is told one by one.')
    .sample(all.length - tasks.length)
  const each = (
    name: string,
    type: 'gauge' | 'counter',
    help: string,
    value: (report: TaskReport) => number | null,
  ): void => {
    const family = text.family(name, type, help)
    for (const { labels, report } of tasks) {
      const told = value(report)
      if (told !== null) family.sample(told, labels)
    }
  }
  each('weir_task_records_in_total', 'counter', 'Records taken in.', (task) => task.recordsIn)
  each('weir_task_records_out_total', 'counter', 'Records sent out.', (task) => task.recordsOut)
  each('weir_task_bytes_in_total', 'counter', 'Bytes taken in.', (task) => task.bytesIn)
  each('weir_task_bytes_out_total', 'counter', 'Bytes sent out.', (task) => task.bytesOut)
  each('weir_task_busy_ratio', 'gauge', 'Share of time at work.', (task) => task.busyRatio)
  each('weir_task_idle_ratio', 'gauge', 'Share of time without input.', (task) => task.idleRatio)
  each(
    'weir_task_backpressured_ratio',
    'gauge',
    'Share of time spent waiting for slower tasks downstream.',
    (task) => task.backPressuredRatio,
  )
  each(
    'weir_watermark_lag_seconds',
    'gauge',
    'How far the watermark of a task is behind the clock.',
    ({ watermark }) =>
      watermark <= MIN_WATERMARK || watermark >= MAX_WATERMARK ? null : (wallMs - watermark) / MS,
  )
}

function tasksOf(job: LiveJob): readonly LiveTask[] {
  const { entry, measures } = job
  const detail = entry.detail()
  const vertices = new Map(detail.plan.vertices.map((vertex) => [`${vertex.id}`, vertex]))
  return detail.taskViews.flatMap((view) => {
    const report = measures.reports.get(
      taskKey({ vertexId: vertexId(view.vertexId), subtask: view.subtask }),
    )
    const vertex = vertices.get(view.vertexId)
    if (report === undefined || vertex === undefined) return []
    return [{ labels: { ...labelsOf(job), ...taskLabels(view, vertex) }, report }]
  })
}

const taskLabels = (view: TaskView, vertex: PlanVertex): MetricLabels => ({
  task: vertex.name,
  operator: vertex.operators[0]?.uid ?? '',
  subtask: view.subtask,
  tm: view.worker ?? '',
})
