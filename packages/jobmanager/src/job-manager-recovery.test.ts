import type { StorageVerdict } from '@weirjs/common/core/checkpoint/memory-storage'
import { drive } from '@weirjs/common/node/virtual-time'
import { describe, expect, it } from 'vitest'
import { PlayWorld } from './play-world.ts'
import { readHistory } from './store/log-reader.ts'
import { MASTER_BREAKS_MAX } from './stored-job.ts'

describe('a JobManager that was killed', () => {
  it('takes its jobs over from their newest checkpoint, in a new epoch', async () => {
    const world = await new PlayWorld().start()
    const job = await world.run()
    await world.pass(2_500)
    await world.restartManager()
    const detail = await world.until(job, 'RUNNING')
    expect(detail.attempts.map((one) => [one.epoch, one.attempt, one.restoredFrom])).toEqual([
      [2, 2, 2],
      [1, 1, null],
    ])
    await world.pass(3_000)
    const [newest] = await world.manager.client.checkpoints(job)
    expect(newest?.checkpointId).toBeGreaterThan(10)
    world.endOfData(job)
    await world.until(job, 'FINISHED')
  })

  it('does not say that there is no such job before it has looked at all of them', async () => {
    const world = await new PlayWorld().start()
    const job = await world.run()
    world.manager.close()
    world.newManager()
    const started = world.manager.start()
    const asked = [
      world.manager.client.describe(job),
      world.manager.client.describe(job.slice(0, 8)),
      world.manager.client.list().then(([first]) => first),
    ]
    await drive(world.time, started)
    for (const answer of asked) expect((await answer)?.jobId).toBe(job)
  })

  it('waits for workers before it restarts anything', async () => {
    const world = await new PlayWorld().start()
    const job = await world.run()
    world.manager.close()
    world.newManager()
    await drive(world.time, world.manager.start())
    expect((await world.manager.client.describe(job)).state).toBe('RESTARTING')
    for (const worker of world.workers.values()) await world.register(worker)
    await world.until(job, 'RUNNING')
  })

  it('only commits when the final checkpoint was complete', async () => {
    const world = await new PlayWorld().start()
    const job = await world.run()
    for (const worker of world.workers.values()) worker.commits = false
    world.endOfData(job)
    await world.until(job, 'FINISHING')
    for (const worker of world.workers.values()) worker.commits = true
    await world.restartManager()
    await world.until(job, 'FINISHED')
    expect(world.worker('w1').calls.filter((call) => call.startsWith('trigger'))).toHaveLength(1)
  })

  it('remembers how jobs ended and what their checkpoints were', async () => {
    const world = await new PlayWorld().start()
    const job = await world.run()
    await world.pass(2_500)
    await world.manager.client.cancel(job)
    const before = await world.until(job, 'CANCELED')
    await world.pass(500)
    await world.restartManager()
    const after = await world.manager.client.describe(job)
    expect(after).toMatchObject({
      state: 'CANCELED',
      endedAtMs: before.endedAtMs,
      name: before.name,
      lastCheckpointId: 2,
    })
    expect(
      (await world.manager.client.checkpoints(job)).map((one) => [
        one.checkpointId,
        one.path !== null,
      ]),
    ).toEqual([
      [2, true],
      [1, true],
    ])
    const seen: string[] = []
    for await (const event of world.manager.client.watch(job, new AbortController().signal))
      seen.push(event.type)
    expect(seen[0]).toBe('state')
  })

  it('cancels a job that was asked to be canceled while it was being taken over', async () => {
    const world = await new PlayWorld().start()
    const job = await world.run()
    world.manager.close()
    world.newManager()
    const recovering = world.manager.start()
    for (let turn = 0; turn < 50 && (await world.manager.client.list()).length === 0; turn++)
      await Promise.resolve()
    await drive(world.time, recovering)
    await world.manager.client.cancel(job)
    await world.until(job, 'CANCELED')
  })

  it('deletes what a checkpoint left that never completed', async () => {
    const world = await new PlayWorld().start()
    const job = await world.run()
    await world.pass(1_500)
    const staged = await drive(world.time, world.storage.stage(`${job}/chk-2/orphan.state`, 'x'))
    await drive(world.time, staged.publish())
    await world.restartManager()
    await world.until(job, 'RUNNING')
    const left = await drive(world.time, world.storage.listDirectories(job))
    expect(left).toContain('chk-1')
    expect(left).not.toContain('chk-2')
  })

  it('shows a job whose log is damaged as what it is, and runs the others', async () => {
    const world = await new PlayWorld({ workers: { w1: 4, w2: 4 } }).start()
    const broken = await world.run({ submissionId: 'broken' })
    const sound = await world.run({ submissionId: 'sound' })
    world.manager.close()
    const bytes = world.disk.get(`${broken}/log/0000000002`)
    world.disk.delete(`${broken}/log/0000000002`)
    world.disk.create(
      `${broken}/log/0000000002`,
      (bytes ?? new Uint8Array(9)).map((byte) => byte ^ 1),
    )
    await world.restartManager()
    await world.until(sound, 'RUNNING')
    expect(
      world.log.lines.some((line) => line.level === 'error' && line.fields['jobId'] === broken),
    ).toBe(true)
    const { client } = world.manager
    const shown = await client.describe(broken)
    expect(shown).toMatchObject({ state: 'FAILED', name: 'counting' })
    expect(shown.failure?.code).toBe('state/file-damaged')
    expect(shown.failure?.message).toContain(`${broken}/log/0000000002`)
    expect((await client.list()).map((one) => one.state).sort()).toEqual(['FAILED', 'RUNNING'])
    await expect(client.cancel(broken)).rejects.toMatchObject({ code: 'job/wrong-state' })
  })

  it('shows a job of whose log nothing can be read by its id and the file', async () => {
    const world = await new PlayWorld().start()
    const job = await world.run()
    world.manager.close()
    const files = (await world.files(job)).filter((path) => path.includes('/log/'))
    for (const path of files) world.disk.tamper(path, () => new Uint8Array([1, 2, 3]))
    await world.restartManager()
    const shown = await world.manager.client.describe(job)
    expect(shown).toMatchObject({ state: 'FAILED', plan: { vertices: [] } })
    expect(shown.failure?.message).toContain(`${job}/log/`)
    expect(await world.manager.client.checkpoints(job)).toEqual([])
  })

  it('offers the checkpoints that the readable part of a damaged log knows', async () => {
    const world = await new PlayWorld().start()
    const job = await world.run()
    await world.pass(3_500)
    world.manager.close()
    const entries = (await world.files(job)).filter((path) => path.includes('/log/'))
    world.disk.tamper(entries.at(-1) ?? '', (bytes) => bytes.subarray(0, 10))
    await world.restartManager()
    const offered = await world.manager.client.checkpoints(job)
    expect(offered.length).toBeGreaterThan(0)
    expect(offered[0]?.path).toContain(`${job}/chk-`)
  })
})

