// Takes what workers say about tasks into the execution graph, and tells apart who may say it: only the sender that was
// deployed last is heard, everybody else is counted. It answers what a message means for a region; what the job does
// about it is the machine's.

import { unreachable } from '@weirjs/common/core/assert'
import type { Failure } from '@weirjs/common/core/errors'
import type { TaskUpdate } from '@weirjs/common/core/gateways'
import { type Fence, type TaskId, workerId } from '@weirjs/common/core/ids'
import { isOver, type Region, type TaskEntry } from './execution-graph.ts'
import { type JobContext, jobFailure } from './job-context.ts'

export type UpdateOutcome =
  | { readonly tag: 'noted' }
  | { readonly tag: 'stale' }
  /** Unless it is being canceled, the region has failed. */
  | { readonly tag: 'failed'; readonly region: Region; readonly failure: Failure }

const NOTED: UpdateOutcome = { tag: 'noted' }

export class TaskLedger {
  readonly #context: JobContext
  #stale = 0

  constructor(context: JobContext) {
    this.#context = context
  }

  /** Messages of strangers. */
  get stale(): number {
    return this.#stale
  }

  countStale(): void {
    this.#stale++
  }

  /** The fence is of this job and leader, whatever the attempt. */
  ours(fence: Fence): boolean {
    const { jobId, epoch } = this.#context.options
    return fence.jobId === jobId && fence.epoch === epoch
  }

  /** The task, when `fence` is that of its last deployment. */
  current(fence: Fence, task: TaskId): TaskEntry | null {
    if (!this.ours(fence)) return null
    const entry = this.#context.graph.find(task)
    return entry !== undefined && entry.attempt === fence.attempt ? entry : null
  }

  update(update: TaskUpdate): UpdateOutcome {
    const entry = this.current(update.fence, update.task)
    if (entry === null) return { tag: 'stale' }
    if (isOver(entry.state)) return NOTED
    const { graph } = this.#context
    const { change } = update
    switch (change.state) {
      case 'restored':
        if (entry.state === 'deployed') graph.set(entry, 'restored')
        return NOTED
      case 'running':
        if (entry.state === 'deployed' || entry.state === 'restored') graph.set(entry, 'running')
        return NOTED
      case 'end-of-data':
        graph.set(entry, 'ended')
        return NOTED
      case 'finished':
        graph.set(entry, 'finished')
        return this.#context.finishing === null
          ? this.#unexpected(entry, 'finished before its time')
          : NOTED
      case 'canceled':
        graph.set(entry, 'canceled')
        return this.#unexpected(entry, 'was canceled, and not by us')
      case 'failed':
        graph.set(entry, 'failed')
        return {
          tag: 'failed',
          region: graph.regionOf(entry),
          failure: this.#withPair(entry, change.failure),
        }
      default:
        return unreachable(change)
    }
  }

  /** Marks live tasks as lost, and answers their regions. */
  lose(gone: (entry: TaskEntry) => boolean): Region[] {
    const { graph } = this.#context
    const regions = new Set<Region>()
    for (const entry of graph.tasks) {
      if (entry.state === 'waiting' || isOver(entry.state) || !gone(entry)) continue
      graph.set(entry, 'lost')
      regions.add(graph.regionOf(entry))
    }
    return [...regions]
  }

  /** A failure of the way to another worker names both ends, and they are kept apart. Behind another failure it says nothing. */
  #withPair(entry: TaskEntry, failure: Failure): Failure {
    const here = entry.slot?.workerId
    const { peer } = failure
    const { tag } = this.#context.graph.regionOf(entry).phase
    if (here === undefined || peer === undefined || peer === here || tag === 'canceling')
      return failure
    this.#context.brokenPairs.note(here, workerId(peer), this.#context.now.nowMs)
    return { ...failure, message: `${failure.message} (between ${here} and ${peer})` }
  }

  #unexpected(entry: TaskEntry, what: string): UpdateOutcome {
    const failure = jobFailure('job/task-vanished', `task ${entry.key} ${what}`, {
      domain: 'internal',
    })
    return { tag: 'failed', region: this.#context.graph.regionOf(entry), failure }
  }
}
