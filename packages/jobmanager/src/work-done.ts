// How far a bounded job has come, by what its sources have left to read. What there was altogether is the most that was
// ever left. Sources count in units of their own, which cannot be added: the job is as far as the source that is least far.
// Reports come at different times, so a split may be on its way between two of them: for a while it counts as not handed
// out, and what was said before holds until it is passed, unless a restart took the job back.

import type { TaskReport } from '@weirjs/common/core/gateways'
import {
  type PhysicalPlan,
  type PlanVertex,
  readsSource,
} from '@weirjs/common/core/graph/physical-plan'
import { type TaskId, taskKey } from '@weirjs/common/core/ids'

/** Above the time between two reports of a task by default, and the way of a split. */
export const REPORTS_SETTLE_MS = 2_500

interface SourceLook {
  readonly attempt: number
  /** The most that was left. */
  most: number
  /** What was said last. */
  ratio: number
  /** What was not handed out, lately. */
  unassigned: { readonly atMs: number; readonly left: number }[]
}

type Reports = ReadonlyMap<string, TaskReport>

export class WorkDone {
  readonly #sources = new Map<string, SourceLook>()

  /** 0 to 1; null while one of the sources does not know. */
  ratio(plan: PhysicalPlan, reports: Reports, nowMs: number): number | null {
    let least: number | null = null
    for (const reader of plan.vertices.filter(readsSource)) {
      const ratio = this.#ratioOf(reader, plan, reports, nowMs)
      if (ratio === null) return null
      least = Math.min(least ?? 1, ratio)
    }
    return least
  }

  #ratioOf(reader: PlanVertex, plan: PhysicalPlan, reports: Reports, nowMs: number): number | null {
    const makers = new Set(plan.edges.filter(({ to }) => to === reader.id).map(({ from }) => from))
    const enumerators = plan.vertices.filter(({ id }) => makers.has(id))
    const assigned = leftOf([reader], reports)
    const unassigned = leftOf(enumerators, reports)
    if (assigned === null || unassigned === null) return null
    const look = this.#lookAt(reader, reports)
    const recent = look.unassigned.filter(({ atMs }) => nowMs - atMs < REPORTS_SETTLE_MS)
    look.unassigned = [...recent, { atMs: nowMs, left: unassigned }]
    const left = assigned + Math.max(...look.unassigned.map((one) => one.left))
    look.most = Math.max(look.most, assigned + unassigned)
    // Nothing seen yet: all splits may be on their way.
    if (look.most === 0) return null
    look.ratio = Math.max(look.ratio, 1 - left / look.most)
    return look.ratio
  }

  /** What is known of a source in the attempt that reports now. */
  #lookAt(reader: PlanVertex, reports: Reports): SourceLook {
    const attempt = reports.get(taskKey(taskOf(reader, 0)))?.fence.attempt ?? 0
    const known = this.#sources.get(reader.id)
    if (known !== undefined && known.attempt === attempt) return known
    const fresh: SourceLook = { attempt, most: known?.most ?? 0, ratio: 0, unassigned: [] }
    this.#sources.set(reader.id, fresh)
    return fresh
  }
}

/** Null when a task does not know, or has not said it. */
function leftOf(vertices: readonly PlanVertex[], reports: Reports): number | null {
  let sum = 0
  for (const vertex of vertices) {
    for (let subtask = 0; subtask < vertex.parallelism; subtask++) {
      const left = reports.get(taskKey(taskOf(vertex, subtask)))?.workLeft
      if (typeof left !== 'number') return null
      sum += left
    }
  }
  return sum
}

const taskOf = ({ id }: PlanVertex, subtask: number): TaskId => ({ vertexId: id, subtask })
