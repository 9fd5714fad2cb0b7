// Two JobManagers that have heard of the same job: one of them slept, or both were asked. Whatever one of them does not
// know, it must not take from the other, nor delete.

import type { StorageVerdict } from '@weirjs/common/core/checkpoint/memory-storage'
import { logEntry } from '@weirjs/common/core/checkpoint/paths'
import { DEFAULT_CHECKPOINT_SETTINGS } from '@weirjs/common/core/graph/logical-graph'
import { attempt, type JobId, leaderEpoch, vertexId } from '@weirjs/common/core/ids'
import { drive } from '@weirjs/common/node/virtual-time'
import { describe, expect, it } from 'vitest'
import { sampleSettings } from './core/plan/graph-samples.ts'
import type { JobManager } from './job-manager.ts'
import { PlayWorld } from './play-world.ts'
import { readHistory } from './store/log-reader.ts'
import { jobIdOf } from './submitter.ts'

const OK: StorageVerdict = { verdict: 'ok' }

/** The world's manager is replaced by another, to which the workers go over; answers the one before. */
async function replace(world: PlayWorld): Promise<JobManager> {
  const before = world.manager
  world.newManager()
  await world.start()
  for (const { id } of world.workers.values()) before.connectionLost(id, 'it went over')
  return before
}

const directoryOf = (path: string): string => path.slice(0, path.lastIndexOf('/'))

const epochOf = async (world: PlayWorld, job: JobId): Promise<number> =>
  (await drive(world.time, readHistory(world.storage, job))).epoch

it('a JobManager without workers neither takes a job that is asked for nor denies it', async () => {
  const world = await new PlayWorld().start()
  const before = await replace(world)
  const job = await world.run()
  for (const ask of [
    () => before.client.describe(job),
    () => before.client.cancel(job),
    () => before.client.checkpoints(job),
  ])
    await expect(drive<unknown>(world.time, ask())).rejects.toMatchObject({
      code: 'rpc/unavailable',
    })
  await world.pass(5_000)
  expect(await world.manager.client.describe(job)).toMatchObject({
    state: 'RUNNING',
    failure: null,
  })
  expect(await epochOf(world, job)).toBe(1)
})

it('one with workers takes over what is on the storage and nobody runs', async () => {
  const world = await new PlayWorld().start()
  const before = world.manager
  world.newManager()
  await drive(world.time, world.manager.start())
  // Accepted by the one before when the other had read the storage already.
  const job = await drive(world.time, before.client.submit(world.request()))
  before.close()
  for (const worker of world.workers.values()) {
    worker.tasks.clear()
    await world.register(worker)
  }
  await world.until(job, 'RUNNING')
  expect(await epochOf(world, job)).toBe(2)
})

it('a job that comes to be while its directory is looked at again is not taken from itself', async () => {
  let fault: (operation: string, path: string) => StorageVerdict = () => OK
  const storage = { onOperation: (operation: string, path: string) => fault(operation, path) }
  const world = await new PlayWorld({ storage }).start()
  const submissionId = 'once'
  // The code is on the storage, the log is not: the JobManager died in between.
  fault = (operation) => (operation === 'create' ? { verdict: 'fail' } : OK)
  await expect(world.submit({ submissionId })).rejects.toMatchObject({ code: 'log/unavailable' })
  // At the next start the log cannot be listed at first, so the directory is tried again a little later.
  let failed = 0
  fault = (operation, path) =>
    operation === 'list' && path.endsWith('/log') && failed++ === 0 ? { verdict: 'fail' } : OK
  await world.restartManager()
  expect(failed).toBe(1)
  const job = await world.submit({ submissionId })
  await world.until(job, 'RUNNING')
  await world.pass(10_000)
  expect(await world.manager.client.describe(job)).toMatchObject({
    state: 'RUNNING',
    failure: null,
    restarts: 0,
  })
  expect(await epochOf(world, job)).toBe(1)
})

