import { drive } from '@weirjs/common/node/virtual-time'
import { expect, it } from 'vitest'
import { PlayWorld } from './play-world.ts'
import { JOBS_LIVE_MAX } from './submissions.ts'

it('takes no more jobs at once than may live, and again when one has ended', async () => {
  const world = await new PlayWorld({ workers: {} }).start()
  const { client } = world.manager
  const request = (n: number) => world.request({ submissionId: `submission ${n}` })
  const all = Array.from({ length: JOBS_LIVE_MAX + 3 }, (_, n) => client.submit(request(n)))
  const outcomes = await drive(world.time, Promise.allSettled(all))
  const refused = outcomes.filter((one) => one.status === 'rejected')
  expect(refused.map((one) => one.reason.code)).toEqual(Array(3).fill('job/too-many'))

  const late = request(JOBS_LIVE_MAX + 3)
  await expect(drive(world.time, client.submit(late))).rejects.toMatchObject({
    code: 'job/too-many',
    hint: expect.stringContaining('Cancel one'),
  })
  const [first] = outcomes.filter((one) => one.status === 'fulfilled')
  if (first === undefined) throw new Error('none was taken')
  await drive(world.time, client.cancel(first.value))
  await world.until(first.value, 'CANCELED')
  await expect(drive(world.time, client.submit(late))).resolves.toBeTypeOf('string')
})
