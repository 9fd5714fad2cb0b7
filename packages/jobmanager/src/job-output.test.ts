// What a job prints, as those hear it who watch from a later JobManager.

import type { Fence, JobId } from '@weirjs/common/core/ids'
import type { JobEventView } from '@weirjs/common/job-client'
import { settle } from '@weirjs/common/node/virtual-time'
import { expect, it } from 'vitest'
import { PlayWorld } from './play-world.ts'
import { MemoryHistory } from './store/history-index.ts'
import { OUTPUT_CHARS_HELD_MAX, OUTPUT_LINES_KEPT_MAX } from './watch/output-ring.ts'

function fenceOf(world: PlayWorld): Fence {
  const [played] = [...world.workers.values()].flatMap((worker) => [...worker.tasks.values()])
  if (played === undefined) throw new Error('no task')
  return played.fence
}

async function print(world: PlayWorld, ...texts: readonly string[]): Promise<void> {
  await printBy(world, fenceOf(world), ...texts)
}

async function printBy(world: PlayWorld, fence: Fence, ...texts: readonly string[]): Promise<void> {
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

/** Has every record at once, and tells so when it is asked to: whether they are written. */
class HistoryThatTells extends MemoryHistory {
  tell: (written: boolean) => void = () => {}

  override put(...[job, kind, order, value, told]: Parameters<MemoryHistory['put']>): void {
    super.put(job, kind, order, value)
    if (kind === 'output') this.tell = (written) => told?.(written)
  }
}

/** Whose disk is full. */
class FullHistory extends MemoryHistory {
  override put(...[, , , , told]: Parameters<MemoryHistory['put']>): void {
    told?.(false)
  }
}

it('is told once, whether it is being written or is written', async () => {
  const history = new HistoryThatTells()
  const world = await new PlayWorld({ history }).start()
  const job = await world.run()
  const fence = fenceOf(world)
  await print(world, 'a', 'b')
  world.endOfData(job)
  await world.until(job, 'FINISHED')
  await printBy(world, fence, 'late')
  expect(await told(world, job)).toEqual([{ epoch: 1 }, 'a', 'b', 'late'])
  history.tell(true)
  expect(await told(world, job)).toEqual([{ epoch: 1 }, 'a', 'b', 'late'])
})

it('is told from memory when it could not be written, as much as there is room for', async () => {
  const world = await new PlayWorld({ history: new FullHistory() }).start()
  const lengthy = (i: number): string => `${i}`.padEnd(OUTPUT_CHARS_HELD_MAX / 10, '.')
  const printed = Array.from({ length: 12 }, (_, i) => lengthy(i))
  const job = await world.run()
  await print(world, ...printed)
  expect(await told(world, job)).toEqual([{ epoch: 1 }, ...printed])
  world.endOfData(job)
  await world.until(job, 'FINISHED')
  expect(await told(world, job)).toEqual([{ epoch: 1 }, { lost: 2 }, ...printed.slice(2)])
})
