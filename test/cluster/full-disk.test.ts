// Disks that are full, on a real cluster: of the checkpoints, of the output, of the cluster's own directory. Nothing is
// lost, nobody dies of it, and when there is room again all goes on by itself.

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { CheckpointView } from '@weirjs/common/job-client'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { errorOf, GoodNeighbour, jobFile } from './good-neighbour.ts'
import { mountSmallDisk, type SmallDisk } from './small-disk.ts'
import { until, WeirKit } from './weir-kit.ts'

const TALLY = jobFile('tally.ts')
const FAILING = jobFile('failing-sink.ts')
const MIB = 1_024 * 1_024
/** What happens to the disk must find the job at work, on a slow machine too. */
const TEN_SECONDS = ['--records', '9000', '--perSecond', '900']

/** Null where this machine cannot mount one: then none of this is tested, which is said loudly. */
const disk: SmallDisk | null = mountSmallDisk(16 * MIB)

let kit: WeirKit
let neighbour: GoodNeighbour
beforeAll(async () => {
  if (disk === null) return
  const place = [`execution.checkpointing.dir=${disk.directory}/checkpoints`]
  kit = await WeirKit.start({ taskManagers: 1, slots: 8, defines: place })
  neighbour = await GoodNeighbour.moveIn(kit)
})
afterAll(async () => {
  if (disk === null) return
  await kit[Symbol.asyncDispose]()
  disk.unmount()
})
afterEach(async () => {
  if (disk !== null) await neighbour.isUndisturbed()
})

const failedForRoom = ({ state, failure }: CheckpointView): boolean =>
  state === 'FAILED' && failure?.code === 'storage/full'
const detached = async (...words: readonly string[]): Promise<string> =>
  (await kit.json<{ jobId: string }>('run', '-d', ...words)).jobId
const tallied = (output: string): number =>
  kit.rows<{ count: number }>(kit.path(output)).reduce((sum, { count }) => sum + count, 0)

test.skipIf(disk === null)(
  'of the checkpoints: they fail, the jobs go on, and all is well when there is room again',
  async () => {
    const { fill, free } = disk as SmallDisk
    const id = await detached(TALLY, '--output', 'full', ...TEN_SECONDS)
    const describe = () => kit.client.describe(id)
    await until(describe, ({ lastCheckpointId }) => lastCheckpointId !== null)
    // Old checkpoints go and make room: the disk is filled again and again until somebody has felt it.
    const failures = async (): Promise<readonly CheckpointView[]> => {
      fill()
      return (await kit.client.checkpoints(id)).filter(failedForRoom)
    }
    // Before there is room: afterwards the next one may be complete at once.
    const stuck = async (): ReturnType<typeof describe> => {
      await until(failures, (seen) => seen.length > 0)
      return describe()
    }
    const before = await stuck().finally(free)
    expect(before).toMatchObject({ restarts: 0 })
    await until(
      describe,
      ({ lastCheckpointId }) => (lastCheckpointId ?? 0) > (before.lastCheckpointId ?? 0),
    )
    const end = await until(describe, ({ state }) => state === 'FINISHED')
    expect(end.restarts).toBe(0)
    expect(tallied('full')).toBe(9_000)
  },
)

test.skipIf(disk === null)(
  'of the checkpoints, when a job is at its end: it is not called finished before its last one is whole',
  async () => {
    const { fill, free } = disk as SmallDisk
    const args = ['--output', 'last', ...TEN_SECONDS]
    const id = await detached('-D', 'execution.checkpointing.interval=1h', TALLY, ...args)
    const describe = () => kit.client.describe(id)
    await until(describe, ({ state }) => state === 'RUNNING')
    const failures = async (): Promise<readonly CheckpointView[]> => {
      fill()
      return (await kit.client.checkpoints(id)).filter(failedForRoom)
    }
    await until(failures, (seen) => seen.length > 0)
    expect(await describe()).toMatchObject({ state: 'RUNNING', restarts: 0 })
    free()
    const end = await until(describe, ({ state }) => state === 'FINISHED')
    expect(end.restarts).toBe(0)
    expect(tallied('last')).toBe(9_000)
  },
)