describe('a wish to cancel', () => {
  it('outlives the JobManager that accepted it', async () => {
    const world = await new PlayWorld().start()
    const job = await world.run()
    for (const worker of world.workers.values()) worker.deaf = true
    await drive(world.time, world.manager.client.cancel(job))
    expect((await world.manager.client.describe(job)).state).toBe('CANCELLING')
    await world.restartManager()
    expect((await world.until(job, 'CANCELED')).failure).toBeNull()
    expect(world.log.lines.filter((line) => line.fields['to'] === 'RUNNING')).toHaveLength(1)
  })

  it('is refused when the JobManager ends before it is durable', async () => {
    let broken = false
    const world = await new PlayWorld({
      storage: {
        onOperation: (operation) =>
          broken && operation === 'create' ? { verdict: 'fail' } : { verdict: 'ok' },
      },
    }).start()
    const job = await world.run()
    broken = true
    const refused = world.manager.client.cancel(job).catch((error: unknown) => error)
    await world.pass(500)
    world.manager.close()
    expect(await refused).toMatchObject({ code: 'rpc/unavailable' })
  })
})

const BROKE = 'job master broke'

describe('a master with a bug', () => {
  it('is replaced by a new one, which begins with what the log says', async () => {
    const world = await new PlayWorld().start()
    const job = await world.run()
    await world.pass(2_500)
    const [played] = [...world.worker('w1').tasks.values()]
    if (played === undefined) throw new Error('no task')
    // No worker says this; it stands for a bug inside.
    const { fence, deployment } = played
    const update = { fence, task: deployment.task, change: { state: 'dancing' as never } } as const
    await world.manager.taskUpdate(update)
    const line = world.log.lines.find(({ event }) => event === BROKE)
    expect(line?.fields['code']).toBe('job/internal')
    const detail = await world.until(job, 'RUNNING')
    expect(detail.attempts[0]).toMatchObject({ epoch: 2, restoredFrom: 2 })
    expect(world.worker('w1').calls).toContain('release 1.1')
    world.endOfData(job)
    await world.until(job, 'FINISHED')
  })

  it('is replaced so often in one life of the process, and by the next life again', async () => {
    const world = await new PlayWorld().start()
    const job = await world.run()
    const breaks = (): number => world.log.lines.filter(({ event }) => event === BROKE).length
    for (let broken = 1; broken <= MASTER_BREAKS_MAX + 1; broken++) {
      await world.until(job, 'RUNNING')
      const [played] = [...world.worker('w1').tasks.values()]
      if (played === undefined) throw new Error('no task')
      const { fence, deployment } = played
      const change = { state: 'dancing' as never }
      await world.manager.taskUpdate({ fence, task: deployment.task, change })
      expect(breaks()).toBe(broken)
      if (broken <= MASTER_BREAKS_MAX) await world.pass(10_000)
    }
    await world.pass(60_000)
    // Nobody would ever hear the wish.
    await expect(world.manager.client.cancel(job)).rejects.toMatchObject({
      code: 'job/wrong-state',
    })
    const epoch = async (): Promise<number> =>
      (await drive(world.time, readHistory(world.storage, job))).epoch
    expect(await epoch()).toBe(MASTER_BREAKS_MAX + 1)
    await world.restartManager()
    await world.until(job, 'RUNNING')
    expect(await epoch()).toBe(MASTER_BREAKS_MAX + 2)
  })
})

