import {
  MemoryDisk,
  MemoryStorage,
  type StorageVerdict,
} from '@weirjs/common/core/checkpoint/memory-storage'
import { logEntry, logTip } from '@weirjs/common/core/checkpoint/paths'
import { WeirError } from '@weirjs/common/core/errors'
import { DEFAULT_JOB_SETTINGS } from '@weirjs/common/core/graph/logical-graph'
import { attempt, bundleHash, checkpointId, jobId } from '@weirjs/common/core/ids'
import { ManualScheduler } from '@weirjs/common/core/manual-scheduler'
import { Prng } from '@weirjs/common/core/prng'
import { drive } from '@weirjs/common/node/virtual-time'
import { describe, expect, it } from 'vitest'
import type { CompletedCheckpoint } from '../core/checkpoint/events.ts'
import { CHECKPOINT_ID_SLACK, type JobSubmission } from './job-history.ts'
import { FOLD_EVERY, JobLog, type JobLogOptions } from './job-log.ts'
import { openEntry, sealEntry } from './log-entry.ts'
import { listJobs, readHistory } from './log-reader.ts'

const JOB = jobId('0123456789abcdef0123456789abcdef')
const submission: JobSubmission = {
  submissionId: 's',
  graph: { version: 1, name: 'job', nodes: [], edges: [] },
  plan: { jobName: 'job', vertices: [], edges: [], mode: 'exactly-once', bufferTimeoutMs: 5 },
  settings: DEFAULT_JOB_SETTINGS,
  bundleHash: bundleHash('b'),
  args: { text: 'ä\u0000"', big: 2 ** 53 - 1 },
  submittedAtMs: 5,
  restore: null,
}

function completed(
  id: number,
  kind: CompletedCheckpoint['kind'] = 'periodic',
): CompletedCheckpoint {
  return {
    checkpointId: checkpointId(id),
    kind,
    manifestPath: `${JOB}/chk-${id}/manifest`,
    manifestSha256: 'x',
    triggeredAtMs: 1,
    completedAtMs: 2,
    stateBytes: 3,
  }
}
const complete = (log: JobLog, id: number): Promise<void> =>
  log.append({ type: 'completed', checkpoint: completed(id) })
const isEntry = (path: string): boolean => /\/\d{10}$/.test(path)
const ids = (checkpoints: readonly CompletedCheckpoint[]): number[] =>
  checkpoints.map((one) => one.checkpointId)

/** Leaders on one disk; `fault` may spoil any operation. */
class Stage {
  readonly disk = new MemoryDisk()
  readonly time = new ManualScheduler()
  readonly reader = new MemoryStorage({ disk: this.disk })
  fault: (operation: string, path: string) => StorageVerdict = () => ({ verdict: 'ok' })
  #seed = 1

