import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { workerId } from '@weirjs/common/core/ids'
import { MemoryLog } from '@weirjs/common/core/memory-log'
import { systemScheduler } from '@weirjs/common/node/system-scheduler'
import { connectCoordinator } from '@weirjs/common/rpc/coordinator-client'
import { connectJobManager } from '@weirjs/common/rpc/job-client'
import { makeToken } from '@weirjs/common/rpc/token'
import type { JobClient } from '@weirjs/common/job-client'
import { afterEach, describe, expect, it } from 'vitest'
import {
  JOB_MANAGER_DEFAULTS,
  type JobManagerProcess,
  type JobManagerProcessSettings,
  type RestSettings,
  startJobManagerProcess,
} from './main.ts'
import { PlayWorld } from './play-world.ts'

const scheduler = systemScheduler()
const cleanup: (() => unknown)[] = []
afterEach(async () => {
  for (const end of cleanup.splice(0).toReversed()) await end()
})

const TOKEN = makeToken()

async function directory(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'weir-jm-'))
  // A JobManager that is closed waits for nothing: an entry of a log may still land while this goes on.
  cleanup.push(() => rm(made, { recursive: true, force: true, maxRetries: 5 }))
  await writeFile(join(made, 'token'), TOKEN, { mode: 0o600 })
  return made
}

const REST: RestSettings = { host: '127.0.0.1', port: 0, tls: null, configuration: [] }

async function start(
  root: string,
  log = new MemoryLog(),
  rest: RestSettings | null = null,
  more: Partial<JobManagerProcessSettings> = {},
): Promise<JobManagerProcess> {
  const process_ = await startJobManagerProcess({
    ...JOB_MANAGER_DEFAULTS,
    rest,
    port: 0,
    tokenFile: join(root, 'token'),
    checkpointDirectory: join(root, 'checkpoints'),
    dataDirectory: root,
    log,
    ...more,
  })
  cleanup.push(() => process_.close())
  await process_.takeOver()
  return process_
}

function client(address: string, token = TOKEN): JobClient {
  const connection = connectJobManager({ address, token, sender: 'test', scheduler })
  cleanup.push(() => connection.close())
  return connection.client
}

