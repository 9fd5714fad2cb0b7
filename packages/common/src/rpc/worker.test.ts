import { afterEach, describe, expect, it } from 'vitest'

import type { WorkerGateway } from '../core/gateways.ts'
import { attempt, checkpointId, jobId, workerId } from '../core/ids.ts'
import { systemScheduler } from '../node/system-scheduler.ts'
import {
  DEPLOY,
  ENDPOINT,
  FENCE,
  OTHER_TASK,
  RecordingWorker,
  REGISTRATION,
  SLOT_REQUEST,
  TASK,
} from './samples.fixture.ts'
import { type RpcServer, serve } from './serve.ts'
import { SOON_MS_MAX } from './soon.fixture.ts'
import { makeToken } from './token.ts'
import { workerDialer } from './worker-client.ts'
import { workerService } from './worker-server.ts'

const TOKEN = makeToken()
const scheduler = systemScheduler()
const cleanup: (() => unknown)[] = []
afterEach(async () => {
  for (const end of cleanup.splice(0).toReversed()) await end()
})

async function worker(gateway: WorkerGateway): Promise<RpcServer> {
  const services = [workerService(gateway)]
  const server = await serve({ port: 0, flag: '--port', token: TOKEN, scheduler, services })
  cleanup.push(() => server.close())
  return server
}

function dial(address: string, onLost: (reason: string) => void = () => {}) {
  const dialer = workerDialer({ token: TOKEN, sender: 'jm-1', scheduler })
  const registration = { ...REGISTRATION, controlAddress: address }
  const gateway = dialer.connect(registration, onLost)
  cleanup.push(() => dialer.disconnect(REGISTRATION.workerId))
  return { dialer, gateway, registration }
}

const TRIGGER = {
  fence: FENCE,
  checkpointId: checkpointId(2 ** 33),
  timestampMs: 1.5,
  tasks: [OTHER_TASK],
  final: true,
}
const NOTICE = { fence: FENCE, checkpointId: checkpointId(7), final: false }

describe('a JobManager at its worker', () => {
  it('is heard word for word on every method', async () => {
    const recorder = new RecordingWorker()
    const { gateway } = dial((await worker(recorder)).address)
    expect(await gateway.allocate(SLOT_REQUEST)).toEqual({ endpoints: [ENDPOINT] })
    await gateway.deploy(DEPLOY)
    await gateway.run({ fence: FENCE, tasks: [OTHER_TASK, TASK] })
    await gateway.trigger(TRIGGER)
    await gateway.notifyComplete(NOTICE)
    await gateway.notifyAborted({ ...NOTICE, final: true })
    await gateway.cancel({ fence: FENCE, tasks: [TASK, OTHER_TASK] })
    await gateway.release(FENCE)
    expect(recorder.asked).toEqual([
      ['allocate', SLOT_REQUEST],
      ['deploy', DEPLOY],
      ['run', { fence: FENCE, tasks: [OTHER_TASK, TASK] }],
      ['trigger', TRIGGER],
      ['notifyComplete', NOTICE],
      ['notifyAborted', { ...NOTICE, final: true }],
      ['cancel', { fence: FENCE, tasks: [TASK, OTHER_TASK] }],
      ['release', FENCE],
    ])
  })

  it('is heard in the order of calling, whatever their size, while an allocate is still at work', async () => {
    const recorder = new RecordingWorker()
    const allocated = Promise.withResolvers<void>()
    recorder.allocating = allocated.promise
    const { gateway } = dial((await worker(recorder)).address)
    const name = 'x'.repeat(60_000)
    const [vertex] = DEPLOY.plan.vertices
    const big = {
      ...DEPLOY,
      plan: { ...DEPLOY.plan, vertices: Array(20).fill({ ...vertex, name }) },
    }
    const allocation = gateway.allocate(SLOT_REQUEST)
    const calls: Promise<void>[] = []
    for (let i = 1; i <= 8; i += 1) {
      calls.push(gateway.deploy(big))
      calls.push(gateway.notifyComplete({ ...NOTICE, checkpointId: checkpointId(i) }))
    }
    await Promise.all(calls)
    allocated.resolve()
    await allocation
    const order = recorder.asked.map(([method, request]) =>
      method === 'notifyComplete' ? (request as typeof NOTICE).checkpointId : method,
    )
    expect(order).toEqual([
      'allocate',
      ...Array.from({ length: 8 }, (_, i) => ['deploy', i + 1]).flat(),
    ])
  })

  it('does not let one job wait for another', async () => {
    const recorder = new RecordingWorker()
    const { gateway } = dial((await worker(recorder)).address)
    const other = { ...FENCE, jobId: jobId('f'.repeat(32)), attempt: attempt(1) }
    await Promise.all([gateway.release(FENCE), gateway.release(other), gateway.release(other)])
    expect(recorder.asked.length).toBe(3)
  })

  it('goes on with rising numbers after it has connected anew', async () => {
    const recorder = new RecordingWorker()
    const server = await worker(recorder)
    const { dialer, gateway, registration } = dial(server.address)
    await gateway.release(FENCE)
    await gateway.release(FENCE)
    const second = dialer.connect(registration, () => {})
    await second.release(FENCE)
    expect(recorder.asked.length).toBe(3)
    await expect(gateway.release(FENCE)).rejects.toMatchObject({ code: 'rpc/unavailable' })
  })

  it('rejects what is under way when it hangs up, and is told of no loss', async () => {
    const recorder = new RecordingWorker()
    recorder.allocating = new Promise(() => {})
    const losses: string[] = []
    const { dialer, gateway } = dial((await worker(recorder)).address, (reason) =>
      losses.push(reason),
    )
    await gateway.release(FENCE)
    const allocation = gateway.allocate(SLOT_REQUEST)
    dialer.disconnect(workerId(REGISTRATION.workerId))
    await expect(allocation).rejects.toMatchObject({ code: 'rpc/unavailable' })
    expect(losses).toEqual([])
  })

  it('learns soon that a worker is gone, without any call under way', async () => {
    const server = await worker(new RecordingWorker())
    const lost = Promise.withResolvers<string>()
    const { gateway } = dial(server.address, lost.resolve)
    await gateway.release(FENCE)
    const startMs = performance.now()
    await server.close()
    expect(await lost.promise).toContain(server.address)
    expect(performance.now() - startMs).toBeLessThan(SOON_MS_MAX)
    await expect(gateway.release(FENCE)).rejects.toMatchObject({ code: 'rpc/unavailable' })
  })

  it('learns that a worker was never there', async () => {
    const server = await worker(new RecordingWorker())
    await server.close()
    const lost = Promise.withResolvers<string>()
    dial(server.address, lost.resolve)
    expect(await lost.promise).toContain(server.address)
  })
})
