// Entry of a slot's worker thread in a job process: loads the job, opens the slot's own data endpoint, and runs the
// tasks. Everything below is the same code as in `weir dev` and in the simulator.

import { resolve } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { present } from '@weirjs/common/core/assert'
import { WeirError } from '@weirjs/common/core/errors'
import { Prng } from '@weirjs/common/core/prng'
import { SYSTEM_CALLS } from '@weirjs/common/node/fs-calls'
import { FsStorage } from '@weirjs/common/node/fs-storage'
import { ownDirectory } from '@weirjs/common/node/runtime-modules'
import { systemScheduler } from '@weirjs/common/node/system-scheduler'
import { joinAddress } from '@weirjs/common/rpc/listen'
import { attemptIdentity } from '@weirjs/common/tls/attempt-identity'
import { PortTransport } from '../exchange/port-exchange.ts'
import { createOperator } from '../operators/registry.ts'
import { heapSnapshots } from '../state/state-factory.ts'
import { GrpcTransport } from '../exchange/grpc-exchange.ts'
import { probeTimes } from '../task/task-environment.ts'
import { dropWhenFull } from './bounded-writes.ts'
import { loadJob } from './load-job.ts'
import { withLocations } from './located-listener.ts'
import type { GroupStart, SlotOpen, ThreadData } from './protocol.ts'
import { SlotRuntime } from './slot-runtime.ts'
import { SlotThread } from './slot-thread.ts'
import { SlotTransport } from './slot-transport.ts'
import type { Slot, SlotListener } from './slot.ts'

const scheduler = systemScheduler()
const SEED_MAX = 2 ** 32

/** Somebody who may has tried out what a confined process cannot try. */
async function openStorage({
  checkpointDirectory: root,
  confined,
}: GroupStart): Promise<FsStorage> {
  return confined ? FsStorage.on(SYSTEM_CALLS, resolve(root)) : FsStorage.open(root)
}

async function openSlot(open: SlotOpen, listener: SlotListener): Promise<Slot> {
  const { start, slot } = open
  const { request, workerId } = start
  const { functions } = await loadJob({
    bundlePath: start.bundlePath,
    runtimeRoot: start.runtimeRoot,
    args: request.args,
    submittedAtMs: request.submittedAtMs,
    secrets: start.secrets,
  })
  const [storage, remote] = await Promise.all([
    openStorage(start),
    GrpcTransport.open({
      bindHost: start.bindHost,
      ports: start.dataPorts,
      credential: request.credential,
      scheduler,
      ...(start.encrypted ? { tls: attemptIdentity(request.credential) } : {}),
      probe: probeTimes(request.config),
    }).catch(mayPass),
  ])
  const ports = open.siblings.map(({ slot: index, port }) => ({ peer: { workerId, index }, port }))
  return new SlotRuntime({
    endpoint: { workerId, slot, dataAddress: advertised(remote.address, start.advertisedHost) },
    scheduler,
    prng: new Prng(Math.floor(Math.random() * SEED_MAX)),
    exchange: new SlotTransport(new PortTransport({ ports }), remote),
    functions,
    request,
    listener: withLocations(listener, ownDirectory(start.runtimeRoot)),
    operators: createOperator,
    snapshots: heapSnapshots({ storage, clock: scheduler }),
  })
}

/** Tasks of an attempt before, or of another region, may still have the ports: they end soon, or that region does. */
function mayPass(error: unknown): never {
  if (!(error instanceof WeirError) || error.code !== 'net/port-in-use') throw error
  throw new WeirError('net/port-in-use', error.message, {
    domain: 'external',
    retry: 'backoff',
    cause: error,
    hint: 'Give taskmanager.data.port-range three ports for each slot: what restarts may meet what it replaces.',
  })
}

/** What others dial: the bound port under the name that they know this machine by. */
const advertised = (bound: string, host: string): string =>
  joinAddress(host, Number(bound.slice(bound.lastIndexOf(':') + 1)))

dropWhenFull(process.stdout, scheduler)
dropWhenFull(process.stderr, scheduler)
new SlotThread({
  port: present(parentPort, 'this is the entry of a worker thread'),
  data: workerData as ThreadData,
  scheduler,
  openSlot,
}).serve()
