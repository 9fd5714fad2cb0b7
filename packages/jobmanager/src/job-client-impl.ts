// JobClient for processes that host a JobManager; the gRPC service of others stands on it too. Finds jobs by their id or a
// unique beginning of it.

import { WeirError } from '@weirjs/common/core/errors'
import type { JobId } from '@weirjs/common/core/ids'
import type {
  CheckpointView,
  ClusterView,
  JobClient,
  JobDefault,
  JobDetail,
  JobEventView,
  JobSummary,
  SubmitRequest,
  WorkerView,
} from '@weirjs/common/job-client'
import type { JobEntry } from './job-entry.ts'

/** Ids that an ambiguous beginning is answered with. */
const IDS_SHOWN_MAX = 5

export interface LocalJobClientOptions {
  readonly entries: () => readonly JobEntry[]
  /** Resolves when all jobs on the storage are known: before that, nobody can say that there is no such job. */
  readonly known: () => Promise<void>
  /** Looks on the storage for a job that is not among the entries, and makes it one if it is there. */
  readonly lookUp: (id: string) => Promise<void>
  readonly submit: (request: SubmitRequest) => Promise<JobId>
  readonly workers: () => readonly WorkerView[]
  readonly drain: (worker: WorkerView['workerId'], draining: boolean) => void
  readonly cluster: () => ClusterView
  readonly jobDefaults: readonly JobDefault[]
}

export class LocalJobClient implements JobClient {
  readonly #options: LocalJobClientOptions

  constructor(options: LocalJobClientOptions) {
    this.#options = options
  }

  submit(request: SubmitRequest): Promise<JobId> {
    return this.#options.submit(request)
  }

  /** Newest first. */
  async list(): Promise<readonly JobSummary[]> {
    await this.#options.known()
    const jobs = this.#options.entries().map((entry) => entry.summary())
    return jobs.sort((a, b) => b.submittedAtMs - a.submittedAtMs)
  }

  async describe(id: string): Promise<JobDetail> {
    return (await this.#find(id)).detail()
  }

  async checkpoints(id: string): Promise<readonly CheckpointView[]> {
    return (await this.#find(id)).checkpoints()
  }

  async cancel(id: string): Promise<void> {
    return (await this.#find(id)).cancel()
  }

  async triggerCheckpoint(id: string): Promise<CheckpointView> {
    return (await this.#find(id)).triggerCheckpoint()
  }

  async workers(): Promise<readonly WorkerView[]> {
    return this.#options.workers()
  }

  async drainWorker(id: string, draining: boolean): Promise<WorkerView> {
    const { workerId } = this.#worker(id)
    this.#options.drain(workerId, draining)
    return this.#worker(workerId)
  }

  #worker(id: string): WorkerView {
    const workers = this.#options.workers()
    const found = id === '' ? [] : workers.filter(({ workerId }) => workerId.startsWith(id))
    const only = found.find(({ workerId }) => workerId === id) ?? found[0]
    if (only === undefined) {
      throw new WeirError('worker/not-found', `there is no TaskManager ${id}`, {
        domain: 'user',
        hint: 'List them with: weir taskmanager list',
      })
    }
    if (found.length === 1 || only.workerId === id) return only
    const ids = found.slice(0, IDS_SHOWN_MAX).map(({ workerId }) => workerId)
    throw new WeirError(
      'worker/ambiguous-id',
      `${found.length} TaskManagers begin with ${id}: ${ids.join(', ')}`,
      { domain: 'user', hint: 'Give more of the id.' },
    )
  }

  async cluster(): Promise<ClusterView> {
    return this.#options.cluster()
  }

  async jobDefaults(): Promise<readonly JobDefault[]> {
    return this.#options.jobDefaults
  }

  async *watch(id: string, signal: AbortSignal): AsyncGenerator<JobEventView> {
    yield* (await this.#find(id)).watch(signal)
  }

  async #find(id: string): Promise<JobEntry> {
    const known = this.#options.entries().find((entry) => entry.jobId === id)
    if (known !== undefined) return known
    await this.#options.known()
    if (!this.#options.entries().some((entry) => entry.jobId.startsWith(id)))
      await this.#options.lookUp(id)
    const entries = this.#options.entries()
    const exact = entries.find((entry) => entry.jobId === id)
    if (exact !== undefined) return exact
    const found = id === '' ? [] : entries.filter((entry) => entry.jobId.startsWith(id))
    const only = found[0]
    if (only === undefined) {
      throw new WeirError('job/not-found', `there is no job ${id}`, {
        domain: 'user',
        hint: byName(entries, id) ?? 'List the jobs with: weir job list',
      })
    }
    if (found.length === 1) return only
    const ids = found.slice(0, IDS_SHOWN_MAX).map((entry) => entry.jobId)
    throw new WeirError(
      'job/ambiguous-id',
      `${found.length} jobs begin with ${id}: ${ids.join(', ')}`,
      {
        domain: 'user',
        hint: 'Give more of the id.',
      },
    )
  }
}

/** For who says what a job is called: many may be called that, so the newest is only proposed. */
function byName(entries: readonly JobEntry[], name: string): string | undefined {
  const called = entries.map((entry) => entry.summary()).filter((job) => job.name === name)
  const newest = called.toSorted((a, b) => b.submittedAtMs - a.submittedAtMs)[0]
  return (
    newest && `Jobs are told apart by their ids; the newest that is called so is ${newest.jobId}`
  )
}