describe('a JobManager process', () => {
  it('answers clients that know the token, and nobody else', async () => {
    const log = new MemoryLog()
    const running = await start(await directory(), log)
    expect(log.events[0]).toMatchObject({
      event: 'JobManager started',
      fields: { address: running.address },
    })
    const cluster = await client(running.address).cluster()
    expect(cluster).toMatchObject({ coordinatorId: running.coordinatorId, workers: 0, jobs: {} })
    await expect(client(running.address, makeToken()).cluster()).rejects.toMatchObject({
      code: 'rpc/unauthenticated',
    })
  })

  it('is ready when it leads and its storage answers, and says why when it is not', async () => {
    const root = await directory()
    const running = await start(root)
    expect(await running.whyNotReady()).toBeNull()
    await rm(join(root, 'checkpoints'), { recursive: true })
    await expect(running.whyNotReady()).rejects.toMatchObject({
      code: expect.stringMatching(/^storage\//),
    })
    await running.close()
    expect(await running.whyNotReady()).toBe('it is closing')
  })

  it('logs once which settings jobs are not told, by their names', async () => {
    const log = new MemoryLog()
    const names = ['user.db.password']
    await start(await directory(), log, null, { keptFromJobs: names })
    const event = 'settings named like secrets are not told to jobs'
    expect(log.of(event)).toEqual([{ level: 'info', event, fields: { settings: names } }])
    const other = new MemoryLog()
    await start(await directory(), other)
    expect(other.of(event)).toEqual([])
  })

  it('knows its jobs again after it was closed and started on the same directory', async () => {
    const root = await directory()
    const first = await start(root)
    const request = new PlayWorld().request()
    const job = await client(first.address).submit(request)
    expect((await client(first.address).describe(job.slice(0, 8))).state).toBe('CREATED')
    await first.close()
    const second = await start(root)
    expect(await client(second.address).list()).toMatchObject([{ jobId: job, state: 'RESTARTING' }])
    await client(second.address).cancel(job)
    const states: string[] = []
    for await (const event of client(second.address).watch(job, new AbortController().signal)) {
      if (event.type === 'state') states.push(event.job.state)
    }
    expect(states.at(-1)).toBe('CANCELED')
  })

  it('registers workers and notices at once when one is gone', async () => {
    const running = await start(await directory())
    const id = workerId('w1')
    const worker = connectCoordinator({
      address: running.address,
      token: TOKEN,
      workerId: id,
      scheduler,
      onLost: () => {},
    })
    cleanup.push(() => worker.close())
    const registration = {
      workerId: id,
      controlAddress: '127.0.0.1:1',
      slots: 3,
      pid: 7,
      version: '0',
    }
    const reply = await worker.gateway.register(registration)
    expect(reply.coordinatorId).toBe(running.coordinatorId)
    const jobs = client(running.address)
    worker.close()
    while ((await jobs.workers()).length > 0)
      await new Promise((resolve) => scheduler.nextTurn(() => resolve(null)))
    expect((await jobs.cluster()).slots).toBe(0)
  })

  it('says which port is taken, and can be started again elsewhere', async () => {
    const root = await directory()
    const { port } = await start(await directory())
    const settings = {
      ...JOB_MANAGER_DEFAULTS,
      port,
      tokenFile: join(root, 'token'),
      checkpointDirectory: join(root, 'checkpoints'),
      dataDirectory: root,
      log: new MemoryLog(),
    }
    await expect(startJobManagerProcess(settings)).rejects.toMatchObject({
      code: 'net/port-in-use',
    })
    await start(root)
  })

  it('serves probes, measures and the REST interface on a port of its own', async () => {
    const running = await start(await directory(), new MemoryLog(), REST)
    const at = `http://${running.restAddress}`
    expect((await client(running.address).cluster()).restAddress).toBe(running.restAddress)
    expect((await fetch(`${at}/livez`)).status).toBe(200)
    expect(await (await fetch(`${at}/readyz`)).json()).toMatchObject({ status: 'ok', reason: null })
    const headers = { authorization: `Bearer ${TOKEN}` }
    expect(await (await fetch(`${at}/metrics`, { headers })).text()).toContain('weir_slots 0\n')
    expect(await (await fetch(`${at}/v1/overview`, { headers })).json()).toMatchObject({
      taskmanagers: 0,
    })
    expect((await fetch(`${at}/v1/overview`)).status).toBe(401)
  })

  it('is not ready while its storage is away, and lives on', async () => {
    const root = await directory()
    const running = await start(root, new MemoryLog(), REST)
    await rename(join(root, 'checkpoints'), join(root, 'away'))
    const ready = await fetch(`http://${running.restAddress}/readyz`)
    expect(ready.status).toBe(503)
    expect(await ready.json()).toMatchObject({ reason: expect.stringContaining('checkpoints') })
    expect((await fetch(`http://${running.restAddress}/livez`)).status).toBe(200)
    await rename(join(root, 'away'), join(root, 'checkpoints'))
    expect((await fetch(`http://${running.restAddress}/readyz`)).status).toBe(200)
  })

  it('says which REST port is taken, and leaves nothing behind', async () => {
    const root = await directory()
    const other = await start(await directory(), new MemoryLog(), REST)
    const taken = Number(other.restAddress?.split(':').at(-1))
    const failed = start(root, new MemoryLog(), { ...REST, port: taken })
    await expect(failed).rejects.toMatchObject({
      code: 'net/port-in-use',
      hint: expect.stringContaining('rest.port'),
    })
    await start(root, new MemoryLog(), REST)
  })
})
