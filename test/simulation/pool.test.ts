import { describe, expect, it } from 'vitest'
import type { SeedResult } from './src/run-seed.ts'
import { runPool } from './src/pool.ts'

/** A thread that answers with the seed, except to seed 2. */
const entry = (onTwo: string): URL =>
  new URL(
    `data:text/javascript,${encodeURIComponent(
      `import { parentPort } from 'node:worker_threads'
      parentPort.on('message', (seed) => {
        if (seed === 2) ${onTwo}
        else parentPort.postMessage({ seed })
      })`,
    )}`,
  )

async function seedsOf(onTwo: string): Promise<number[]> {
  const seeds: number[] = []
  const left = [1, 2, 3]
  const onResult = ({ seed }: SeedResult): void => void seeds.push(seed)
  await runPool({ threads: 1, next: () => left.shift() ?? null, onResult, entry: entry(onTwo) })
  return seeds
}

describe('the pool', () => {
  it('has a result of every seed', async () => {
    expect(await seedsOf('parentPort.postMessage({ seed })')).toEqual([1, 2, 3])
  })

  it.each(['process.exit(0)', "throw new Error('broken')", 'parentPort.close()'])(
    'fails when a thread ends by %s before its seed has a result',
    async (end) => {
      await expect(seedsOf(end)).rejects.toThrow(/without a result|broken/)
    },
  )
})
