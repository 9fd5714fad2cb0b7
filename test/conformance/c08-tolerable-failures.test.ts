// C08. Tolerable failures of checkpoints: each checkpoint counts once however many tasks it failed in, a success begins
// the count anew, and what exceeds the limit fails the job with a message that points at the cause. What says nothing
// about checkpointing does not count: a lost worker, a checkpoint that a newer one overtook.

import { afterEach, describe, expect, it } from 'vitest'
import { noticeJob, Notices } from './src/notices.ts'
import {
  either,
  fullForManifests,
  fullForStates,
  slowStates,
  type StorageHook,
} from './src/storage-faults.ts'
import { VirtualCluster } from './src/virtual-cluster.ts'

const tolerating = (tolerableFailures: number) =>
  ({
    checkpoint: { every: '50ms', timeout: '200ms', tolerableFailures },
    restart: { strategy: 'none' },
  }) as const

describe('C08: tolerable checkpoint failures', () => {
  let cluster: VirtualCluster
  afterEach(() => cluster.close())

  const causes: readonly {
    cause: string
    hook: (...ids: number[]) => StorageHook
    says: RegExp
  }[] = [
    {
      cause: 'metadata that cannot be written',
      hook: fullForManifests,
      says: /manifest: create failed/,
    },
    {
      cause: 'the asynchronous part of all tasks',
      hook: fullForStates,
      says: /\.state: publish failed/,
    },
    {
      cause: 'time that is over',
      hook: (...ids) => slowStates(10_000, ...ids),
      says: /acknowledged after 200 ms/,
    },
  ]

  it.each(causes)(
    'fails the job at the third in a row of two tolerated: $cause',
    async ({ hook, says }) => {
      cluster = await VirtualCluster.start()
      cluster.onStorage = hook(2, 3, 4)
      const id = await cluster.submit(noticeJob(new Notices(), tolerating(2)))
      const end = await cluster.ended(id)

      expect(end.state).toBe('FAILED')
      expect(end.failure?.code).toBe('checkpoint/too-many-failures')
      expect(end.failure?.message).toMatch(/^more than 2 checkpoints failed in a row; the last: /)
      expect(end.failure?.message).toMatch(says)
      // At the exact count: 4 is the third failure, and nothing was triggered behind it.
      const views = await cluster.checkpoints(id)
      expect(views.map((view) => `${view.checkpointId} ${view.state}`).toSorted()).toEqual([
        '1 COMPLETED',
        '2 FAILED',
        '3 FAILED',
        '4 FAILED',
      ])
    },
  )

  it('begins the count anew with every success', async () => {
    cluster = await VirtualCluster.start()
    cluster.onStorage = either(fullForManifests(2, 3, 5, 6), fullForStates(8, 9, 11, 12, 13))
    const id = await cluster.submit(noticeJob(new Notices(), tolerating(2)))
    const end = await cluster.ended(id)
    const completed = (await cluster.checkpoints(id))
      .filter((view) => view.state === 'COMPLETED')
      .map((view) => view.checkpointId)
    expect(completed.toSorted((a, b) => a - b)).toEqual([1, 4, 7, 10])
    expect(end.failure?.code).toBe('checkpoint/too-many-failures')
  })

  it('fails with none tolerated at the first, and restarts where the job may restart', async () => {
    cluster = await VirtualCluster.start()
    cluster.onStorage = fullForManifests(3)
    const settings = {
      ...tolerating(0),
      restart: { strategy: 'fixed-delay', attempts: 1, delay: '1ms' },
    } as const
    const id = await cluster.submit(noticeJob(new Notices(), settings))
    await cluster.whenCompleted(id, 5)
    const { attempts, restarts } = await cluster.describe(id)
    expect(restarts).toBe(1)
    expect(attempts.map(({ restoredFrom }) => restoredFrom)).toEqual([2, null])
    expect(attempts.at(1)?.failure?.code).toBe('checkpoint/too-many-failures')
    await cluster.cancel(id)
  })

  it('does not count checkpoints that fell with a worker', async () => {
    cluster = await VirtualCluster.start()
    cluster.onStorage = slowStates(100, 3)
    const settings = {
      ...tolerating(0),
      restart: { strategy: 'fixed-delay', attempts: 1, delay: '1ms' },
    } as const
    const id = await cluster.submit(noticeJob(new Notices(), settings))
    await cluster.whenCompleted(id, 2)
    await cluster.pass(60) // in the middle of 3
    expect((await cluster.checkpoint(id, 3)).state).toBe('IN_PROGRESS')
    cluster.killTaskManager()
    const job = await cluster.whenCompleted(id, 6)
    expect(job).toMatchObject({ state: 'RUNNING', restarts: 1 })
    expect(await cluster.checkpoint(id, 3)).toMatchObject({
      state: 'FAILED',
      failure: { code: 'checkpoint/tasks-stopped' },
    })
    await cluster.cancel(id)
  })

  it('does not count a checkpoint that a newer one overtook', async () => {
    cluster = await VirtualCluster.start()
    // Of two concurrent checkpoints the older one's trigger is lost for one of the two sources.
    let lost = 0
    cluster.onCall = (call) => {
      if (call.method !== 'trigger' || call.args[0].checkpointId !== 2 || lost > 0) return 'deliver'
      lost += 1
      return 'lose'
    }
    const { checkpoint } = tolerating(0)
    const settings = {
      checkpoint: { ...checkpoint, timeout: '10s', maxConcurrent: 2, mode: 'at-least-once' },
      restart: { strategy: 'none' },
    } as const
    const id = await cluster.submit(noticeJob(new Notices(), settings))
    const job = await cluster.whenCompleted(id, 5)
    expect(lost).toBe(1)
    expect(job.state).toBe('RUNNING')
    expect((await cluster.checkpoint(id, 2)).failure?.code).toMatch(
      /checkpoint\/(superseded|subsumed)/,
    )
    await cluster.cancel(id)
  })
})
