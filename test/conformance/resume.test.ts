// Cancel and resume, again and again; what stays on the storage when a job has ended; and checkpoints that are damaged:
// the file is named, nothing is restored by half, and an older checkpoint is never taken silently (D13).

import type { CheckpointSettings } from '@weirjs/common/core/graph/logical-graph'
import type { JobId } from '@weirjs/common/core/ids'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TOTAL_RECORDS, totals } from './src/totals.ts'
import { VirtualCluster } from './src/virtual-cluster.ts'

const restart = { strategy: 'fixed-delay', attempts: 5, delay: '1ms' } as const

describe('retained checkpoints', () => {
  let cluster: VirtualCluster
  beforeEach(async () => {
    cluster = await VirtualCluster.start()
  })
  afterEach(() => cluster.close())

  it('run, cancel, resume, cancel, resume: the count goes on as if nothing had been', async () => {
    const run = totals()
    let restoreFrom: string | undefined
    for (const limit of [100, 250, 400]) {
      const id = await cluster.submit(
        run.definition,
        restoreFrom === undefined ? {} : { restoreFrom },
      )
      await run.feed(cluster, id, limit)
      restoreFrom = (await cluster.triggerCheckpoint(id)).path ?? ''
      expect((await cluster.cancel(id)).state).toBe('CANCELED')
    }
    const id = await cluster.submit(run.definition, { restoreFrom: restoreFrom ?? '' })
    run.limit = TOTAL_RECORDS
    expect((await cluster.ended(id)).state).toBe('FINISHED')
    expect(run.seen.records).toBe(TOTAL_RECORDS)
    expect(run.sum()).toBe(TOTAL_RECORDS)
  })

  type RetainOn = CheckpointSettings['retainOn']
  const kept: readonly { retainOn: RetainOn; states: readonly string[] }[] = [
    { retainOn: 'always', states: ['CANCELED', 'FAILED', 'FINISHED'] },
    { retainOn: 'failure-and-cancel', states: ['CANCELED', 'FAILED'] },
    { retainOn: 'failure', states: ['FAILED'] },
    { retainOn: 'never', states: [] },
  ]

  it.each(kept)('stay as $retainOn says: $states', async ({ retainOn, states }) => {
    for (const end of ['CANCELED', 'FAILED', 'FINISHED']) {
      const run = totals({
        settings: { checkpoint: { every: 'off', retainOn }, restart: { strategy: 'none' } },
      })
      const id = await cluster.submit(run.definition)
      await run.feed(cluster, id, 50)
      await cluster.triggerCheckpoint(id)
      if (end === 'CANCELED') await cluster.cancel(id)
      if (end === 'FAILED') cluster.killTaskManager()
      run.limit = TOTAL_RECORDS
      expect((await cluster.ended(id)).state).toBe(end)
      await cluster.pass(100)
      const left = cluster.disk.paths(id).filter((path) => path.includes('/chk-'))
      expect(left.length > 0, `${end}: ${left.join(', ')}`).toBe(states.includes(end))
      // The log stays in any case: the job's end is remembered.
      expect(cluster.disk.paths(`${id}/log`).length).toBeGreaterThan(0)
    }
  })

  it('keep as many as are to be retained, the newest', async () => {
    const run = totals({ settings: { checkpoint: { every: 'off', retained: 2 } } })
    const id = await cluster.submit(run.definition)
    await run.feed(cluster, id, 50)
    for (let i = 0; i < 5; i++) await cluster.triggerCheckpoint(id)
    await cluster.cancel(id)
    await cluster.pass(100)
    const left = new Set(cluster.disk.paths(id).flatMap((path) => /chk-\d+/.exec(path) ?? []))
    expect([...left].toSorted()).toEqual(['chk-4', 'chk-5'])
  })

  // ---- damage ----

  const flip = (bytes: Uint8Array): Uint8Array => {
    const at = Math.floor(bytes.length / 2)
    bytes[at] = (bytes[at] ?? 0) ^ 1
    return bytes
  }
  const damages = [
    { damage: 'flipped', change: flip },
    { damage: 'truncated', change: (bytes: Uint8Array) => bytes.slice(0, -7) },
    { damage: 'missing', change: () => null },
  ]
  const damagedFiles = damages.flatMap((damage) =>
    ['manifest', 'state file'].map((file) => ({ ...damage, file })),
  )

  /** Two checkpoints; a file of the newer one is damaged. */
  async function damaged(
    id: JobId,
    file: string,
    change: (bytes: Uint8Array) => Uint8Array | null,
  ) {
    const files = cluster.disk.paths(`${id}/chk-2`)
    const path = files.find((one) =>
      file === 'manifest' ? one.endsWith('/manifest') : one.endsWith('.state'),
    )
    if (path === undefined) throw new Error(`no ${file} among ${files.join(', ')}`)
    cluster.disk.tamper(path, change)
    return path
  }

  it.each(damagedFiles)(
    'a $damage $file: -s is refused or fails by its name, and nothing runs',
    async ({ file, change }) => {
      const first = totals()
      const id = await cluster.submit(first.definition)
      await first.feed(cluster, id, 100)
      await cluster.triggerCheckpoint(id)
      await first.feed(cluster, id, 200)
      const { path } = await cluster.triggerCheckpoint(id)
      await cluster.cancel(id)
      const broken = await damaged(id, file, change)

      const next = totals({ settings: { restart } })
      next.limit = TOTAL_RECORDS
      const failure: unknown = await cluster
        .submit(next.definition, { restoreFrom: path ?? '' })
        .then(async (again) => (await cluster.ended(again)).failure)
        .catch((error: unknown) => error)
      expect(failure).toMatchObject({
        message: expect.stringContaining(broken.replace(/\/manifest$/, '')) as string,
      })
      expect(['state/file-damaged', 'restore/not-found']).toContain(
        (failure as { code: string }).code,
      )
      expect(next.seen.records).toBe(0)
      expect(next.sink.items).toEqual([])

      // The operator chooses the older one.
      const older = await cluster.submit(next.definition, { restoreFrom: `${id}/chk-1` })
      expect((await cluster.ended(older)).state).toBe('FINISHED')
      expect(next.sum()).toBe(TOTAL_RECORDS)
    },
  )

  it.each(damagedFiles)(
    'a $damage $file of the newest: a restart refuses, and takes no older one',
    async ({ file, change }) => {
      const run = totals({ settings: { restart } })
      const id = await cluster.submit(run.definition)
      await run.feed(cluster, id, 100)
      await cluster.triggerCheckpoint(id)
      await run.feed(cluster, id, 200)
      await cluster.triggerCheckpoint(id)
      const broken = await damaged(id, file, change)
      const before = run.seen.records
      cluster.killTaskManager()
      run.limit = TOTAL_RECORDS
      const end = await cluster.ended(id)
      expect(end.state).toBe('FAILED')
      expect(end.failure?.message).toContain(broken)
      expect(end.failure?.hint).toMatch(/-s/)
      expect(run.seen.records).toBe(before)
      expect(run.sink.items).toEqual([])
      // What there is stays for the operator.
      expect(cluster.disk.paths(`${id}/chk-1`).length).toBeGreaterThan(0)
    },
  )

  it('a damaged entry of the job log is named, and other jobs are taken over all the same', async () => {
    const first = totals()
    const id = await cluster.submit(first.definition)
    await first.feed(cluster, id, 100)
    await cluster.triggerCheckpoint(id)
    const second = totals()
    const other = await cluster.submit(second.definition)
    await second.feed(cluster, other, 100)
    await cluster.triggerCheckpoint(other)

    const entry = cluster.disk.paths(`${id}/log`).at(1) ?? ''
    cluster.disk.tamper(entry, flip)
    await cluster.restartJobManager()
    second.limit = TOTAL_RECORDS
    expect((await cluster.ended(other)).state).toBe('FINISHED')
    expect(second.sum()).toBe(TOTAL_RECORDS)
    const jobs = await cluster.run(cluster.local.client.list())
    const broken = jobs.find((job) => job.jobId === id)
    expect(broken?.failure?.message).toContain(entry)
  })
})
