import { describe, expect, it } from 'vitest'
import {
  PROCESSES_BYTES,
  SLOT_HEAP_BYTES_MAX,
  SLOT_HEAP_BYTES_MIN,
  slotHeapBytes,
} from './slot-heap.ts'

const GIBIBYTE = 1_024 ** 3

describe('the heap of a slot', () => {
  it('is 4 GiB where nothing limits memory', () => {
    expect(slotHeapBytes(null, 8)).toBe(SLOT_HEAP_BYTES_MAX)
  })

  it('is a share of the limit, and all heaps and processes fit into it', () => {
    for (const gib of [1, 2, 4, 16])
      for (const slots of [1, 2, 4]) {
        const heap = slotHeapBytes(gib * GIBIBYTE, slots)
        expect(heap).toBeGreaterThan(SLOT_HEAP_BYTES_MIN)
        expect(heap * slots + PROCESSES_BYTES).toBeLessThan(gib * GIBIBYTE)
      }
  })

  it('never goes below what a job needs, nor above the usual', () => {
    expect(slotHeapBytes(GIBIBYTE / 4, 4)).toBe(SLOT_HEAP_BYTES_MIN)
    expect(slotHeapBytes(1_000 * GIBIBYTE, 1)).toBe(SLOT_HEAP_BYTES_MAX)
  })
})
