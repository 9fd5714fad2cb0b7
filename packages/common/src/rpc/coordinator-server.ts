// The JobManager's door for its workers: CoordinatorGateway over gRPC, receiving end. Attach is held open for each
// registered worker; when it ends without a good-bye, the worker is lost, and that is known as soon as the kernel knows.
// A worker that registers again will have a new attachment; how the former one ends then means nothing.

import type { ServerWritableStream } from '@grpc/grpc-js'

import type { CoordinatorGateway } from '../core/gateways.ts'
import type { WorkerId } from '../core/ids.ts'
import { WeirError } from '../core/errors.ts'
import { each, text } from './check.ts'
import {
  callerFromWire,
  failureFromWire,
  fenceOfHeader,
  toBundleHash,
  toJobId,
  toWorkerId,
} from './convert.ts'
import {
  acknowledgeFromWire,
  declineFromWire,
  heartbeatFromWire,
  heartbeatReplyToWire,
  outputLineFromWire,
  registrationFromWire,
  registrationReplyToWire,
  slotsFromWire,
  taskUpdateFromWire,
} from './convert-coordinator.ts'
import type { AttachRequest__Output } from './gen/weir/v1/AttachRequest.ts'
import type { AttachResponse } from './gen/weir/v1/AttachResponse.ts'
import type { CoordinatorServiceHandlers } from './gen/weir/v1/CoordinatorService.ts'
import type { FetchBundleRequest__Output } from './gen/weir/v1/FetchBundleRequest.ts'
import type { FetchBundleResponse } from './gen/weir/v1/FetchBundleResponse.ts'
import { wireServices } from './load-proto.ts'
import { refusal, serverStream, type ServiceBinding, unary } from './serve.ts'

export const BUNDLE_CHUNK_BYTES: number = 1_024 * 1_024
const OUTPUT_LINES_MAX = 10_000

export interface CoordinatorServiceOptions {
  readonly gateway: CoordinatorGateway
  /** The connection of a registered worker broke; never called after its good-bye, nor after a newer registration. */
  onWorkerLost(workerId: WorkerId, reason: string): void
}

/** To be served by `serve`. */
export function coordinatorService(options: CoordinatorServiceOptions): ServiceBinding {
  const { gateway } = options
  const attachments = new Attachments(options)
  const handlers: CoordinatorServiceHandlers = {
    Register: unary(async (request) => {
      const registration = registrationFromWire(request)
      const reply = await gateway.register(registration)
      attachments.expect(registration.workerId, reply.coordinatorId)
      return registrationReplyToWire(reply)
    }),
    Attach: (call) => attachments.attach(call),
    Heartbeat: unary(async (request) =>
      heartbeatReplyToWire(await gateway.heartbeat(heartbeatFromWire(request))),
    ),
    Unregister: unary(async (request) => {
      const worker = toWorkerId(request.workerId, 'workerId')
      attachments.leave(worker)
      await gateway.unregister(worker, text(request.reason, 'reason', 0))
      return {}
    }),
    TaskUpdate: unary(async (request) => {
      await gateway.taskUpdate(taskUpdateFromWire(request))
      return {}
    }),
    Acknowledge: unary(async (request) => {
      await gateway.acknowledge(acknowledgeFromWire(request))
      return {}
    }),
    Decline: unary(async (request) => {
      await gateway.decline(declineFromWire(request))
      return {}
    }),
    SlotsLost: unary(async (request) => {
      const worker = toWorkerId(request.workerId, 'workerId')
      const failure = failureFromWire(request.failure, 'failure')
      await gateway.slotsLost(
        worker,
        fenceOfHeader(request.header),
        slotsFromWire(request.slots),
        failure,
      )
      return {}
    }),
    Output: unary(async (request) => {
      await gateway.output(each(request.lines, 'lines', outputLineFromWire, OUTPUT_LINES_MAX))
      return {}
    }),
    FetchBundle: serverStream((request) => bundleChunks(gateway, request)),
  }
  return {
    definition: wireServices().coordinator,
    handlers,
    callers: ['taskmanager'],
    close: () => attachments.close(),
  }
}

async function* bundleChunks(
  gateway: CoordinatorGateway,
  request: FetchBundleRequest__Output,
): AsyncGenerator<FetchBundleResponse> {
  const job = toJobId(request.jobId, 'jobId')
  const bundle = await gateway.fetchBundle(job, toBundleHash(request.bundleHash, 'bundleHash'))
  for (let at = 0; at < bundle.length; at += BUNDLE_CHUNK_BYTES) {
    yield { chunk: bundle.subarray(at, at + BUNDLE_CHUNK_BYTES) }
  }
}

type AttachCall = ServerWritableStream<AttachRequest__Output, AttachResponse>

class Attachments {
  readonly #options: CoordinatorServiceOptions
  /** The JobManager's name as each registered worker was told it. */
  readonly #expected = new Map<WorkerId, string>()
  readonly #calls = new Map<WorkerId, AttachCall>()
  /** Of workers that have registered anew and not attached yet: how these end means nothing. */
  readonly #past = new WeakSet<AttachCall>()
  #closed = false

  constructor(options: CoordinatorServiceOptions) {
    this.#options = options
  }

  expect(worker: WorkerId, coordinatorId: string): void {
    const former = this.#calls.get(worker)
    if (former !== undefined) this.#past.add(former)
    this.#expected.set(worker, coordinatorId)
  }

  attach(call: AttachCall): void {
    try {
      this.#admit(call)
    } catch (error) {
      call.emit('error', refusal(error))
    }
  }

  #admit(call: AttachCall): void {
    callerFromWire(call.request.header)
    const worker = toWorkerId(call.request.workerId, 'workerId')
    const said = text(call.request.coordinatorId, 'coordinatorId', 0)
    const coordinatorId = this.#expected.get(worker)
    if (coordinatorId === undefined || coordinatorId !== said) {
      throw new WeirError('rpc/unknown-worker', `worker ${worker} is not registered here`, {
        domain: 'external',
        retry: 'backoff',
      })
    }
    const former = this.#calls.get(worker)
    this.#calls.set(worker, call)
    former?.end()
    call.on('cancelled', () => this.#lost(worker, call))
    call.write({ coordinatorId })
  }

  #lost(worker: WorkerId, call: AttachCall): void {
    if (this.#calls.get(worker) !== call) return
    if (this.#past.has(call)) return void this.#calls.delete(worker)
    this.#forget(worker)
    if (!this.#closed) this.#options.onWorkerLost(worker, 'its connection broke')
  }

  /** The worker has said good-bye. */
  leave(worker: WorkerId): void {
    const call = this.#calls.get(worker)
    this.#forget(worker)
    call?.end()
  }

  #forget(worker: WorkerId): void {
    this.#calls.delete(worker)
    this.#expected.delete(worker)
  }

  close(): void {
    this.#closed = true
    for (const call of this.#calls.values()) call.end()
    this.#calls.clear()
  }
}
