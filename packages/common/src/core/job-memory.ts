// What a job process needs beside the heaps of its slots: bytes that the configuration is checked against, and that the
// TaskManager's memory shares are made with. Measured: a process with one idle slot is resident with 110 to
// 125 MiB, half of it code that all processes share; each further slot takes 20 MiB.

import { WeirError } from './errors.ts'

const MEBIBYTE = 1_024 ** 2

/** Its supervising thread, Node itself. */
export const JOB_PROCESS_BASE_BYTES: number = 128 * MEBIBYTE
/** A slot's thread: stack, code, young objects. */
export const SLOT_BASE_BYTES: number = 48 * MEBIBYTE
/** A heap smaller than this can start no job. */
export const SLOT_HEAP_BYTES_MIN: number = 32 * MEBIBYTE

/** Less than this, and a job process is ended before its heaps are full. */
export function jobProcessBytesMin(slots: number, slotHeapBytes: number): number {
  return JOB_PROCESS_BASE_BYTES + slots * (SLOT_BASE_BYTES + slotHeapBytes)
}

const HEAP_KEY = 'taskmanager.memory.job-process-heap'
const MAX_KEY = 'taskmanager.memory.job-process-max'

export interface MemoryWish {
  readonly slots: number
  /** null: nobody has said it. */
  readonly slotHeapBytes: number | null
  /** null: nobody has said it. */
  readonly jobProcessBytes: number | null
}

/**
 * Bounds that lie above `limitBytes` are none: the kernel would come first, and end what it likes. What nobody has said fits
 * as well as it can. Throws `config/bad-value`.
 */
export function checkJobMemory(
  { slots, slotHeapBytes, jobProcessBytes }: MemoryWish,
  limitBytes: number,
  originOf: (key: typeof HEAP_KEY | typeof MAX_KEY) => string,
): void {
  const allowed = `but the container, or the service of the system, may use ${mebibytes(limitBytes)} in all`
  if (jobProcessBytes !== null && jobProcessBytes > limitBytes) {
    const message = `${MAX_KEY} is ${mebibytes(jobProcessBytes)} (${originOf(MAX_KEY)}), ${allowed}`
    throw new WeirError('config/bad-value', message, {
      domain: 'user',
      hint: 'lower it, say "auto" for what fits, or raise that limit (mem_limit, MemoryMax)',
    })
  }
  const least = slotHeapBytes === null ? 0 : jobProcessBytesMin(slots, slotHeapBytes)
  if (slotHeapBytes !== null && least > limitBytes) {
    const takes = `so that a job on ${slots} slots takes ${mebibytes(least)}`
    const message = `${HEAP_KEY} is ${mebibytes(slotHeapBytes)} (${originOf(HEAP_KEY)}), ${takes}, ${allowed}`
    throw new WeirError('config/bad-value', message, {
      domain: 'user',
      hint: 'lower it, say "auto" for what fits, offer fewer slots, or raise that limit (mem_limit, MemoryMax)',
    })
  }
}

const mebibytes = (bytes: number): string => `${Math.floor(bytes / MEBIBYTE)}mb`
