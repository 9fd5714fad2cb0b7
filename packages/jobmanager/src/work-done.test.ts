import type { TaskReport } from '@weirjs/common/core/gateways'
import { taskKey, vertexId } from '@weirjs/common/core/ids'
import { expect, it } from 'vitest'
import { countingGraph, sampleSettings } from './core/plan/graph-samples.ts'
import { planJob } from './core/plan/planner.ts'
import { WorkDone } from './work-done.ts'

const { plan } = planJob(countingGraph(), sampleSettings({ parallelism: 2 }))
const sources = plan.vertices.filter(({ operators }) => operators[0]?.kind.startsWith('source-'))

/** Reports in which all enumerators together, and all readers together, have so much left. */
function reports(
  unassigned: number | null,
  assigned: number,
  attempt = 1,
): Map<string, TaskReport> {
  const all = sources.flatMap(({ id, parallelism, operators }) =>
    Array.from({ length: parallelism }, (_, subtask) => {
      const task = { vertexId: vertexId(id), subtask }
      const isReader = operators[0]?.kind === 'source-reader'
      const workLeft = isReader ? assigned / parallelism : unassigned
      return [taskKey(task), { task, workLeft, fence: { attempt } } as TaskReport] as const
    }),
  )
  return new Map(all)
}

it('a job is as far as its sources say, once they know', () => {
  const done = new WorkDone()
  expect(done.ratio(plan, new Map(), 0)).toBeNull()
  expect(done.ratio(plan, reports(null, 0), 500)).toBeNull()
  // Everything is handed out and has not arrived.
  expect(done.ratio(plan, reports(0, 0), 1_000)).toBeNull()
  expect(done.ratio(plan, reports(60, 40), 1_500)).toBe(0)
  expect(done.ratio(plan, reports(60, 10), 2_000)).toBeCloseTo(0.3)
  expect(done.ratio(plan, reports(0, 0), 10_000)).toBe(1)
})

it('a split on its way does not count as read', () => {
  const done = new WorkDone()
  done.ratio(plan, reports(80, 20), 0)
  expect(done.ratio(plan, reports(80, 10), 1_000)).toBeCloseTo(0.1)
  // 40 have left the enumerator, and no reader has spoken of them yet.
  expect(done.ratio(plan, reports(40, 0), 2_000)).toBeCloseTo(0.2)
  expect(done.ratio(plan, reports(40, 40), 3_000)).toBeCloseTo(0.2)
  expect(done.ratio(plan, reports(40, 20), 6_000)).toBeCloseTo(0.4)
})

it('a restart takes it back to where it goes on from', () => {
  const done = new WorkDone()
  done.ratio(plan, reports(0, 100), 0)
  expect(done.ratio(plan, reports(0, 10), 5_000)).toBeCloseTo(0.9)
  expect(done.ratio(plan, reports(0, 70, 2), 6_000)).toBeCloseTo(0.3)
})
