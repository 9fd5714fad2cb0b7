import { checkpointId } from '@weirjs/common/core/ids'
import { drive } from '@weirjs/common/node/virtual-time'
import { describe, expect, it } from 'vitest'
import { PlayWorld } from './play-world.ts'
import { readHistory } from './store/log-reader.ts'

describe('an ended job', () => {
  it('is cleaned up by the next JobManager when the one before did not get to it', async () => {
    let broken = false
    const world = await new PlayWorld({
      storage: {
        onOperation: (operation) =>
          broken && operation.startsWith('remove') ? { verdict: 'fail' } : { verdict: 'ok' },
      },
    }).start()
    const job = await world.run()
    await world.pass(1_500)
    broken = true
    world.endOfData(job)
    await world.until(job, 'FINISHED')
    broken = false
    expect((await world.files(job)).some((path) => path.includes('/chk-'))).toBe(true)
    await world.restartManager()
    const left = await world.files(job)
    expect(left.filter((path) => !path.includes('/log/'))).toEqual([])
    expect((await world.manager.client.describe(job)).state).toBe('FINISHED')
  })

  it('is believed to have ended when its last entry is durable, before anything of it is deleted', async () => {
    let broken = false
    const asked: string[] = []
    const world = await new PlayWorld({
      storage: {
        onOperation: (operation, path) => {
          asked.push(`${operation} ${path}`)
          return broken && operation.startsWith('remove') ? { verdict: 'fail' } : { verdict: 'ok' }
        },
      },
    }).start()
    const job = await world.run()
    broken = true
    world.endOfData(job)
    await world.until(job, 'FINISHED')
    broken = false
    const last = (await world.files(job)).filter((path) => path.includes('/log/0')).at(-1)
    asked.length = 0
    await world.restartManager()
    const durable = asked.indexOf(`create ${last}`)
    const deleted = asked.findIndex((one) => one.startsWith('remove'))
    expect(durable).toBeGreaterThan(0)
    expect(deleted).toBeGreaterThan(durable)
    // Of a job that left nothing it is known.
    asked.length = 0
    await world.restartManager()
    expect(asked.filter((one) => one.startsWith('create'))).toEqual([])
  })

  it('is shown while nobody can make sure of its end, and then as what it is', async () => {
    let removes = true
    let writes = true
    const world = await new PlayWorld({
      storage: {
        onOperation: (operation) => {
          if (operation.startsWith('remove') && !removes) return { verdict: 'fail' }
          if (operation === 'create' && !writes) return { verdict: 'fail', code: 'storage/full' }
          return { verdict: 'ok' }
        },
      },
    }).start()
    const job = await world.run()
    removes = false
    world.endOfData(job)
    await world.until(job, 'FINISHED')
    removes = true
    writes = false
    await world.restartManager()
    const { client } = world.manager
    const [shown] = await client.list()
    expect(shown).toMatchObject({ jobId: job, state: 'INITIALIZING', health: 'DEGRADED' })
    expect(shown?.failure).toMatchObject({
      code: 'storage/full',
      message: expect.stringContaining('its log says FINISHED, which is not certain yet'),
    })
    expect((await world.files(job)).some((path) => !path.includes('/log/'))).toBe(true)
    const asked = client.cancel(job).catch((error: unknown) => error)
    writes = true
    await world.pass(10_000)
    expect(await client.describe(job)).toMatchObject({ state: 'FINISHED', failure: null })
    expect(await asked).toMatchObject({ code: 'job/wrong-state' })
    expect((await world.files(job)).filter((path) => !path.includes('/log/'))).toEqual([])
  })

  it('is cleaned up when the storage comes back', async () => {
    let broken = false
    const world = await new PlayWorld({
      storage: {
        onOperation: (operation) =>
          broken && operation === 'list' ? { verdict: 'fail' } : { verdict: 'ok' },
      },
    }).start()
    const job = await world.run()
    broken = true
    world.endOfData(job)
    await world.until(job, 'FINISHED')
    await world.pass(5_000)
    broken = false
    await world.pass(30_000)
    expect((await world.files(job)).filter((path) => !path.includes('/log/'))).toEqual([])
  })

  it('is given a new epoch once to be cleaned up, however often that fails', async () => {
    let broken = false
    const world = await new PlayWorld({
      storage: {
        onOperation: (operation) =>
          broken && operation === 'remove-tree' ? { verdict: 'fail' } : { verdict: 'ok' },
      },
    }).start()
    const job = await world.run()
    await world.pass(2_500)
    const { manager } = world
    const dies = (async () => {
      for await (const event of manager.client.watch(job, new AbortController().signal))
        if (event.type === 'state' && event.job.state === 'FINISHED') manager.close()
    })()
    world.endOfData(job)
    await world.pass(1_000)
    await dies
    broken = true
    await world.restartManager()
    await world.pass(60_000)
    const history = await drive(world.time, readHistory(world.storage, job))
    expect(history).toMatchObject({ retained: [], epoch: 2 })
    broken = false
    await world.pass(10_000)
    expect((await world.files(job)).filter((path) => !path.includes('/log/'))).toEqual([])
  })

  it('is swept again when a task wrote for it that was believed dead', async () => {
    const world = await new PlayWorld().start()
    const job = await world.run()
    await world.pass(1_500)
    const [zombie] = [...world.worker('w1').tasks.values()]
    if (zombie === undefined) throw new Error('no task')
    await drive(world.time, world.manager.client.cancel(job))
    await world.until(job, 'CANCELED')
    await world.pass(90_000)
    // It has slept through the end of its job, and wakes up within a checkpoint that was given up.
    await drive(world.time, world.worker('w1').acknowledge(zombie, checkpointId(7)))
    expect((await world.files(job)).some((path) => path.includes('/chk-7/'))).toBe(true)
    await world.pass(90_000)
    expect(world.refused).toContain('fence/stale')
    expect((await world.files(job)).some((path) => path.includes('/chk-7/'))).toBe(false)
    expect((await world.files(job)).some((path) => path.includes('/chk-1/'))).toBe(true)
  })
})

