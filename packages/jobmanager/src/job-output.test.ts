// What a job prints, as those hear it who watch from a later JobManager.

import type { JobId } from '@weirjs/common/core/ids'
import type { JobEventView } from '@weirjs/common/job-client'
import { settle } from '@weirjs/common/node/virtual-time'
import { expect, it } from 'vitest'
import { PlayWorld } from './play-world.ts'
import { OUTPUT_LINES_KEPT_MAX } from './watch/output-ring.ts'

async function print(world: PlayWorld, ...texts: readonly string[]): Promise<void> {
  const [played] = [...world.workers.values()].flatMap((worker) => [...worker.tasks.values()])
  const fence = played?.fence
  if (fence === undefined) throw new Error('no task')
  await world.manager.output(
    texts.map((text) => ({ fence, task: null, stream: 'print' as const, text })),
  )
}

/** What is told of output to whoever begins to watch now. */
async function told(world: PlayWorld, job: JobId): Promise<readonly unknown[]> {
  const seen: JobEventView[] = []
  const control = new AbortController()
  const reading = (async (): Promise<void> => {
    for await (const event of world.manager.client.watch(job, control.signal)) seen.push(event)
  })()
  await settle()
  control.abort()
  await reading
  return seen.flatMap((event): readonly unknown[] => {
    if (event.type === 'output-log') return [{ epoch: event.epoch }]
    if (event.type === 'lost-output') return [{ lost: event.lines }]
    return event.type === 'output' ? [event.text] : []
  })
}

it('is the log of an epoch, and another one when a JobManager has taken over', async () => {
  const world = await new PlayWorld().start()
  const job = await world.run()
  await print(world, 'a', 'b')
  expect(await told(world, job)).toEqual([{ epoch: 1 }, 'a', 'b'])
  expect(await told(world, job)).toEqual([{ epoch: 1 }, 'a', 'b'])
  await world.restartManager()
  await world.until(job, 'RUNNING')
  await print(world, 'c')
  expect(await told(world, job)).toEqual([{ epoch: 2 }, 'c'])
})

it('stays the same log when the job has ended and the JobManager was restarted', async () => {
  const world = await new PlayWorld().start()
  const job = await world.run()
  const texts = Array.from({ length: OUTPUT_LINES_KEPT_MAX + 3 }, (_, i) => `${i}`)
  await print(world, ...texts)
  world.endOfData(job)
  await world.until(job, 'FINISHED')
  const before = await told(world, job)
  expect(before).toEqual([{ epoch: 1 }, { lost: 3 }, ...texts.slice(3)])
  await world.restartManager()
  expect(await told(world, job)).toEqual(before)
  expect(await told(world, job)).toEqual(before)
})

it('is told as it was kept by a JobManager of before, which did not say where it begins', async () => {
  const world = await new PlayWorld().start()
  const job = await world.run()
  world.endOfData(job)
  await world.until(job, 'FINISHED')
  world.history.put(job, 'output', 0, [{ type: 'output', stream: 'print', text: 'old' }])
  await world.restartManager()
  expect(await told(world, job)).toEqual(['old'])
})
