import { describe, expect, it } from 'vitest'
import { PlayWorld } from './play-world.ts'

describe('a worker that is drained', () => {
  it('gives its tasks to others, from a checkpoint, whatever the restart strategy says', async () => {
    const world = await new PlayWorld().start()
    const { settings } = world.request()
    const job = await world.run({ settings: { ...settings, restart: { strategy: 'none' } } })
    await world.pass(2_500)
    const view = await world.manager.client.drainWorker('w1', true)
    expect(view).toMatchObject({ workerId: 'w1', draining: true })
    const moved = await world.until(job, 'RUNNING')
    await world.pass(100)
    expect(moved.attempts[0]).toMatchObject({ attempt: 2, restoredFrom: 2 })
    expect(moved.attempts[1]?.failure?.code).toBe('worker/drained')
    expect(new Set(moved.taskViews.map(({ worker }) => worker))).toEqual(new Set(['w2']))
    expect(world.worker('w1').tasks.size).toBe(0)
    const [w1] = await world.manager.client.workers()
    expect(w1).toMatchObject({ freeSlots: 2, slots: 2 })
    expect(await world.manager.client.cluster()).toMatchObject({ slots: 4, freeSlots: 0 })
  })

  it('is given nothing until that is taken back', async () => {
    const world = await new PlayWorld().start()
    for (const worker of ['w1', 'w2']) await world.manager.client.drainWorker(worker, true)
    const job = await world.manager.client.submit(world.request())
    await world.pass(5_000)
    expect((await world.manager.client.describe(job)).state).toBe('CREATED')
    await world.manager.client.drainWorker('w2', false)
    const { taskViews } = await world.until(job, 'RUNNING')
    expect(new Set(taskViews.map(({ worker }) => worker))).toEqual(new Set(['w2']))
  })

  it('is still drained when it has lost its connection and come back', async () => {
    const world = await new PlayWorld().start()
    await world.manager.client.drainWorker('w1', true)
    world.manager.connectionLost(world.worker('w1').id, 'connection reset')
    await world.register(world.worker('w1'))
    const job = await world.run()
    const { taskViews } = await world.until(job, 'RUNNING')
    expect(new Set(taskViews.map(({ worker }) => worker))).toEqual(new Set(['w2']))
  })

  it('must be known, by one name', async () => {
    const world = await new PlayWorld().start()
    const code = async (id: string): Promise<unknown> =>
      world.manager.client.drainWorker(id, true).catch((error: { code?: unknown }) => error.code)
    expect(await code('x')).toBe('worker/not-found')
    expect(await code('w')).toBe('worker/ambiguous-id')
  })
})
