// The wire in memory between JobManager and workers, with a hook that sees every call by its name, and may lose it (the
// party does not hear it, and the caller's call times out) or repeat it.

import { sleep, type Scheduler } from '@weirjs/common/core/clock'
import { WeirError } from '@weirjs/common/core/errors'
import type { CoordinatorGateway, WorkerGateway } from '@weirjs/common/core/gateways'
import { type GatewayLayer, memoryWire } from '@weirjs/local/memory-wire'

const LOST_AFTER_MS = 500

export type Call = Named<'coordinator', CoordinatorGateway> | Named<'worker', WorkerGateway>

type Named<Side extends string, Gateway> = {
  [Method in keyof Gateway]: Gateway[Method] extends (...args: infer Args) => unknown
    ? { readonly to: Side; readonly method: Method; readonly args: Args; readonly worker: string }
    : never
}[keyof Gateway]

export type CallHook = (call: Call) => 'deliver' | 'twice' | 'lose'

export function tappedWire(scheduler: Scheduler, hook: CallHook): GatewayLayer {
  const inner = memoryWire(scheduler)
  return {
    coordinator: (from, target) =>
      tap(scheduler, inner.coordinator(from, target), 'coordinator', from, hook),
    worker: (to, target) => tap(scheduler, inner.worker(to, target), 'worker', to, hook),
  }
}

function tap<Gateway extends object>(
  scheduler: Scheduler,
  gateway: Gateway,
  to: Call['to'],
  worker: string,
  hook: CallHook,
): Gateway {
  return new Proxy(gateway, {
    get(target, method, receiver): unknown {
      const made = Reflect.get(target, method, receiver) as unknown
      if (typeof made !== 'function') return made
      return async (...args: readonly unknown[]): Promise<unknown> => {
        const call = { to, method, args, worker } as unknown as Call
        const verdict = hook(call)
        if (verdict === 'twice') await Reflect.apply(made, target, args)
        if (verdict !== 'lose') return (await Reflect.apply(made, target, args)) as unknown
        await sleep(scheduler, LOST_AFTER_MS)
        throw new WeirError('rpc/deadline', 'the call was lost (by the test)', {
          domain: 'external',
        })
      }
    },
  })
}