  options(): JobLogOptions {
    const storage = new MemoryStorage({
      disk: this.disk,
      onOperation: (op, path) => this.fault(op, path),
    })
    return { storage, jobId: JOB, prng: new Prng(this.#seed++), scheduler: this.time }
  }

  create(): Promise<JobLog> {
    return drive(this.time, JobLog.create(this.options(), submission))
  }

  open(): Promise<JobLog> {
    return drive(this.time, JobLog.open(this.options()))
  }

  run<T>(work: Promise<T>): Promise<T> {
    return drive(this.time, work)
  }
}

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

describe('a damaged log', () => {
  async function logOf(entries: number): Promise<Stage> {
    const stage = new Stage()
    const log = await stage.create()
    for (let id = 1; id < entries; id++) await complete(log, id)
    return stage
  }
  const refused = async (stage: Stage, file: string): Promise<void> => {
    const error: unknown = await readHistory(stage.reader, JOB).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(WeirError)
    expect((error as WeirError).code).toMatch(/^(state\/file-damaged|log\/damaged)$/)
    expect((error as WeirError).message).toContain(file)
    await expect(stage.open()).rejects.toMatchObject({ code: (error as WeirError).code })
  }

  it('is refused whichever byte of an entry flips, and the entry is named', async () => {
    const stage = await logOf(3)
    const path = logEntry(JOB, 2)
    const whole = (stage.disk.get(path) as Uint8Array).slice()
    for (let at = 0; at < whole.length; at++) {
      stage.disk.tamper(path, () =>
        whole.map((byte, i) => (i === at ? byte ^ (1 << (at % 8)) : byte)),
      )
      await refused(stage, path)
    }
  })

  it('is refused at whatever length an entry is cut', async () => {
    const stage = await logOf(3)
    const path = logEntry(JOB, 3)
    const whole = (stage.disk.get(path) as Uint8Array).slice()
    for (let length = 0; length < whole.length; length++) {
      stage.disk.tamper(path, () => whole.subarray(0, length))
      await refused(stage, path)
    }
  })

  it('is refused when two entries are swapped', async () => {
    const stage = await logOf(4)
    const [a, b] = [logEntry(JOB, 2), logEntry(JOB, 3)]
    const [bytesA, bytesB] = [stage.disk.get(a) as Uint8Array, stage.disk.get(b) as Uint8Array]
    stage.disk.tamper(a, () => bytesB)
    stage.disk.tamper(b, () => bytesA)
    await refused(stage, b)
  })

  it('is refused when an entry in the middle is missing', async () => {
    const stage = await logOf(4)
    stage.disk.tamper(logEntry(JOB, 2), () => null)
    await refused(stage, logEntry(JOB, 2))
    stage.disk.tamper(logEntry(JOB, 1), () => null)
    await refused(stage, logEntry(JOB, 2))
  })

  it('is refused when its end is missing, down to its beginning', async () => {
    const stage = await logOf(4)
    for (const index of [4, 3, 2, 1]) {
      stage.disk.tamper(logEntry(JOB, index), () => null)
      await refused(stage, logEntry(JOB, 4))
    }
    expect(await listJobs(stage.reader)).toEqual([JOB])
  })

  it('is refused when its newest entry is another one, whole as it may be', async () => {
    const stage = await logOf(3)
    const path = logEntry(JOB, 3)
    const entry = openEntry(JOB, 3, stage.disk.get(path) as Uint8Array, path)
    stage.disk.tamper(path, () => sealEntry({ ...entry, uuid: 'another' }))
    await refused(stage, path)
  })

  it('is refused when it is missing as a whole, and there are checkpoints', async () => {
    const stage = await logOf(2)
    stage.disk.create(`${JOB}/chk-1/manifest`, new Uint8Array())
    for (const path of stage.disk.paths(`${JOB}/log`)) stage.disk.tamper(path, () => null)
    await refused(stage, `${JOB}/log`)
  })

  it('has one tip, which may lag or be gone, but not be damaged', async () => {
    const stage = await logOf(3)
    const tips = (): readonly string[] =>
      stage.disk.paths(`${JOB}/log`).filter((path) => path.includes('/tip-'))
    expect(tips()).toEqual([logTip(JOB, 3)])
    const tip = stage.disk.get(logTip(JOB, 3)) as Uint8Array
    for (let at = 0; at < tip.length; at++) {
      stage.disk.tamper(logTip(JOB, 3), () => tip.map((byte, i) => (i === at ? byte ^ 8 : byte)))
      await refused(stage, logTip(JOB, 3))
    }
    stage.disk.tamper(logTip(JOB, 3), () => null)
    stage.fault = (operation, path) => ({
      verdict: operation === 'create' && !isEntry(path) ? 'fail' : 'ok',
    })
    await complete(await stage.open(), 4)
    expect(tips()).toEqual([])
    stage.fault = () => ({ verdict: 'ok' })
    await complete(await stage.open(), 5)
    expect(ids((await readHistory(stage.reader, JOB)).retained)).toEqual([1, 2, 4, 5])
    expect(tips()).toEqual([logTip(JOB, 7)])
  })

  it('is refused when the fold is missing that replaced its beginning', async () => {
    const stage = await logOf(FOLD_EVERY + 5)
    const fold = FOLD_EVERY + 2
    expect(
      openEntry(JOB, fold, stage.disk.get(logEntry(JOB, fold)) as Uint8Array, '').body.type,
    ).toBe('fold')
    stage.disk.tamper(logEntry(JOB, fold), () => null)
    await refused(stage, logEntry(JOB, fold))
  })

  it('is refused when an entry comes from another job or another life of this one', async () => {
    const [stage, other] = [await logOf(3), await logOf(3)]
    const sibling = new Stage()
    const log = await sibling.run(
      JobLog.create({ ...sibling.options(), prng: new Prng(77) }, submission),
    )
    await complete(log, 1)
    await complete(log, 2)
    const path = logEntry(JOB, 2)
    stage.disk.tamper(path, () => sibling.disk.get(path) as Uint8Array)
    await refused(stage, path)
    const foreign = jobId('f'.repeat(32))
    expect(() => openEntry(foreign, 2, other.disk.get(path) as Uint8Array, path)).toThrow(
      'belongs to job',
    )
  })

  it('reads on past what a fold made superfluous, damaged or not', async () => {
    const stage = await logOf(FOLD_EVERY + 5)
    stage.disk.tamper(logEntry(JOB, 1), () => new Uint8Array([1]))
    expect((await readHistory(stage.reader, JOB)).retained).toHaveLength(FOLD_EVERY + 4)
  })
})