describe('two JobManagers on one storage', () => {
  it('a job that the older one accepts is found by the newer one', async () => {
    const world = await new PlayWorld().start()
    const old = world.manager
    world.newManager()
    await world.start()
    const job = await drive(world.time, old.client.submit(world.request()))
    old.close()
    expect((await drive(world.time, world.manager.client.describe(job))).jobId).toBe(job)
    await world.until(job, 'RUNNING')
    expect(await world.manager.client.list()).toHaveLength(1)
  })

  it('start one job of a submission that reaches both', async () => {
    const world = await new PlayWorld().start()
    const old = world.manager
    world.newManager()
    await world.start()
    const request = world.request()
    const submitted = [old, world.manager].map((manager) => manager.client.submit(request))
    const [first, second] = await drive(world.time, Promise.all(submitted))
    expect(second).toBe(first)
    await world.restartManager()
    expect(await world.manager.client.list()).toHaveLength(1)
    if (first !== undefined) await world.until(first, 'RUNNING')
  })

  it('only the newer one decides; the older one notices and stops', async () => {
    const world = await new PlayWorld().start()
    const job = await world.run()
    await world.pass(1_500)
    const old = world.manager
    world.newManager()
    await drive(world.time, world.manager.start())
    // The old one still hears its workers' acknowledgements, and asks its log.
    for (const worker of world.workers.values()) worker.acknowledge = async () => {}
    const settled = old.client.triggerCheckpoint(job).catch((error: unknown) => error)
    await world.pass(2_000)
    void settled
    for (
      let waited = 0;
      waited < 30 && !world.log.has('job taken over by another JobManager');
      waited++
    ) {
      await old.client.cancel(job).catch(() => {})
      await world.pass(1_000)
    }
    expect(world.log.has('job taken over by another JobManager')).toBe(true)
    expect((await old.client.describe(job)).failure?.code).toBe('log/deposed')
    const entries = (await world.files(job)).filter((path) => path.includes('/log/'))
    expect(entries.length).toBeGreaterThan(1)
  })
})

