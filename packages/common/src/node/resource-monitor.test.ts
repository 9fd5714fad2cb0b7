import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { expect, it } from 'vitest'
import { ManualScheduler } from '../core/manual-scheduler.ts'
import { MemoryLog } from '../core/memory-log.ts'
import type { GroupMemory } from './control-group.ts'
import { ResourceMonitor, type WatchedProcess } from './resource-monitor.ts'

function monitor(
  log: MemoryLog,
  diskFreeBytesMin: number,
  paths = [tmpdir()],
  more: {
    readonly children?: readonly WatchedProcess[]
    readonly openFilesRatioMax?: number
    readonly memoryRatioMax?: number
    readonly groupMemory?: () => GroupMemory | null
  } = {},
): ResourceMonitor {
  const { children = [], openFilesRatioMax = 1, memoryRatioMax = 1, ...rest } = more
  return new ResourceMonitor({
    intervalMs: 1_000,
    thresholds: { diskFreeBytesMin, openFilesRatioMax, memoryRatioMax },
    paths,
    rssBytes: () => 1,
    children: () => children,
    groupMemory: () => null,
    ...rest,
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

it('warns by what the control group counts, though this process itself has next to nothing', async () => {
  const MIB = 2 ** 20
  const log = new MemoryLog()
  let group: GroupMemory = {
    directory: '/sys/fs/cgroup',
    usedBytes: 1_900 * MIB,
    limitBytes: 2_048 * MIB,
    sharedBytes: 1_500 * MIB,
  }
  const watched = monitor(log, 1, [], { memoryRatioMax: 0.9, groupMemory: () => group })
  await watched.look()
  group = { ...group, usedBytes: 400 * MIB, sharedBytes: 0 }
  await watched.look()
  expect(log.events).toMatchObject([
    {
      event: 'running short of a resource',
      fields: {
        resource: 'memory',
        what: '1900 of 2048 MiB of memory are used by the control group /sys/fs/cgroup, 1500 MiB of it by files in memory (tmpfs)',
        hint: expect.stringMatching(/give the container .*delete files .*tmpfs/),
      },
    },
    {
      event: 'there is enough of a resource again',
      fields: { what: '400 of 2048 MiB of memory are used by the control group /sys/fs/cgroup' },
    },
  ])
})

it('warns by what is used of the machine, or resident, where no group says anything', async () => {
  const log = new MemoryLog()
  await monitor(log, 1, [], { memoryRatioMax: -1 }).look()
  const what = expect.stringMatching(
    /^\d+ of \d+ MiB of memory are used by (all processes of this machine|this process and those .*)$/,
  )
  expect(log.events).toMatchObject([{ fields: { resource: 'memory', what } }])
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
