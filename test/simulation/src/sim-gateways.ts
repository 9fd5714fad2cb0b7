// The gateways over the simulated network: what gRPC is in production. Calls to a worker arrive in the order sent (the
// gateway's contract); those to the JobManager may overtake each other, get lost or come twice, which it must survive.

import type { CoordinatorGateway, WorkerGateway } from '@weirjs/common/core/gateways'
import { copy } from './copy.ts'
import type { Network } from './network.ts'
import type { SimProcess } from './process.ts'

/** A party and the process that it lives in; null while there is none. */
export interface Party<T> {
  readonly process: SimProcess
  readonly party: T
}

type Call = <T, R>(name: string, to: Party<T> | null, use: (party: T) => Promise<R>) => Promise<R>

/** What is sent, as it was when it was sent; each delivery gets one of its own. */
function delivered<T>(sent: T): () => T {
  let next: T | null = copy(sent)
  return () => {
    const own = next ?? copy(sent)
    next = null
    return own
  }
}

function caller(network: Network, from: SimProcess, nobody: SimProcess, ordered: boolean): Call {
  return (name, to, use) =>
    network.call({ from, to: to?.process ?? nobody, name, ordered }, () => {
      if (to === null) throw new Error('a dead process hears nothing')
      return use(to.party)
    })
}

/** `target` is asked at each call, so that a restarted JobManager is found. `nobody` is any dead process. */
export function coordinatorOver(
  network: Network,
  from: SimProcess,
  nobody: SimProcess,
  target: () => Party<CoordinatorGateway> | null,
): CoordinatorGateway {
  const call = caller(network, from, nobody, false)
  const say = <A extends readonly unknown[], R>(
    name: string,
    method: (party: CoordinatorGateway, ...args: A) => Promise<R>,
    ...args: A
  ): Promise<R> => {
    const take = delivered(args)
    return call(name, target(), (party) => method(party, ...take()))
  }
  return {
    register: (r) => say('register', (c, a) => c.register(a), r),
    heartbeat: (h) => say('heartbeat', (c, a) => c.heartbeat(a), h),
    unregister: (id, reason) => say('unregister', (c, a, b) => c.unregister(a, b), id, reason),
    taskUpdate: (u) => say(`taskUpdate ${u.change.state}`, (c, a) => c.taskUpdate(a), u),
    acknowledge: (k) => say(`acknowledge ${k.checkpointId}`, (c, a) => c.acknowledge(a), k),
    decline: (d) => say(`decline ${d.checkpointId}`, (c, a) => c.decline(a), d),
    slotsLost: (id, fence, slots, failure) =>
      say('slotsLost', (c, a, b, d, e) => c.slotsLost(a, b, d, e), id, fence, slots, failure),
    output: (lines) => say('output', (c, a) => c.output(a), lines),
    fetchBundle: (job, hash) => say('fetchBundle', (c, a, b) => c.fetchBundle(a, b), job, hash),
  }
}

export function workerOver(
  network: Network,
  from: SimProcess,
  nobody: SimProcess,
  target: () => Party<WorkerGateway> | null,
): WorkerGateway {
  const call = caller(network, from, nobody, true)
  const say = <A, R>(
    name: string,
    method: (party: WorkerGateway, arg: A) => Promise<R>,
    arg: A,
  ): Promise<R> => {
    const take = delivered(arg)
    return call(name, target(), (party) => method(party, take()))
  }
  return {
    allocate: (r) => say('allocate', (w, a) => w.allocate(a), r),
    deploy: (r) => say('deploy', (w, a) => w.deploy(a), r),
    run: (r) => say('run', (w, a) => w.run(a), r),
    cancel: (r) => say('cancel', (w, a) => w.cancel(a), r),
    release: (f) => say('release', (w, a) => w.release(a), f),
    trigger: (r) => say(`trigger ${r.checkpointId}`, (w, a) => w.trigger(a), r),
    notifyComplete: (n) => say(`complete ${n.checkpointId}`, (w, a) => w.notifyComplete(a), n),
    notifyAborted: (n) => say(`aborted ${n.checkpointId}`, (w, a) => w.notifyAborted(a), n),
  }
}
