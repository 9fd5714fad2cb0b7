import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

import { afterEach, describe, expect, it } from 'vitest'

import { systemScheduler } from '../node/system-scheduler.ts'
import { connectCoordinator } from './coordinator-client.ts'
import { coordinatorService } from './coordinator-server.ts'
import { FENCE, RecordingCoordinator, REGISTRATION } from './samples.fixture.ts'
import { serve } from './serve.ts'
import { makeToken } from './token.ts'
import { SOON_MS_MAX } from './soon.fixture.ts'
import { workerDialer } from './worker-client.ts'

const TOKEN = makeToken()
const entry = fileURLToPath(new URL('./control-victim.fixture.ts', import.meta.url))
const scheduler = systemScheduler()
const cleanup: (() => unknown)[] = []
afterEach(async () => {
  for (const end of cleanup.splice(0).toReversed()) await end()
})

async function victim(...args: string[]): Promise<{ child: ChildProcess; firstLine: string }> {
  const child = spawn(process.execPath, ['--conditions=source', entry, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  cleanup.push(() => child.kill('SIGKILL'))
  const [text] = (await once(child.stdout, 'data')) as [Buffer]
  return { child, firstLine: text.toString().trim() }
}

async function killAndTime(child: ChildProcess, learned: Promise<unknown>): Promise<number> {
  const killedMs = performance.now()
  child.kill('SIGKILL')
  await learned
  return performance.now() - killedMs
}

describe('kill -9', () => {
  it('of the JobManager is known to its workers soon, and running calls fail', async () => {
    const { child, firstLine } = await victim('coordinate', TOKEN)
    const lost = Promise.withResolvers<string>()
    const connection = connectCoordinator({
      address: firstLine,
      token: TOKEN,
      workerId: REGISTRATION.workerId,
      scheduler,
      onLost: lost.resolve,
    })
    cleanup.push(() => connection.close())
    await connection.gateway.register(REGISTRATION)
    expect(await killAndTime(child, lost.promise)).toBeLessThan(SOON_MS_MAX)
    await expect(connection.gateway.unregister(REGISTRATION.workerId, '')).rejects.toMatchObject({
      code: 'rpc/unavailable',
    })
  })

  it('of a worker is known to its JobManager soon, by its attachment', async () => {
    const lost = Promise.withResolvers<string>()
    const service = coordinatorService({
      gateway: new RecordingCoordinator(),
      onWorkerLost: lost.resolve,
    })
    const server = await serve({
      port: 0,
      flag: '--port',
      token: TOKEN,
      scheduler,
      services: [service],
    })
    cleanup.push(() => server.close())
    const { child } = await victim('attach', TOKEN, server.address)
    expect(await killAndTime(child, lost.promise)).toBeLessThan(SOON_MS_MAX)
    expect(await lost.promise).toBe(REGISTRATION.workerId)
  })

  it('of a worker is known to its JobManager soon, by the connection to it', async () => {
    const { child, firstLine } = await victim('work', TOKEN)
    const lost = Promise.withResolvers<string>()
    const dialer = workerDialer({ token: TOKEN, sender: 'jm-1', scheduler })
    cleanup.push(() => dialer.disconnect(REGISTRATION.workerId))
    const gateway = dialer.connect({ ...REGISTRATION, controlAddress: firstLine }, lost.resolve)
    await gateway.release(FENCE)
    expect(await killAndTime(child, lost.promise)).toBeLessThan(SOON_MS_MAX)
  })
})
