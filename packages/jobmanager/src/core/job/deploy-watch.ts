// Watches over regions between their deployment and the moment when all their tasks have reported that they run. A task
// that hangs while it opens or restores says nothing and fails nothing: its worker answers, its process lives. So there is
// a bound, once for restoring and once for opening, after which the region has failed. It only tells who is late; what follows is the job machine's.

import { taskKey } from '@weirjs/common/core/ids'
import type { Failure } from '@weirjs/common/core/errors'
import type { Region, TaskEntry } from './execution-graph.ts'
import { type JobContext, jobFailure } from './job-context.ts'

/** Default bound, for settings: restoring much state from a slow storage takes its time. */
export const DEPLOY_TIMEOUT_MS = 300_000
/** Late tasks that a failure names. */
const TASKS_NAMED_MAX = 5

export class DeployWatch {
  readonly #context: JobContext

  constructor(context: JobContext) {
    this.#context = context
  }

  /** Regions whose time is over. */
  late(): Region[] {
    return this.#deploying()
      .filter(({ deadlineMs }) => deadlineMs <= this.#context.now.nowMs)
      .map(({ region }) => region)
  }

  /** Why `late` regions have failed, naming tasks. */
  failure(late: readonly Region[]): Failure {
    const tasks = late.flatMap((region) => region.tasks)
    const unrestored = tasks.filter(({ state }) => state === 'deployed')
    // Who waits for others is not to blame.
    const missing = unrestored.length > 0 ? unrestored : tasks.filter(isRestored)
    const named = missing.slice(0, TASKS_NAMED_MAX).map((entry) => {
      return `${taskKey(entry.task)} on ${entry.slot?.workerId ?? 'no worker'}`
    })
    const more = missing.length > named.length ? ` and ${missing.length - named.length} more` : ''
    const { deployTimeoutMs } = this.#context.options
    const since = unrestored.length > 0 ? 'deployed' : 'told to run'
    return jobFailure(
      'job/deploy-timeout',
      `tasks did not run within ${deployTimeoutMs} ms after they were ${since}: ${named.join(', ')}${more}`,
    )
  }

  /** When the next region is late; null when none is being deployed. */
  get nextWakeMs(): number | null {
    const times = this.#deploying().map(({ deadlineMs }) => deadlineMs)
    return times.length === 0 ? null : Math.min(...times)
  }

  #deploying(): { readonly region: Region; readonly deadlineMs: number }[] {
    return this.#context.graph.regions.flatMap((region) =>
      region.phase.tag === 'deploying' || region.phase.tag === 'launching'
        ? [{ region, deadlineMs: region.phase.deadlineMs }]
        : [],
    )
  }
}

const isRestored = ({ state }: TaskEntry): boolean => state === 'restored'
