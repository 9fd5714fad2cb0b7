import type { TaskReport } from '@weirjs/common/core/gateways'
import { MemoryStorage } from '@weirjs/common/core/checkpoint/memory-storage'
import { checkpointId, jobId, taskKey } from '@weirjs/common/core/ids'
import { describe, expect, it } from 'vitest'
import type { CheckpointRecord } from './core/checkpoint/events.ts'
import {
  countingGraph,
  sampleEdge,
  sampleGraph,
  sampleNode,
  sampleSettings,
} from './core/plan/graph-samples.ts'
import { planJob } from './core/plan/planner.ts'
import { CHECKPOINT_RECORDS_MAX, CheckpointBook, progressOf } from './job-views.ts'

function reports(counts: Readonly<Record<string, number>>): Map<string, TaskReport> {
  const entries = Object.entries(counts).map(([key, recordsIn]): [string, TaskReport] => {
    const [vertexId = '', subtask = ''] = key.split('/')
    const task = { vertexId: vertexId as TaskReport['task']['vertexId'], subtask: Number(subtask) }
    return [taskKey(task), { task, recordsIn } as TaskReport]
  })
  return new Map(entries)
}

describe('progressOf', () => {
  it('tells what sources made and what came to the sinks', () => {
    const { plan } = planJob(countingGraph(), sampleSettings({ parallelism: 2 }))
    const counts = { 'v0/0': 9, 'v1/0': 10, 'v1/1': 20, 'v2/0': 3, 'v2/1': 4 }
    expect(progressOf(plan, reports(counts))).toEqual({ recordsIn: 30, recordsOut: 7 })
    expect(progressOf(plan, new Map())).toEqual({ recordsIn: 0, recordsOut: 0 })
  })

  it('takes what a source made for what came to a sink that is chained to it', () => {
    const nodes = [
      sampleNode('s', 'source-enumerator'),
      sampleNode('r', 'source-reader'),
      sampleNode('out', 'sink'),
    ]
    const graph = sampleGraph(nodes, [sampleEdge('s', 'r', 'assign'), sampleEdge('r', 'out')])
    const { plan } = planJob(graph, sampleSettings())
    expect(progressOf(plan, reports({ 'v1/0': 5 }))).toEqual({ recordsIn: 5, recordsOut: 5 })
  })
})

describe('CheckpointBook', () => {
  const record = (id: number, state: CheckpointRecord['state']): CheckpointRecord => ({
    checkpointId: checkpointId(id),
    kind: 'periodic',
    state,
    triggeredAtMs: id,
    endedAtMs: null,
    stateBytes: 1,
    acknowledged: 1,
    total: 1,
    stallMsMax: 0,
    failure: null,
  })

  it('keeps the newest records, newest first, and a path only for what is retained', () => {
    const book = new CheckpointBook(jobId('a'.repeat(32)), new MemoryStorage())
    for (let id = 1; id <= CHECKPOINT_RECORDS_MAX + 5; id++) book.record(record(id, 'COMPLETED'))
    const kept = {
      checkpointId: checkpointId(7),
      kind: 'periodic',
      manifestPath: 'x',
      manifestSha256: '',
      triggeredAtMs: 7,
      completedAtMs: 8,
      stateBytes: 1,
    } as const
    const views = book.views([kept], [])
    expect(views).toHaveLength(CHECKPOINT_RECORDS_MAX)
    expect(views[0]?.checkpointId).toBe(CHECKPOINT_RECORDS_MAX + 5)
    expect(views.filter((view) => view.path !== null).map((view) => view.checkpointId)).toEqual([7])
  })
})
