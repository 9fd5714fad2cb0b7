// The cluster in numbers, as clients see it.

import type { CheckpointStorage } from '@weirjs/common/core/checkpoint/storage'
import type { ClusterView } from '@weirjs/common/job-client'
import type { Cluster } from './cluster.ts'
import type { JobEntry } from './job-entry.ts'

export interface ClusterFacts {
  readonly version: string
  readonly pid: number
  readonly coordinatorId: string
  readonly startedAtMs: number
  readonly restAddress: string | null
  readonly notLeading: string | null
  readonly cluster: Cluster
  readonly jobs: readonly JobEntry[]
  readonly storage: CheckpointStorage
}

export function clusterView(facts: ClusterFacts): ClusterView {
  const { version, pid, coordinatorId, startedAtMs, restAddress, cluster, storage, notLeading } =
    facts
  const { total, free } = cluster.slots
  const jobs: Record<string, number> = {}
  for (const { state } of facts.jobs.map((job) => job.summary()))
    jobs[state] = (jobs[state] ?? 0) + 1
  return {
    coordinatorId,
    version,
    pid,
    startedAtMs,
    workers: cluster.workers.length,
    slots: total,
    freeSlots: free,
    jobs,
    checkpointDirectory: storage.locate('x').slice(0, -'/x'.length),
    restAddress,
    notLeading,
  }
}
