import { MemoryStorage, type StorageVerdict } from '@weirjs/common/core/checkpoint/memory-storage'
import { logEntry } from '@weirjs/common/core/checkpoint/paths'
import { attempt, checkpointId, jobId } from '@weirjs/common/core/ids'
import { describe, expect, it } from 'vitest'
import { CHECKPOINT_ID_SLACK } from './job-history.ts'
import { FOLD_EVERY, JobLog } from './job-log.ts'
import { LOG_ENTRY_BYTES_MAX } from './log-entry.ts'
import { listJobs, readDurableHistory, readHistory } from './log-reader.ts'
import { JOB, submission, completed, complete, isEntry, ids, Stage } from './log-stage.contract.ts'

describe('a job log', () => {
  it('begins with the submission, and gives it to the next leader unchanged', async () => {
    const stage = new Stage()
    const first = await stage.create()
    expect(first.history).toMatchObject({
      epoch: 1,
      nextCheckpointId: 1,
      retained: [],
      terminal: null,
    })
    const second = await stage.open()
    expect(second.epoch).toBe(2)
    expect(second.history.submission).toEqual(submission)
    expect(await listJobs(stage.reader)).toEqual([JOB])
  })

  it('is created once', async () => {
    const stage = new Stage()
    await stage.create()
    await expect(stage.create()).rejects.toMatchObject({ code: 'log/exists' })
    await expect(JobLog.open({ ...stage.options(), jobId: jobId('none') })).rejects.toMatchObject({
      code: 'log/not-found',
    })
  })

  it('adds up to what was appended, on this leader and on the next', async () => {
    const stage = new Stage()
    const log = await stage.create()
    const failure = { code: 'x', message: 'y', domain: 'user', retry: 'backoff' } as const
    await log.append({ type: 'attempt', attempt: attempt(1), restoredFrom: null, failure: null })
    for (const id of [1, 2, 4]) await complete(log, id)
    await log.append({ type: 'discarded', ids: [checkpointId(1)] })
    await log.append({
      type: 'attempt',
      attempt: attempt(2),
      restoredFrom: checkpointId(4),
      failure,
    })
    expect(ids(log.history.retained)).toEqual([2, 4])
    expect(log.history.attempts).toMatchObject([
      { attempt: 1 },
      { attempt: 2, restoredFrom: 4, failure, epoch: 1 },
    ])
    expect(await readHistory(stage.reader, JOB)).toEqual(log.history)
    await log.append({ type: 'terminal', state: 'FAILED', failure, endedAtMs: 9 })
    const next = await stage.open()
    expect(next.history.terminal).toEqual({ state: 'FAILED', failure, endedAtMs: 9 })
  })

  it('goes on behind an entry that is too large to be written', async () => {
    const stage = new Stage()
    const log = await stage.create()
    const message = 'x'.repeat(LOG_ENTRY_BYTES_MAX)
    const failure = { code: 'x', message, domain: 'user', retry: 'backoff' } as const
    const body = { type: 'attempt', attempt: attempt(1), restoredFrom: null, failure } as const
    await expect(log.append(body)).rejects.toMatchObject({ code: 'log/entry-too-large' })
    await complete(log, 1)
    expect(ids((await readHistory(stage.reader, JOB)).retained)).toEqual([1])
  })

  it("asks when it is an entry's turn whether it is needed still, not when it was ordered", async () => {
    const stage = new Stage()
    const log = await stage.create()
    const end = { type: 'terminal', state: 'CANCELED', failure: null, endedAtMs: 9 } as const
    const ended = log.append(end)
    expect(log.history.terminal).toBe(null)
    await log.append({ type: 'cancel-requested' }, ({ terminal }) => terminal !== null)
    await ended
    const entries = (await stage.reader.list(`${JOB}/log`)).filter(isEntry)
    expect(entries).toHaveLength(2)
    expect(log.history).toMatchObject({ cancelRequested: false, terminal: { state: 'CANCELED' } })
  })

  it('knows that a job is finishing as soon as its final checkpoint is complete', async () => {
    const log = await new Stage().create()
    await log.append({ type: 'completed', checkpoint: completed(3, 'final') })
    expect(log.history.finishing).toBe(3)
  })

  it('keeps entries in the order of asking, also when nobody waits in between', async () => {
    const stage = new Stage()
    const log = await stage.create()
    await Promise.all([1, 2, 3, 4, 5].map((id) => complete(log, id)))
    expect(ids((await stage.open()).history.retained)).toEqual([1, 2, 3, 4, 5])
  })
})

