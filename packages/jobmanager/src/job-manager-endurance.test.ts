// What may not grow while a job runs on and on, whatever it does.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { DEFAULT_CHECKPOINT_SETTINGS } from '@weirjs/common/core/graph/logical-graph'
import { silentLog } from '@weirjs/common/core/log'
import { describe, expect, it } from 'vitest'
import { sampleSettings } from './core/plan/graph-samples.ts'
import { PlayWorld } from './play-world.ts'
import { LevelHistory } from './store/history-index.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

describe('a job that takes checkpoints for a long time', () => {
  it('leaves no timer behind for any of them', async () => {
    const world = await new PlayWorld().start()
    const checkpoint = { ...DEFAULT_CHECKPOINT_SETTINGS, intervalMs: 10 }
    const job = await world.run({ settings: sampleSettings({ parallelism: 2, checkpoint }) })
    await world.pass(100)
    const before = world.time.pending
    await world.pass(2_000)
    expect((await world.manager.client.describe(job)).lastCheckpointId).toBeGreaterThan(200)
    expect(world.time.pending).toBeLessThan(before + 10)
  })
})

describe('jobs that have ended', () => {
  it('keep what they printed on the disk, not in memory', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'weir-endurance-'))
    const history = await LevelHistory.open(directory, silentLog)
    const world = await new PlayWorld({ history }).start()
    const heapBytes = (): number => {
      collectGarbage()
      return process.memoryUsage().heapUsed
    }
    const before = heapBytes()
    for (let job = 0; job < JOBS; job++) await printAndFinish(world)
    await history.close()
    expect(heapBytes() - before).toBeLessThan((JOBS * PRINTED_CHARS) / 2)
    await rm(directory, { recursive: true })
  })
})

const JOBS = 10
const PRINTED_CHARS = 2_000_000

async function printAndFinish(world: PlayWorld): Promise<void> {
  const job = await world.run()
  const [played] = [...world.worker('w1').tasks.values()]
  if (played === undefined) throw new Error('no task')
  const { fence } = played
  for (let line = 0; line < PRINTED_CHARS / 10_000; line++) {
    const text = Buffer.alloc(10_000, 'x').toString()
    await world.manager.output([{ fence, task: null, stream: 'print', text }])
  }
  world.endOfData(job)
  await world.until(job, 'FINISHED')
}
