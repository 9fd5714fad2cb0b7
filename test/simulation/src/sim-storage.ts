// The checkpoint storage as the processes of a cluster reach it: one disk, and for each process its own way there, which
// takes time, fails, succeeds and says that it failed, is cut off, or ends in the death of whoever went it.

import {
  MemoryStorage,
  type StorageOperation,
  type StorageVerdict,
} from '@weirjs/common/core/checkpoint/memory-storage'
import type { Prng } from '@weirjs/common/core/prng'
import { type Failpoints, storageStep } from './failpoints.ts'
import type { SimProcess } from './process.ts'
import type { SimDisk } from './sim-disk.ts'
import type { DiskFaults } from './sim-files.ts'
import type { World } from './world.ts'

/** Every operation takes this long at least, so that a process that dies within one does not do it. */
const LATENCY_MS_MIN = 0.02

export interface StorageWorld {
  readonly world: World
  readonly disk: SimDisk
  readonly prng: Prng
  readonly faults: () => DiskFaults
  readonly failpoints: Failpoints
  /** Machines that do not reach any storage. */
  readonly cutOff: ReadonlySet<string>
}

export function storageOf(storage: StorageWorld, process: SimProcess): MemoryStorage {
  const { disk, prng, faults, failpoints } = storage
  return new MemoryStorage({
    disk,
    scheduler: process,
    latencyMs: () => LATENCY_MS_MIN + prng.float() * faults().delayMsMax,
    onOperation: (operation, path) => verdict(storage, process, operation, path),
    onDone: (operation, path) => {
      const step = storageStep(operation, path)
      return step === null || failpoints.pass('after', step, process) === 'go'
    },
  })
}

function verdict(
  { world, prng, faults, failpoints, cutOff }: StorageWorld,
  process: SimProcess,
  operation: StorageOperation,
  path: string,
): StorageVerdict {
  if (cutOff.has(process.machine)) return { verdict: 'fail' }
  const step = storageStep(operation, path)
  if (step !== null && failpoints.pass('before', step, process) === 'error')
    return { verdict: 'fail' }
  const { failProbability, ambiguousProbability } = faults()
  if (prng.chance(failProbability)) {
    world.fault('storage-fail', `${operation} ${path}`)
    return { verdict: 'fail' }
  }
  if (operation !== 'read' && operation !== 'list' && prng.chance(ambiguousProbability)) {
    world.fault('storage-ambiguous', `${operation} ${path}`)
    return { verdict: 'ambiguous' }
  }
  return { verdict: 'ok' }
}
