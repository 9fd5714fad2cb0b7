import { createHash, randomBytes } from 'node:crypto'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

import { afterEach, describe, expect, it } from 'vitest'

import type { Scheduler } from '../core/clock.ts'
import { WeirError } from '../core/errors.ts'
import { bundleHash, checkpointId, workerId } from '../core/ids.ts'
import { ManualScheduler } from '../core/manual-scheduler.ts'
import { systemScheduler } from '../node/system-scheduler.ts'
import { RpcChannel } from './call.ts'
import {
  type CoordinatorConnection,
  connectCoordinator,
  REGISTRATIONS_PER_CONNECTION,
} from './coordinator-client.ts'
import { registrationToWire } from './convert-coordinator.ts'
import { coordinatorService } from './coordinator-server.ts'
import { wireServices } from './load-proto.ts'
import {
  ACK,
  BARE_FAILURE,
  FAILURE,
  FENCE,
  HEARTBEAT,
  RecordingCoordinator,
  REGISTRATION,
  TASK,
  WORKER,
} from './samples.fixture.ts'
import { type RpcServer, serve } from './serve.ts'
import { SOON_MS_MAX } from './soon.fixture.ts'
import { makeToken } from './token.ts'

const TOKEN = makeToken()
const scheduler = systemScheduler()

const cleanup: (() => unknown)[] = []
afterEach(async () => {
  for (const end of cleanup.splice(0).toReversed()) await end()
})

interface JobManager {
  readonly server: RpcServer
  readonly gateway: RecordingCoordinator
  readonly lost: string[]
  lostOne(): Promise<void>
}

async function jobManager(port = 0, messageBytesMax = 2_000_000): Promise<JobManager> {
  const gateway = new RecordingCoordinator()
  const lost: string[] = []
  let heard = (): void => {}
  const service = coordinatorService({
    gateway,
    onWorkerLost: (worker, reason) => {
      lost.push(`${worker}: ${reason}`)
      heard()
    },
  })
  const server = await serve({
    port,
    flag: '--port',
    token: TOKEN,
    scheduler,
    messageBytesMax,
    services: [service],
  })
  cleanup.push(() => server.close())
  const lostOne = (): Promise<void> =>
    new Promise((resolve) => {
      heard = resolve
      if (lost.length > 0) resolve()
    })
  return { server, gateway, lost, lostOne }
}

function worker(
  address: string,
  onLost: (reason: string) => void = () => {},
  clock: Scheduler = scheduler,
): CoordinatorConnection {
  const connection = connectCoordinator({
    address,
    token: TOKEN,
    workerId: workerId(WORKER),
    scheduler: clock,
    messageBytesMax: 2_000_000,
    onLost,
  })
  cleanup.push(() => connection.close())
  return connection
}

