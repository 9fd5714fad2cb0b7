// Calls between a JobManager and workers that live in one process. Each call is heard in a later turn of the loop, in
// the order in which it was made, with a copy of what was said, as on a real wire; a party that is not there any more is
// `rpc/unavailable`. Another layer in its place (delays, losses) turns the same cluster into a simulation.

import type { Scheduler } from '@weirjs/common/core/clock'
import { WeirError } from '@weirjs/common/core/errors'
import type { CoordinatorGateway, WorkerGateway } from '@weirjs/common/core/gateways'
import type { WorkerId } from '@weirjs/common/core/ids'

/** Puts a wire between two parties. `target` answers null while the other side is not there. */
export interface GatewayLayer {
  coordinator(from: WorkerId, target: () => CoordinatorGateway | null): CoordinatorGateway
  worker(to: WorkerId, target: () => WorkerGateway | null): WorkerGateway
}

export function memoryWire(scheduler: Scheduler): GatewayLayer {
  const call: Call = (target, use) => deliver(scheduler, target, use)
  return {
    coordinator: (_from, target) => coordinatorWire(call, target),
    worker: (_to, target) => workerWire(call, target),
  }
}

type Call = <T, R>(target: () => T | null, use: (party: T) => Promise<R>) => Promise<R>

function deliver<T, R>(
  scheduler: Scheduler,
  target: () => T | null,
  use: (party: T) => Promise<R>,
): Promise<R> {
  return new Promise((resolve, reject) => {
    scheduler.nextTurn(() => {
      const party = target()
      if (party === null) {
        reject(new WeirError('rpc/unavailable', 'the other side is gone', { domain: 'external' }))
        return
      }
      // The answer takes a turn as well. Cannot reject: both outcomes are handled.
      void use(party).then(
        (value) => scheduler.nextTurn(() => resolve(structuredClone(value))),
        (error: unknown) => scheduler.nextTurn(() => reject(error)),
      )
    })
  })
}

function coordinatorWire(call: Call, target: () => CoordinatorGateway | null): CoordinatorGateway {
  const say = <A extends readonly unknown[], R>(
    method: (party: CoordinatorGateway, ...args: A) => Promise<R>,
    ...args: A
  ): Promise<R> => {
    const heard = structuredClone(args)
    return call(target, (party) => method(party, ...heard))
  }
  return {
    register: (registration) => say((c, r) => c.register(r), registration),
    heartbeat: (heartbeat) => say((c, h) => c.heartbeat(h), heartbeat),
    unregister: (id, reason) => say((c, i, r) => c.unregister(i, r), id, reason),
    taskUpdate: (update) => say((c, u) => c.taskUpdate(u), update),
    acknowledge: (ack) => say((c, a) => c.acknowledge(a), ack),
    decline: (decline) => say((c, d) => c.decline(d), decline),
    slotsLost: (id, fence, slots, failure) =>
      say((c, i, f, s, w) => c.slotsLost(i, f, s, w), id, fence, slots, failure),
    output: (lines) => say((c, l) => c.output(l), lines),
    fetchBundle: (job, hash) => say((c, j, h) => c.fetchBundle(j, h), job, hash),
  }
}

function workerWire(call: Call, target: () => WorkerGateway | null): WorkerGateway {
  const say = <A, R>(method: (party: WorkerGateway, arg: A) => Promise<R>, arg: A): Promise<R> => {
    const heard = structuredClone(arg)
    return call(target, (party) => method(party, heard))
  }
  return {
    allocate: (request) => say((w, r) => w.allocate(r), request),
    deploy: (request) => say((w, r) => w.deploy(r), request),
    run: (request) => say((w, r) => w.run(r), request),
    cancel: (request) => say((w, r) => w.cancel(r), request),
    release: (fence) => say((w, f) => w.release(f), fence),
    trigger: (request) => say((w, r) => w.trigger(r), request),
    notifyComplete: (notice) => say((w, n) => w.notifyComplete(n), notice),
    notifyAborted: (notice) => say((w, n) => w.notifyAborted(n), notice),
  }
}
