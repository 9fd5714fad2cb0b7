// The tasks of a job as the JobManager knows them: where each one runs, under which attempt, how far it is; and the
// regions that they fail over in. A record with lookups; what follows from a change is the job machine's to decide.

import { assert, present } from '@weirjs/common/core/assert'
import type { PhysicalPlan, PlanVertex } from '@weirjs/common/core/graph/physical-plan'
import {
  type Attempt,
  type SlotRef,
  type TaskId,
  taskKey,
  type WorkerId,
} from '@weirjs/common/core/ids'
import { type Seat, type SeatName, seatOf, seatsOf } from '../plan/slot-allocator.ts'
import { failoverRegions } from './failover-regions.ts'

/**
 * `waiting`: not deployed. `deployed`: sent to its worker. `restored`: has its state, waits for the others. `ended`: at end of data, still taking part in checkpoints.
 * The last four are over: nothing runs any more under this attempt.
 */
export type TaskState =
  | 'waiting'
  | 'deployed'
  | 'restored'
  | 'running'
  | 'ended'
  | 'finished'
  | 'canceled'
  | 'failed'
  | 'lost'

export interface TaskEntry {
  readonly task: TaskId
  readonly key: string
  readonly vertex: PlanVertex
  readonly region: number
  readonly seat: SeatName
  /** No network inputs: barriers are injected here. */
  readonly root: boolean
  /** Changed by ExecutionGraph.set only, which keeps the counts. */
  state: TaskState
  /** Of the last deployment; null before the first. */
  attempt: Attempt | null
  slot: SlotRef | null
}

export type RegionPhase =
  /** Not started, or between attempts: starts when `untilMs` has come and its incident has come to rest. */
  | { readonly tag: 'resting'; readonly untilMs: number; readonly incident: number }
  /** Part of a batch that looks for slots and state. */
  | { readonly tag: 'starting' }
  /** Its tasks read their state; they have until `deadlineMs` to report that they have it. */
  | { readonly tag: 'deploying'; readonly attempt: Attempt; readonly deadlineMs: number }
  /** All tasks of the attempt have their state, and have been told to run; until `deadlineMs` they must. */
  | {
      readonly tag: 'launching'
      readonly attempt: Attempt
      readonly deadlineMs: number
      readonly repeatAtMs: number
    }
  | { readonly tag: 'running'; readonly attempt: Attempt; readonly sinceMs: number }
  | {
      readonly tag: 'canceling'
      readonly attempt: Attempt
      readonly retryAtMs: number
      readonly deadlineMs: number
      /** When it may start again, and with whom; null: never, the job ends. */
      readonly resume: { readonly untilMs: number; readonly incident: number } | null
    }
  | { readonly tag: 'finished'; readonly attempt: Attempt }
  | { readonly tag: 'stopped' }

export interface Region {
  readonly index: number
  readonly tasks: readonly TaskEntry[]
  readonly seats: readonly Seat[]
  phase: RegionPhase
  /** Tasks by state. */
  readonly counts: Record<TaskState, number>
}

export const isOver = (state: TaskState): boolean =>
  state === 'finished' || state === 'canceled' || state === 'failed' || state === 'lost'

/** Region phases in which its seats must stay where they are. */
export const holdsSeats = (phase: RegionPhase): boolean =>
  phase.tag === 'deploying' ||
  phase.tag === 'launching' ||
  phase.tag === 'running' ||
  phase.tag === 'canceling' ||
  phase.tag === 'finished'

export class ExecutionGraph {
  readonly plan: PhysicalPlan
  readonly regions: readonly Region[]
  readonly tasks: readonly TaskEntry[]
  readonly #byKey: ReadonlyMap<string, TaskEntry>

  /** `whole`: the job restarts as one, whatever its regions. */
  constructor(plan: PhysicalPlan, whole: boolean) {
    this.plan = plan
    const vertices = plan.vertices.map((vertex) => vertex.id)
    const regionPlans = whole ? [{ index: 0, vertices }] : failoverRegions(plan)
    this.regions = regionPlans.map((regionPlan): Region => {
      const members = new Set(regionPlan.vertices)
      const inRegion = (vertex: PlanVertex): boolean => members.has(vertex.id)
      const tasks = plan.vertices
        .filter(inRegion)
        .flatMap((vertex) => entriesOf(vertex, regionPlan.index))
      return {
        index: regionPlan.index,
        tasks,
        seats: seatsOf(plan, inRegion),
        phase: { tag: 'resting', untilMs: 0, incident: 0 },
        counts: { ...NO_TASKS, waiting: tasks.length },
      }
    })
    this.tasks = this.regions.flatMap((region) => region.tasks)
    this.#byKey = new Map(this.tasks.map((entry) => [entry.key, entry]))
  }

  find(task: TaskId): TaskEntry | undefined {
    return this.#byKey.get(taskKey(task))
  }

  regionOf(entry: TaskEntry): Region {
    return present(this.regions[entry.region], 'region of a task')
  }

  /** Tasks of the whole job in one of `states`. */
  count(...states: readonly TaskState[]): number {
    return this.regions.reduce((sum, region) => sum + countIn(region, ...states), 0)
  }

  set(entry: TaskEntry, state: TaskState): void {
    const { counts } = this.regionOf(entry)
    counts[entry.state]--
    counts[state]++
    entry.state = state
  }

  /** Entries grouped by worker, those without a slot left out. */
  byWorker(entries: readonly TaskEntry[]): Map<WorkerId, TaskEntry[]> {
    return groupBy(
      entries.filter((entry) => entry.slot !== null),
      (entry) => present(entry.slot, 'slot').workerId,
    )
  }

  /** Marks tasks as sent to their slots. */
  deployed(region: Region, attempt: Attempt, seats: ReadonlyMap<SeatName, SlotRef>): void {
    for (const entry of region.tasks) {
      assert(
        entry.attempt === null || entry.attempt < attempt,
        'attempt numbers of a task only rise',
      )
      entry.attempt = attempt
      entry.slot = present(seats.get(entry.seat), `slot of seat ${entry.seat}`)
      this.set(entry, 'deployed')
    }
  }
}

const NO_TASKS: Readonly<Record<TaskState, number>> = {
  waiting: 0,
  deployed: 0,
  restored: 0,
  running: 0,
  ended: 0,
  finished: 0,
  canceled: 0,
  failed: 0,
  lost: 0,
}

export function countIn(region: Region, ...states: readonly TaskState[]): number {
  return states.reduce((sum, state) => sum + region.counts[state], 0)
}

/** Nothing of the region's last attempt runs any more, as far as anybody can know. */
export const allOver = (region: Region): boolean =>
  countIn(region, 'finished', 'canceled', 'failed', 'lost', 'waiting') === region.tasks.length

function entriesOf(vertex: PlanVertex, region: number): TaskEntry[] {
  return Array.from({ length: vertex.parallelism }, (_, subtask): TaskEntry => {
    const task = { vertexId: vertex.id, subtask }
    return {
      task,
      key: taskKey(task),
      vertex,
      region,
      seat: seatOf(vertex, subtask),
      root: vertex.inputs.length === 0,
      state: 'waiting',
      attempt: null,
      slot: null,
    }
  })
}

export function groupBy<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  return groups
}
