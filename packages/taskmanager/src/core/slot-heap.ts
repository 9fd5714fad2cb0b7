// How much heap each slot may take where memory is limited (a container, a service of the system). V8 takes its own limit
// from the machine and would be killed by the kernel before it complains: a job would see SIGKILL instead of "out of
// memory". So what the TaskManager and its job processes need beside the heaps is set aside, and the rest is shared out.

const MEBIBYTE = 1_024 ** 2
const GIBIBYTE = 1_024 ** 3

/** Where nothing limits memory, and never more unless somebody says so. */
export const SLOT_HEAP_BYTES_MAX: number = 4 * GIBIBYTE
/** Less than this no job can start with. */
export const SLOT_HEAP_BYTES_MIN: number = 32 * MEBIBYTE
/** The TaskManager, a job process without its slots, and one that is started ahead. */
export const PROCESSES_BYTES: number = 288 * MEBIBYTE
/** Of what is left: the rest is for buffers, code and young objects of the slots. */
export const HEAP_SHARE = 0.65

/** `limitBytes` null: nothing limits memory. */
export function slotHeapBytes(limitBytes: number | null, slots: number): number {
  if (limitBytes === null) return SLOT_HEAP_BYTES_MAX
  const each = Math.floor(((limitBytes - PROCESSES_BYTES) * HEAP_SHARE) / slots)
  return Math.min(SLOT_HEAP_BYTES_MAX, Math.max(SLOT_HEAP_BYTES_MIN, each))
}
