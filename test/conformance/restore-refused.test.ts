// C28 and its like: a restore that cannot be right is refused at submit, with an explanation that names what is wrong, and
// nothing of the new job is left behind.

import { value } from '@weirjs/api/state'
import { int, text } from '@weirjs/api/types'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TOTAL_RECORDS, totals } from './src/totals.ts'
import { VirtualCluster } from './src/virtual-cluster.ts'

describe('C28: a restore is refused with an explanation', () => {
  let cluster: VirtualCluster
  let restoreFrom: string

  beforeEach(async () => {
    cluster = await VirtualCluster.start()
    const first = totals({
      settings: { maxParallelism: 64 },
      more: { mark: value(int(), { initial: () => 7 }) },
    })
    const id = await cluster.submit(first.definition)
    await first.feed(cluster, id, 200)
    restoreFrom = (await cluster.triggerCheckpoint(id)).path ?? ''
    await cluster.cancel(id)
  })
  afterEach(() => cluster.close())

  async function refusal(next: ReturnType<typeof totals>): Promise<unknown> {
    const before = cluster.disk.paths()
    const error = await cluster
      .submit(next.definition, { restoreFrom })
      .catch((caught: unknown) => caught)
    expect(cluster.disk.paths()).toEqual(before)
    expect(await cluster.run(cluster.local.client.list())).toHaveLength(1)
    return error
  }

  it('when the maximum parallelism changed', async () => {
    const next = totals({ settings: { maxParallelism: 32 } })
    expect(await refusal(next)).toMatchObject({
      code: 'restore/max-parallelism',
      message: 'cannot restore: operator counting has maximum parallelism 32, its state 64',
      hint: expect.stringContaining('maximum parallelism') as string,
    })
  })

  it('when an operator of the checkpoint is not in the job', async () => {
    const next = totals({ settings: { maxParallelism: 64 }, uid: 'renamed' })
    expect(await refusal(next)).toMatchObject({
      code: 'restore/unclaimed-state',
      message: expect.stringMatching(
        /state "count" of operator counting \(10 entries\) belongs to nothing/,
      ) as string,
      hint: expect.stringContaining('--allow-non-restored-state') as string,
    })
  })

  it('when a state has another type now', async () => {
    const settings = { maxParallelism: 64 }
    const kept = totals({ settings, more: { mark: value(text()) } })
    // `mark` was never written: no entry of it is in the checkpoint, so that it may be anything.
    await expect(cluster.submit(kept.definition, { restoreFrom })).resolves.toBeTypeOf('string')
    const next = totals({ settings, more: { count: value(text()) } })
    const error = await cluster
      .submit(next.definition, { restoreFrom })
      .catch((caught: unknown) => caught)
    expect(error).toMatchObject({
      code: 'restore/incompatible-state',
      message: expect.stringMatching(
        /state "count" of operator counting: written as int, now declared as text/,
      ) as string,
    })
  })

  it('by leave it drops exactly what was named, and restores the rest', async () => {
    const next = totals({ settings: { maxParallelism: 64 }, uid: 'renamed' })
    const id = await cluster.submit(next.definition, { restoreFrom, allowNonRestoredState: true })
    next.limit = TOTAL_RECORDS
    expect((await cluster.ended(id)).state).toBe('FINISHED')
    // The source went on where it was; the counts began anew.
    expect(next.seen.records).toBe(TOTAL_RECORDS - 200)
    expect(next.sum()).toBe(TOTAL_RECORDS - 200)
  })

  it.each([
    { from: 'chk-99', code: 'restore/not-found' },
    { from: 'nonsense', code: 'restore/not-found' },
    { from: '/elsewhere/chk-1', code: 'restore/outside-storage' },
    { from: '../../etc/passwd', code: 'restore/not-found' },
  ])('when $from names nothing', async ({ from, code }) => {
    restoreFrom = from
    const error = await refusal(totals({ settings: { maxParallelism: 64 } }))
    expect(error).toMatchObject({ code, message: expect.stringContaining(from) as string })
  })
})