describe('a checkpoint whose manifest cannot be written', () => {
  it('leaves nothing on the storage, which may be full', async () => {
    let full = false
    const world = await new PlayWorld({
      storage: {
        onOperation: (operation, path) =>
          full && operation === 'create' && path.endsWith('/manifest')
            ? { verdict: 'fail', code: 'storage/full' }
            : { verdict: 'ok' },
      },
    }).start()
    const job = await world.run()
    await world.pass(1_500)
    full = true
    await world.pass(3_000)
    const states = (await world.manager.client.checkpoints(job)).map(({ state }) => state)
    expect(states).toEqual(['FAILED', 'FAILED', 'FAILED', 'COMPLETED'])
    expect(await drive(world.time, world.storage.listDirectories(job))).toEqual(['chk-1', 'log'])
    full = false
    await world.pass(1_000)
    expect((await world.manager.client.describe(job)).lastCheckpointId).toBe(5)
  })
})

describe('a task of an older attempt', () => {
  it('does not fill the storage of a job that runs on', async () => {
    const world = await new PlayWorld().start()
    const job = await world.run()
    const [zombie] = [...world.worker('w1').tasks.values()]
    if (zombie === undefined) throw new Error('no task')
    world.acknowledging = false
    await world.pass(1_000)
    world.failTask(job, { code: 'test/boom', message: 'boom', domain: 'user', retry: 'backoff' })
    await world.until(job, 'RESTARTING')
    world.acknowledging = true
    await world.until(job, 'RUNNING')
    // It was about to write when its attempt ended, and has slept since.
    await drive(world.time, world.worker('w1').acknowledge(zombie, checkpointId(1)))
    await world.pass(10_000)
    expect(world.refused).toContain('fence/stale')
    const left = await drive(world.time, world.storage.listDirectories(job))
    expect(left).toHaveLength(3 + 1)
    expect(left).not.toContain('chk-1')
  })
})