test.skipIf(disk === null)('of the checkpoints: a job is refused at submit', async () => {
  const { directory, fill, free } = disk as SmallDisk
  const before = (await kit.client.list()).length
  fill()
  const ran = await kit.weir('run', FAILING, '--output', 'never', '--where', 'nowhere')
  free()
  expect(errorOf(ran)).toMatch(/\[storage\/full\]/)
  expect(ran.err).toContain(directory)
  expect(ran.err).toMatch(/^hint: /m)
  expect(ran.code).toBe(1)
  expect((await kit.client.list()).length).toBe(before)
})

test.skipIf(disk === null)(
  'of the output: the job waits for room by restarting, and the output is exact',
  async () => {
    const small = mountSmallDisk(MIB) as SmallDisk
    try {
      small.fill()
      const output = join(small.directory, 'out')
      const strategy = ['type=fixed-delay', 'fixed-delay.attempts=1000', 'fixed-delay.delay=100ms']
      const flags = strategy.flatMap((one) => ['-D', `restart-strategy.${one}`])
      const args = ['--output', output, '--where', 'nowhere', '--records', '500']
      const id = await detached(...flags, FAILING, ...args)
      const describe = () => kit.client.describe(id)
      const failing = await until(describe, ({ restarts }) => restarts > 0)
      expect(failing.attempts.find(({ failure }) => failure !== null)?.failure).toMatchObject({
        code: 'files/full',
        hint: expect.stringContaining('Make room') as string,
      })
      small.free()
      await until(describe, ({ state }) => state === 'FINISHED')
      const rows = kit.rows<{ n: number }>(output).map(({ n }) => n)
      expect(rows.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 500 }, (_, n) => n))
    } finally {
      small.unmount()
    }
  },
)

test.skipIf(disk === null)('of the cluster: it does not start, and says why', async () => {
  const small = mountSmallDisk(MIB) as SmallDisk
  await using empty = WeirKit.empty()
  try {
    small.fill()
    const place = join(small.directory, 'data')
    const ran = await empty.weir('cluster', 'start', '--port', '0', '--data-dir', place)
    expect(ran.err).toContain(place)
    expect(ran.err).toMatch(/^hint: /m)
    expect(ran.code).toBe(2)
  } finally {
    small.unmount()
  }
})

test.skipIf(disk === null)(
  'of everything that the cluster keeps, its own logs too: its processes live on, and its jobs when there is room again',
  async () => {
    const small = mountSmallDisk(16 * MIB) as SmallDisk
    const all = WeirKit.empty()
    try {
      const place = `data.dir=${small.directory}/data`
      const logs = join(small.directory, 'data', 'logs')
      // A TaskManager says that the disk is full, a JobManager which checkpoints fail: to logs that are full as well.
      const looks = ['resources.watch-interval=1s', 'resources.disk-free-min=2mb']
      await all.startCluster({ taskManagers: 1, slots: 1, defines: [place, ...looks] })
      const args = ['--output', 'all', ...TEN_SECONDS]
      const { jobId: id } = await all.json<{ jobId: string }>('run', '-d', TALLY, ...args)
      const describe = () => all.client.describe(id)
      await until(describe, ({ lastCheckpointId }) => lastCheckpointId !== null)
      const before = (await all.client.cluster()).pid
      const failures = async (): Promise<readonly CheckpointView[]> => {
        small.fill()
        for (const name of readdirSync(logs)) small.fillPageOf(join(logs, name))
        return (await all.client.checkpoints(id)).filter(failedForRoom)
      }
      // Enough of them for everybody to have said it, and died of it.
      await until(failures, (seen) => seen.length > 5)
      small.free()
      const end = await until(describe, ({ state }) => state === 'FINISHED')
      expect(end.restarts).toBe(0)
      const counts = all.rows<{ count: number }>(all.path('all'))
      expect(counts.reduce((sum, { count }) => sum + count, 0)).toBe(9_000)
      expect(await all.client.cluster()).toMatchObject({ pid: before, workers: 1 })
    } finally {
      await all[Symbol.asyncDispose]()
      small.unmount()
    }
  },
)
