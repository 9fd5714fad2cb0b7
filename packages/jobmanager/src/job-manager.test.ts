import type { Failure } from '@weirjs/common/core/errors'
import { bundleHash, type JobId } from '@weirjs/common/core/ids'
import type { JobEventView } from '@weirjs/common/job-client'
import { drive, settle } from '@weirjs/common/node/virtual-time'
import { describe, expect, it } from 'vitest'
import { countingGraph, sampleEdge, sampleSettings } from './core/plan/graph-samples.ts'
import { PlayWorld } from './play-world.ts'

const boom = (retry: Failure['retry'] = 'backoff'): Failure => ({
  code: 'job/user-code-failed',
  message: 'boom',
  domain: 'user',
  retry,
})

async function follow(
  world: PlayWorld,
  job: JobId,
): Promise<{ seen: JobEventView[]; done: Promise<void> }> {
  const seen: JobEventView[] = []
  const reading = async (): Promise<void> => {
    for await (const event of world.manager.client.watch(job, new AbortController().signal))
      seen.push(event)
  }
  const done = reading()
  await settle()
  return { seen, done }
}

describe('a job', () => {
  it('runs, completes checkpoints, finishes and leaves only its log', async () => {
    const world = await new PlayWorld().start()
    const job = await world.run()
    const { seen, done } = await follow(world, job)
    await world.pass(3_500)
    const checkpoints = await world.manager.client.checkpoints(job)
    expect(checkpoints.map((one) => [one.checkpointId, one.state, one.acknowledged])).toEqual([
      [3, 'COMPLETED', 5],
      [2, 'COMPLETED', 5],
      [1, 'COMPLETED', 5],
    ])
    expect(checkpoints[0]?.path).toBe(world.storage.locate(`${job}/chk-3`))
    const line = world.log.lines.find((one) => one.fields['checkpointId'] === 3)
    expect(line?.fields).toMatchObject({ jobId: job, job: 'counting', attempt: 1 })
    expect(line?.event).toBe(
      `Checkpoint completed with ID 3 and timestamp ${checkpoints[0]?.triggeredAtMs}`,
    )
    world.endOfData(job)
    const ended = await world.until(job, 'FINISHED')
    expect(ended).toMatchObject({ health: 'HEALTHY', attempt: 1, restarts: 0, failure: null })
    expect(world.time.wallMs() - (ended.endedAtMs ?? 0)).toBeLessThanOrEqual(100)
    await done
    expect(seen.filter((event) => event.type === 'state').map((event) => event.job.state)).toEqual([
      'RUNNING',
      'FINISHING',
      'FINISHED',
    ])
    await world.pass(1_000)
    expect((await world.files(job)).every((path) => path.startsWith(`${job}/log/`))).toBe(true)
    expect((await world.manager.client.cluster()).freeSlots).toBe(4)
    expect(
      (await world.manager.client.checkpoints(job)).map((one) => [
        one.checkpointId,
        one.kind,
        one.path,
      ]),
    ).toEqual([
      [4, 'final', null],
      [3, 'periodic', null],
      [2, 'periodic', null],
      [1, 'periodic', null],
    ])
  })

  it('keeps as many checkpoints as it was told, on disk and in its views', async () => {
    const world = await new PlayWorld().start()
    const job = await world.run()
    await world.pass(6_500)
    const kept = (await world.manager.client.checkpoints(job))
      .filter((one) => one.path !== null)
      .map((one) => one.checkpointId)
    expect(kept).toEqual([6, 5, 4])
    expect(await drive(world.time, world.storage.listDirectories(job))).toEqual([
      'chk-4',
      'chk-5',
      'chk-6',
      'log',
    ])
  })

  it('restarts from the newest checkpoint when a worker is killed, at once', async () => {
    const world = await new PlayWorld({ workers: { w1: 2, w2: 2, w3: 2 } }).start()
    const job = await world.run()
    await world.pass(2_500)
    const { seen } = await follow(world, job)
    world.kill('w1')
    const before = world.time.nowMs()
    const detail = await world.until(job, 'RUNNING')
    expect(world.time.nowMs() - before).toBeLessThan(200)
    expect(
      detail.attempts.map((one) => [one.attempt, one.restoredFrom, one.failure?.code ?? null]),
    ).toEqual([
      [2, 2, null],
      [1, null, 'worker/lost'],
    ])
    expect(seen.find((event) => event.type === 'restored')).toEqual({
      type: 'restored',
      checkpointId: 2,
      attempt: 2,
    })
    expect(detail.taskViews.every((task) => task.worker !== 'w1')).toBe(true)
  })

  it('notices a worker that nobody can reach by the failed call', async () => {
    const world = await new PlayWorld({ workers: { w1: 2, w2: 2 } }).start()
    world.kill('w1', false)
    const job = await world.submit()
    await world.until(job, 'RUNNING')
    expect((await world.manager.client.workers()).map((worker) => worker.workerId)).toEqual(['w2'])
  })

  it('gives up a worker whose heartbeats stay away', async () => {
    const world = await new PlayWorld().start()
    const job = await world.run()
    world.heartbeats = false
    await world.pass(8_000)
    expect(await world.manager.client.workers()).toHaveLength(2)
    await world.pass(4_000)
    expect(await world.manager.client.workers()).toHaveLength(0)
    const detail = await world.manager.client.describe(job)
    expect(detail.state).toBe('RESTARTING')
  })

  it('takes a worker that registers anew for one that has lost its tasks', async () => {
    const world = await new PlayWorld().start()
    const job = await world.run()
    world.worker('w1').tasks.clear()
    await world.register(world.worker('w1'))
    const detail = await world.until(job, 'RUNNING')
    expect(detail.attempt).toBe(2)
  })

  it('fails when it must, keeps its checkpoints, and says why', async () => {
    const world = await new PlayWorld().start()
    const job = await world.run()
    await world.pass(1_500)
    world.failTask(job, boom('never'))
    const detail = await world.until(job, 'FAILED')
    expect(detail.failure).toMatchObject({ code: 'job/user-code-failed', message: 'boom' })
    await world.pass(1_000)
    expect(await world.files(job)).toContain(`${job}/chk-1/manifest`)
    expect((await world.manager.client.checkpoints(job))[0]?.path).not.toBeNull()
  })

  it('waits for slots until another job gives its own back', async () => {
    const world = await new PlayWorld().start()
    const settings = sampleSettings({ parallelism: 4 })
    const first = await world.run({ settings })
    const second = await world.submit({ settings, submissionId: 'second' })
    await world.pass(6_000)
    const waiting = await world.manager.client.describe(second)
    expect(waiting).toMatchObject({
      state: 'CREATED',
      health: 'DEGRADED',
      failure: { code: 'job/not-enough-slots' },
    })
    await world.manager.client.cancel(first)
    await world.until(first, 'CANCELED')
    await world.until(second, 'RUNNING')
  })

  it('takes its own slots back when it restarts, whoever waits for some', async () => {
    const world = await new PlayWorld().start()
    const settings = sampleSettings({ parallelism: 4 })
    const first = await world.run({ settings })
    const second = await world.submit({ settings, submissionId: 'second' })
    await world.pass(1_500)
    world.failTask(first, boom())
    await world.until(first, 'RESTARTING')
    await world.until(first, 'RUNNING')
    expect((await world.manager.client.describe(second)).state).toBe('CREATED')
  })

  it('can be canceled, and only once it lives', async () => {
    const world = await new PlayWorld().start()
    const job = await world.run()
    await world.pass(1_500)
    await world.manager.client.cancel(job)
    await world.manager.client.cancel(job)
    await world.until(job, 'CANCELED')
    await expect(world.manager.client.cancel(job)).rejects.toMatchObject({
      code: 'job/wrong-state',
    })
    await world.pass(1_000)
    expect(await world.files(job)).toContain(`${job}/chk-1/manifest`)
    expect(world.worker('w1').tasks.size + world.worker('w2').tasks.size).toBe(0)
  })

  it('is canceled also when a worker is dead and another one is deaf', async () => {
    const world = await new PlayWorld().start()
    const job = await world.run()
    world.worker('w2').deaf = true
    world.kill('w1')
    await world.manager.client.cancel(job)
    await world.until(job, 'CANCELED')
  })

  it('takes a checkpoint when somebody asks for one', async () => {
    const world = await new PlayWorld().start()
    const checkpoint = { ...world.request().settings.checkpoint, intervalMs: null }
    const job = await world.run({ settings: sampleSettings({ parallelism: 2, checkpoint }) })
    const view = await drive(world.time, world.manager.client.triggerCheckpoint(job))
    expect(view).toMatchObject({
      checkpointId: 1,
      state: 'COMPLETED',
      kind: 'manual',
      path: world.storage.locate(`${job}/chk-1`),
    })
    await world.manager.client.cancel(job)
    await world.until(job, 'CANCELED')
    await expect(world.manager.client.triggerCheckpoint(job)).rejects.toMatchObject({
      code: 'job/wrong-state',
    })
  })

  it('hands what it prints to its followers, late ones too', async () => {
    const world = await new PlayWorld().start()
    const job = await world.run()
    const [played] = [...world.worker('w1').tasks.values()]
    const fence = played?.fence
    if (fence === undefined) throw new Error('no task')
    await world.manager.output([{ fence, task: null, stream: 'print', text: 'hello' }])
    const { seen } = await follow(world, job)
    const hello = { type: 'output', stream: 'print', text: 'hello' }
    expect(seen).toContainEqual(hello)
    world.endOfData(job)
    await world.until(job, 'FINISHED')
    for (const restarted of [false, true]) {
      if (restarted) await world.restartManager()
      const late = await Promise.all([follow(world, job), follow(world, job)])
      late.push(await follow(world, job))
      await Promise.all(late.map(({ done }) => done))
      for (const told of late)
        expect(told.seen.filter(({ type }) => type === 'output')).toEqual([hello])
    }
  })
})