describe('a worker at its JobManager', () => {
  it('is heard word for word on every method', async () => {
    const { server, gateway } = await jobManager()
    const { gateway: remote } = worker(server.address)
    expect(await remote.register(REGISTRATION)).toEqual({
      coordinatorId: 'jm-1',
      heartbeatIntervalMs: 250,
      heartbeatTimeoutMs: 2_000.5,
    })
    expect(await remote.heartbeat(HEARTBEAT)).toBe('ok')
    const updates = [
      { state: 'running' },
      { state: 'end-of-data' },
      { state: 'finished' },
      { state: 'canceled' },
      { state: 'failed', failure: FAILURE },
    ] as const
    for (const change of updates) await remote.taskUpdate({ fence: FENCE, task: TASK, change })
    await remote.acknowledge(ACK)
    const empty = { ...ACK, snapshot: { file: null, operators: [] } }
    await remote.acknowledge(empty)
    const decline = {
      fence: FENCE,
      task: TASK,
      checkpointId: checkpointId(9),
      failure: BARE_FAILURE,
    }
    await remote.decline(decline)
    await remote.slotsLost(workerId(WORKER), FENCE, [0, 3], FAILURE)
    const lines = [
      { fence: FENCE, task: TASK, stream: 'print', text: 'a\u0000b' },
      { fence: FENCE, task: null, stream: 'stderr', text: '' },
    ] as const
    await remote.output(lines)
    await remote.unregister(workerId(WORKER), 'bye')
    expect(gateway.asked).toEqual([
      ['register', REGISTRATION],
      ['heartbeat', HEARTBEAT],
      ...updates.map((change) => ['taskUpdate', { fence: FENCE, task: TASK, change }]),
      ['acknowledge', ACK],
      ['acknowledge', empty],
      ['decline', decline],
      ['slotsLost', WORKER, FENCE, [0, 3], FAILURE],
      ['output', lines],
      ['unregister', WORKER, 'bye'],
    ])
  })

  it('waits for the answer to a heartbeat no longer than silence may last', async () => {
    const { server, gateway } = await jobManager()
    const time = new ManualScheduler()
    const { gateway: remote } = worker(server.address, () => {}, time)
    const { heartbeatTimeoutMs } = await remote.register(REGISTRATION)
    gateway.heartbeat = () => new Promise(() => {})
    const late = expect(remote.heartbeat(HEARTBEAT)).rejects.toMatchObject({ code: 'rpc/deadline' })
    time.advance(heartbeatTimeoutMs)
    await late
    expect(time.pending).toBe(0)
  })

  it('learns that it is unknown, and gets refusals with code, hint and stack', async () => {
    const { server, gateway } = await jobManager()
    const { gateway: remote } = worker(server.address)
    gateway.heartbeatReply = 'unknown-worker'
    expect(await remote.heartbeat({ ...HEARTBEAT, tasks: [] })).toBe('unknown-worker')
    gateway.refusal = new WeirError('fence/stale', 'attempt 3 is over', {
      domain: 'internal',
      hint: 'stop',
    })
    await expect(remote.acknowledge(ACK)).rejects.toMatchObject({
      code: 'fence/stale',
      message: 'attempt 3 is over',
      domain: 'internal',
      retry: 'never',
      hint: 'stop',
      stack: expect.stringContaining('coordinator.test.ts'),
    })
    gateway.refusal = new TypeError('x is undefined')
    await expect(remote.acknowledge(ACK)).rejects.toMatchObject({
      code: 'rpc/internal',
      message: 'x is undefined',
    })
  })

  it('fetches a bundle of several chunks and an empty one, and refuses one with another hash', async () => {
    const { server, gateway } = await jobManager()
    const { gateway: remote } = worker(server.address)
    for (const bytes of [3_000_000, 0]) {
      gateway.bundle = randomBytes(bytes)
      const hash = bundleHash(createHash('sha256').update(gateway.bundle).digest('hex'))
      expect(Buffer.compare(await remote.fetchBundle(FENCE.jobId, hash), gateway.bundle)).toBe(0)
    }
    await expect(remote.fetchBundle(FENCE.jobId, bundleHash('0'.repeat(64)))).rejects.toMatchObject(
      {
        code: 'job/bundle-mismatch',
      },
    )
    gateway.refusal = new WeirError('job/not-found', 'gone', { domain: 'user' })
    await expect(remote.fetchBundle(FENCE.jobId, bundleHash('0'.repeat(64)))).rejects.toMatchObject(
      {
        code: 'job/not-found',
      },
    )
  })

  it('fails an acknowledgement over the message limit at once, not by a deadline', async () => {
    const { server } = await jobManager()
    const { gateway: remote } = worker(server.address)
    const operator = {
      uid: 'x'.repeat(60_000),
      keyed: [],
      lists: [],
      ended: false,
      watermark: 0,
    } as never
    const ack = { ...ACK, snapshot: { file: null, operators: Array(40).fill(operator) } }
    await expect(remote.acknowledge(ack)).rejects.toMatchObject({
      code: 'rpc/message-too-large',
      retry: 'never',
    })
  })

  it('is refused by the receiver too when only the receiver has the limit', async () => {
    const { server, gateway } = await jobManager(0, 1_000)
    const { gateway: remote } = worker(server.address)
    const line = { fence: FENCE, task: null, stream: 'print', text: 'x'.repeat(2_000) } as const
    await expect(remote.output([line])).rejects.toMatchObject({ code: 'rpc/message-too-large' })
    expect(gateway.asked).toEqual([])
  })
})

