// What a worker does for the JobManager: gives slots, deploys, cancels, passes triggers and notices on. It holds every
// call against its fence (D4) and refuses strangers here, once, counted; below it nobody asks again. It loads no user
// code and waits for none: a task that does not end when told to is ended together with its job process (D8).

import { CODE_TASK_NOT_RUNNING } from '@weirjs/common/core/checkpoint/decline-codes'
import type { CancelTimer, Scheduler } from '@weirjs/common/core/clock'
import { type Failure, toFailure, WeirError } from '@weirjs/common/core/errors'
import type {
  CancelRequest,
  CheckpointNotice,
  DeployRequest,
  RunRequest,
  SlotReply,
  SlotRequest,
  TaskDeployment,
  TaskReport,
  TaskUpdate,
  TriggerRequest,
  WorkerGateway,
} from '@weirjs/common/core/gateways'
import {
  type Fence,
  type JobId,
  type LeaderEpoch,
  type TaskId,
  taskKey,
  type WorkerId,
} from '@weirjs/common/core/ids'
import type { Log } from '@weirjs/common/core/log'
import type { Outgoing } from './outgoing.ts'
import type { SlotGroup, SlotHost, SlotListener } from './slots/slot.ts'
import { WorkerGroup } from './worker-group.ts'

/** Jobs whose epoch is remembered; the oldest is forgotten, and its JobManager's log still refuses it. */
export const KNOWN_JOBS_MAX = 10_000
/** Released attempts of a job that are remembered; slots that come to an older one are idle, and end by themselves. */
export const RELEASED_ATTEMPTS_MAX = 100

export interface WorkerServiceOptions {
  readonly workerId: WorkerId
  readonly slots: number
  readonly host: SlotHost
  readonly outgoing: Outgoing
  readonly scheduler: Scheduler
  readonly log: Log
  /** A task has counted its last record. */
  readonly onEndOfData: () => void
  /** How long a canceled task may take before its process is killed. */
  readonly cancelGraceMs: number
  /** How long slots may take to close their stores when they are released. */
  readonly closeGraceMs: number
  /** How long slots may be idle: longer than a JobManager waits for all slots of an attempt. */
  readonly unusedSlotsMs: number
}

interface KnownJob {
  readonly epoch: LeaderEpoch
  /** Attempts of `epoch` that were released here: their late allocations are refused. */
  readonly released: Set<number>
}

export class WorkerService implements WorkerGateway {
  readonly #options: WorkerServiceOptions
  readonly #groups = new Map<string, WorkerGroup>()
  readonly #known = new Map<JobId, KnownJob>()
  readonly #watchdogs = new Set<CancelTimer>()
  readonly #closing = new Set<Promise<void>>()
  #closed = false

  /** Calls of strangers: old leaders, old attempts. */
  strangersRefused = 0

  constructor(options: WorkerServiceOptions) {
    this.#options = options
  }

  // ---- what the JobManager asks ----

  async allocate(request: SlotRequest): Promise<SlotReply> {
    const job = this.#meet(request.fence, 'allocate')
    if (job.released.has(request.fence.attempt)) this.#refuse(request.fence, 'allocate')
    const known = this.#groups.get(groupKey(request.fence))
    if (known !== undefined) return { endpoints: await known.started }
    this.#checkSlots(request)
    const group = new WorkerGroup(request, () => this.#start(request))
    this.#groups.set(groupKey(request.fence), group)
    try {
      const endpoints = await group.started
      const { fence, jobName: job, slots } = request
      this.#options.log.info({ ...fence, job, slots }, 'slots started')
      this.#watchUnused(group)
      return { endpoints }
    } catch (error) {
      group.noteLost('the slots did not start')
      this.#forget(group)
      this.#options.log.warn(
        { ...request.fence, reason: toFailure(error).message },
        'slots did not start',
      )
      throw error
    }
  }

