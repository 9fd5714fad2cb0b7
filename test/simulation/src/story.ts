// What the person at the command line does in a run: lets a job run to its end; or cancels it in the middle and goes on
// from its newest checkpoint with another parallelism, into another directory; and may ask for checkpoints meanwhile.

import { sleep } from '@weirjs/common/core/clock'
import type { JobId } from '@weirjs/common/core/ids'
import type { Prng } from '@weirjs/common/core/prng'
import type { JobSummary } from '@weirjs/common/job-client'
import type { SimClient } from './client.ts'
import { PARALLELISM_MAX, type RunOptions, type WorkloadOptions } from './workload/options.ts'
import type { World } from './world.ts'

export interface StoryOptions {
  /** When the job is submitted. */
  readonly beginsMs: number
  /** From its submission until the job is canceled; null: never. */
  readonly cancelAfterMs: number | null
  /** Once it is canceled, nobody resumes it. */
  readonly abandoned: boolean
  readonly first: RunOptions
  readonly second: RunOptions
  /** Between two checkpoints that are asked for; null: none are. */
  readonly checkpointEveryMs: number | null
}

export function drawStory(prng: Prng, workload: WorkloadOptions): StoryOptions {
  const { directory } = workload
  const second = {
    parallelism: prng.between(1, PARALLELISM_MAX),
    sinkParallelism: prng.between(1, 3),
    output: `${directory}/out-2`,
  }
  return {
    beginsMs: 0,
    cancelAfterMs: prng.chance(0.25) ? inputMsOf(workload) * (0.1 + prng.float()) : null,
    abandoned: false,
    first: {
      parallelism: workload.parallelism,
      sinkParallelism: workload.sinkParallelism,
      output: `${directory}/out`,
    },
    second,
    checkpointEveryMs: prng.chance(0.25) ? prng.between(200, 3_000) : null,
  }
}

/** How long the input of a job takes. */
export const inputMsOf = ({ records, recordsPerSecond }: WorkloadOptions): number =>
  (records / recordsPerSecond) * 1_000

export const runsOf = ({ first, second }: StoryOptions): readonly RunOptions[] => [first, second]

/** Slots that it needs at most. */
export const widest = (options: StoryOptions): number =>
  Math.max(...runsOf(options).flatMap((one) => [one.parallelism, one.sinkParallelism]))

export class Story {
  readonly #world: World
  readonly #client: SimClient
  readonly #options: StoryOptions
  readonly jobs: JobId[] = []
  /** How the last job ended; null while it has not. */
  end: JobSummary | null = null
  /** It was resumed from a checkpoint, with another parallelism. */
  rescaled = false
  /** Why the person gave up; null: has not. */
  failure: string | null = null

  constructor(world: World, client: SimClient, options: StoryOptions) {
    this.#world = world
    this.#client = client
    this.#options = options
  }

  get done(): boolean {
    return this.end !== null || this.failure !== null
  }

  /** It has come to the end that was wanted. */
  get succeeded(): boolean {
    const { state } = this.end ?? {}
    return state === 'FINISHED' || (state === 'CANCELED' && this.#options.abandoned)
  }

  get state(): string {
    const last = this.jobs.at(-1)
    return last === undefined ? 'not submitted' : (this.#client.job(last)?.state ?? 'not seen')
  }

  begin(): void {
    // Cannot reject: what goes wrong is kept.
    void this.#tell().then(
      (end) => {
        this.end = end
      },
      (error: unknown) => {
        this.failure = String(error)
      },
    )
    if (this.#options.checkpointEveryMs !== null) this.#askForCheckpoints()
  }

  async #tell(): Promise<JobSummary> {
    const { beginsMs, cancelAfterMs, abandoned, first, second } = this.#options
    if (beginsMs > 0) await sleep(this.#world.scheduler, beginsMs)
    const job = await this.#client.submit(first, null)
    this.jobs.push(job)
    if (cancelAfterMs === null) return this.#client.wait(job)
    // Looks meanwhile: whether the job is at work is known by nobody else.
    await this.#client.wait(job, cancelAfterMs)
    if (!(await this.#client.cancel(job))) return this.#client.wait(job)
    const canceled = await this.#client.wait(job)
    if (canceled.state !== 'CANCELED' || abandoned) return canceled
    const from = await this.#client.newestCheckpoint(job)
    this.#world.trace(
      `${this.#client.name}: resumes from ${from ?? 'nothing'} with ${second.parallelism}`,
    )
    const resumed = await this.#client.submit(second, from)
    this.jobs.push(resumed)
    this.rescaled = from !== null && second.parallelism !== first.parallelism
    return this.#client.wait(resumed)
  }

  #askForCheckpoints(): void {
    const { checkpointEveryMs } = this.#options
    this.#world.scheduler.timer(checkpointEveryMs ?? 0, () => {
      if (this.done) return
      const job = this.jobs.at(-1)
      // Cannot reject: the client keeps what goes wrong.
      if (job !== undefined) void this.#client.checkpointNow(job)
      this.#askForCheckpoints()
    })
  }
}
