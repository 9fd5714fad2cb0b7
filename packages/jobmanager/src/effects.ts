// The hands of one job: does what the machine asks for and posts what came of it. Each effect runs by itself; the order
// that matters is kept by those who are called (a worker takes calls as they were sent, the log takes entries as they
// were asked for). A call that finds nobody tells the hub first, so that a dead worker is known before its failed call.

import { unreachable } from '@weirjs/common/core/assert'
import type { CheckpointStorage } from '@weirjs/common/core/checkpoint/storage'
import type { Scheduler } from '@weirjs/common/core/clock'
import { type Failure, toFailure, WeirError } from '@weirjs/common/core/errors'
import type { WorkerGateway } from '@weirjs/common/core/gateways'
import type { Fence, JobId, LeaderEpoch, WorkerId } from '@weirjs/common/core/ids'
import type { Log } from '@weirjs/common/core/log'
import type { Prng } from '@weirjs/common/core/prng'
import { cleanUpEndedJob } from './clean-up.ts'
import type { CompletedCheckpoint, PendingContent } from './core/checkpoint/events.ts'
import type { JobEffect, JobHappening } from './core/events.ts'
import { Garbage } from './garbage.ts'
import type { LogKeeper } from './log-keeper.ts'
import { manifestOf } from './manifest-of.ts'
import type { JobSubmission } from './store/job-history.ts'
import type { ManifestStore } from './store/manifest-store.ts'
import type { WorkerHub } from './worker-hub.ts'

export interface EffectWorld {
  readonly jobId: JobId
  readonly epoch: LeaderEpoch
  readonly submission: JobSubmission
  readonly hub: WorkerHub
  readonly log: LogKeeper
  readonly storage: CheckpointStorage
  readonly manifests: ManifestStore
  readonly scheduler: Scheduler
  readonly prng: Prng
  readonly logger: Log
  readonly credential: (fence: Fence) => string
  readonly post: (happening: JobHappening) => void
  /** Another leader has the job. */
  readonly onDeposed: (error: WeirError) => void
}

type ViewEffect =
  | 'manual-result'
  | 'checkpoint-record'
  | 'state-changed'
  | 'health-changed'
  | 'failed'
  | 'restored'
  | 'attempt-changed'
  | 'ended'
  | 'cancel-accepted'
  | 'wake-at'

/** Effects that reach out of the process; the others are for whoever looks at the job. */
export type OuterEffect = Exclude<JobEffect, { type: ViewEffect }>

export class EffectRunner {
  readonly #world: EffectWorld
  /** Work on the storage that clean-up must not overtake. */
  readonly #storageWork = new Set<Promise<void>>()
  readonly #garbage: Garbage
  #checking = false
  #closed = false

