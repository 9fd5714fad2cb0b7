import { logEntry, logTip } from '@weirjs/common/core/checkpoint/paths'
import { WeirError } from '@weirjs/common/core/errors'
import { jobId } from '@weirjs/common/core/ids'
import { Prng } from '@weirjs/common/core/prng'
import { describe, expect, it } from 'vitest'
import { FOLD_EVERY, JobLog } from './job-log.ts'
import { openEntry, sealEntry } from './log-entry.ts'
import { listJobs, readHistory } from './log-reader.ts'
import { JOB, submission, complete, isEntry, ids, Stage } from './log-stage.contract.ts'

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