describe('checkpoint ids', () => {
  it('start above the checkpoint that a job was restored from', async () => {
    const stage = new Stage()
    const restore = {
      manifestPath: 'old/chk-41/manifest',
      checkpointId: checkpointId(41),
      allowNonRestoredState: false,
    }
    const log = await stage.run(JobLog.create(stage.options(), { ...submission, restore }))
    expect(log.history.nextCheckpointId).toBe(42)
  })

  it('are never used by two leaders, whatever was triggered and aborted in between', async () => {
    const stage = new Stage()
    let log = await stage.create()
    let highest = 0
    for (let leader = 0; leader < 4; leader++) {
      expect(log.history.nextCheckpointId).toBeGreaterThan(highest)
      for (let aborted = 0; aborted < 5 + 20 * leader; aborted++) {
        highest = log.history.nextCheckpointId + aborted
        await log.reserve(checkpointId(highest))
      }
      log = await stage.open()
    }
  })

  it('cost nothing in the log while checkpoints complete', async () => {
    const log = await new Stage().create()
    const before = log.lastIndex
    for (let id = 1; id <= 50; id++) {
      await log.reserve(checkpointId(id))
      await complete(log, id)
    }
    expect(log.lastIndex - before).toBe(50)
    await log.reserve(checkpointId(50 + CHECKPOINT_ID_SLACK + 1))
    expect(log.lastIndex - before).toBe(51)
  })
})

describe('of two leaders', () => {
  it('the older is deposed at its next entry, and never heard again', async () => {
    const stage = new Stage()
    const old = await stage.create()
    const young = await stage.open()
    await expect(complete(old, 1)).rejects.toMatchObject({ code: 'log/deposed' })
    await expect(complete(old, 1)).rejects.toMatchObject({ code: 'log/deposed' })
    await complete(young, 1)
    expect(ids((await readHistory(stage.reader, JOB)).retained)).toEqual([1])
  })

  it('the older knows that it is deposed, whatever comes of its look at by whom', async () => {
    const stage = new Stage()
    const old = await stage.create()
    await stage.open()
    stage.fault = (operation) => {
      if (operation === 'read') throw new TypeError('a bug')
      return { verdict: 'ok' }
    }
    await expect(old.check()).rejects.toThrow('a bug')
    stage.fault = () => {
      throw new Error('nothing more is asked of the storage')
    }
    await expect(complete(old, 1)).rejects.toMatchObject({ code: 'log/deposed' })
  })

  it('both may come at once: one leads, or they follow each other', async () => {
    const stage = new Stage()
    await stage.create()
    const [a, b] = await stage.run(
      Promise.all([JobLog.open(stage.options()), JobLog.open(stage.options())]),
    )
    expect(new Set([a.epoch, b.epoch])).toEqual(new Set([2, 3]))
    const [older, younger] = a.epoch < b.epoch ? [a, b] : [b, a]
    await expect(complete(older, 1)).rejects.toMatchObject({ code: 'log/deposed' })
    await complete(younger, 1)
  })

  it('the older stays deposed when folding has freed the names that it would write', async () => {
    const stage = new Stage()
    const sleeper = await stage.create()
    await complete(sleeper, 1)
    const young = await stage.open()
    for (let id = 20; id < 20 + 2 * FOLD_EVERY; id++) await complete(young, id)
    expect(stage.disk.get(logEntry(JOB, sleeper.lastIndex))).toBeUndefined() // its own last entry is gone
    await expect(complete(sleeper, 2)).rejects.toMatchObject({ code: 'log/deposed' })
    expect(ids((await readHistory(stage.reader, JOB)).retained)).not.toContain(2)
  })

  it('a newcomer that slept between reading and writing does not begin an epoch in the past', async () => {
    const stage = new Stage()
    const leader = await stage.create()
    let asleep = true
    const options = stage.options()
    const storage = new MemoryStorage({
      disk: stage.disk,
      scheduler: stage.time,
      latencyMs: (operation) => (operation === 'create' && asleep ? 1_000 : 0),
    })
    const opening = JobLog.open({ ...options, storage })
    const working = (async (): Promise<void> => {
      for (let id = 1; id <= 2 * FOLD_EVERY; id++) await complete(leader, id)
      asleep = false
    })()
    const newcomer = await stage.run(opening)
    await working
    expect(newcomer.lastIndex).toBeGreaterThan(2 * FOLD_EVERY)
    await expect(complete(leader, 999)).rejects.toMatchObject({ code: 'log/deposed' })
    await complete(newcomer, 1_000)
    expect((await readHistory(stage.reader, JOB)).retained.at(-1)?.checkpointId).toBe(1_000)
  })

  it('none takes an entry that was folded away in its sleep for the newest', async () => {
    const stage = new Stage()
    const leader = await stage.create()
    await complete(leader, 1)
    let slept = false
    const storage = new MemoryStorage({
      disk: stage.disk,
      scheduler: stage.time,
      latencyMs: (operation) => (operation === 'create' && !slept ? 1_000 : 0),
    })
    const reading = readDurableHistory(storage, JOB)
    stage.time.timer(100, () => {
      slept = true
    })
    for (let id = 2; id <= 2 * FOLD_EVERY; id++) await complete(leader, id)
    const { retained } = await stage.run(reading)
    expect(ids(retained).at(-1)).toBe(2 * FOLD_EVERY)
    // What it laid there anew the next fold takes.
    for (let id = 1; id <= FOLD_EVERY; id++) await complete(leader, 1_000 + id)
    const left = (await stage.reader.list(`${JOB}/log`)).filter(isEntry)
    expect(left.filter((path) => path < logEntry(JOB, 2 * FOLD_EVERY))).toEqual([logEntry(JOB, 1)])
  })
})