it('a submission that fails here takes nothing from whoever accepts it elsewhere', async () => {
  const other = await new PlayWorld().start()
  const request = other.request({ submissionId: 'both' })
  const job = await drive(other.time, other.manager.client.submit(request))
  let accepted = false
  const world = await new PlayWorld({
    storage: {
      onOperation: (operation, path) => {
        if (operation !== 'size' || !path.includes('/bundle-') || accepted) return OK
        // This one has looked for the job and has not found it. Now the other one accepts it, and now it cannot see the code.
        accepted = true
        for (const file of other.disk.paths())
          world.disk.create(file, other.disk.get(file) as Uint8Array)
        return { verdict: 'fail' }
      },
    },
  }).start()
  await expect(world.submit(request)).rejects.toMatchObject({ code: 'storage/io' })
  await world.restartManager()
  await world.until(job, 'RUNNING')
  const { submission } = await drive(world.time, readHistory(world.storage, job))
  expect(await drive(world.time, world.manager.fetchBundle(job, submission.bundleHash))).toEqual(
    request.bundle,
  )
})

it('a repeated submission does not begin a job anew whose log is lost', async () => {
  const world = await new PlayWorld().start()
  const submissionId = 'once'
  const job = await world.run({ submissionId })
  await world.pass(3_000)
  for (const path of world.disk.paths()) if (path.startsWith(`${job}/log/`)) world.disk.delete(path)
  await world.restartManager()
  expect(await world.submit({ submissionId })).toBe(job)
  const { state, failure } = await world.manager.client.describe(job)
  expect([state, failure?.code]).toEqual(['FAILED', 'log/damaged'])
})

async function firstOf<T>(events: AsyncIterable<T>): Promise<T | undefined> {
  for await (const event of events) return event
  return undefined
}