  async deploy(request: DeployRequest): Promise<void> {
    const group = this.#member(request.fence, 'deploy')
    const bySlot = new Map<number, TaskDeployment[]>()
    for (const task of group.addTasks(request.tasks)) {
      const tasks = bySlot.get(task.slot)
      if (tasks === undefined) bySlot.set(task.slot, [task])
      else tasks.push(task)
    }
    for (const [index, tasks] of bySlot) {
      const slot = group.slot(index)
      if (slot === null)
        throw badRequest(`slot ${index} was not allocated to job ${request.fence.jobId}`)
      slot.deploy({ ...request, tasks })
    }
  }

  async run(request: RunRequest): Promise<void> {
    const group = this.#member(request.fence, 'run')
    group.eachSlotOf(request.tasks, (slot, tasks) => slot.run({ ...request, tasks }))
  }

  async cancel(request: CancelRequest): Promise<void> {
    this.#meet(request.fence, 'cancel')
    const group = this.#groups.get(groupKey(request.fence))
    for (const task of request.tasks) {
      // What does not run here has been canceled already; the JobManager waits to hear it.
      if (group === undefined || group.ended || !group.knows(task)) {
        const update = { fence: request.fence, task, change: { state: 'canceled' } } as const
        this.#options.outgoing.push({ type: 'task-update', update })
      }
    }
    if (group === undefined) return
    const alive = group.alive(request.tasks)
    if (alive.length === 0) return
    group.eachSlotOf(alive, (slot, tasks) => slot.cancel({ fence: request.fence, tasks }))
    this.#watch(group, request)
  }

  // Of exactly this attempt: slots of others may be another region's, not deployed to yet, or finished and waited for. What
  // is lost is made up for by `#watchUnused`, and by the JobManager, which hears of the tasks of jobs that have ended.
  async release(fence: Fence): Promise<void> {
    const { released } = this.#meet(fence, 'release')
    released.add(fence.attempt)
    if (released.size > RELEASED_ATTEMPTS_MAX) released.delete(Math.min(...released))
    const group = this.#groups.get(groupKey(fence))
    if (group !== undefined) this.#end(group, 'released')
  }

  async trigger(request: TriggerRequest): Promise<void> {
    const group = this.#member(request.fence, 'trigger')
    for (const task of request.tasks) if (!group.knows(task)) this.#declineUnknown(request, task)
    group.eachSlotOf(request.tasks, (slot, tasks) => slot.trigger({ ...request, tasks }))
  }

  async notifyComplete(notice: CheckpointNotice): Promise<void> {
    this.#member(notice.fence, 'notifyComplete').eachSlot((slot) => slot.notifyComplete(notice))
  }

  async notifyAborted(notice: CheckpointNotice): Promise<void> {
    this.#member(notice.fence, 'notifyAborted').eachSlot((slot) => slot.notifyAborted(notice))
  }

  // ---- what the worker asks ----

