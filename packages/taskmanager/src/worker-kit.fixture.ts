// A worker over slots that run nothing, with a JobManager that notes what it hears, for tests of the control side.

import { WeirError } from '@weirjs/common/core/errors'
import type {
  CheckpointAck,
  CheckpointDecline,
  CoordinatorGateway,
  DeployRequest,
  SlotRequest,
  TaskUpdate,
} from '@weirjs/common/core/gateways'
import {
  attempt,
  bundleHash,
  type Fence,
  jobId,
  leaderEpoch,
  type TaskId,
  taskKey,
  vertexId,
  workerId,
} from '@weirjs/common/core/ids'
import { type Log, silentLog } from '@weirjs/common/core/log'
import { ManualScheduler } from '@weirjs/common/core/manual-scheduler'
import { Prng } from '@weirjs/common/core/prng'
import { type MemorySlotGroup, MemorySlotHost } from './slots/memory-host.ts'
import { Worker } from './worker.ts'

export const fence = (epochNumber: number, attemptNumber: number): Fence => ({
  jobId: jobId('a'.repeat(32)),
  epoch: leaderEpoch(epochNumber),
  attempt: attempt(attemptNumber),
})
export const task = (subtask: number): TaskId => ({ vertexId: vertexId('v0'), subtask })

export function slotRequest(of: Fence, slots: readonly number[] = [0, 1]): SlotRequest {
  return {
    fence: of,
    jobName: 'job',
    bundle: bundleHash('0'.repeat(64)),
    args: {},
    submittedAtMs: 0,
    config: {},
    credential: 'secret',
    slots,
  }
}

export function deployRequest(of: Fence, tasks: readonly number[]): DeployRequest {
  return {
    fence: of,
    plan: { jobName: 'job', vertices: [], edges: [], mode: 'exactly-once', bufferTimeoutMs: 5 },
    placements: [],
    tasks: tasks.map((subtask) => ({ task: task(subtask), slot: subtask % 2, restore: null })),
  }
}

export class FakeMaster implements CoordinatorGateway {
  coordinatorId = 'c1'
  down = false
  refuses = ''
  readonly heard: string[] = []

  async #hear(text: string): Promise<void> {
    if (this.down) throw new WeirError('rpc/unavailable', 'down', { domain: 'external' })
    if (text === this.refuses) throw new WeirError('rpc/no', 'not so', { domain: 'internal' })
    this.heard.push(text)
  }
  async register(): Promise<{
    coordinatorId: string
    heartbeatIntervalMs: number
    heartbeatTimeoutMs: number
  }> {
    await this.#hear('register')
    return {
      coordinatorId: this.coordinatorId,
      heartbeatIntervalMs: 250,
      heartbeatTimeoutMs: 2_000,
    }
  }
  async heartbeat(beat: { coordinatorId: string }): Promise<'ok' | 'unknown-worker'> {
    if (this.down) throw new WeirError('rpc/unavailable', 'down', { domain: 'external' })
    return beat.coordinatorId === this.coordinatorId ? 'ok' : 'unknown-worker'
  }
  unregister(_id: string, reason: string): Promise<void> {
    return this.#hear(`unregister ${reason}`)
  }
  taskUpdate(update: TaskUpdate): Promise<void> {
    return this.#hear(`${taskKey(update.task)} ${update.change.state}`)
  }
  acknowledge(ack: CheckpointAck): Promise<void> {
    return this.#hear(`${taskKey(ack.task)} ack ${ack.checkpointId}`)
  }
  decline(decline: CheckpointDecline): Promise<void> {
    return this.#hear(`${taskKey(decline.task)} decline ${decline.checkpointId}`)
  }
  slotsLost(
    _id: string,
    of: Fence,
    slots: readonly number[],
    failure: { message: string },
  ): Promise<void> {
    return this.#hear(`lost ${of.attempt} [${slots.join(' ')}] ${failure.message}`)
  }
  async output(): Promise<void> {}
  async fetchBundle(): Promise<Uint8Array> {
    return new Uint8Array()
  }
}

export function setUp(log: Log = silentLog): {
  time: ManualScheduler
  master: FakeMaster
  host: MemorySlotHost
  worker: Worker
} {
  const time = new ManualScheduler()
  const master = new FakeMaster()
  const host = new MemorySlotHost(workerId('w'))
  const worker = new Worker({
    registration: {
      workerId: workerId('w'),
      controlAddress: 'local',
      slots: 2,
      pid: 1,
      version: '0',
    },
    coordinator: master,
    host,
    scheduler: time,
    prng: new Prng(1),
    log,
    rssBytes: () => 1,
    onRefused: () => {},
    cancelGraceMs: 1_000,
    closeGraceMs: 500,
    unusedSlotsMs: 60_000,
  })
  worker.start()
  return { time, master, host, worker }
}

export const RUNNING = { state: 'running' } as const
export const only = (host: MemorySlotHost): MemorySlotGroup => host.groups.at(-1) as MemorySlotGroup
