// What records carry beside their numbers, in a share of the seeds: texts from a few bytes to about a megabyte, so that
// frames, credit and slices of snapshots see values larger than themselves. A text says itself what it must be.

import type { Prng } from '@weirjs/common/core/prng'
import type { Payloads, WorkloadOptions } from './options.ts'
import type { Numbered } from './records.ts'

const SHARE = 0.15
/** Of all that a job reads, about: the larger its values, the fewer of them are large. */
const BYTES_MAX = 1_200_000
/** A few of them fit in a record of this size. */
const SMALL_BYTES_MAX = 20
/** Large ones, compared with frames of 1, 4 and 32 KiB; the last one is rare. */
const BIG_BYTES = [3_000, 3_000, 20_000, 20_000, 100_000, 100_000, 100_000, 1_000_000]
/** Nothing else takes so little of a checkpoint's time. */
const CHECKPOINT_TIMEOUT_MS_MIN = 5_000
/** Of one byte, of two, of four in two units. */
const LETTERS = ['x', 'ø', '🜁', 'y', 'z'] as const

/** Gives records of some workloads something to carry. */
export function withPayloads(workload: WorkloadOptions, prng: Prng): WorkloadOptions {
  if (!prng.chance(SHARE)) return workload
  const bigBytes = prng.pick(BIG_BYTES)
  const bigOnes = Math.max(1, Math.floor(BYTES_MAX / bigBytes))
  const bigEach = Math.max(prng.between(1, 10), Math.ceil(workload.records / bigOnes))
  return {
    ...workload,
    payloads: { smallBytes: SMALL_BYTES_MAX, bigBytes, bigEach, from: prng.int(bigEach) },
    checkpointTimeoutMs: Math.max(CHECKPOINT_TIMEOUT_MS_MIN, workload.checkpointTimeoutMs),
  }
}

/** What number n carries. */
export function payloadOf(n: number, { payloads }: WorkloadOptions): string {
  return payloads === null ? '' : payload(n, bytesOf(n, payloads))
}

function bytesOf(n: number, { smallBytes, bigBytes, bigEach, from }: Payloads): number {
  // Any two numbers in a row differ.
  const chance = ((n * 2_654_435_761) % 1_000) / 1_000
  if (n % bigEach !== from) return Math.floor(chance * smallBytes)
  return Math.floor(bigBytes * (0.5 + chance / 2))
}

/** About so many bytes, which say so and whose they are. */
export function payload(n: number, bytes: number): string {
  const letter = LETTERS[n % LETTERS.length] ?? ''
  return `${n}/${bytes}/${letter.repeat(Math.ceil(bytes / Buffer.byteLength(letter)))}`
}

/** What a record carries is its own, from the first letter to the last. */
export function isWhole({ n, payload: carried }: Numbered): boolean {
  if (carried === '') return true
  const [of, bytes] = carried.split('/', 2).map(Number)
  return of === n && carried === payload(n, bytes ?? 0)
}
