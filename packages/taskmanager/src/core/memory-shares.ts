// Who may take how much memory on this machine: each slot's heap, and each job process as a whole. V8 takes its own limit
// from the machine, and counts no Buffers; in a container the kernel would end processes before V8 complains, and a job
// would see SIGKILL instead of "out of memory". So what the TaskManager and its processes need beside the heaps is set
// aside, and the rest is shared out.
//
// A job process is judged by what is resident, whoever took it. One with some of the slots gets their share.

import {
  checkJobMemory,
  JOB_PROCESS_BASE_BYTES,
  jobProcessBytesMin,
  SLOT_BASE_BYTES,
  SLOT_HEAP_BYTES_MIN,
} from '@weirjs/common/core/job-memory'

const MEBIBYTE = 1_024 ** 2
const GIBIBYTE = 1_024 ** 3

/** Where nothing limits memory, and never more unless somebody says so. */
export const SLOT_HEAP_BYTES_MAX: number = 4 * GIBIBYTE
/** The TaskManager, a job process without its slots, and one that is started ahead. */
export const PROCESSES_BYTES: number = 288 * MEBIBYTE
/** Of what is left: the rest is for buffers, code and young objects of the slots. */
export const HEAP_SHARE = 0.65
/** The TaskManager, and a job process that is started ahead. */
export const CONTROL_BYTES: number = 192 * MEBIBYTE
/** Of a container's limit: above it the kernel may come before the watchdog does. */
export const CONTAINER_SHARE = 0.9
/** Of the machine's memory, where nothing else limits it: what is left keeps the machine usable. */
export const MACHINE_SHARE = 0.8
/** Buffers of a slot, beyond its share, where there is plenty. */
const SLOT_BUFFERS_BYTES = 256 * MEBIBYTE

export interface MemoryFacts {
  /** What a container or a service of the system allows; null: nothing limits memory. */
  readonly limitBytes: number | null
  readonly machineBytes: number
  readonly slots: number
  /** As configured; null: to be derived. */
  readonly slotHeapBytes: number | null
  readonly jobProcessBytes: number | null
}

export interface MemoryShares {
  readonly slotHeapBytes: number
  /** Resident bytes that a job process with so many of the slots may have. */
  readonly jobProcessBytes: (slots: number) => number
}

/** Throws `config/bad-value` when what somebody has said cannot be had within the limit. */
export function shareMemory(facts: MemoryFacts): MemoryShares {
  const { slots, limitBytes } = facts
  if (limitBytes !== null) checkJobMemory(facts, limitBytes, () => 'as set')
  const heapBytes = facts.slotHeapBytes ?? derivedHeapBytes(facts)
  const { eachBytes, allBytes } = processShare(facts, heapBytes)
  // A process that was started ahead has had a thread for every slot, and gives that back only by and by.
  const leastBytes = JOB_PROCESS_BASE_BYTES + slots * SLOT_BASE_BYTES
  return {
    slotHeapBytes: heapBytes,
    jobProcessBytes: (own) =>
      Math.max(leastBytes, Math.min(allBytes, JOB_PROCESS_BASE_BYTES + own * eachBytes)),
  }
}

/** `limitBytes` null: nothing limits memory. */
export function slotHeapBytes(limitBytes: number | null, slots: number): number {
  if (limitBytes === null) return SLOT_HEAP_BYTES_MAX
  const each = Math.floor(((limitBytes - PROCESSES_BYTES) * HEAP_SHARE) / slots)
  return Math.min(SLOT_HEAP_BYTES_MAX, Math.max(SLOT_HEAP_BYTES_MIN, each))
}

/** Heaps fit into the container, and into what a job process may have. */
function derivedHeapBytes({ limitBytes, slots, jobProcessBytes }: MemoryFacts): number {
  const usual = slotHeapBytes(limitBytes, slots)
  if (jobProcessBytes === null) return usual
  const each = (jobProcessBytes - JOB_PROCESS_BASE_BYTES) / slots
  const fitting = Math.floor(Math.min(each * HEAP_SHARE, each - SLOT_BASE_BYTES))
  return Math.max(SLOT_HEAP_BYTES_MIN, Math.min(usual, fitting))
}

/** For each slot beside the base, and for a process with all of them. */
function processShare(
  facts: MemoryFacts,
  heapBytes: number,
): { readonly eachBytes: number; readonly allBytes: number } {
  const { limitBytes, machineBytes, slots, jobProcessBytes } = facts
  if (jobProcessBytes === null && limitBytes === null) {
    const eachBytes = Math.floor(heapBytes / HEAP_SHARE) + SLOT_BUFFERS_BYTES
    return { eachBytes, allBytes: Math.floor(machineBytes * MACHINE_SHARE) }
  }
  const allBytes = jobProcessBytes ?? containerShare(limitBytes ?? 0, slots, heapBytes)
  return { eachBytes: Math.floor((allBytes - JOB_PROCESS_BASE_BYTES) / slots), allBytes }
}

/** Never less than the heaps need: where even the least ones are too large for the container, the kernel decides. */
function containerShare(limitBytes: number, slots: number, heapBytes: number): number {
  const room = Math.floor(Math.min(limitBytes - CONTROL_BYTES, limitBytes * CONTAINER_SHARE))
  return Math.max(room, jobProcessBytesMin(slots, heapBytes))
}
