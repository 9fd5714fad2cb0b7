// The step between "deployed" and "running". Tasks of one attempt read and verify their state and say `restored`; only
// when all of them have, they are told to run. So damage is found before any record is processed or anything committed,
// wherever in the attempt it lies (P4), and until then an attempt fails as a whole: nothing of it has run.
//
// The word may be lost, so it is repeated until the tasks report; once said it is never taken back. How long they may
// take is the deploy watch's matter; each of the two steps has that time for itself, because the slowest to restore and the
// slowest to open need not be the same task.

import type { Attempt } from '@weirjs/common/core/ids'
import { countIn, groupBy, type Region, type TaskEntry } from './execution-graph.ts'
import type { JobContext } from './job-context.ts'

export const RUN_RETRY_MS = 1_000

export class Launcher {
  readonly #context: JobContext

  constructor(context: JobContext) {
    this.#context = context
  }

  /** Tells attempts to run that have restored as a whole; regions of which all tasks have reported run. */
  settle(): void {
    const restoring = groupBy(this.#restoring(), ({ attempt }) => attempt)
    for (const [attempt, group] of restoring) {
      const regions = group.map(({ region }) => region)
      if (regions.every((region) => countIn(region, 'waiting', 'deployed') === 0))
        this.#launch(regions, attempt)
    }
    for (const region of this.#context.graph.regions) {
      const { phase } = region
      if (phase.tag !== 'launching' || countIn(region, 'restored') > 0) continue
      const sinceMs = this.#context.now.nowMs
      region.phase = { tag: 'running', attempt: phase.attempt, sinceMs }
    }
  }

  tick(): void {
    const { nowMs } = this.#context.now
    for (const region of this.#context.graph.regions) {
      const { phase } = region
      if (phase.tag !== 'launching' || phase.repeatAtMs > nowMs) continue
      region.phase = { ...phase, repeatAtMs: nowMs + RUN_RETRY_MS }
      this.#say(region.tasks)
    }
  }

  /** `regions`, and those that were to start with one of them and have not: they fail together. */
  withMates(regions: readonly Region[]): readonly Region[] {
    const restoring = this.#restoring()
    const attempts = new Set(
      restoring.filter(({ region }) => regions.includes(region)).map(({ attempt }) => attempt),
    )
    const mates = restoring.filter(({ attempt }) => attempts.has(attempt))
    return [...new Set([...regions, ...mates.map(({ region }) => region)])]
  }

  get nextWakeMs(): number | null {
    const times = this.#context.graph.regions.flatMap(({ phase }) =>
      phase.tag === 'launching' ? [phase.repeatAtMs] : [],
    )
    return times.length === 0 ? null : Math.min(...times)
  }

  #launch(regions: readonly Region[], attempt: Attempt): void {
    const { now, options } = this.#context
    const repeatAtMs = now.nowMs + RUN_RETRY_MS
    const deadlineMs = now.nowMs + options.deployTimeoutMs
    for (const region of regions) {
      const { phase } = region
      if (phase.tag !== 'deploying') continue
      region.phase = { tag: 'launching', attempt, deadlineMs, repeatAtMs }
    }
    this.#say(regions.flatMap((region) => region.tasks))
  }

  /** To those that wait for it. */
  #say(entries: readonly TaskEntry[]): void {
    const waiting = entries.filter(({ state }) => state === 'restored')
    for (const { workerId, attempt, entries: own } of this.#context.shares(waiting)) {
      const tasks = own.map((entry) => entry.task)
      const request = { fence: this.#context.fence(attempt), tasks }
      this.#context.emit({ type: 'run', workerId, request })
    }
  }

  #restoring(): { readonly region: Region; readonly attempt: Attempt }[] {
    return this.#context.graph.regions.flatMap((region) =>
      region.phase.tag === 'deploying' ? [{ region, attempt: region.phase.attempt }] : [],
    )
  }
}
