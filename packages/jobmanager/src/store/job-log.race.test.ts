// Many leaders, one log, a storage that delays, fails, and loses replies. Checked by an auditor who knows only what each
// leader was told (oracle O3): what was acknowledged is in the log exactly once, and each epoch has one writer.

import {
  MemoryDisk,
  MemoryStorage,
  type StorageVerdict,
} from '@weirjs/common/core/checkpoint/memory-storage'
import { sleep } from '@weirjs/common/core/clock'
import { WeirError } from '@weirjs/common/core/errors'
import { DEFAULT_JOB_SETTINGS } from '@weirjs/common/core/graph/logical-graph'
import { bundleHash, checkpointId, jobId } from '@weirjs/common/core/ids'
import { ManualScheduler } from '@weirjs/common/core/manual-scheduler'
import { Prng } from '@weirjs/common/core/prng'
import { drive } from '@weirjs/common/node/virtual-time'
import { describe, expect, it } from 'vitest'
import type { JobSubmission } from './job-history.ts'
import { FOLD_EVERY, JobLog } from './job-log.ts'
import { readHistory } from './log-reader.ts'

const JOB = jobId('0123456789abcdef0123456789abcdef')
const SEEDS = 25
const submission: JobSubmission = {
  submissionId: 's',
  graph: { version: 1, name: 'job', nodes: [], edges: [] },
  plan: { jobName: 'job', vertices: [], edges: [], mode: 'exactly-once', bufferTimeoutMs: 5 },
  settings: DEFAULT_JOB_SETTINGS,
  bundleHash: bundleHash('b'),
  args: {},
  submittedAtMs: 5,
  restore: null,
}

interface Told {
  readonly epochs: number[]
  /** Completed and acknowledged to a leader. */
  readonly acknowledged: number[]
  /** Neither acknowledged nor known to be refused. */
  readonly unsure: number[]
  deposals: number
}

function faults(prng: Prng): (operation: string) => StorageVerdict {
  return (operation) => {
    const dice = operation === 'read' ? 20 * prng.float() : prng.float()
    if (dice < 0.08) return { verdict: 'fail' }
    if (dice < 0.16) return { verdict: 'ambiguous' }
    if (dice < 0.3) return { verdict: 'delay', ms: prng.int(3_000) }
    return { verdict: 'ok' }
  }
}

const isWorldly = (error: unknown): boolean =>
  error instanceof WeirError && (error.code === 'log/unavailable' || error.code === 'storage/io')

async function patiently<T>(run: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await run()
    } catch (error) {
      if (!isWorldly(error)) throw error
    }
  }
}

async function lead(
  disk: MemoryDisk,
  time: ManualScheduler,
  prng: Prng,
  told: Told,
): Promise<void> {
  const storage = new MemoryStorage({
    disk,
    scheduler: time,
    latencyMs: () => 2,
    onOperation: faults(prng.fork()),
  })
  await sleep(time, prng.int(60_000))
  const options = { storage, jobId: JOB, prng: prng.fork(), scheduler: time }
  try {
    const log = await patiently(() => JobLog.open(options))
    told.epochs.push(log.epoch)
    for (let id = log.history.nextCheckpointId as number; ; id++) {
      await sleep(time, prng.int(200))
      await patiently(() => log.reserve(checkpointId(id)))
      const checkpoint = {
        checkpointId: checkpointId(id),
        kind: 'periodic',
        manifestPath: '',
        manifestSha256: '',
        triggeredAtMs: 0,
        completedAtMs: 0,
        stateBytes: 0,
      } as const
      told.unsure.push(id)
      await log.append({ type: 'completed', checkpoint }).catch((error: unknown) => {
        if (!isWorldly(error)) throw error
        return patiently(() => log.settle())
      })
      told.unsure.pop()
      told.acknowledged.push(id)
      if (prng.chance(0.003)) return storage.crash()
    }
  } catch (error) {
    if (!(error instanceof WeirError)) throw error
    if (error.code === 'log/deposed') told.deposals += 1
  }
}

interface Seen {
  acknowledged: number
  deposals: number
  folded: number
}

async function race(seed: number): Promise<Seen> {
  const prng = new Prng(seed)
  const [disk, time] = [new MemoryDisk(), new ManualScheduler()]
  const storage = new MemoryStorage({ disk })
  const creator = { storage, jobId: JOB, prng: prng.fork(), scheduler: time }
  await JobLog.create(creator, submission)
  const told: Told[] = Array.from({ length: 5 }, () => ({
    epochs: [],
    acknowledged: [],
    unsure: [],
    deposals: 0,
  }))
  await drive(time, Promise.all(told.map((one) => lead(disk, time, prng.fork(), one))))

  const history = await readHistory(storage, JOB)
  const logged = history.retained.map((one) => one.checkpointId as number)
  const loggedIds = new Set(logged)
  const sure = told.flatMap((one) => one.acknowledged)
  const possible = new Set([...sure, ...told.flatMap((one) => one.unsure)])
  const epochs = told.flatMap((one) => one.epochs)
  const where = `seed ${seed}`
  expect(new Set(logged).size, where).toBe(logged.length)
  expect(
    sure.filter((id) => !loggedIds.has(id)),
    where,
  ).toEqual([])
  expect(
    logged.filter((id) => !possible.has(id)),
    where,
  ).toEqual([])
  expect(
    logged.toSorted((a, b) => a - b),
    where,
  ).toEqual(logged)
  expect(new Set(epochs).size, where).toBe(epochs.length)
  return {
    acknowledged: sure.length,
    deposals: told.reduce((sum, one) => sum + one.deposals, 0),
    folded: logged.length > FOLD_EVERY ? 1 : 0,
  }
}

describe('leaders of one job that race', () => {
  const seen: Seen = { acknowledged: 0, deposals: 0, folded: 0 }

  it.each(Array.from({ length: SEEDS }, (_, i) => i + 1))(
    'never lose what was acknowledged, never share an epoch, never share an id: seed %d',
    async (seed) => {
      const one = await race(seed)
      seen.acknowledged += one.acknowledged
      seen.deposals += one.deposals
      seen.folded += one.folded
    },
  )

  it('have fought, been deposed and folded, or the above has shown nothing', () => {
    expect(seen.acknowledged).toBeGreaterThan(20 * SEEDS)
    expect(seen.deposals).toBeGreaterThan(SEEDS)
    expect(seen.folded).toBeGreaterThan(SEEDS / 10)
  })
})