describe('a JobManager that has lost its jobs to another one', () => {
  /** The world has two jobs and another leader; the one before has not heard of it. */
  async function replaced(): Promise<{ world: PlayWorld; jobs: JobId[]; before: JobManager }> {
    const world = await new PlayWorld().start()
    const jobs = [await world.run(), await world.run()]
    const before = world.manager
    world.newManager()
    world.manager.address = 'other:6123'
    await drive(world.time, world.manager.start())
    return { world, jobs, before }
  }

  /** Somebody speaks of the successor of `job`. */
  async function hear(before: JobManager, world: PlayWorld, job: JobId): Promise<void> {
    const fence = { jobId: job, epoch: leaderEpoch(2), attempt: attempt(2) }
    const task = { vertexId: vertexId('v0'), subtask: 0 }
    const told = before.taskUpdate({ fence, task, change: { state: 'running' } })
    await expect(told).rejects.toMatchObject({ code: 'fence/stale' })
    await world.pass(100)
  }

  it('says of one job who leads it, refuses what is asked of it, lets its tasks go, and leads the others', async () => {
    const { world, jobs, before } = await replaced()
    const [lost, kept] = jobs as [JobId, JobId]
    expect(before.notLeading).toBeNull()
    await hear(before, world, lost)
    const by = `${lost} (epoch 2, ${world.manager.coordinatorId} at other:6123)`
    expect(before.notLeading).toContain(by)
    expect((await before.client.cluster()).notLeading).toContain(by)
    for (const ask of [
      () => before.client.cancel(lost),
      () => before.client.triggerCheckpoint(lost),
      () => firstOf(before.client.watch(lost, new AbortController().signal)),
    ])
      await expect(drive<unknown>(world.time, ask())).rejects.toMatchObject({
        code: 'rpc/unavailable',
        message: expect.stringContaining(by),
      })
    expect((await before.client.describe(kept)).state).toBe('RUNNING')
    const left = [...world.workers.values()].flatMap(({ tasks }) => [...tasks.values()])
    expect(new Set(left.map(({ fence }) => fence.jobId))).toEqual(new Set([kept]))
    expect((await before.client.workers()).length).toBe(2)
  })

  it('takes nothing from the storage that the other needs: checkpoints, log and code stay', async () => {
    const world = await new PlayWorld().start()
    const job = await world.run()
    await world.pass(5_000)
    const before = world.manager
    world.newManager()
    await drive(world.time, world.manager.start())
    const files = await world.files(job)
    const complete = files.filter((path) => path.endsWith('/manifest')).map(directoryOf)
    expect(complete.length).toBeGreaterThan(1)
    const there = files.filter(
      (path) => path.includes('/log/') || complete.includes(directoryOf(path)),
    )
    await hear(before, world, job)
    await world.pass(60_000)
    expect(before.notLeading).not.toBeNull()
    const left = new Set(await world.files(job))
    expect(there.filter((path) => !left.has(path))).toEqual([])
  })

  it('takes what the other has deleted for a sign of it, not for damage', async () => {
    // Reading is faster than writing: what is missing is found before the log can tell who leads.
    let slow = false
    const onOperation = (operation: string, path: string): StorageVerdict =>
      slow && operation === 'create' && path.includes('/log/')
        ? { verdict: 'delay', ms: 10_000 }
        : OK
    const world = await new PlayWorld({ storage: { onOperation } }).start()
    const job = await world.run()
    await world.pass(5_000)
    const before = world.manager
    world.newManager()
    world.manager.address = 'other:6123'
    await drive(world.time, world.manager.start())
    // The other has newer checkpoints; those of before go.
    for (const path of await world.files(job)) if (path.includes('/chk-')) world.disk.delete(path)
    slow = true
    // It was asleep, and finds that all its workers are gone: the job must begin again from its newest checkpoint.
    for (const id of world.workers.keys()) before.connectionLost(id, 'reset')
    await world.pass(20_000)
    expect(before.notLeading).toContain('other:6123')
    expect(world.log.lines.filter(({ fields }) => fields['willRestart'] === false)).toEqual([])
  })

  it('stands by when it was the last: without workers, and accepting nothing', async () => {
    const { world, jobs, before } = await replaced()
    for (const job of jobs) await hear(before, world, job)
    expect(before.notLeading).toMatch(/^it stands by: another JobManager has taken over job/)
    expect(await before.client.workers()).toEqual([])
    const refused = { code: 'rpc/unavailable', message: expect.stringContaining('stands by') }
    await expect(before.client.submit(world.request())).rejects.toMatchObject(refused)
    const worker = world.worker('w1')
    const { id: workerId, slots } = worker
    const registration = { workerId, controlAddress: 'w1', slots, pid: 1, version: '0' }
    await expect(before.register(registration)).rejects.toMatchObject(refused)
    await world.pass(10_000)
    for (const job of jobs) expect(await epochOf(world, job)).toBe(2)
  })

  it('stands by also when the last that it led comes to its end', async () => {
    const world = await new PlayWorld().start()
    const lost = await world.run()
    const before = world.manager
    world.newManager()
    await drive(world.time, world.manager.start())
    world.manager = before
    const led = await world.run()
    await hear(before, world, lost)
    expect(before.notLeading).not.toMatch(/stands by/)
    world.endOfData(led)
    await world.until(led, 'FINISHED')
    expect(before.notLeading).toMatch(/^it stands by/)
    expect(await before.client.workers()).toEqual([])
  })

  it('leaves a job that another one has ended between two of its tries', async () => {
    let reads = 0
    let slow = false
    const onOperation = (operation: string, path: string): StorageVerdict => {
      if (!slow || operation !== 'read' || !path.endsWith('/log/0000000001')) return OK
      reads += 1
      // It sees that the job runs; when it opens the log to take it over, the storage does not answer.
      return reads > 1 ? { verdict: 'fail' } : OK
    }
    const world = await new PlayWorld({ storage: { onOperation } }).start()
    const job = await world.run()
    await world.pass(1_500)
    const first = world.manager
    slow = true
    const second = world.newManager()
    await drive(world.time, second.start())
    expect(reads).toBeGreaterThan(1)
    expect((await drive(world.time, second.client.describe(job))).state).toBe('INITIALIZING')
    world.manager = first
    world.endOfData(job)
    await world.until(job, 'FINISHED')
    slow = false
    world.manager = second
    await world.pass(20_000)
    expect((await drive(world.time, second.client.describe(job))).state).toBe('FINISHED')
    const { attempts, terminal } = await drive(world.time, readHistory(world.storage, job))
    expect(terminal?.state).toBe('FINISHED')
    expect(attempts).toHaveLength(1)
  })

  describe('stands by while something is on its way', () => {
    const SLOW_MS = 2_000
    /** As `replaced`; what is asked of the storage for `path` takes its time while `slow.path` is its begin. */
    async function slowly(): Promise<{
      world: PlayWorld
      before: JobManager
      slow: { operation: string; path: string }
      hearOfLoss: () => Promise<void>
    }> {
      const slow = { operation: '', path: '' }
      const onOperation = (operation: string, path: string): StorageVerdict =>
        operation === slow.operation && path.startsWith(slow.path)
          ? { verdict: 'delay', ms: SLOW_MS }
          : OK
      const world = await new PlayWorld({ storage: { onOperation } }).start()
      const lost = await world.run()
      const before = world.manager
      world.newManager()
      await drive(world.time, world.manager.start())
      const hearOfLoss = (): Promise<void> => hear(before, world, lost)
      return { world, before, slow, hearOfLoss }
    }

    it('a submission: it is refused, and whoever leads runs the job when it is repeated there', async () => {
      const { world, before, slow, hearOfLoss } = await slowly()
      const request = world.request({ submissionId: 'under way' })
      Object.assign(slow, { operation: 'create', path: jobIdOf('under way') })
      const answer = expect(before.client.submit(request)).rejects.toMatchObject({
        code: 'rpc/unavailable',
        message: expect.stringContaining('stands by'),
      })
      await world.pass(SLOW_MS / 2 - 200)
      await hearOfLoss()
      expect(before.notLeading).toMatch(/^it stands by/)
      await world.pass(SLOW_MS)
      await answer
      expect((await before.client.workers()).length).toBe(0)
      for (const worker of world.workers.values()) await world.register(worker)
      const job = await drive(world.time, world.manager.client.submit(request))
      await world.until(job, 'RUNNING')
      expect(await epochOf(world, job)).toBe(2)
    })

    it('a job that is looked at: its epoch is left alone', async () => {
      const { world, before, slow, hearOfLoss } = await slowly()
      const other = await drive(world.time, world.manager.client.submit(world.request()))
      Object.assign(slow, { operation: 'read', path: other })
      const looked = expect(before.client.describe(other)).rejects.toMatchObject({
        code: 'job/not-found',
      })
      await world.pass(SLOW_MS / 2)
      await hearOfLoss()
      expect(before.notLeading).toMatch(/^it stands by/)
      await world.pass(5 * SLOW_MS)
      await looked
      expect(await epochOf(world, other)).toBe(1)
    })

    it('not while it begins the epoch of a job: it runs that one', async () => {
      const { world, before, slow, hearOfLoss } = await slowly()
      const other = await drive(world.time, world.manager.client.submit(world.request()))
      Object.assign(slow, { operation: 'create', path: logEntry(other, 2) })
      const looked = before.client.describe(other)
      await world.pass(SLOW_MS / 2 - 200)
      world.manager = before
      await hearOfLoss()
      expect(before.notLeading).not.toMatch(/stands by/)
      await world.pass(SLOW_MS)
      expect(await looked).toMatchObject({ jobId: other })
      await world.until(other, 'RUNNING')
      expect(await epochOf(world, other)).toBe(2)
    })
  })
})

it('a job whose leader writes faster than another can read is no damaged one', async () => {
  let slow = false
  const latencyMs = (operation: string, path: string): number =>
    slow && operation === 'read' && path.includes('/log/') ? 60 : 0
  const world = await new PlayWorld({ storage: { latencyMs } }).start()
  const checkpoint = { ...DEFAULT_CHECKPOINT_SETTINGS, intervalMs: 100 }
  const job = await world.run({ settings: sampleSettings({ parallelism: 2, checkpoint }) })
  const leader = world.manager
  const rival = world.newManager()
  world.manager = leader
  slow = true
  await drive(world.time, rival.start())
  await world.pass(60_000)
  expect((await leader.client.describe(job)).state).toBe('RUNNING')
  expect((await rival.client.describe(job)).state).toBe('INITIALIZING')
  leader.close()
  world.manager = rival
  for (const worker of world.workers.values()) await world.register(worker)
  await world.until(job, 'RUNNING')
})