  reports(): readonly TaskReport[] {
    return [...this.#groups.values()].flatMap((group) => group.reports())
  }

  get groupCount(): number {
    return this.#groups.size
  }

  /** Ends everything at once, without a word to the JobManager: it has given the tasks up. */
  abandonAll(reason: string): void {
    for (const group of this.#groups.values()) this.#abandon(group, reason)
    this.#endWatches()
    this.#options.outgoing.drop(() => true)
  }

  /** The job's messages pile up: end it here rather than grow. */
  overflow(jobId: JobId): void {
    for (const group of this.#groupsOf(jobId)) group.kill('its messages to the JobManager pile up')
  }

  /** What became of one of its tasks cannot be told: the loss of the slots can. */
  untold(fence: Fence, reason: string): void {
    this.#live(fence)?.kill(`the JobManager did not take the news of a task: ${reason}`)
  }

  /** Ends all groups, cooperatively within the grace. */
  async close(reason: string): Promise<void> {
    this.#closed = true
    for (const group of this.#groups.values()) this.#end(group, reason)
    this.#endWatches()
    await Promise.all(this.#closing)
  }

  #declineUnknown({ fence, checkpointId }: TriggerRequest, task: TaskId): void {
    const error = new WeirError(
      CODE_TASK_NOT_RUNNING,
      `task ${taskKey(task)} is not deployed on worker ${this.#options.workerId}`,
      { domain: 'internal', retry: 'backoff' },
    )
    const decline = { fence, task, checkpointId, failure: toFailure(error) }
    this.#options.outgoing.push({ type: 'decline', decline })
  }

  // ---- fences ----

  /** The job of `fence`, once its epoch is known to be the newest; older leaders are refused, older slots end. */
  #meet(fence: Fence, call: string): KnownJob {
    if (this.#closed) {
      throw new WeirError('worker/closing', 'this worker is shutting down', {
        domain: 'external',
        retry: 'immediate',
      })
    }
    const known = this.#known.get(fence.jobId)
    if (known === undefined) return this.#remember(fence)
    if (fence.epoch < known.epoch) this.#refuse(fence, call)
    if (fence.epoch === known.epoch) return known
    const reason = `leader epoch ${fence.epoch} has taken over`
    for (const group of this.#groupsOf(fence.jobId)) this.#abandon(group, reason)
    this.#options.outgoing.drop((old) => old.jobId === fence.jobId && old.epoch < fence.epoch)
    this.#known.delete(fence.jobId)
    return this.#remember(fence)
  }

  #remember(fence: Fence): KnownJob {
    if (this.#known.size >= KNOWN_JOBS_MAX) {
      for (const [jobId] of this.#known) {
        this.#known.delete(jobId)
        break
      }
    }
    const job: KnownJob = { epoch: fence.epoch, released: new Set() }
    this.#known.set(fence.jobId, job)
    return job
  }

  /** The running group that `fence` speaks of, or a refusal. */
  #member(fence: Fence, call: string): WorkerGroup {
    this.#meet(fence, call)
    const group = this.#groups.get(groupKey(fence))
    if (group === undefined || !group.running) this.#refuse(fence, call)
    return group
  }

  #refuse(fence: Fence, call: string): never {
    this.strangersRefused++
    this.#options.log.info({ ...fence, call }, 'refused a call from another time')
    throw new WeirError(
      'fence/stale',
      `${call}: attempt ${fence.attempt} of epoch ${fence.epoch} has no slots here`,
      {
        domain: 'internal',
        retry: 'backoff',
      },
    )
  }

  #checkSlots(request: SlotRequest): void {
    const { slots } = this.#options
    const wrong = request.slots.find((slot) => !Number.isInteger(slot) || slot < 0 || slot >= slots)
    if (wrong !== undefined) throw badRequest(`there is no slot ${wrong}, only 0 to ${slots - 1}`)
    if (request.slots.length === 0) throw badRequest('an allocation names at least one slot')
  }

  #groupsOf(jobId: JobId): readonly WorkerGroup[] {
    return [...this.#groups.values()].filter((group) => group.fence.jobId === jobId)
  }

  // ---- life of a group ----

  async #start(request: SlotRequest): Promise<SlotGroup> {
    const group = await this.#options.host.start(request, this.#listen(request))
    group.onLost((failure) => this.#lost(request.fence, failure))
    return group
  }

  #listen(request: SlotRequest): SlotListener {
    const { outgoing } = this.#options
    const { fence } = request
    return {
      taskUpdate: (update) => {
        const group = this.#live(fence)
        if (group === null) return
        if (group.noteUpdate(update)) this.#watchUnused(group)
        this.#logTask(request, update)
        if (update.change.state === 'end-of-data') this.#options.onEndOfData()
        outgoing.push({ type: 'task-update', update })
      },
      acknowledge: (ack) => {
        if (this.#live(fence) !== null) outgoing.push({ type: 'acknowledge', ack })
      },
      decline: (decline) => {
        if (this.#live(fence) !== null) outgoing.push({ type: 'decline', decline })
      },
      // Last words count too.
      output: (line) => outgoing.pushOutput(line),
    }
  }

  #logTask({ fence, jobName }: SlotRequest, { task, change }: TaskUpdate): void {
    const fields = { ...fence, job: jobName, task: taskKey(task) }
    const { log } = this.#options
    if (change.state !== 'failed') return log.debug(fields, `task ${change.state}`)
    const { code, message } = change.failure
    log.warn({ ...fields, code, reason: message }, 'task failed')
  }