describe('when the storage is bad', () => {
  it('an entry whose reply was lost counts, once', async () => {
    const stage = new Stage()
    const log = await stage.create()
    let lost = 0
    stage.fault = (operation, path) => ({
      verdict: operation === 'create' && isEntry(path) && lost++ === 0 ? 'ambiguous' : 'ok',
    })
    await stage.run(complete(log, 1))
    expect(lost).toBe(2)
    stage.fault = () => ({ verdict: 'ok' })
    expect(ids((await stage.open()).history.retained)).toEqual([1])
  })

  it('a new job is told that there is no room, and that it does not exist', async () => {
    const stage = new Stage()
    stage.fault = (operation) =>
      ({ verdict: operation === 'create' ? 'fail' : 'ok', code: 'storage/full' }) as StorageVerdict
    await expect(stage.create()).rejects.toMatchObject({ code: 'storage/full' })
    stage.fault = (operation) => ({ verdict: operation === 'create' ? 'fail' : 'ok' })
    await expect(stage.create()).rejects.toMatchObject({ code: 'log/unavailable' })
    stage.fault = () => ({ verdict: 'ok' })
    expect((await stage.create()).epoch).toBe(1)
  })

  it('tries again a few times, then says that it is unavailable, and writes the entry later', async () => {
    const stage = new Stage()
    const log = await stage.create()
    stage.fault = (operation) =>
      ({ verdict: operation === 'create' ? 'fail' : 'ok', code: 'storage/full' }) as StorageVerdict
    await expect(stage.run(complete(log, 1))).rejects.toMatchObject({ code: 'log/unavailable' })
    expect(log.inDoubt).toBe(true)
    await expect(stage.run(complete(log, 2))).rejects.toMatchObject({ code: 'log/unavailable' })
    stage.fault = () => ({ verdict: 'ok' })
    await stage.run(log.settle())
    expect(log.inDoubt).toBe(false)
    expect(ids(log.history.retained)).toEqual([1])
    await stage.run(complete(log, 3))
    expect(ids((await readHistory(stage.reader, JOB)).retained)).toEqual([1, 3])
  })

  it('finds out that an entry in doubt had been written all the same', async () => {
    const stage = new Stage()
    const log = await stage.create()
    stage.fault = (operation) => ({ verdict: operation === 'create' ? 'ambiguous' : 'fail' })
    await expect(stage.run(complete(log, 1))).rejects.toMatchObject({ code: 'log/unavailable' })
    stage.fault = () => ({ verdict: 'ok' })
    await stage.run(log.settle())
    expect(ids(log.history.retained)).toEqual([1])
    expect(log.lastIndex).toBe(2)
  })

  it('finds out that another leader came while its entry was in doubt', async () => {
    const stage = new Stage()
    const log = await stage.create()
    stage.fault = (operation) => ({ verdict: operation === 'create' ? 'fail' : 'ok' })
    await expect(stage.run(complete(log, 1))).rejects.toMatchObject({ code: 'log/unavailable' })
    stage.fault = () => ({ verdict: 'ok' })
    await stage.open()
    await expect(stage.run(log.settle())).rejects.toMatchObject({ code: 'log/deposed' })
  })

  it('does not fail an append because folding failed, and folds later', async () => {
    const stage = new Stage()
    const log = await stage.create()
    stage.fault = (operation) => ({ verdict: operation === 'remove' ? 'fail' : 'ok' })
    for (let id = 1; id <= FOLD_EVERY; id++) await stage.run(complete(log, id))
    stage.fault = () => ({ verdict: 'ok' })
    for (let id = FOLD_EVERY + 1; id <= 2 * FOLD_EVERY + 1; id++) await stage.run(complete(log, id))
    expect(stage.disk.paths().length).toBeLessThan(10)
    expect((await readHistory(stage.reader, JOB)).retained).toHaveLength(2 * FOLD_EVERY + 1)
  })
})
