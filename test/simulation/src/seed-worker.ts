// A thread that runs one seed after the other, as the pool hands them out.

import { parentPort } from 'node:worker_threads'
import { runSeed } from './run-seed.ts'

parentPort?.on('message', (seed: number) => {
  // Cannot reject: what breaks inside a run is a violation; a bug of the simulator itself ends the thread.
  void runSeed(seed).then((result) => parentPort?.postMessage(result))
})
