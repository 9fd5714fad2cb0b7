// What a checkpoint's manifest says besides what its tasks have acknowledged.

import type { Manifest } from '@weirjs/common/core/checkpoint/manifest'
import type { JobId, LeaderEpoch } from '@weirjs/common/core/ids'
import type { PendingContent } from './core/checkpoint/events.ts'
import { operatorsOf } from './core/plan/planner.ts'
import type { JobSubmission } from './store/job-history.ts'

interface JobFacts {
  readonly jobId: JobId
  readonly epoch: LeaderEpoch
  readonly submission: JobSubmission
}

export function manifestOf(
  job: JobFacts,
  content: PendingContent,
  completedAtMs: number,
): Manifest {
  const { plan, graph, settings } = job.submission
  return {
    version: 1,
    jobId: job.jobId,
    jobName: graph.name,
    epoch: job.epoch,
    checkpointId: content.checkpointId,
    triggeredAtMs: content.triggeredAtMs,
    completedAtMs,
    final: content.kind === 'final',
    operators: operatorsOf(plan).map(({ vertex, operator }) => ({
      uid: operator.uid,
      vertex: vertex.id,
      parallelism: vertex.parallelism,
      maxParallelism: vertex.maxParallelism,
    })),
    tasks: content.tasks,
    graph,
    settings,
  }
}
