import type { JobId } from '@weirjs/common/core/ids'
import { describe, expect, it } from 'vitest'
import { SLOTS_KEPT_MS } from './cluster.ts'
import { sampleSettings } from './core/plan/graph-samples.ts'
import { PlayWorld } from './play-world.ts'

let submissions = 0
const wide = (parallelism: number) => ({
  settings: sampleSettings({ parallelism }),
  submissionId: `slots-${submissions++}`,
})

async function states(world: PlayWorld, ...jobs: JobId[]): Promise<string[]> {
  const details = await Promise.all(jobs.map((job) => world.manager.client.describe(job)))
  return details.map(({ state }) => state)
}

/** A worker of that name comes, as after a restart of its machine. */
async function comeBack(world: PlayWorld, name: string): Promise<void> {
  const worker = world.worker(name)
  worker.alive = true
  await world.register(worker)
}

describe('slots of a job that waits to restart', () => {
  it('are kept from jobs that never ran, so that it runs when the lost ones are back', async () => {
    const world = await new PlayWorld().start()
    const job = await world.run(wide(4))
    world.kill('w2')
    const newcomer = await world.submit(wide(2))
    await world.pass(SLOTS_KEPT_MS / 2)
    expect(await states(world, job, newcomer)).toEqual(['RESTARTING', 'CREATED'])
    await comeBack(world, 'w2')
    await world.until(job, 'RUNNING')
    expect(await states(world, newcomer)).toEqual(['CREATED'])
  })

  it('are given to others when it has waited for long', async () => {
    const world = await new PlayWorld().start()
    const job = await world.run(wide(4))
    world.kill('w2')
    const newcomer = await world.submit(wide(2))
    await world.pass(SLOTS_KEPT_MS - 5_000)
    expect(await states(world, job, newcomer)).toEqual(['RESTARTING', 'CREATED'])
    await world.until(newcomer, 'RUNNING')
    expect(await states(world, job)).toEqual(['RESTARTING'])
    await comeBack(world, 'w2')
    await world.pass(1_000)
    expect(await states(world, job)).toEqual(['RESTARTING'])
    await world.manager.client.cancel(newcomer)
    await world.until(job, 'RUNNING')
  })

  it('are not kept from another such job: one of two that share a lost worker runs at once', async () => {
    const world = await new PlayWorld({ workers: { w1: 2, w2: 2, w3: 2 } }).start()
    const jobs = [await world.run(wide(3)), await world.run(wide(3))]
    world.kill('w3')
    await world.pass(3_000)
    expect((await states(world, ...jobs)).toSorted()).toEqual(['RESTARTING', 'RUNNING'])
  })

  it('come before those who never ran also when it has none left', async () => {
    const world = await new PlayWorld({ workers: { w1: 1, w2: 1 } }).start()
    const job = await world.run(wide(2))
    const newcomer = await world.submit(wide(2))
    for (const name of ['w1', 'w2']) world.kill(name)
    await world.pass(1_000)
    for (const name of ['w1', 'w2']) await comeBack(world, name)
    await world.until(job, 'RUNNING')
    expect(await states(world, newcomer)).toEqual(['CREATED'])
  })

  it('are given up on a worker that is drained', async () => {
    const world = await new PlayWorld().start()
    await world.run(wide(4))
    world.kill('w2')
    await world.pass(3_000)
    const free = async (): Promise<number[]> =>
      (await world.manager.client.workers()).map(({ freeSlots }) => freeSlots)
    expect(await free()).toEqual([0])
    await world.manager.client.drainWorker('w1', true)
    expect(await free()).toEqual([2])
  })
})
