// A slot from the inside: the tasks of one job attempt on one event loop, with their loop, their exchange and their
// door to the worker. The same class runs in a worker thread of a job process, on the caller's own loop (`weir dev`,
// tests) and under virtual time. Calls come in as mails to tasks; requests of another attempt are dropped and counted.

import { CODE_TASK_NOT_RUNNING } from '@weirjs/common/core/checkpoint/decline-codes'
import type { JobFunctions } from '@weirjs/api/functions'
import type { Scheduler } from '@weirjs/common/core/clock'
import { toFailure } from '@weirjs/common/core/errors'
import type {
  CancelRequest,
  CheckpointNotice,
  DeployRequest,
  RunRequest,
  SlotEndpoint,
  SlotRequest,
  TaskReport,
  TriggerRequest,
} from '@weirjs/common/core/gateways'
import { sameFence, taskKey } from '@weirjs/common/core/ids'
import type { Fence, TaskId } from '@weirjs/common/core/ids'
import type { Prng } from '@weirjs/common/core/prng'
import type { Transport } from '../exchange/exchange.ts'
import { SlotExchange } from '../exchange/slot-exchange.ts'
import type { OperatorFactory, SnapshotFactory } from '../task/factories.ts'
import { SlotLoop } from '../task/task-loop.ts'
import { Task } from '../task/task.ts'
import { FREEZE_KEY, dataPlaneSizes } from '../task/task-environment.ts'
import type { TaskEnvironment } from '../task/task-environment.ts'
import type { Slot, SlotListener } from './slot.ts'

export interface SlotRuntimeOptions {
  readonly endpoint: SlotEndpoint
  readonly scheduler: Scheduler
  readonly prng: Prng
  /** Made for this slot, listening or about to; closed with it. */
  readonly exchange: Transport
  readonly functions: JobFunctions
  readonly request: SlotRequest
  readonly listener: SlotListener
  readonly operators: OperatorFactory
  /** Keyed state, and snapshots on the checkpoint storage. */
  readonly snapshots: SnapshotFactory
  /** Called at the beginning of each turn of the loop: a sign of life. */
  readonly onTurn?: () => void
}

export class SlotRuntime implements Slot {
  readonly endpoint: SlotEndpoint
  /** Requests of other attempts, dropped. */
  strangers = 0
  readonly #env: TaskEnvironment
  readonly #tasks = new Map<string, Task>()
  #closing: Promise<void> | null = null

  /** Throws WeirError `config/out-of-range` for sizes that do not fit. */
  constructor(options: SlotRuntimeOptions) {
    const { endpoint, scheduler, request, listener, onTurn } = options
    this.endpoint = endpoint
    const self = { workerId: endpoint.workerId, index: endpoint.slot }
    this.#env = {
      self: endpoint,
      fence: request.fence,
      jobName: request.jobName,
      scheduler,
      prng: options.prng,
      functions: options.functions,
      operators: options.operators,
      snapshots: options.snapshots,
      listener,
      loop: new SlotLoop(onTurn === undefined ? { scheduler } : { scheduler, onTurn }),
      sizes: dataPlaneSizes(request.config),
      freezeRecords: request.config[FREEZE_KEY] === 'true',
      exchange: new SlotExchange({
        transport: options.exchange,
        self,
        fence: request.fence,
        credential: request.credential,
      }),
    }
  }

  deploy(request: DeployRequest): void {
    if (!this.#isOurs(request.fence)) return
    for (const deployment of request.tasks) {
      if (deployment.slot !== this.endpoint.slot || this.#tasks.has(taskKey(deployment.task)))
        continue
      const task = new Task({ env: this.#env, request, deployment })
      this.#tasks.set(taskKey(deployment.task), task)
      task.post({ type: 'start' })
    }
  }

  run(request: RunRequest): void {
    if (!this.#isOurs(request.fence)) return
    for (const id of request.tasks) this.#tasks.get(taskKey(id))?.post({ type: 'run' })
  }

  cancel(request: CancelRequest): void {
    if (!this.#isOurs(request.fence)) return
    for (const id of request.tasks) this.#tasks.get(taskKey(id))?.post({ type: 'cancel' })
  }

  trigger(request: TriggerRequest): void {
    if (!this.#isOurs(request.fence)) return
    const { checkpointId, timestampMs, final } = request
    const startDelayMs = Math.max(0, this.#env.scheduler.wallMs() - timestampMs)
    const barrier = { checkpointId, timestampMs, final }
    for (const id of request.tasks) {
      const task = this.#tasks.get(taskKey(id))
      if (task === undefined || task.terminal) this.#declineMissing(id, request)
      else task.post({ type: 'trigger', barrier, startDelayMs })
    }
  }

  notifyComplete(notice: CheckpointNotice): void {
    if (!this.#isOurs(notice.fence)) return
    const { checkpointId, final } = notice
    for (const task of this.#tasks.values()) task.post({ type: 'complete', checkpointId, final })
  }

  notifyAborted(notice: CheckpointNotice): void {
    if (!this.#isOurs(notice.fence)) return
    const { checkpointId } = notice
    for (const task of this.#tasks.values()) task.post({ type: 'aborted', checkpointId })
  }

  report(): readonly TaskReport[] {
    return [...this.#tasks.values()].map((task) => task.report())
  }

  /** Refused handshakes and requests of strangers on the data plane. */
  get refusedConnections(): number {
    return this.#env.exchange.refused
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const tasks = [...this.#tasks.values()]
    for (const task of tasks) task.post({ type: 'cancel' })
    await Promise.all(tasks.map((task) => task.ended))
    await this.#env.exchange.close()
  }

  #isOurs(fence: Fence): boolean {
    if (sameFence(fence, this.#env.fence)) return true
    this.strangers += 1
    return false
  }

  #declineMissing(task: TaskId, request: TriggerRequest): void {
    const { fence, listener } = this.#env
    const failure = toFailure(new Error(`task ${taskKey(task)} does not run in this slot`), {
      code: CODE_TASK_NOT_RUNNING,
      domain: 'internal',
      retry: 'backoff',
    })
    listener.decline({ fence, task, checkpointId: request.checkpointId, failure })
  }
}
