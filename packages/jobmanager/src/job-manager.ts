// The JobManager as one object: workers speak to it through CoordinatorGateway, people through JobClient. It owns the
// cluster, the jobs, and the way back to them after a restart; what a job does is its master's. All that differs between
// a process, `weir dev` and the simulator is handed in. It loads no user code, ever.

import { type Failure, toFailure, WeirError } from '@weirjs/common/core/errors'
import type {
  CheckpointAck,
  CheckpointDecline,
  CoordinatorGateway,
  Heartbeat,
  HeartbeatReply,
  OutputLine,
  RegistrationReply,
  TaskUpdate,
  WorkerRegistration,
} from '@weirjs/common/core/gateways'
import type { BundleHash, Fence, JobId, TaskId, WorkerId } from '@weirjs/common/core/ids'
import type { ClusterView, JobClient } from '@weirjs/common/job-client'
import { Cluster } from './cluster.ts'
import { clusterView } from './cluster-view.ts'
import type { JobHappening } from './core/events.ts'
import { credentials } from './credentials.ts'
import { EndedJobs } from './ended-jobs.ts'
import type { JobEntry } from './job-entry.ts'
import { LocalJobClient } from './job-client-impl.ts'
import { JobMaster } from './job-master.ts'
import type { JobManagerOptions } from './job-manager-settings.ts'
import { LateSweeps } from './late-sweeps.ts'
import { Leadership } from './leadership.ts'
import { leftToOthers, LookUps } from './look-ups.ts'
import { Recovery } from './recovery.ts'
import type { ClusterMeasures } from './rest/metrics.ts'
import type { JobLog } from './store/job-log.ts'
import { ManifestStore } from './store/manifest-store.ts'
import { StoredJob, type StoredJobOptions } from './stored-job.ts'
import { Strangers } from './strangers.ts'
import { Submissions } from './submissions.ts'
import { Submitter } from './submitter.ts'

const BUG = { code: 'job/internal', domain: 'internal', retry: 'never' } as const

