// One job of a run with whoever looks after it. Parties share a cluster and nothing else, and are judged one by one.

import { SimClient } from './client.ts'
import { RECOVERY_MS, type Recovery } from './oracles/o6-liveness.ts'
import type { SimCluster } from './sim-cluster.ts'
import { inputMsOf, runsOf, Story, type StoryOptions } from './story.ts'
import type { WorkloadOptions } from './workload/options.ts'
import { alertsOf } from './workload/workload.ts'
import type { World } from './world.ts'

const AT_WORK: ReadonlySet<string> = new Set(['RUNNING', 'FINISHING', 'FINISHED'])

export class Party {
  readonly name: string
  readonly workload: WorkloadOptions
  readonly storyOptions: StoryOptions
  readonly client: SimClient
  readonly story: Story
  readonly #world: World
  readonly #cluster: SimCluster
  #healedAtMs = Number.POSITIVE_INFINITY
  #recoveredAtMs: number | null = null

  constructor(
    name: string,
    workload: WorkloadOptions,
    story: StoryOptions,
    { world, cluster }: { readonly world: World; readonly cluster: SimCluster },
  ) {
    this.name = name
    this.workload = workload
    this.storyOptions = story
    this.#world = world
    this.#cluster = cluster
    this.client = new SimClient(world, cluster, workload, name)
    this.story = new Story(world, this.client, story)
  }

  /** Where its output lies. */
  get outputs(): readonly string[] {
    return runsOf(this.storyOptions).map((one) => one.output)
  }

  /** All that it writes to. */
  get directories(): readonly string[] {
    return [...this.outputs, alertsOf(this.workload)]
  }

  get restarts(): number {
    return this.story.jobs.reduce((sum, job) => sum + (this.client.job(job)?.restarts ?? 0), 0)
  }

  /** How long its input takes, and every file is looked at before the first is read. */
  get inputMs(): number {
    return inputMsOf(this.workload)
  }

  /** By the attempt that the healing met, the one that follows, and a job resumed. */
  get openingMs(): number {
    const { shape, inputFiles, diskDelayMs } = this.workload
    return shape === 'files' ? 4 * inputFiles * diskDelayMs : 0
  }

  // ---- from healing on ----

  healed(): void {
    this.#healedAtMs = this.#world.scheduler.nowMs()
  }

  /** From the healing, until it may be submitted at all. */
  get untilBeginMs(): number {
    return Math.max(0, this.storyOptions.beginsMs - this.#healedAtMs)
  }

  /** True once the job has ended, or runs and a checkpoint has completed since the healing. */
  recovers(): boolean {
    const { done, state } = this.story
    if (this.#recoveredAtMs !== null) return true
    if (!done && !(AT_WORK.has(state) && this.#hasFreshCheckpoint)) return false
    this.#recoveredAtMs = this.#world.scheduler.nowMs()
    return true
  }

  get recoveryLimitMs(): number {
    return RECOVERY_MS + this.openingMs + this.untilBeginMs
  }

  get recovery(): Recovery {
    const fresh = this.#hasFreshCheckpoint ? 'a' : 'no'
    return {
      afterMs: this.#recoveredAtMs === null ? null : this.#recoveredAtMs - this.#healedAtMs,
      limitMs: this.recoveryLimitMs,
      state: `${this.story.state}, with ${fresh} new checkpoint`,
    }
  }

  get #hasFreshCheckpoint(): boolean {
    if (this.workload.checkpointMs === null) return true
    const { auditor } = this.#cluster
    return this.story.jobs.some((job) => auditor.completedAtMs(job) > this.#healedAtMs)
  }
}
