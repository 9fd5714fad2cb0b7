import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { expect, it } from 'vitest'
import { ManualScheduler } from '../core/manual-scheduler.ts'
import { MemoryLog } from '../core/memory-log.ts'
import { ResourceMonitor, type WatchedProcess } from './resource-monitor.ts'

function monitor(
  log: MemoryLog,
  diskFreeBytesMin: number,
  paths = [tmpdir()],
  more: { readonly children?: readonly WatchedProcess[]; readonly openFilesRatioMax?: number } = {},
): ResourceMonitor {
  const { children = [], openFilesRatioMax = 1 } = more
  return new ResourceMonitor({
    intervalMs: 1_000,
    thresholds: { diskFreeBytesMin, openFilesRatioMax, memoryRatioMax: 1 },
    paths,
    rssBytes: () => 1,
    children: () => children,
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

it.runIf(process.platform === 'linux')(
  'names the process that is nearest to its limit of descriptors, of those that it started too',
  async () => {
    const open = `
      const { openSync } = require('node:fs')
      for (let n = 0; n < 40; n++) openSync('/dev/null')
      console.log('open')
      process.stdin.resume()
    `
    const shell = 'ulimit -n 80; exec "$0" -e "$1"'
    const child = spawn('sh', ['-c', shell, process.execPath, open])
    try {
      await once(child.stdout, 'data')
      const log = new MemoryLog()
      const children = [
        { pid: child.pid ?? 0, name: 'job process 1' },
        { pid: 2 ** 22, name: 'one that is gone' },
      ]
      await monitor(log, 1, [], { children, openFilesRatioMax: 0.5 }).look()
      const what = expect.stringMatching(/^job process 1 has \d+ of 80 file descriptors open$/)
      expect(log.events).toMatchObject([{ fields: { resource: 'open-files', what } }])
    } finally {
      child.kill()
    }
  },
)
