// C28 and its like: a restore that cannot be right is refused at submit, with an explanation that names what is wrong, and
// nothing of the new job is left behind.

import { job } from '@weirjs/api/define-job'
import { process } from '@weirjs/api/process-definitions'
import { operatorList, value } from '@weirjs/api/state'
import { int, text } from '@weirjs/api/types'
import { collected } from '@weirjs/connectors/memory/collected'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { paced } from './src/paced-source.ts'
import { Numbered, TOTAL_RECORDS, totals } from './src/totals.ts'
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

describe('lists that nobody asks for', () => {
  const kept = (list: string, seen: number[], run: { limit: number }) =>
    job('kept', { checkpoint: { every: 'off', retained: 10 } }, (env) => {
      const make = (n: number) => ({ n, key: 'k' })
      const may = (n: number): boolean => n < run.limit
      const keeping = process({
        uid: 'keeping',
        in: Numbered,
        out: Numbered,
        lists: { [list]: operatorList(int()) },
        each({ n }, { lists }) {
          const all = [...(lists[list]?.get() ?? []), n]
          lists[list]?.update(all)
          seen.push(all.length)
        },
      })
      env
        .from(paced({ type: Numbered, count: 100, splits: 1, everyMs: 0.1, make, may }), {
          uid: 'numbers',
        })
        .process(keeping)
        .to(collected(Numbered), { uid: 'sink' })
    })

  it('are refused by name before a record runs, and dropped by leave', async () => {
    const cluster = await VirtualCluster.start()
    const run = { limit: 50 }
    const first: number[] = []
    const id = await cluster.submit(kept('before', first, run))
    await cluster.when(id, '50 records', () => first.length === 50)
    const restoreFrom = (await cluster.triggerCheckpoint(id)).path ?? ''
    await cluster.cancel(id)
    run.limit = 100

    const refused: number[] = []
    const ended = await cluster.ended(
      await cluster.submit(kept('after', refused, run), { restoreFrom }),
    )
    expect(ended.state).toBe('FAILED')
    expect(ended.failure).toMatchObject({
      code: 'restore/unclaimed-list',
      message: expect.stringContaining(
        'list "before" of operator keeping (50 entries here)',
      ) as string,
    })
    expect(refused).toEqual([])

    const allowed: number[] = []
    const leave = { restoreFrom, allowNonRestoredState: true }
    const last = await cluster.ended(await cluster.submit(kept('after', allowed, run), leave))
    expect(last.state).toBe('FINISHED')
    expect(allowed).toEqual(Array.from({ length: 50 }, (_, i) => i + 1))
    await cluster.close()
  })
})
