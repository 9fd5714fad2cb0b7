// Follows one job from outside through everything that happens to its cluster: a client that asks again and again. It
// knows when checkpoints were complete and when all tasks ran again, and complains when the job goes backwards.

import { setTimeout as sleep } from 'node:timers/promises'
import type { JobState, JobSummary } from '@weirjs/common/job-client'
import type { ProcessCluster } from './process-cluster.ts'
import type { Violation } from './violation.ts'

const POLL_MS = 25
const ENDED: readonly JobState[] = ['FINISHED', 'FAILED', 'CANCELED']

export class JobWatch {
  readonly jobId: string
  readonly #cluster: ProcessCluster
  readonly #violations: Violation[] = []
  #job: JobSummary | null = null
  /** Attempt in which all tasks were last seen running, and since when. */
  #running: { readonly attempt: number; readonly sinceMs: number } | null = null
  #ending = false
  readonly #done: Promise<void>

  constructor(cluster: ProcessCluster, jobId: string) {
    this.#cluster = cluster
    this.jobId = jobId
    this.#done = this.#follow()
    // Told by `stop`, which somebody awaits.
    this.#done.catch(() => {})
  }

  /** As last seen; null until the first answer. */
  get job(): JobSummary | null {
    return this.#job
  }

  get ended(): boolean {
    return this.#job !== null && ENDED.includes(this.#job.state)
  }

  /** Newest completed checkpoint that was seen; 0: none. */
  get checkpointId(): number {
    return this.#job?.lastCheckpointId ?? 0
  }

  get attempt(): number {
    return this.#job?.attempt ?? 0
  }

  /** When all tasks of a later attempt than `attempt` were first seen running, in ms of performance.now(). */
  runningAfter(attempt: number): number | null {
    return this.#running !== null && this.#running.attempt > attempt ? this.#running.sinceMs : null
  }

  get stopped(): boolean {
    return this.#ending
  }

  get violations(): readonly Violation[] {
    return this.#violations
  }

  async stop(): Promise<void> {
    this.#ending = true
    await this.#done
  }

  async #follow(): Promise<void> {
    while (!this.#ending) {
      const jobs = await this.#cluster.ask((client) => client.list())
      const job = jobs?.find(({ jobId }) => jobId === this.jobId)
      if (job !== undefined) this.#look(job)
      await sleep(POLL_MS)
    }
  }

  #look(job: JobSummary): void {
    const before = this.#job
    this.#job = job
    const { state, attempt, tasks } = job
    if (before?.state !== state || before.attempt !== attempt)
      this.#cluster.timeline.note(`${state}, attempt ${attempt}`, 'job')
    if (state !== 'RUNNING' || tasks.running < tasks.total) this.#running = null
    else if (this.#running?.attempt !== attempt)
      this.#running = { attempt, sinceMs: performance.now() }
    if (before !== null) this.#violations.push(...judgeStep(before, job))
  }
}

export type JobStep = Pick<JobSummary, 'state' | 'attempt' | 'lastCheckpointId'>

/** How a job may go on. */
export function judgeStep(before: JobStep, after: JobStep): readonly Violation[] {
  const { state, attempt, lastCheckpointId } = after
  // While it is taken over, a JobManager has not read everything yet.
  if (state === 'INITIALIZING') return []
  const messages: string[] = []
  // Of a job that has ended a JobManager that was not there knows only what is kept.
  if (!ENDED.includes(state) && (before.lastCheckpointId ?? 0) > (lastCheckpointId ?? 0))
    messages.push(`the newest checkpoint was ${before.lastCheckpointId} and is ${lastCheckpointId}`)
  if (before.attempt > attempt) messages.push(`the attempt was ${before.attempt} and is ${attempt}`)
  if (ENDED.includes(before.state) && state !== before.state)
    messages.push(`the job was ${before.state} and is ${state}`)
  return messages.map((message) => ({ oracle: 'job', message }))
}
