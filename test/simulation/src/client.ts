// Somebody with a command line: asks whichever JobManager is there, over the same network as everybody, so that what he asks
// may get lost, come twice or be answered too late; asks again when there is no answer, and holds the JobManager to what it
// has said. An answer that was given must stay true over the death of whoever gave it (oracle O5).

import { createHash } from 'node:crypto'
import { sleep } from '@weirjs/common/core/clock'
import { WeirError } from '@weirjs/common/core/errors'
import { bundleHash, type JobId } from '@weirjs/common/core/ids'
import {
  type JobClient,
  type JobDetail,
  type JobSummary,
  type SubmitRequest,
  TERMINAL_STATES,
} from '@weirjs/common/job-client'
import { copy } from './copy.ts'
import type { Violation } from './oracles/violation.ts'
import type { SimCluster } from './sim-cluster.ts'
import { buildWorkload } from './workload/workload.ts'
import type { RunOptions, WorkloadOptions } from './workload/options.ts'
import type { World } from './world.ts'

const POLL_MS = 100
const RETRY_MS = 100
/** Errors that mean: ask again. */
const AGAIN: ReadonlySet<string> = new Set([
  'rpc/unavailable',
  'rpc/deadline',
  'log/unavailable',
  'log/deposed',
  'storage/io',
  'storage/full',
])

export class SimClient {
  readonly name: string
  readonly violations: Violation[] = []
  readonly #world: World
  readonly #cluster: SimCluster
  readonly #workload: WorkloadOptions
  /** Jobs by id, as they were last seen. */
  readonly #seen = new Map<JobId, JobSummary>()
  readonly #canceled = new Set<JobId>()
  #submissions = 0

  constructor(world: World, cluster: SimCluster, workload: WorkloadOptions, name: string) {
    this.name = name
    this.#world = world
    this.#cluster = cluster
    this.#workload = workload
  }

  /** As last seen. */
  job(id: JobId): JobSummary | null {
    return this.#seen.get(id) ?? null
  }

  submit(run: RunOptions, restoreFrom: string | null): Promise<JobId> {
    const { graph, settings } = buildWorkload(this.#workload, run, this.#cluster.files)
    const bundle = new TextEncoder().encode(`// built in memory, for ${run.output}`)
    const request: SubmitRequest = {
      graph,
      settings,
      bundle,
      bundleHash: bundleHash(createHash('sha256').update(bundle).digest('hex')),
      args: { output: run.output },
      submittedAtMs: this.#world.scheduler.wallMs(),
      restoreFrom,
      allowNonRestoredState: false,
      submissionId: `seed-${this.#world.seed}${this.#workload.directory}-${this.#submissions++}`,
    }
    return this.#ask('submit', (client) => client.submit(copy(request)))
  }

  /** Answers how the job ended, or, when it has not by then, how it is after so long. */
  async wait(id: JobId, forMs: number = Number.POSITIVE_INFINITY): Promise<JobSummary> {
    const untilMs = this.#world.scheduler.nowMs() + forMs
    for (;;) {
      const job = await this.look(id)
      const leftMs = untilMs - this.#world.scheduler.nowMs()
      if (TERMINAL_STATES.includes(job.state) || leftMs <= 0) return job
      await this.#sleep(Math.min(POLL_MS, leftMs))
    }
  }

  async look(id: JobId): Promise<JobSummary> {
    for (;;) {
      const job = await this.#ask('describe', (client) => client.describe(id))
      if (!this.#isPast(job)) {
        this.#note(job)
        return job
      }
      await this.#sleep(RETRY_MS)
    }
  }

  /** A JobManager that was deposed tells of the past: until it knows it, as if it were the present. */
  #isPast(job: JobDetail): boolean {
    if (job.failure?.code === 'log/deposed') return true
    if (TERMINAL_STATES.includes(job.state)) return false
    return (job.attempts[0]?.epoch ?? 0) < this.#cluster.auditor.epoch(job.jobId)
  }

  /** True when it was accepted: from then on the job must end CANCELED. */
  async cancel(id: JobId): Promise<boolean> {
    try {
      await this.#ask('cancel', (client) => client.cancel(id))
    } catch (error) {
      if (!(error instanceof WeirError) || error.code !== 'job/wrong-state') throw error
      // Of two that were sent, or one that was asked again, the second one may hear that it is done.
      if ((await this.look(id)).state !== 'CANCELED') return false
    }
    this.#canceled.add(id)
    return true
  }

  /** Asks for a checkpoint now; it may fail, but what is said to be complete must be so. */
  async checkpointNow(id: JobId): Promise<void> {
    try {
      const view = await this.#once('checkpoint', (client) => client.triggerCheckpoint(id))
      this.#world.trace(`${this.name}: checkpoint ${view.checkpointId} ${view.state}`)
      if (view.state !== 'COMPLETED' || !this.#cluster.auditor.isCompleted(id, view.checkpointId))
        this.#complain(`checkpoint ${view.checkpointId} was said to be complete, and is not logged`)
    } catch (error) {
      this.#world.trace(`${this.name}: no checkpoint: ${codeOf(error)}`)
    }
  }

  /** Where the newest retained checkpoint of an ended job lies; null when it has none. */
  async newestCheckpoint(id: JobId): Promise<string | null> {
    const views = await this.#ask('checkpoints', (client) => client.checkpoints(id))
    const newest = views.find((view) => view.state === 'COMPLETED' && view.path !== null)
    return newest?.path ?? null
  }

  // ---- what was said stays true ----

  #note(job: JobSummary): void {
    const before = this.#seen.get(job.jobId)
    if (before?.state !== job.state)
      this.#world.trace(`${this.name}: job ${job.state} attempt ${job.attempt}`)
    this.#seen.set(job.jobId, job)
    if (
      before !== undefined &&
      TERMINAL_STATES.includes(before.state) &&
      before.state !== job.state
    )
      this.#complain(`a job was ${before.state}, and is ${job.state}`)
    if (this.#canceled.has(job.jobId) && ALIVE.has(job.state))
      this.#complain(`a job is ${job.state} after it was said to be canceled`)
  }

  #complain(message: string): void {
    this.#world.trace(`O5 ${message}`)
    if (this.violations.length < 5) this.violations.push({ oracle: 'O5', message })
  }

  // ---- calls ----

  async #ask<T>(what: string, use: (client: JobClient) => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await this.#once(what, use)
      } catch (error) {
        const code = codeOf(error)
        this.#world.trace(`${this.name}: ${what}: ${code}`)
        // What a new leader has not read yet it does not know.
        const unread = code === 'job/not-found' && this.#submissions > 0
        if (!AGAIN.has(code) && !unread) throw error
      }
      await this.#sleep(RETRY_MS)
    }
  }

  #once<T>(what: string, use: (client: JobClient) => Promise<T>): Promise<T> {
    const { jobManager, client, network } = this.#cluster
    if (jobManager === null)
      return Promise.reject(
        new WeirError('rpc/unavailable', 'there is no JobManager', { domain: 'external' }),
      )
    const call = { from: client, to: jobManager.process, name: `client-${what}`, ordered: false }
    return network.call(call, () => use(jobManager.manager.client))
  }

  #sleep(ms: number): Promise<void> {
    return sleep(this.#world.scheduler, ms)
  }
}

/** What a job that is being canceled never is again. */
const ALIVE: ReadonlySet<string> = new Set(['RUNNING', 'FINISHING', 'FINISHED', 'FAILED'])

function codeOf(error: unknown): string {
  return error instanceof WeirError ? error.code : String(error)
}
