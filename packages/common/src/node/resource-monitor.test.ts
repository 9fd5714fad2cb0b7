import { tmpdir } from 'node:os'
import { expect, it } from 'vitest'
import { ManualScheduler } from '../core/manual-scheduler.ts'
import { MemoryLog } from '../core/memory-log.ts'
import { ResourceMonitor } from './resource-monitor.ts'

function monitor(log: MemoryLog, diskFreeBytesMin: number, paths = [tmpdir()]): ResourceMonitor {
  return new ResourceMonitor({
    intervalMs: 1_000,
    thresholds: { diskFreeBytesMin, openFilesRatioMax: 1, memoryRatioMax: 1 },
    paths,
    rssBytes: () => 1,
    scheduler: new ManualScheduler(),
    log,
  })
}

it('warns with the place, what is left of it, and what to do', async () => {
  const log = new MemoryLog()
  const watched = monitor(log, Number.MAX_SAFE_INTEGER)
  await watched.look()
  await watched.look()
  expect(log.events).toMatchObject([
    {
      event: 'running short of a resource',
      fields: { resource: 'disk', what: expect.stringMatching(/ has \d+ MiB left$/) },
    },
  ])
})

it('is silent when there is enough, about places that are away, and when it is closed', async () => {
  const log = new MemoryLog()
  await monitor(log, 1).look()
  await monitor(log, Number.MAX_SAFE_INTEGER, ['/nowhere/at/all']).look()
  const closed = monitor(log, Number.MAX_SAFE_INTEGER)
  closed.close()
  await closed.look()
  expect(log.events).toEqual([])
})
