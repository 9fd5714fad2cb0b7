// C09. An acknowledgement that is larger than a message may be: the checkpoint fails at once and says why, long before its
// time is over, and the job goes on. Workers reach the JobManager over real gRPC here, in real time.

import { job, type JobDefinition } from '@weirjs/api/define-job'
import { keyedProcess } from '@weirjs/api/process-definitions'
import { value } from '@weirjs/api/state'
import { struct } from '@weirjs/api/struct'
import { int } from '@weirjs/api/types'
import type { CoordinatorGateway } from '@weirjs/common/core/gateways'
import { systemScheduler } from '@weirjs/common/node/system-scheduler'
import {
  type CoordinatorConnection,
  connectCoordinator,
} from '@weirjs/common/rpc/coordinator-client'
import { coordinatorService } from '@weirjs/common/rpc/coordinator-server'
import { type RpcServer, serve } from '@weirjs/common/rpc/serve'
import { makeToken } from '@weirjs/common/rpc/token'
import { collected } from '@weirjs/connectors/memory/collected'
import { LocalCluster } from '@weirjs/local/local-cluster'
import { type GatewayLayer, memoryWire } from '@weirjs/local/memory-wire'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { paced } from './src/paced-source.ts'

const SMALL_BYTES = 16 * 1_024
const LARGE_BYTES = 1_024 * 1_024
/** Every key falls into a key group of its own, more or less: an acknowledgement names each of them. */
const KEYS = 3_000
const scheduler = systemScheduler()

interface GrpcLayer {
  readonly layer: GatewayLayer
  close(): Promise<void>
}

/** What workers tell the JobManager goes over gRPC; what it asks of them does not matter here. */
async function grpcLayer(sent: number, received: number): Promise<GrpcLayer> {
  const token = makeToken()
  let jobManager: () => CoordinatorGateway | null = () => null
  const gateway = new Proxy({} as CoordinatorGateway, {
    get: (_, method) => Reflect.get(jobManager() ?? {}, method)?.bind(jobManager()) as unknown,
  })
  const server: RpcServer = await serve({
    port: 0,
    flag: '--port',
    token,
    scheduler,
    messageBytesMax: received,
    services: [coordinatorService({ gateway, onWorkerLost: () => {} })],
  })
  const connections: CoordinatorConnection[] = []
  const memory = memoryWire(scheduler)
  return {
    layer: {
      coordinator: (workerId, target) => {
        jobManager = target
        const { address } = server
        const onLost = (): void => {}
        const options = { address, token, workerId, scheduler, messageBytesMax: sent, onLost }
        const connection = connectCoordinator(options)
        connections.push(connection)
        return connection.gateway
      },
      worker: (to, target) => memory.worker(to, target),
    },
    close: async () => {
      for (const connection of connections) connection.close()
      await server.close()
    },
  }
}

const Numbered = struct('Numbered', { n: int() })

interface Growing {
  readonly definition: JobDefinition
  /** Numbers below it are let in. */
  limit: number
  seen: number
}

/** The first KEYS numbers fill the state, the next KEYS empty it. */
function growing(): Growing {
  const growth: Growing = { limit: 0, seen: 0, definition: undefined as unknown as JobDefinition }
  const held = keyedProcess({
    uid: 'held',
    in: Numbered,
    out: Numbered,
    state: { held: value(int()) },
    each({ n }, { state }) {
      if (n < KEYS) state.held.set(n)
      else state.held.clear()
      growth.seen += 1
    },
  })
  const numbers = paced({ type: Numbered, make: (n) => ({ n }), may: (n) => n < growth.limit })
  const definition = job('growing', { checkpoint: 'off', maxParallelism: 32_768 }, (env) => {
    env
      .from(numbers, { uid: 'numbers' })
      .keyBy((record) => record.n % KEYS)
      .process(held)
      .to(collected(Numbered), { uid: 'sink' })
  })
  return Object.assign(growth, { definition })
}

describe('C09: an acknowledgement over the message limit', () => {
  const cleanup: (() => Promise<void>)[] = []
  afterEach(async () => {
    for (const end of cleanup.splice(0).toReversed()) await end()
  })

  it.each([
    { whose: "the worker's", sent: SMALL_BYTES, received: LARGE_BYTES },
    { whose: "the JobManager's", sent: LARGE_BYTES, received: SMALL_BYTES },
  ])('fails its checkpoint at once: $whose limit', async ({ sent, received }) => {
    const { layer, close } = await grpcLayer(sent, received)
    cleanup.push(close)
    const cluster = await LocalCluster.start({ layer, slots: 1 })
    cleanup.push(() => cluster.close())
    const growth = growing()
    const id = await cluster.submit(growth.definition)
    const seen = (count: number) => vi.waitUntil(() => growth.seen === count, { timeout: 50_000 })
    await cluster.until(id, ({ state }) => state === 'RUNNING')

    growth.limit = 10
    await seen(10)
    expect(await cluster.client.triggerCheckpoint(id)).toMatchObject({ state: 'COMPLETED' })

    growth.limit = KEYS
    await seen(KEYS)
    await expect(cluster.client.triggerCheckpoint(id)).rejects.toMatchObject({
      code: 'checkpoint/failed',
      message: expect.stringMatching(/larger|too large|exceeds|limit/i) as string,
    })
    const failed = (await cluster.client.checkpoints(id)).find((one) => one.state === 'FAILED')
    expect(failed?.failure?.code).toBe('rpc/message-too-large')
    const { settings, restarts, state } = await cluster.client.describe(id)
    expect({ restarts, state }).toEqual({ restarts: 0, state: 'RUNNING' })
    const tookMs = (failed?.endedAtMs ?? Number.NaN) - (failed?.triggeredAtMs ?? 0)
    expect(tookMs).toBeLessThan(settings.checkpoint.timeoutMs / 20)

    growth.limit = 2 * KEYS
    await seen(2 * KEYS)
    expect(await cluster.client.triggerCheckpoint(id)).toMatchObject({ state: 'COMPLETED' })
  })
})