  constructor(world: EffectWorld) {
    this.#world = world
    const { jobId, manifests, log } = world
    this.#garbage = new Garbage({
      jobId,
      manifests,
      retained: () => log.history.retained.map((one) => one.checkpointId),
      closed: () => this.#closed,
      onDenied: (error) => this.#warn(error, 'checkpoint files not deleted yet'),
    })
  }

  /** Nothing is posted and nothing new is begun from now on. */
  close(): void {
    this.#closed = true
    this.#world.log.close()
  }

  /** Somebody has spoken of another leader. Nothing that we would have written may come to tell us. */
  checkLeadership(): void {
    if (this.#closed || this.#checking) return
    this.#checking = true
    // Cannot reject: both outcomes are handled.
    void this.#world.log.check().then(
      () => {
        this.#checking = false
      },
      (error: unknown) => {
        this.#checking = false
        this.#deposed(error)
      },
    )
  }

  run(effect: OuterEffect): void {
    const { hub, jobId } = this.#world
    switch (effect.type) {
      case 'request-seats':
        return hub.requestSeats(jobId, effect.wanted, (seats) =>
          this.#post({ type: 'seats-granted', requestId: effect.requestId, seats }),
        )
      case 'free-seats':
        return hub.freeSeats(jobId)
      case 'load-restore':
        return this.#loadRestore(effect)
      case 'allocate':
        return this.#allocate(effect)
      case 'deploy':
        return this.#call(
          effect.workerId,
          (worker) => worker.deploy(effect.request),
          (failure) => {
            const { attempt } = effect.request.fence
            return { type: 'deploy-failed', attempt, workerId: effect.workerId, failure }
          },
        )
      case 'run':
        return this.#hint(effect.workerId, (worker) => worker.run(effect.request))
      case 'cancel':
        return this.#hint(effect.workerId, (worker) => worker.cancel(effect.request))
      case 'release':
        return this.#hint(effect.workerId, (worker) => worker.release(effect.fence))
      case 'trigger':
        return this.#trigger(effect)
      case 'notify-complete':
        return this.#hint(effect.workerId, (worker) => worker.notifyComplete(effect.notice))
      case 'notify-aborted':
        return this.#hint(effect.workerId, (worker) => worker.notifyAborted(effect.notice))
      case 'write-manifest':
        return this.#onStorage(() => this.#writeManifest(effect.content))
      case 'log-completion':
        return this.#onStorage(() => this.#logCompletion(effect.completed))
      case 'discard-completed':
        return this.#onStorage(() => this.#discard(effect.checkpoints))
      case 'discard-aborted':
        return this.#onStorage(() => this.#garbage.aborted(effect.checkpointId))
      case 'log-cancel':
        return this.#onStorage(() => this.#logCancel())
      case 'log-terminal':
        return this.#onStorage(() => this.#logTerminal(effect))
      case 'clean-up':
        return this.#cleanUp(effect.keepCheckpoints)
      default:
        return unreachable(effect)
    }
  }

  #post(happening: JobHappening): void {
    if (!this.#closed) this.#world.post(happening)
  }

  // ---- workers ----

  #allocate(effect: Extract<OuterEffect, { type: 'allocate' }>): void {
    const { submission, credential } = this.#world
    const { workerId, fence, slots } = effect
    const { attempt } = fence
    const request = {
      fence,
      jobName: submission.graph.name,
      bundle: submission.bundleHash,
      args: submission.args,
      submittedAtMs: submission.submittedAtMs,
      config: submission.settings.config,
      credential: credential(fence),
      slots,
    }
    const allocate = async (worker: WorkerGateway): Promise<void> => {
      const { endpoints } = await worker.allocate(request)
      this.#post({ type: 'slots-allocated', attempt, workerId, endpoints })
    }
    this.#call(workerId, allocate, (failure) => ({
      type: 'allocate-failed',
      attempt,
      workerId,
      failure,
    }))
  }

  #trigger({ workerId, request }: Extract<OuterEffect, { type: 'trigger' }>): void {
    const { checkpointId } = request
    const failed = (failure: Failure): JobHappening => ({
      type: 'checkpoint-outcome',
      outcome: { type: 'trigger-failed', checkpointId, failure },
    })
    // Cannot reject: both outcomes are handled.
    void this.#world.log.reserve(checkpointId).then(
      () => this.#call(workerId, (worker) => worker.trigger(request), failed),
      (error: unknown) => {
        if (!this.#deposed(error)) this.#post(failed(toFailure(error)))
      },
    )
  }

  /** A call whose failure the machine wants to know. */
  #call(
    workerId: WorkerId,
    use: (worker: WorkerGateway) => Promise<void>,
    onFailure: (failure: Failure) => JobHappening,
  ): void {
    if (this.#closed) return
    // Cannot reject: both outcomes are handled.
    void this.#reach(workerId, use).then(
      () => {},
      (error: unknown) => {
        this.#post(onFailure(this.#failed(error)))
      },
    )
  }

  /** A call that may be lost: the machine repeats it when it matters. */
  #hint(workerId: WorkerId, use: (worker: WorkerGateway) => Promise<void>): void {
    if (this.#closed || this.#world.hub.gateway(workerId) === null) return
    // Cannot reject: both outcomes are handled.
    void this.#reach(workerId, use).then(
      () => {},
      (error: unknown) => {
        const { code, message } = this.#failed(error)
        const fields = { jobId: this.#world.jobId, workerId, code, reason: message }
        this.#world.logger.debug(fields, 'call not answered')
      },
    )
  }

  /** What a failed call tells of us. */
  #failed(error: unknown): Failure {
    const failure = toFailure(error, UNKNOWN_FAILURE)
    if (failure.code === 'fence/stale') this.checkLeadership()
    return failure
  }

  async #reach(workerId: WorkerId, use: (worker: WorkerGateway) => Promise<void>): Promise<void> {
    const { hub } = this.#world
    const worker = hub.gateway(workerId)
    if (worker === null) {
      throw new WeirError('rpc/unavailable', `worker ${workerId} is not registered`, {
        domain: 'external',
        retry: 'immediate',
      })
    }
    try {
      await use(worker)
    } catch (error) {
      const failure = toFailure(error, UNKNOWN_FAILURE)
      if (failure.code === 'rpc/unavailable') hub.unreachable(workerId, worker, failure)
      throw error
    }
  }

  // ---- storage ----

  #loadRestore({ ticket, source }: Extract<OuterEffect, { type: 'load-restore' }>): void {
    const [path, sha256] =
      source.kind === 'own'
        ? [source.completed.manifestPath, source.completed.manifestSha256]
        : [source.path, null]
    // Cannot reject: both outcomes are handled.
    void this.#world.manifests.load(path, sha256).then(
      ({ manifest, directory }) =>
        this.#post({ type: 'restore-loaded', ticket, manifest, directory }),
      (error: unknown) => this.#restoreFailed(ticket, toFailure(error, UNKNOWN_FAILURE)),
    )
  }

  /** What is missing may have been deleted by another leader that has newer ones: then the job is not ours, and well. */
  #restoreFailed(ticket: number, failure: Failure): void {
    const post = (): void => this.#post({ type: 'restore-failed', ticket, failure })
    // Cannot reject: both outcomes are handled.
    void this.#world.log.check().then(post, (error: unknown) => {
      if (!this.#deposed(error)) post()
    })
  }

  async #writeManifest(content: PendingContent): Promise<void> {
    const { checkpointId } = content
    try {
      const { path, sha256 } = await this.#world.manifests.write(
        manifestOf(this.#world, content, this.#world.scheduler.wallMs()),
      )
      this.#outcome({ type: 'manifest-written', checkpointId, path, sha256 })
    } catch (error) {
      this.#outcome({
        type: 'manifest-failed',
        checkpointId,
        failure: toFailure(error, UNKNOWN_FAILURE),
      })
    }
  }

  async #logCompletion(completed: CompletedCheckpoint): Promise<void> {
    const { checkpointId } = completed
    try {
      await this.#world.log.write({ type: 'completed', checkpoint: completed }, ({ retained }) =>
        retained.some((one) => one.checkpointId === checkpointId),
      )
      this.#outcome({ type: 'completion-logged', checkpointId })
    } catch (error) {
      if (this.#deposed(error)) return
      this.#outcome({
        type: 'completion-failed',
        checkpointId,
        failure: toFailure(error, UNKNOWN_FAILURE),
      })
    }
  }

  async #logCancel(): Promise<void> {
    try {
      await this.#world.log.write(
        { type: 'cancel-requested' },
        ({ cancelRequested, terminal }) => cancelRequested || terminal !== null,
      )
      this.#post({ type: 'cancel-logged' })
    } catch (error) {
      if (!this.#deposed(error)) this.#warn(error, 'the wish to cancel could not be logged')
    }
  }

  async #logTerminal({
    state,
    failure,
  }: Extract<OuterEffect, { type: 'log-terminal' }>): Promise<void> {
    const endedAtMs = this.#world.scheduler.wallMs()
    const body = { type: 'terminal', state, failure, endedAtMs } as const
    try {
      await this.#world.log.write(body, ({ terminal }) => terminal !== null)
      this.#post({ type: 'terminal-logged' })
    } catch (error) {
      if (!this.#deposed(error)) this.#warn(error, 'the end of the job could not be logged')
    }
  }

  /** First the log says that they are gone, then they go (D6). */
  async #discard(checkpoints: readonly CompletedCheckpoint[]): Promise<void> {
    if (checkpoints.length === 0) return
    const ids = checkpoints.map((one) => one.checkpointId)
    try {
      await this.#world.log.write({ type: 'discarded', ids }, ({ retained }) =>
        retained.every((one) => !ids.includes(one.checkpointId)),
      )
    } catch (error) {
      if (!this.#deposed(error)) this.#warn(error, 'checkpoints could not be discarded')
      return
    }
    // Also what could not be deleted before, and what tasks wrote that nobody counts.
    await this.#garbage.sweep()
  }

  #cleanUp(keepCheckpoints: boolean): void {
    // Cannot reject: everything that is waited for has handled its failures.
    void Promise.allSettled(this.#storageWork).then(() =>
      this.#onStorage(async () => {
        const { log, submission } = this.#world
        if (!keepCheckpoints) await this.#discard(log.history.retained)
        const { bundleHash } = submission
        await cleanUpEndedJob(
          { ...this.#world, bundleHash, closed: () => this.#closed },
          () => log.history.retained,
        )
      }),
    )
  }

  #onStorage(work: () => Promise<void>): void {
    if (this.#closed) return
    const done: Promise<void> = work().finally(() => this.#storageWork.delete(done))
    this.#storageWork.add(done)
  }

  #outcome(outcome: Extract<JobHappening, { type: 'checkpoint-outcome' }>['outcome']): void {
    this.#post({ type: 'checkpoint-outcome', outcome })
  }

  #deposed(error: unknown): boolean {
    if (!(error instanceof WeirError) || error.code !== 'log/deposed') return false
    if (!this.#closed) this.#world.onDeposed(error)
    return true
  }

  #warn(error: unknown, event: string): void {
    const { code, message } = toFailure(error, UNKNOWN_FAILURE)
    this.#world.logger.warn({ jobId: this.#world.jobId, code, reason: message }, event)
  }
}

const UNKNOWN_FAILURE = { code: 'job/internal', domain: 'internal', retry: 'backoff' } as const
