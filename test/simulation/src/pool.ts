// Runs seeds on several threads, each seed on one: a seed knows nothing of its neighbours, so its history is the same.

import { Worker } from 'node:worker_threads'
import type { SeedResult } from './run-seed.ts'

const SEEDS = new URL('./seed-worker.ts', import.meta.url)

export interface PoolOptions {
  readonly threads: number
  /** The next seed; null when there is none, or time is up. */
  readonly next: () => number | null
  readonly onResult: (result: SeedResult) => void
  /** What a thread runs; default the simulator. */
  readonly entry?: URL
}

/** Resolves when every seed that was taken has its result. Rejects when a thread dies, however quietly. */
export async function runPool({ threads, entry = SEEDS, ...seeds }: PoolOptions): Promise<void> {
  await Promise.all(Array.from({ length: threads }, () => runThread(entry, seeds)))
}

function runThread(
  entry: URL,
  { next, onResult }: Pick<PoolOptions, 'next' | 'onResult'>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(entry)
    let seed: number | null = null
    const give = (): void => {
      seed = next()
      // Its end is what is waited for.
      if (seed === null) void worker.terminate()
      else worker.postMessage(seed)
    }
    worker.on('message', (result: SeedResult) => {
      onResult(result)
      give()
    })
    worker.on('error', reject)
    worker.on('exit', (code) => {
      if (seed === null) resolve()
      else reject(new Error(`the thread of seed ${seed} ended without a result, code ${code}`))
    })
    give()
  })
}
