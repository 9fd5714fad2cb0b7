// A worker for tests that plays its tasks: they restore nothing and process nothing, but keep the protocol. They run,
// write a state file at each checkpoint, acknowledge, commit, finish, and end when they are canceled.

import { createHash } from 'node:crypto'
import type { SubtaskSnapshot } from '@weirjs/common/core/checkpoint/handles'
import { stateFile } from '@weirjs/common/core/checkpoint/paths'
import type { CheckpointStorage } from '@weirjs/common/core/checkpoint/storage'
import { WeirError } from '@weirjs/common/core/errors'
import type {
  CancelRequest,
  CheckpointNotice,
  DeployRequest,
  RunRequest,
  SlotReply,
  SlotRequest,
  TaskDeployment,
  TaskReport,
  TaskStateChange,
  TriggerRequest,
  WorkerGateway,
} from '@weirjs/common/core/gateways'
import type { PhysicalPlan } from '@weirjs/common/core/graph/physical-plan'
import {
  type CheckpointId,
  type Fence,
  type TaskId,
  taskKey,
  type WorkerId,
  workerId,
} from '@weirjs/common/core/ids'
import { emptySnapshot, NO_STATS } from './core/job/manifest-samples.ts'
import type { JobManager } from './job-manager.ts'

/** What a played worker needs of the world around it. */
export interface WorkerWorld {
  readonly manager: JobManager
  readonly storage: CheckpointStorage
  /** The barrier of this checkpoint enters at these tasks. */
  barrier(request: TriggerRequest): void
  /** Says something to the JobManager a turn later. */
  later(worker: PlayedWorker, say: (manager: JobManager) => Promise<void>): void
}

export interface PlayedTask {
  readonly fence: Fence
  readonly deployment: TaskDeployment
  readonly plan: PhysicalPlan
}

const keyOf = (fence: Fence, task: TaskId): string =>
  `${fence.jobId} ${fence.epoch}.${fence.attempt} ${taskKey(task)}`

/** A worker that does what it is told. */
export class PlayedWorker implements WorkerGateway {
  readonly id: WorkerId
  readonly slots: number
  readonly tasks: Map<string, PlayedTask> = new Map()
  readonly calls: string[] = []
  readonly #world: WorkerWorld
  alive = true
  /** Tasks do not answer cancel while set. */
  deaf = false
  /** Tasks finish when the final checkpoint is complete. */
  commits = true

  constructor(world: WorkerWorld, name: string, slots: number) {
    this.#world = world
    this.id = workerId(name)
    this.slots = slots
  }

  async allocate(request: SlotRequest): Promise<SlotReply> {
    this.#called('allocate', request.fence)
    const { jobId, bundle } = { jobId: request.fence.jobId, bundle: request.bundle }
    await this.#world.manager.fetchBundle(jobId, bundle)
    const endpoints = request.slots.map((slot) => ({
      workerId: this.id,
      slot,
      dataAddress: `${this.id}:${slot}`,
    }))
    return { endpoints }
  }

  async deploy(request: DeployRequest): Promise<void> {
    this.#called('deploy', request.fence)
    for (const deployment of request.tasks) {
      const played = { fence: request.fence, deployment, plan: request.plan }
      this.tasks.set(keyOf(request.fence, deployment.task), played)
      this.say(played, { state: 'restored' })
    }
  }

  async run(request: RunRequest): Promise<void> {
    this.#called('run', request.fence)
    for (const task of request.tasks) {
      const played = this.tasks.get(keyOf(request.fence, task))
      if (played === undefined) continue
      if (played.deployment.restore?.commitOnly === true) this.end(played, { state: 'finished' })
      else this.say(played, { state: 'running' })
    }
  }

  async cancel(request: CancelRequest): Promise<void> {
    this.#called('cancel', request.fence)
    if (this.deaf) return
    for (const task of request.tasks) {
      const played = this.tasks.get(keyOf(request.fence, task))
      if (played !== undefined) this.end(played, { state: 'canceled' })
    }
  }

  async release(fence: Fence): Promise<void> {
    this.#called('release', fence)
    for (const [key, played] of this.tasks)
      if (sameAttempt(played.fence, fence)) this.tasks.delete(key)
  }

  async trigger(request: TriggerRequest): Promise<void> {
    this.#called(`trigger ${request.checkpointId}`, request.fence)
    this.#world.barrier(request)
  }

  async notifyComplete(notice: CheckpointNotice): Promise<void> {
    this.#called(`complete ${notice.checkpointId}`, notice.fence)
    if (!notice.final || !this.commits) return
    for (const played of this.of(notice.fence)) this.end(played, { state: 'finished' })
  }

  async notifyAborted(notice: CheckpointNotice): Promise<void> {
    this.#called(`aborted ${notice.checkpointId}`, notice.fence)
  }

  // ---- what its tasks do ----

  of(fence: Fence): PlayedTask[] {
    return [...this.tasks.values()].filter((played) => sameAttempt(played.fence, fence))
  }

  say(played: PlayedTask, change: TaskStateChange): void {
    const { fence, deployment } = played
    this.#world.later(this, (manager) =>
      manager.taskUpdate({ fence, task: deployment.task, change }),
    )
  }

  end(played: PlayedTask, change: TaskStateChange): void {
    this.tasks.delete(keyOf(played.fence, played.deployment.task))
    this.say(played, change)
  }

  async acknowledge(played: PlayedTask, id: CheckpointId): Promise<void> {
    const { task } = played.deployment
    const snapshot = await this.#snapshot(played, id)
    const ack = { fence: played.fence, task, checkpointId: id, snapshot, stats: NO_STATS }
    this.#world.later(this, (manager) => manager.acknowledge(ack))
  }

  async #snapshot(played: PlayedTask, id: CheckpointId): Promise<SubtaskSnapshot> {
    const { fence, plan, deployment } = played
    const path = stateFile(id, deployment.task, fence)
    const bytes = new TextEncoder().encode(path)
    const staged = await this.#world.storage.stage(`${fence.jobId}/${path}`, 'state')
    await staged.write(bytes)
    await staged.publish()
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    return { ...emptySnapshot(plan, deployment.task), file: { path, bytes: bytes.length, sha256 } }
  }

  #called(what: string, fence: Fence): void {
    if (!this.alive)
      throw new WeirError('rpc/unavailable', `${this.id} is dead`, { domain: 'external' })
    this.calls.push(`${what} ${fence.epoch}.${fence.attempt}`)
  }
}

const sameAttempt = (a: Fence, b: Fence): boolean =>
  a.jobId === b.jobId && a.epoch === b.epoch && a.attempt === b.attempt

/** What a heartbeat says of the task. */
export function taskReport({ fence, deployment }: PlayedTask): TaskReport {
  return {
    fence,
    task: deployment.task,
    progressTick: 1,
    busyRatio: 0,
    idleRatio: 1,
    backPressuredRatio: 0,
    recordsIn: 0,
    recordsOut: 0,
    bytesIn: 0,
    bytesOut: 0,
    watermark: 0,
  }
}
