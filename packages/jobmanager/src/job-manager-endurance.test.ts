// What may not grow while a job runs on and on, whatever it does.

import { DEFAULT_CHECKPOINT_SETTINGS } from '@weirjs/common/core/graph/logical-graph'
import { describe, expect, it } from 'vitest'
import { sampleSettings } from './core/plan/graph-samples.ts'
import { PlayWorld } from './play-world.ts'

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
