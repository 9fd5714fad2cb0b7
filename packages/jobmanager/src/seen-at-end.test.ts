import { expect, it } from 'vitest'
import { PlayWorld } from './play-world.ts'

it.each(['finished', 'canceled'])(
  'a job that was %s looks the same to a later JobManager',
  async (how) => {
    const world = await new PlayWorld().start()
    const job = await world.run()
    world.failTask(job, { code: 'test/boom', message: 'boom', domain: 'user', retry: 'backoff' })
    await world.until(job, 'RESTARTING')
    await world.until(job, 'RUNNING')
    await world.pass(2_500)
    if (how === 'finished') world.endOfData(job)
    else await world.manager.client.cancel(job)
    await world.until(job, how === 'finished' ? 'FINISHED' : 'CANCELED')
    const [before] = await world.manager.client.list()
    expect(before).toMatchObject({ restarts: 1, lastCheckpointId: expect.any(Number) })
    await world.restartManager()
    expect(await world.manager.client.list()).toEqual([before])
  },
)

it('what the index has lost or damaged is shown as the log tells it', async () => {
  const world = await new PlayWorld().start()
  const job = await world.run()
  world.endOfData(job)
  await world.until(job, 'FINISHED')
  for (const damage of [null, { tasks: {}, restarts: 'x' }]) {
    world.history.put(job, 'end', 0, damage)
    await world.restartManager()
    const [shown] = await world.manager.client.list()
    expect(shown).toMatchObject({ state: 'FINISHED', restarts: 0, lastCheckpointId: null })
  }
})
