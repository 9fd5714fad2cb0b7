// Manifests and snapshots without state, for tests of the job machine and the JobManager.

import type {
  SubtaskCheckpointStats,
  SubtaskSnapshot,
} from '@weirjs/common/core/checkpoint/handles'
import type { Manifest } from '@weirjs/common/core/checkpoint/manifest'
import type { JobSettings, LogicalGraph } from '@weirjs/common/core/graph/logical-graph'
import type { PhysicalPlan } from '@weirjs/common/core/graph/physical-plan'
import { checkpointId, type JobId, type LeaderEpoch, type TaskId } from '@weirjs/common/core/ids'
import { operatorsOf } from '../plan/planner.ts'

export const NO_STATS: SubtaskCheckpointStats = {
  syncMs: 0,
  asyncMs: 0,
  alignmentMs: 0,
  startDelayMs: 0,
  stallMsMax: 0,
  stateBytes: 10,
}

/** What a subtask without any state hands over. */
export function emptySnapshot(plan: PhysicalPlan, task: TaskId): SubtaskSnapshot {
  const vertex = plan.vertices.find(({ id }) => id === task.vertexId)
  const operators = (vertex?.operators ?? []).map(({ uid }) => ({
    uid,
    keyed: [],
    lists: [],
    ended: false,
    watermark: 0,
  }))
  return { file: null, operators }
}

export function emptyTasks(plan: PhysicalPlan): Manifest['tasks'] {
  return plan.vertices.flatMap((vertex) =>
    Array.from({ length: vertex.parallelism }, (_, subtask) => {
      const task = { vertexId: vertex.id, subtask }
      return { task, snapshot: emptySnapshot(plan, task), stats: NO_STATS }
    }),
  )
}

export function sampleManifest(facts: {
  readonly jobId: JobId
  readonly epoch: LeaderEpoch
  readonly id: number
  readonly final: boolean
  readonly tasks: Manifest['tasks']
  readonly plan: PhysicalPlan
  readonly graph: LogicalGraph
  readonly settings: JobSettings
}): Manifest {
  return {
    version: 1,
    jobId: facts.jobId,
    jobName: facts.plan.jobName,
    epoch: facts.epoch,
    checkpointId: checkpointId(facts.id),
    triggeredAtMs: 0,
    completedAtMs: 0,
    final: facts.final,
    operators: operatorsOf(facts.plan).map(({ vertex, operator }) => ({
      uid: operator.uid,
      vertex: vertex.id,
      parallelism: vertex.parallelism,
      maxParallelism: vertex.maxParallelism,
    })),
    tasks: facts.tasks,
    graph: facts.graph,
    settings: facts.settings,
  }
}
