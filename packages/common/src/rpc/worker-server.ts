// A worker's door for its JobManager: WorkerGateway over gRPC, receiving end. Converts, keeps the order of calls about
// one job, and passes on. Fences are the worker's to judge: it knows which attempts it serves.

import type { WorkerGateway } from '../core/gateways.ts'
import type { Fence } from '../core/ids.ts'
import { OrderGuard } from './call-order.ts'
import { callerFromWire, fenceOfHeader } from './convert.ts'
import {
  allocateFromWire,
  allocateReplyToWire,
  cancelFromWire,
  deployFromWire,
  noticeFromWire,
  runFromWire,
  triggerFromWire,
} from './convert-worker.ts'
import type { Header__Output } from './gen/weir/v1/Header.ts'
import type { WorkerServiceHandlers } from './gen/weir/v1/WorkerService.ts'
import { wireServices } from './load-proto.ts'
import { type ServiceBinding, unary } from './serve.ts'

/** To be served by `serve`. */
export function workerService(gateway: WorkerGateway): ServiceBinding {
  const guard = new OrderGuard()
  const admit = (header: Header__Output | null): Fence => {
    const fence = fenceOfHeader(header)
    guard.admit(fence.jobId, callerFromWire(header))
    return fence
  }
  const handlers: WorkerServiceHandlers = {
    Allocate: unary(async (request) => {
      admit(request.header)
      return allocateReplyToWire(await gateway.allocate(allocateFromWire(request)))
    }),
    Deploy: unary(async (request) => {
      admit(request.header)
      await gateway.deploy(deployFromWire(request))
      return {}
    }),
    Run: unary(async (request) => {
      admit(request.header)
      await gateway.run(runFromWire(request))
      return {}
    }),
    Cancel: unary(async (request) => {
      admit(request.header)
      await gateway.cancel(cancelFromWire(request))
      return {}
    }),
    Release: unary(async (request) => {
      await gateway.release(admit(request.header))
      return {}
    }),
    Trigger: unary(async (request) => {
      admit(request.header)
      await gateway.trigger(triggerFromWire(request))
      return {}
    }),
    NotifyComplete: unary(async (request) => {
      admit(request.header)
      await gateway.notifyComplete(noticeFromWire(request))
      return {}
    }),
    NotifyAborted: unary(async (request) => {
      admit(request.header)
      await gateway.notifyAborted(noticeFromWire(request))
      return {}
    }),
  }
  return { definition: wireServices().worker, handlers, callers: ['jobmanager'], close: () => {} }
}
