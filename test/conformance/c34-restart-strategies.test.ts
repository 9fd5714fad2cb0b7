// C34. Restart strategies: hundreds of instant failures within the budget succeed, and a budget fails the job at the exact
// count.

import { job, type JobDefinition } from '@weirjs/api/define-job'
import { int } from '@weirjs/api/types'
import type { RestartSettings } from '@weirjs/common/core/graph/logical-graph'
import { collected, type CollectedSink } from '@weirjs/connectors/memory/collected'
import { fromItems } from '@weirjs/connectors/memory/from-items'
import { afterEach, describe, expect, it } from 'vitest'
import { VirtualCluster } from './src/virtual-cluster.ts'

interface Failing {
  readonly definition: JobDefinition
  readonly sink: CollectedSink<number>
  readonly thrown: () => number
}

/** Throws at its first record, `times` times. */
function failing(times: number): Failing {
  const sink = collected(int())
  let thrown = 0
  const definition = job('failing', { checkpoint: 'off' }, (env) => {
    env
      .from(fromItems(int(), [1, 2, 3]), { uid: 'items' })
      .map((n) => {
        if (thrown < times) throw new Error(`failure ${++thrown}`)
        return n
      })
      .returns(int())
      .to(sink, { uid: 'sink' })
  })
  return { definition, sink, thrown: () => thrown }
}

describe('C34: restart strategies', () => {
  let cluster: VirtualCluster
  afterEach(() => cluster.close())

  async function run(times: number, restart: RestartSettings) {
    cluster = await VirtualCluster.start({ taskManagers: 1, slots: 1 })
    const { definition, sink, thrown } = failing(times)
    const end = await cluster.ended(await cluster.submit(definition, { settings: { restart } }))
    return {
      state: end.state,
      restarts: end.restarts,
      failure: end.failure,
      sink,
      thrown: thrown(),
    }
  }

  it('hundreds of instant failures within the budget succeed', async () => {
    const { sink, ...end } = await run(200, { strategy: 'fixed-delay', attempts: 200, delayMs: 0 })
    expect(end).toMatchObject({ state: 'FINISHED', restarts: 200, thrown: 200, failure: null })
    expect(sink.items).toEqual([1, 2, 3])
  })

  it('one more than the budget fails the job, and says by what', async () => {
    const { sink, ...end } = await run(8, { strategy: 'fixed-delay', attempts: 7, delayMs: 0 })
    expect(end).toMatchObject({ state: 'FAILED', restarts: 7, thrown: 8 })
    expect(end.failure?.message).toContain('failure 8')
    expect(sink.items).toEqual([])
  })

  it('no restart strategy fails at the first', async () => {
    expect(await run(1, { strategy: 'none' })).toMatchObject({
      state: 'FAILED',
      restarts: 0,
      thrown: 1,
    })
  })

  const exponential = (attempts: number | null): RestartSettings => ({
    strategy: 'exponential-delay',
    initialMs: 10,
    maxMs: 1_000,
    multiplier: 2,
    jitter: 0,
    resetAfterMs: 3_600_000,
    attempts,
  })

  it('exponential delays fail at the exact count, having waited as long as they say', async () => {
    const startMs = 0
    const end = await run(100, exponential(5))
    expect(end).toMatchObject({ state: 'FAILED', restarts: 5, thrown: 6 })
    // 10 + 20 + 40 + 80 + 160.
    const tookMs = cluster.time.nowMs() - startMs
    expect(tookMs).toBeGreaterThanOrEqual(310)
    expect(tookMs).toBeLessThan(400)
  })

  it('exponential delays succeed when the last attempt does', async () => {
    expect(await run(5, exponential(5))).toMatchObject({
      state: 'FINISHED',
      restarts: 5,
      thrown: 5,
    })
  })

  it('exponential delays without limit go on at their longest delay', async () => {
    const end = await run(40, exponential(null))
    expect(end).toMatchObject({ state: 'FINISHED', restarts: 40 })
    expect(cluster.time.nowMs()).toBeGreaterThan(32_000)
  })

  it('a failure rate fails when the window has one too many, and forgets what is older', async () => {
    const rate = { strategy: 'failure-rate', failuresMax: 3, windowMs: 1_000 } as const
    expect(await run(4, { ...rate, delayMs: 10 })).toMatchObject({ state: 'FAILED', thrown: 4 })
    await cluster.close()
    expect(await run(20, { ...rate, delayMs: 400 })).toMatchObject({
      state: 'FINISHED',
      thrown: 20,
    })
  })
})
