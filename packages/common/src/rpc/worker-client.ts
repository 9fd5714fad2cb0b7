// How a JobManager reaches its workers: WorkerDialer and WorkerGateway over gRPC, calling end. One connection per
// worker; calls about one job leave one after the other (call-order), calls about different jobs do not wait for each
// other. A connection that breaks is reported once, at once: a killed worker is known before its heartbeat is late.

import type { Scheduler } from '../core/clock.ts'
import type {
  CancelRequest,
  CheckpointNotice,
  DeployRequest,
  RunRequest,
  SlotReply,
  SlotRequest,
  TriggerRequest,
  WorkerDialer,
  WorkerGateway,
  WorkerRegistration,
} from '../core/gateways.ts'
import type { Fence, WorkerId } from '../core/ids.ts'
import type { Identity } from '../tls/identity.ts'
import { CALL_MS_MAX, type Method, RpcChannel } from './call.ts'
import { CallLanes } from './call-order.ts'
import {
  allocateReplyFromWire,
  allocateToWire,
  cancelToWire,
  deployToWire,
  noticeToWire,
  runToWire,
  triggerToWire,
} from './convert-worker.ts'
import type { Header } from './gen/weir/v1/Header.ts'
import { wireServices } from './load-proto.ts'
import { tlsTo } from './tls-credentials.ts'

/** A job process with its slots has to start, and to load the bundle. */
export const ALLOCATE_MS_MAX = 60_000
/** Restore handles of many tasks are converted at once. */
export const DEPLOY_MS_MAX = 30_000

export interface WorkerDialerOptions {
  /** The cluster token. */
  readonly token: string
  /** Names this JobManager's process life: the coordinator id. */
  readonly sender: string
  readonly scheduler: Scheduler
  /** Left out: connections are not encrypted. */
  readonly tls?: Identity | undefined
  readonly messageBytesMax?: number
}

export function workerDialer(options: WorkerDialerOptions): WorkerDialer {
  const channels = new Map<WorkerId, RpcChannel>()
  let sequence = 0
  const nextSequence = (): number => {
    sequence += 1
    return sequence
  }
  const disconnect = (worker: WorkerId): void => {
    channels.get(worker)?.close()
    channels.delete(worker)
  }
  return {
    connect: (
      registration: WorkerRegistration,
      onLost: (reason: string) => void,
    ): WorkerGateway => {
      disconnect(registration.workerId)
      const channel = new RpcChannel({
        ...options,
        tls: tlsTo('taskmanager', options.tls),
        nextSequence,
        address: registration.controlAddress,
      })
      channels.set(registration.workerId, channel)
      channel.watch(onLost)
      return new WorkerClient(channel)
    },
    disconnect,
  }
}

class WorkerClient implements WorkerGateway {
  readonly #channel: RpcChannel
  readonly #lanes = new CallLanes()
  readonly #methods = wireServices().worker

  constructor(channel: RpcChannel) {
    this.#channel = channel
  }

  async allocate(request: SlotRequest): Promise<SlotReply> {
    const body = allocateToWire(request)
    const reply = await this.#ordered(this.#methods.Allocate, request.fence, body, ALLOCATE_MS_MAX)
    return allocateReplyFromWire(reply)
  }

  async deploy(request: DeployRequest): Promise<void> {
    await this.#ordered(this.#methods.Deploy, request.fence, deployToWire(request), DEPLOY_MS_MAX)
  }

  async run(request: RunRequest): Promise<void> {
    await this.#ordered(this.#methods.Run, request.fence, runToWire(request))
  }

  async cancel(request: CancelRequest): Promise<void> {
    await this.#ordered(this.#methods.Cancel, request.fence, cancelToWire(request))
  }

  async release(fence: Fence): Promise<void> {
    await this.#ordered(this.#methods.Release, fence, {})
  }

  async trigger(request: TriggerRequest): Promise<void> {
    await this.#ordered(this.#methods.Trigger, request.fence, triggerToWire(request))
  }

  async notifyComplete(notice: CheckpointNotice): Promise<void> {
    await this.#ordered(this.#methods.NotifyComplete, notice.fence, noticeToWire(notice))
  }

  async notifyAborted(notice: CheckpointNotice): Promise<void> {
    await this.#ordered(this.#methods.NotifyAborted, notice.fence, noticeToWire(notice))
  }

  /** The header is made when the call leaves, so that numbers rise in the order of leaving. */
  #ordered<Request extends Headed, Response>(
    method: Method<Request, Response>,
    fence: Fence,
    body: Omit<NoInfer<Request>, 'header'>,
    deadlineMs: number = CALL_MS_MAX,
  ): Promise<Response> {
    return this.#lanes.run(fence.jobId, (onTakenUp) => {
      const request = { ...body, header: this.#channel.header(fence) } as Request
      return this.#channel.unary(method, request, { onTakenUp, deadlineMs })
    })
  }
}

interface Headed {
  header?: Header | null
}
