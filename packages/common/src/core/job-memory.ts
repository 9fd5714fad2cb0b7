// What a job process needs beside the heaps of its slots: bytes that the configuration is checked against, and that the
// TaskManager's memory shares are made with. Measured: a process with one idle slot is resident with 110 to
// 125 MiB, half of it code that all processes share; each further slot takes 20 MiB.

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