describe('messages from the past', () => {
  it('are refused and counted', async () => {
    const world = await new PlayWorld().start()
    const job = await world.run()
    const [old] = [...world.worker('w1').tasks.values()]
    if (old === undefined) throw new Error('no task')
    await world.restartManager()
    await world.until(job, 'RUNNING')
    const { fence, deployment } = old
    const update = { fence, task: deployment.task, change: { state: 'end-of-data' } } as const
    await expect(world.manager.taskUpdate(update)).rejects.toMatchObject({ code: 'fence/stale' })
    await expect(
      world.manager.slotsLost(
        world.worker('w1').id,
        { ...fence, jobId: 'f'.repeat(32) as never },
        [0],
        { code: 'x/y', message: '', domain: 'user', retry: 'never' },
      ),
    ).rejects.toMatchObject({ code: 'fence/stale' })
    expect(world.manager.strangersRefused).toBe(2)
    expect((await world.manager.client.describe(job)).state).toBe('RUNNING')
  })
})

describe('a storage that fails for a while', () => {
  it('lets the job run on and its checkpoints recover', async () => {
    let verdict: StorageVerdict = { verdict: 'ok' }
    const world = await new PlayWorld({ storage: { onOperation: () => verdict } }).start()
    const job = await world.run()
    await world.pass(2_500)
    verdict = { verdict: 'fail' }
    await world.pass(20_000)
    expect((await world.manager.client.describe(job)).state).toBe('RUNNING')
    verdict = { verdict: 'ok' }
    world.failTask(job, { code: 'test/boom', message: 'boom', domain: 'user', retry: 'backoff' })
    await world.until(job, 'RUNNING')
    await world.pass(5_000)
    const completed = (await world.manager.client.checkpoints(job)).filter(
      (one) => one.state === 'COMPLETED',
    )
    expect(completed[0]?.checkpointId).toBeGreaterThan(3)
    world.endOfData(job)
    await world.until(job, 'FINISHED')
  })

  it('degrades the job as long as the log stalls; what fails later is seen again', async () => {
    let broken = ''
    const onOperation = (operation: string, path: string): StorageVerdict =>
      broken !== '' && operation === 'create' && path.includes(broken)
        ? { verdict: 'fail' }
        : { verdict: 'ok' }
    const world = await new PlayWorld({ storage: { onOperation } }).start()
    const job = await world.run()
    const health = async () => (await world.manager.client.describe(job)).health
    for (const place of ['/log/', '/chk-', '/log/']) {
      broken = place
      await world.pass(20_000)
      expect(await health(), place).toBe('DEGRADED')
      broken = ''
      await world.pass(20_000)
      expect(await health(), place).toBe('HEALTHY')
    }
  })

  it.each(['fail', 'ambiguous'] as const)(
    'never loses a decision when the log answers "%s"',
    async (kind) => {
      let broken = false
      const world = await new PlayWorld({
        storage: {
          onOperation: (operation, path) =>
            broken && operation === 'create' && path.includes('/log/')
              ? { verdict: kind }
              : { verdict: 'ok' },
        },
      }).start()
      const job = await world.run()
      await world.pass(1_500)
      broken = true
      await world.pass(20_000)
      expect((await world.manager.client.describe(job)).health).toBe('DEGRADED')
      let accepted = false
      const canceling = world.manager.client.cancel(job).then(() => {
        accepted = true
      })
      await world.pass(5_000)
      expect((await world.manager.client.describe(job)).state).toBe('CANCELLING')
      expect(accepted).toBe(false)
      broken = false
      await world.until(job, 'CANCELED')
      await canceling
      expect((await world.manager.client.checkpoints(job))[0]?.checkpointId).toBe(2)
    },
  )
})