describe('submit', () => {
  it('refuses what cannot run, with the reason, and leaves nothing behind', async () => {
    const world = await new PlayWorld().start()
    const base = countingGraph()
    const cyclic = { ...base, edges: [...base.edges, sampleEdge('count', 'map', 'rebalance')] }
    const attempts: [Parameters<PlayWorld['submit']>, string][] = [
      [[{}, cyclic], 'job/invalid-graph'],
      [[{ bundleHash: bundleHash('0'.repeat(64)) }], 'job/bundle-mismatch'],
      [[{ restoreFrom: 'chk-9' }], 'restore/not-found'],
      [[{ restoreFrom: '/elsewhere/chk-9' }], 'restore/outside-storage'],
      [
        [
          {
            settings: sampleSettings({
              checkpoint: { ...world.request().settings.checkpoint, intervalMs: 1 },
            }),
          },
        ],
        'job/invalid-settings',
      ],
    ]
    for (const [args, code] of attempts)
      await expect(world.submit(...args)).rejects.toMatchObject({ code })
    expect(await drive(world.time, world.storage.listDirectories(''))).toEqual([])
    expect(await world.manager.client.list()).toEqual([])
  })

  it('starts one job however often a submission is repeated', async () => {
    const world = await new PlayWorld().start()
    const request = world.request({ submissionId: 'once' })
    const { client } = world.manager
    const ids = await drive(
      world.time,
      Promise.all([client.submit(request), client.submit(request)]),
    )
    expect(new Set([...ids, await world.submit({ submissionId: 'once' })]).size).toBe(1)
    await world.restartManager()
    expect(await world.submit({ submissionId: 'once' })).toBe(ids[0])
    expect(await world.manager.client.list()).toHaveLength(1)
  })

  it('has no job when the storage refuses the log, and takes the same submission later', async () => {
    let away = true
    const world = await new PlayWorld({
      storage: {
        onOperation: (operation) =>
          away && operation === 'create' ? { verdict: 'fail' } : { verdict: 'ok' },
      },
    }).start()
    const submissionId = 'again'
    await expect(world.submit({ submissionId })).rejects.toMatchObject({ code: 'log/unavailable' })
    expect(await world.manager.client.list()).toEqual([])
    away = false
    await world.run({ submissionId })
  })

  it('neither denies nor forgets a job whose first log entry may or may not be there', async () => {
    let away = false
    const world = await new PlayWorld({
      storage: {
        onOperation: (operation, path) =>
          away && path.includes('/log/')
            ? { verdict: operation === 'create' ? 'ambiguous' : 'fail' }
            : { verdict: 'ok' },
      },
    }).start()
    away = true
    let settled = false
    const submitted = world.manager.client.submit(world.request({ submissionId: 'once' }))
    const again = submitted.finally(() => {
      settled = true
    })
    await world.pass(60_000)
    expect(settled).toBe(false)
    away = false
    const job = await drive(world.time, again)
    await world.until(job, 'RUNNING')
    expect(await world.submit({ submissionId: 'once' })).toBe(job)
    await world.restartManager()
    expect(await world.manager.client.list()).toHaveLength(1)
  })

  it('starts from a checkpoint of another job, also at another parallelism', async () => {
    const world = await new PlayWorld().start()
    const first = await world.run()
    await world.pass(2_500)
    await world.manager.client.cancel(first)
    await world.until(first, 'CANCELED')
    const path = world.storage.locate(`${first}/chk-2`)
    const second = await world.run({
      restoreFrom: path,
      settings: sampleSettings({ parallelism: 3 }),
    })
    const detail = await world.manager.client.describe(second)
    expect(detail.attempts[0]?.restoredFrom).toBe(2)
    await world.pass(11_000)
    expect((await world.manager.client.checkpoints(second)).at(-1)?.checkpointId).toBeGreaterThan(2)
    const third = await world.submit({ restoreFrom: first, submissionId: 'third' })
    expect(third).not.toBe(second)
  })
})

describe('ids', () => {
  it('may be shortened as long as they are unique', async () => {
    const world = await new PlayWorld({ workers: {} }).start()
    const jobs = [
      await world.submit({ submissionId: 'a' }),
      await world.submit({ submissionId: 'b' }),
    ]
    const { client } = world.manager
    for (const job of jobs) {
      let length = 1
      while (jobs.filter((one) => one.startsWith(job.slice(0, length))).length > 1) length++
      expect((await client.describe(job.slice(0, length))).jobId).toBe(job)
    }
    await expect(client.describe('')).rejects.toMatchObject({ code: 'job/not-found' })
    await expect(client.describe('zz')).rejects.toMatchObject({ code: 'job/not-found' })
  })

  it('are proposed to who says a name', async () => {
    const world = await new PlayWorld({ workers: {} }).start()
    await world.submit({ submissionId: 'a', submittedAtMs: 1 })
    const newest = await world.submit({ submissionId: 'b', submittedAtMs: 2 })
    const { client } = world.manager
    const { name } = await client.describe(newest)
    await expect(client.describe(name)).rejects.toMatchObject({
      code: 'job/not-found',
      hint: expect.stringContaining(newest),
    })
  })
})
