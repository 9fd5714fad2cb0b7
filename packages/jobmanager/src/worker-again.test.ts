import { settle } from '@weirjs/common/node/virtual-time'
import { expect, it } from 'vitest'
import { PlayWorld } from './play-world.ts'

it('a worker that registered anew is not lost by a call over its connection before', async () => {
  const world = await new PlayWorld().start()
  const job = await world.run()
  const asked = world.manager.client.triggerCheckpoint(job)
  await settle()
  const refused = expect(asked).rejects.toMatchObject({ code: 'checkpoint/failed' })
  // The trigger is on its way when the worker, whose connection broke, comes back.
  world.worker('w1').tasks.clear()
  await world.register(world.worker('w1'))
  await world.until(job, 'RUNNING')
  await refused
  const lost = world.log.lines.filter(({ event }) => event === 'worker lost')
  expect(lost.map(({ fields }) => fields['reason'])).toEqual(['it has registered anew'])
  const ids = (await world.manager.client.workers()).map(({ workerId }) => workerId)
  expect(ids).toEqual(['w1', 'w2'])
})
