// A TaskManager that writes its checkpoints where nobody else looks: its machine has lost the mount. What it acknowledges is
// not there, so no checkpoint is complete, and nothing is committed that could not be restored.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { visibleFiles } from '../processes/src/committed-output.ts'
import { submitCounting } from '../processes/src/counting-run.ts'
import { ProcessCluster } from '../processes/src/process-cluster.ts'
import { until } from '../processes/src/until.ts'

/** Only ends what hangs. */
const WITHIN = { withinMs: 100_000 }

test('checkpoints fail by the name of the file, and sinks commit nothing', async () => {
  const elsewhere = mkdtempSync(join(tmpdir(), 'weir-elsewhere-'))
  try {
    await using cluster = await ProcessCluster.start({
      taskManagers: 2,
      slots: 1,
      defines: ['heartbeat.timeout=60s'],
      place: (name) =>
        name === 'taskmanager-2' ? { defines: [`execution.checkpointing.dir=${elsewhere}`] } : {},
    })
    const id = await submitCounting(cluster, {
      records: 100_000,
      perSecond: 1_000,
      keys: 97,
      parallelism: 2,
    })
    const failed = await until('three failed checkpoints', WITHIN, async () => {
      const views = await cluster.client.checkpoints(id)
      const all = views.filter(({ state }) => state === 'FAILED')
      return all.length >= 3 ? all : null
    })
    for (const { failure } of failed) {
      expect(failure?.code).toBe('checkpoint/state-not-here')
      expect(failure?.message).toMatch(/\.state was acknowledged, and is missing/)
      expect(failure?.message).toContain(cluster.checkpointDirectory)
      expect(failure?.hint).toContain('is it mounted')
    }
    const { lastCheckpointId, restarts, state } = await cluster.client.describe(id)
    expect({ lastCheckpointId, restarts, state }).toEqual({
      lastCheckpointId: null,
      restarts: 0,
      state: 'RUNNING',
    })
    expect(visibleFiles(cluster.path('out'))).toEqual([])
  } finally {
    rmSync(elsewhere, { recursive: true, force: true })
  }
})
