// Which ended jobs a JobManager shows when there are many.

import { expect, it } from 'vitest'
import { JOBS_ENDED_MAX } from './ended-jobs.ts'
import { PlayWorld } from './play-world.ts'

it('shows the job that has just ended, also when the clock was put back', async () => {
  const world = await new PlayWorld().start()
  const { client } = world.manager
  for (let i = 0; i < JOBS_ENDED_MAX; i++) {
    const job = await world.submit()
    await client.cancel(job)
    await world.until(job, 'CANCELED')
  }
  world.time.jumpWall(-86_400_000)
  const job = await world.run()
  world.endOfData(job)
  // Who asks for it by its id would make it be found again.
  await world.pass(2_000)
  const shown = await client.list()
  expect(shown).toHaveLength(JOBS_ENDED_MAX)
  expect(shown.find(({ jobId }) => jobId === job)?.state).toBe('FINISHED')
})