export class JobManager implements CoordinatorGateway {
  readonly coordinatorId: string
  readonly client: JobClient
  /** Where the REST interface listens; set by whoever serves it. */
  restAddress: string | null = null
  /** `host:port` of the control port; set by whoever serves it. */
  address: string | null = null
  readonly #options: JobManagerOptions
  readonly #cluster: Cluster
  readonly #manifests: ManifestStore
  readonly #submitter: Submitter
  readonly #submissions: Submissions
  readonly #jobs = new Map<JobId, JobEntry>()
  readonly #ended: EndedJobs
  readonly #startedAtMs: number
  readonly #credential: (fence: Fence) => string
  readonly #lateSweeps: LateSweeps
  readonly #strangers: Strangers
  readonly #leadership: Leadership
  readonly #lookUps = new LookUps(async (job) => {
    if (this.#jobs.has(job) || this.#closed) return
    if (this.#cluster.workers.length > 0) await this.#recovery?.find(job)
    else await leftToOthers(this.#options.storage, job)
  })
  #recovery: Recovery | null = null
  #recovered: Promise<void> | null = null
  #closed = false

  constructor(options: JobManagerOptions) {
    const { scheduler, prng, storage, history, dialer, log } = options
    const { heartbeatIntervalMs, heartbeatTimeoutMs } = options.options
    this.#options = options
    this.coordinatorId = options.options.coordinatorId ?? prng.hex(8)
    this.#credential = options.options.credential ?? credentials(prng.hex(32))
    this.#startedAtMs = scheduler.wallMs()
    this.#ended = new EndedJobs({ jobs: this.#jobs, scheduler, history })
    this.#manifests = new ManifestStore({ storage, scheduler, prng: prng.fork() })
    this.#submitter = new Submitter({
      storage,
      manifests: this.#manifests,
      scheduler,
      prng: prng.fork(),
      log,
      closed: () => this.#closed,
    })
    this.#submissions = new Submissions({
      submitter: this.#submitter,
      mustLead: () => this.#mustLead(),
      jobs: this.#jobs,
      lookUp: async (job) => {
        // A submission may be repeated across a restart: what is on the storage must be known first.
        await this.#recovered
        await this.#lookUps.lookUp(job)
      },
      run: (job, jobLog) => this.#run(job, jobLog, null),
    })
    this.#cluster = new Cluster({
      detector: { heartbeatIntervalMs, heartbeatTimeoutMs },
      dialer,
      scheduler,
      log,
      tell: (happening) => this.#tell(happening),
    })
    this.#leadership = new Leadership({
      jobs: () => this.jobs,
      onStandBy: (why) => {
        log.error({ reason: why }, 'all jobs are led by another JobManager: standing by')
        this.#cluster.loseAll(why)
      },
    })
    this.#lateSweeps = new LateSweeps({
      scheduler,
      afterMs: options.options.lateSweepMs,
      sweep: (job) => this.#sweep(job),
    })
    this.#strangers = new Strangers({
      job: (id) => this.#jobs.get(id),
      forgotten: (id) => this.#ended.wasForgotten(id),
      gateway: (worker) => this.#cluster.gateway(worker),
      sweeps: this.#lateSweeps,
      log,
    })
    this.client = new LocalJobClient({
      entries: () => [...this.#jobs.values()],
      known: async () => {
        await this.#recovered
      },
      lookUp: async (id) => {
        await this.#submissions.settled(id)
        await this.#lookUps.lookUp(id)
      },
      submit: async (request) => {
        this.#mustLead()
        return this.#submissions.submit(request)
      },
      workers: () => this.#cluster.workers,
      drain: (worker, draining) => this.#cluster.drain(worker as WorkerId, draining),
      cluster: () => this.#view(),
      jobDefaults: options.options.jobDefaults,
    })
  }

  /** Begins to watch workers and takes over the jobs on the storage. Resolves when all of them have been looked at. */
  start(): Promise<void> {
    this.#cluster.start()
    const { storage, history: index, scheduler, prng, log } = this.#options
    this.#recovery = new Recovery({
      storage,
      manifests: this.#manifests,
      index,
      scheduler,
      prng: prng.fork(),
      log,
      closed: () => this.#closed,
      mayNotTake: () => this.#closed || this.#leadership.standsBy,
      leader: () => [this.coordinatorId, this.address ?? []].flat().join(' at '),
      held: (job) => this.#jobs.get(job) instanceof JobMaster || this.#submissions.isCreating(job),
      onFound: (job) => this.#found(job),
      onTaken: (jobLog, before) => this.#taken(jobLog, before),
    })
    this.#recovered = this.#recovery.run()
    return this.#recovered
  }

  /** Stops at once and tells nobody: jobs go on under the next JobManager. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const job of this.#jobs.values()) {
      if (job instanceof JobMaster || job instanceof StoredJob) job.close()
    }
    this.#lateSweeps.close()
    this.#cluster.close()
  }

  /** All that are known, whether they run here or not. */
  get jobs(): readonly JobEntry[] {
    return [...this.#jobs.values()]
  }

  /** Messages of older attempts, older leaders and unknown jobs that were refused. */
  get strangersRefused(): number {
    return this.#strangers.refused
  }

  measures(): ClusterMeasures {
    const { jobs, strangersRefused: strangers } = this
    const wallMs = this.#options.scheduler.wallMs()
    return { cluster: this.#view(), workers: this.#cluster.workers, jobs, strangers, wallMs }
  }

  /** Why it does not lead all the jobs that it did; null: it does. */
  get notLeading(): string | null {
    return this.#leadership.whyNot
  }

  /** The connection of a worker broke, as the transport noticed. */
  connectionLost(worker: WorkerId, reason: string): void {
    if (!this.#closed) this.#cluster.lose(worker, reason)
  }

  // ---- workers ----

  async register(registration: WorkerRegistration): Promise<RegistrationReply> {
    this.#mustLead()
    this.#cluster.register(registration)
    const { heartbeatIntervalMs, heartbeatTimeoutMs } = this.#options.options
    return { coordinatorId: this.coordinatorId, heartbeatIntervalMs, heartbeatTimeoutMs }
  }

  async heartbeat(heartbeat: Heartbeat): Promise<HeartbeatReply> {
    this.#mustBeOpen()
    this.#strangers.reported(heartbeat.workerId, heartbeat.tasks)
    if (heartbeat.coordinatorId !== this.coordinatorId) return 'unknown-worker'
    const reply = this.#cluster.heartbeat(heartbeat)
    if (reply === 'ok') {
      for (const report of heartbeat.tasks) this.#master(report.fence)?.reported(report)
    }
    return reply
  }

  async unregister(worker: WorkerId, reason: string): Promise<void> {
    this.#mustBeOpen()
    this.#cluster.lose(worker, `it leaves: ${reason}`)
  }

  async taskUpdate(update: TaskUpdate): Promise<void> {
    this.#current(update.fence, update.task).post({ type: 'task-update', update })
  }

  async acknowledge(ack: CheckpointAck): Promise<void> {
    this.#current(ack.fence, ack.task).post({ type: 'acknowledged', ack })
  }

  async decline(decline: CheckpointDecline): Promise<void> {
    this.#current(decline.fence, decline.task).post({ type: 'declined', decline })
  }

  async slotsLost(
    worker: WorkerId,
    fence: Fence,
    slots: readonly number[],
    failure: Failure,
  ): Promise<void> {
    const master = this.#master(fence)
    if (master === null) throw this.#stranger(fence)
    master.post({ type: 'slots-lost', workerId: worker, fence, slots, failure })
  }

  async output(lines: readonly OutputLine[]): Promise<void> {
    for (const line of lines) this.#master(line.fence)?.printed(line)
  }

  async fetchBundle(job: JobId, hash: BundleHash): Promise<Uint8Array> {
    const entry = this.#jobs.get(job)
    if (entry === undefined || entry.bundleHash !== hash) {
      throw new WeirError('job/not-found', `no job ${job} with that code`, { domain: 'external' })
    }
    return this.#submitter.readBundle(job, hash)
  }

  #tell(happening: JobHappening): void {
    for (const job of this.#jobs.values()) if (job instanceof JobMaster) job.post(happening)
  }

  /** The only place where zombies are refused (D4). */
  #current(fence: Fence, task: TaskId): JobMaster {
    const master = this.#master(fence)
    if (master === null || !master.isCurrent(fence, task)) throw this.#stranger(fence)
    return master
  }

  #master(fence: Fence): JobMaster | null {
    const job = this.#closed ? undefined : this.#jobs.get(fence.jobId)
    return job instanceof JobMaster ? job : null
  }

  #stranger(fence: Fence): WeirError {
    this.#mustBeOpen()
    this.#strangers.refuse(fence)
    const message = `attempt ${fence.attempt} of epoch ${fence.epoch} of job ${fence.jobId} is history`
    return new WeirError('fence/stale', message, { domain: 'internal' })
  }

  #mustLead(): void {
    this.#mustBeOpen()
    this.#leadership.mustLead()
  }

  #mustBeOpen(): void {
    if (!this.#closed) return
    throw new WeirError('rpc/unavailable', 'the JobManager is closing', { domain: 'external' })
  }

  // ---- jobs ----

  #found(job: JobEntry): void {
    this.#jobs.set(job.jobId, job)
    if (!job.ended) return
    this.#lateSweeps.noteIfRecent(job.jobId, job.summary().endedAtMs)
    this.#ended.trim(job.jobId)
  }

  #sweep(job: JobId): void {
    const entry = this.#jobs.get(job)
    if (entry instanceof JobMaster && entry.ended) entry.sweep()
    // Cannot reject: what goes wrong is logged, and left to the next start.
    if (entry instanceof StoredJob && entry.ended) void this.#recovery?.again(job, entry)
  }

  #taken(log: JobLog, before: StoredJob): void {
    if (this.#closed) return
    const { jobId } = before
    this.#options.log.info({ jobId, epoch: log.epoch }, 'job taken over')
    before.replaced(this.#run(jobId, log, before))
  }

  #run(jobId: JobId, log: JobLog, before: StoredJob | null): JobMaster {
    const master = this.#newMaster(jobId, log, before)
    this.#leadership.regained(jobId)
    this.#jobs.set(jobId, master)
    master.start()
    return master
  }

  #newMaster(jobId: JobId, log: JobLog, before: StoredJob | null): JobMaster {
    const { scheduler, prng, storage, history: index, log: logger, options } = this.#options
    const master: JobMaster = new JobMaster({
      jobId,
      log,
      recovered: before !== null,
      failover: options.failover,
      deployTimeoutMs: options.deployTimeoutMs,
      hub: this.#cluster,
      storage,
      manifests: this.#manifests,
      index,
      scheduler,
      prng: prng.fork(),
      logger,
      credential: this.#credential,
      onDeposed: (error) => {
        if (this.#jobs.get(jobId) === master) this.#deposed(jobId, log, error)
      },
      onBroken: (error) => {
        if (this.#jobs.get(jobId) === master) this.#masterBroke(jobId, log, error, before)
      },
      onEnded: () => {
        this.#lateSweeps.note(jobId)
        this.#ended.trim(jobId)
        this.#leadership.ended()
      },
    })
    return master
  }

  /** Another JobManager has the job: it is shown as the log tells it, and left alone. */
  #deposed(jobId: JobId, log: JobLog, error: WeirError): void {
    const { message: reason } = error
    this.#options.log.error({ jobId, reason }, 'job taken over by another JobManager')
    this.#leave(jobId, log, error, { deposed: error })
    this.#leadership.lost(jobId, error)
  }

  #leave(jobId: JobId, log: JobLog, error: unknown, why: Partial<StoredJobOptions>): StoredJob {
    const { storage, history: index } = this.#options
    const stored = new StoredJob({ jobId, history: log.history, storage, index, ...why })
    stored.failure = toFailure(error, BUG)
    this.#jobs.set(jobId, stored)
    this.#cluster.freeSeats(jobId)
    return stored
  }

  /** A bug in the job's machine: the job is taken over anew from its log, as after the death of a process. */
  #masterBroke(jobId: JobId, log: JobLog, error: unknown, before: StoredJob | null): void {
    const times = (before?.masterBroke ?? 0) + 1
    const { code, message, stack } = toFailure(error, BUG)
    this.#options.log.error({ jobId, code, reason: message, times, stack }, 'job master broke')
    const stored = this.#leave(jobId, log, error, { masterBroke: times })
    if (this.#recovery === null || stored.abandoned) return
    // Cannot reject: what goes wrong is shown by the job.
    void this.#recovery.again(jobId, stored)
  }

  #view(): ClusterView {
    const { options, storage } = this.#options
    return clusterView({
      ...options,
      coordinatorId: this.coordinatorId,
      startedAtMs: this.#startedAtMs,
      restAddress: this.restAddress,
      cluster: this.#cluster,
      jobs: this.jobs,
      storage,
      notLeading: this.notLeading,
    })
  }
}