  #lost(fence: Fence, failure: Failure): void {
    const group = this.#live(fence)
    if (group === null) return
    group.noteLost(failure.message)
    this.#forget(group)
    this.#options.log.warn({ ...fence, code: failure.code, reason: failure.message }, 'slots lost')
    this.#options.outgoing.push({ type: 'slots-lost', fence, slots: group.request.slots, failure })
  }

  /** The group of `fence` unless it has ended. */
  #live(fence: Fence): WorkerGroup | null {
    const group = this.#groups.get(groupKey(fence))
    return group === undefined || group.ended ? null : group
  }

  #watch(group: WorkerGroup, request: CancelRequest): void {
    const cancelWatch = this.#options.scheduler.timer(this.#options.cancelGraceMs, () => {
      this.#watchdogs.delete(cancelWatch)
      const stuck = group.ended ? [] : group.alive(request.tasks)
      if (stuck.length === 0) return
      const names = stuck.map(taskKey).join(', ')
      group.kill(`canceled tasks did not end within ${this.#options.cancelGraceMs} ms: ${names}`)
    })
    this.#watchdogs.add(cancelWatch)
  }

  /**
   * Whoever asked for the slots may have been replaced before it could deploy: heartbeats tell of tasks, so that nobody would
   * ever hear of slots without any. And a release may be lost, of an attempt whose tasks were canceled or failed while its job
   * goes on. To be called whenever the group may have become idle.
   */
  #watchUnused(group: WorkerGroup): void {
    if (!group.idle) return
    const { scheduler, unusedSlotsMs } = this.#options
    const before = group.taskCount
    const cancelWatch = scheduler.timer(unusedSlotsMs, () => {
      this.#watchdogs.delete(cancelWatch)
      // Only a task that comes ends idleness.
      if (group.ended || group.taskCount !== before) return
      this.#end(group, `no task to run and not released for ${unusedSlotsMs} ms`)
    })
    this.#watchdogs.add(cancelWatch)
  }

  /** Every group is ending: whatever is stuck in one goes with its process. */
  #endWatches(): void {
    for (const cancelWatch of this.#watchdogs) cancelWatch()
    this.#watchdogs.clear()
  }

  #abandon(group: WorkerGroup, reason: string): void {
    this.#forget(group)
    group.abandon(reason)
    this.#options.log.info({ ...group.fence, reason }, 'slots ended')
  }

  #end(group: WorkerGroup, reason: string): void {
    const ending: Promise<void> = group.close(reason, this.#options.closeGraceMs).then(
      () => {
        this.#closing.delete(ending)
      },
      (error: unknown) => {
        this.#closing.delete(ending)
        this.#options.log.warn(
          { ...group.fence, reason: toFailure(error).message },
          'slots did not close well',
        )
      },
    )
    this.#closing.add(ending)
    this.#forget(group)
    this.#options.log.info({ ...group.fence, reason }, 'slots ended')
  }

  #forget(group: WorkerGroup): void {
    if (this.#groups.get(groupKey(group.fence)) === group)
      this.#groups.delete(groupKey(group.fence))
  }
}

const groupKey = (fence: Fence): string => `${fence.jobId}/${fence.epoch}/${fence.attempt}`

function badRequest(message: string): WeirError {
  return new WeirError('worker/bad-request', message, { domain: 'internal', retry: 'never' })
}
