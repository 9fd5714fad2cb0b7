import { DEFAULT_CHECKPOINT_SETTINGS } from '@weirjs/common/core/graph/logical-graph'
import type {
  StorageOperation,
  StorageVerdict,
} from '@weirjs/common/core/checkpoint/memory-storage'
import type { JobId } from '@weirjs/common/core/ids'
import { drive } from '@weirjs/common/node/virtual-time'
import { describe, expect, it } from 'vitest'
import { sampleSettings } from './core/plan/graph-samples.ts'
import { SWEEP_ERRORS_MAX } from './garbage.ts'
import { PlayWorld } from './play-world.ts'
import { SWEEP_TRIES_MAX } from './store/manifest-store.ts'

const INTERVAL_MS = 100
const OK: StorageVerdict = { verdict: 'ok' }
const DENIED: StorageVerdict = { verdict: 'fail' }

/** A job that takes a checkpoint every INTERVAL_MS, on a storage that does what `hook` says. */
async function running(
  hook: (operation: StorageOperation, path: string) => StorageVerdict,
): Promise<{ readonly world: PlayWorld; readonly job: JobId }> {
  const world = await new PlayWorld({ storage: { onOperation: hook } }).start()
  const checkpoint = { ...DEFAULT_CHECKPOINT_SETTINGS, intervalMs: INTERVAL_MS }
  const job = await world.run({ settings: sampleSettings({ parallelism: 2, checkpoint }) })
  return { world, job }
}

const directories = (world: PlayWorld, job: JobId): Promise<readonly string[]> =>
  drive(world.time, world.storage.listDirectories(job))

describe('what a job has left', () => {
  it('costs a few tries with each checkpoint while the storage denies deletes, and goes when it does not', async () => {
    let denied = true
    let tries = 0
    const { world, job } = await running((operation) => {
      if (operation !== 'remove-tree') return OK
      tries++
      return denied ? DENIED : OK
    })
    await world.pass(100 * INTERVAL_MS)
    const { lastCheckpointId: taken } = await world.manager.client.describe(job)
    expect(taken).toBeGreaterThan(90)
    expect(tries).toBeGreaterThan(90)
    expect(tries).toBeLessThanOrEqual(SWEEP_ERRORS_MAX * (taken ?? 0))
    denied = false
    await world.pass(2 * INTERVAL_MS)
    expect(await directories(world, job)).toHaveLength(3 + 1)
  })

  it('does not stay because of other things that nobody can delete', async () => {
    const stuck = /chk-(5|6|7|8|9)$/
    const { world, job } = await running((operation, path) =>
      operation === 'remove-tree' && stuck.test(path) ? DENIED : OK,
    )
    await world.pass(30 * INTERVAL_MS)
    const left = await directories(world, job)
    expect(left.filter((name) => stuck.test(name))).toHaveLength(5)
    expect(left).toHaveLength(5 + 3 + 1)
  })

  it('is swept once at a time, however slow that is', async () => {
    const slowMs = 10 * INTERVAL_MS
    const started: number[] = []
    const { world } = await running((operation) => {
      if (operation !== 'remove-tree') return OK
      started.push(world.time.nowMs())
      return { verdict: 'delay', ms: slowMs }
    })
    await world.pass(100 * INTERVAL_MS)
    expect(started.length).toBeGreaterThan(5)
    const gaps = started.slice(1).map((atMs, i) => atMs - (started[i] ?? 0))
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(slowMs)
  })

  it('goes with a later aborted checkpoint when none is ever complete', async () => {
    let denied = true
    const { world, job } = await running((operation, path) => {
      if (operation === 'create' && path.endsWith('/manifest'))
        return { verdict: 'fail', code: 'storage/full' }
      return operation === 'remove-tree' && denied ? DENIED : OK
    })
    await world.pass(5 * INTERVAL_MS)
    expect((await directories(world, job)).length).toBeGreaterThan(3)
    denied = false
    await world.pass(INTERVAL_MS)
    expect(await directories(world, job)).toEqual(['log'])
  })

  it('goes when the job has ended, also if it is more than one sweep deletes', async () => {
    let denied = true
    const { world, job } = await running((operation) =>
      operation === 'remove-tree' && denied ? DENIED : OK,
    )
    await world.pass(3 * SWEEP_TRIES_MAX * INTERVAL_MS)
    expect((await directories(world, job)).length).toBeGreaterThan(2.5 * SWEEP_TRIES_MAX)
    world.endOfData(job)
    denied = false
    await world.until(job, 'FINISHED')
    expect(await directories(world, job)).toEqual(['log'])
  })
})