describe('the attachment of a worker', () => {
  it('tells the JobManager at once when the worker is gone', async () => {
    const { server, lost, lostOne } = await jobManager()
    const connection = worker(server.address)
    await connection.gateway.register(REGISTRATION)
    connection.close()
    await lostOne()
    expect(lost).toEqual([`${WORKER}: its connection broke`])
  })

  it('says nothing after a good-bye, nor when a newer attachment replaces it', async () => {
    const { server, lost, gateway } = await jobManager()
    const reasons: string[] = []
    const connection = worker(server.address, (reason) => reasons.push(reason))
    await connection.gateway.register(REGISTRATION)
    await connection.gateway.register(REGISTRATION)
    await connection.gateway.unregister(workerId(WORKER), 'bye')
    connection.close()
    const other = worker(server.address)
    await other.gateway.heartbeat(HEARTBEAT)
    await server.close()
    expect(gateway.asked.map(([method]) => method)).toEqual([
      'register',
      'register',
      'unregister',
      'heartbeat',
    ])
    expect(lost).toEqual([])
    expect(reasons).toEqual([])
  })

  it('says nothing when it ends behind a newer registration, which will have one of its own', async () => {
    const { server, lost, lostOne } = await jobManager()
    const before = worker(server.address)
    await before.gateway.register(REGISTRATION)
    const channel = new RpcChannel({
      address: server.address,
      token: TOKEN,
      sender: WORKER,
      scheduler,
      nextSequence: () => 1,
    })
    cleanup.push(() => channel.close())
    const header = channel.header()
    const { Register } = wireServices().coordinator
    await channel.unary(Register, { ...registrationToWire(REGISTRATION), header })
    before.close()
    // Another one, of which it is said: by then the end of the first has been seen.
    const other = worker(server.address)
    await other.gateway.register({ ...REGISTRATION, workerId: workerId('another') })
    other.close()
    await lostOne()
    expect(lost).toEqual(['another: its connection broke'])
  })

  it('tells the worker soon when the JobManager is gone, and serves again after its restart', async () => {
    const first = await jobManager()
    let reported = (_reason: string): void => {}
    const lost = new Promise<string>((resolve) => {
      reported = resolve
    })
    const { gateway: remote } = worker(first.server.address, (reason) => reported(reason))
    await remote.register(REGISTRATION)
    const startMs = performance.now()
    await first.server.close()
    expect(await lost).toContain(first.server.address)
    expect(performance.now() - startMs).toBeLessThan(SOON_MS_MAX)
    await expect(remote.heartbeat(HEARTBEAT)).rejects.toMatchObject({
      code: 'rpc/unavailable',
      retry: 'backoff',
    })
    const second = await jobManager(first.server.port)
    second.gateway.coordinatorId = 'jm-2'
    await until(() => remote.register(REGISTRATION))
    expect(second.gateway.asked).toContainEqual(['register', REGISTRATION])
  })

  it('that refuses on a connection that stands is left: its address may lead to another by now', async () => {
    const [deposed, leader] = [await jobManager(), await jobManager()]
    const standsBy = new WeirError('rpc/unavailable', 'it stands by', { domain: 'external' })
    deposed.gateway.register = () => Promise.reject(standsBy)
    leader.gateway.coordinatorId = 'jm-2'
    const name = await movingName()
    name.leadsTo(deposed.server.address)
    const { gateway: remote } = worker(name.address)
    for (let failed = 0; failed < REGISTRATIONS_PER_CONNECTION; failed++) {
      await expect(remote.register(REGISTRATION)).rejects.toMatchObject({
        message: expect.stringContaining('it stands by') as string,
      })
      name.leadsTo(leader.server.address)
    }
    expect(await remote.register(REGISTRATION)).toMatchObject({ coordinatorId: 'jm-2' })
  })
})

/** An address that leads new connections, and only those, to where it is told. */
async function movingName(): Promise<{ address: string; leadsTo(address: string): void }> {
  let port = 0
  const ends = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1')
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      ends.add(from)
      from.pipe(to)
      from.on('error', () => to.destroy())
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanup.push(() => {
    for (const end of ends) end.destroy()
    server.close()
  })
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    leadsTo: (address) => {
      port = Number(address.split(':')[1])
    },
  }
}

/** Repeats a call that may find nobody, as the worker does. */
async function until<T>(call: () => Promise<T>): Promise<T> {
  const endMs = performance.now() + 50_000
  for (;;) {
    try {
      return await call()
    } catch (error) {
      if (
        !(error instanceof WeirError) ||
        error.code !== 'rpc/unavailable' ||
        performance.now() > endMs
      )
        throw error
      await new Promise<void>((resolve) => {
        scheduler.timer(20, resolve)
      })
    }
  }
}
