// Runs seeds on several threads, each seed on one: a seed knows nothing of its neighbours, so its history is the same.

import { Worker } from 'node:worker_threads'
import type { SeedResult } from './run-seed.ts'

export interface PoolOptions {
  readonly threads: number
  /** The next seed; null when there is none, or time is up. */
  readonly next: () => number | null
  readonly onResult: (result: SeedResult) => void
}

/** Resolves when every seed that was taken has its result. Rejects when a thread dies. */
export async function runPool({ threads, next, onResult }: PoolOptions): Promise<void> {
  await Promise.all(Array.from({ length: threads }, () => runThread(next, onResult)))
}

function runThread(
  next: PoolOptions['next'],
  onResult: (result: SeedResult) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./seed-worker.ts', import.meta.url))
    const give = (): void => {
      const seed = next()
      if (seed === null) {
        // Its end is what is waited for.
        void worker.terminate()
        return
      }
      worker.postMessage(seed)
    }
    worker.on('message', (result: SeedResult) => {
      onResult(result)
      give()
    })
    worker.on('error', reject)
    worker.on('exit', () => resolve())
    give()
  })
}
