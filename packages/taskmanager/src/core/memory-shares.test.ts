import { jobProcessBytesMin, SLOT_HEAP_BYTES_MIN } from '@weirjs/common/core/job-memory'
import { describe, expect, it } from 'vitest'
import {
  CONTROL_BYTES,
  type MemoryFacts,
  type MemoryShares,
  PROCESSES_BYTES,
  shareMemory,
  SLOT_HEAP_BYTES_MAX,
  slotHeapBytes,
} from './memory-shares.ts'

const MEBIBYTE = 1_024 ** 2
const GIBIBYTE = 1_024 ** 3

const share = (facts: Partial<MemoryFacts>): MemoryShares =>
  shareMemory({
    limitBytes: null,
    machineBytes: 64 * GIBIBYTE,
    slots: 1,
    slotHeapBytes: null,
    jobProcessBytes: null,
    ...facts,
  })

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

  it('fits into what a job process may have, when that is said and the heap is not', () => {
    for (const mib of [256, 512, 4_096])
      for (const slots of [1, 2]) {
        const jobProcessBytes = mib * MEBIBYTE
        if (jobProcessBytes < jobProcessBytesMin(slots, SLOT_HEAP_BYTES_MIN)) continue
        const { slotHeapBytes: heap } = share({ slots, jobProcessBytes })
        expect(jobProcessBytesMin(slots, heap)).toBeLessThanOrEqual(jobProcessBytes)
      }
  })
})

describe('the memory of a job process', () => {
  it('leaves room for the TaskManager in a container, and holds the heaps', () => {
    for (const gib of [1, 2, 4, 16])
      for (const slots of [1, 2, 4]) {
        const limitBytes = gib * GIBIBYTE
        const shares = share({ limitBytes, slots })
        const all = shares.jobProcessBytes(slots)
        expect(all + CONTROL_BYTES).toBeLessThanOrEqual(limitBytes)
        expect(all).toBeGreaterThanOrEqual(jobProcessBytesMin(slots, shares.slotHeapBytes))
      }
  })

  it('is shared between jobs by their slots', () => {
    const { jobProcessBytes } = share({ limitBytes: 4 * GIBIBYTE, slots: 4 })
    expect(jobProcessBytes(1)).toBeLessThan(jobProcessBytes(4) / 3)
    expect(jobProcessBytes(2)).toBeGreaterThan(jobProcessBytes(1) * 1.5)
  })

  it('is what was said, for a job with all slots', () => {
    const { jobProcessBytes } = share({ slots: 2, jobProcessBytes: 700 * MEBIBYTE })
    expect(jobProcessBytes(2)).toBe(700 * MEBIBYTE)
    expect(jobProcessBytes(1)).toBe(414 * MEBIBYTE)
  })

  it('leaves the machine usable where nothing limits memory', () => {
    const { jobProcessBytes } = share({ machineBytes: 8 * GIBIBYTE, slots: 8 })
    expect(jobProcessBytes(1)).toBeGreaterThan(SLOT_HEAP_BYTES_MAX)
    expect(jobProcessBytes(8)).toBeLessThan(7 * GIBIBYTE)
  })

  it('is never less than a process with a thread for each slot takes by itself', () => {
    const { jobProcessBytes } = share({ slots: 16, jobProcessBytes: 2 * GIBIBYTE })
    expect(jobProcessBytes(1)).toBe(jobProcessBytesMin(16, 0))
  })
})

describe('a bound that the kernel would come before', () => {
  const limitBytes = 2 * GIBIBYTE
  const cases: readonly (readonly [Partial<MemoryFacts>, RegExp | null])[] = [
    [{ jobProcessBytes: 2_049 * MEBIBYTE }, /job-process-max is 2049mb .* may use 2048mb in all$/],
    [{ jobProcessBytes: limitBytes }, null],
    [
      { slotHeapBytes: 3 * GIBIBYTE },
      /job-process-heap is 3072mb .* takes 3248mb, .* 2048mb in all$/,
    ],
    [{ slotHeapBytes: GIBIBYTE }, null],
    // Each fits, all of them do not.
    [{ slotHeapBytes: GIBIBYTE, slots: 2 }, /heap is 1024mb .*a job on 2 slots takes 2272mb/],
    [{ slotHeapBytes: GIBIBYTE, slots: 2, limitBytes: null }, null],
    [{ jobProcessBytes: 2_049 * MEBIBYTE, limitBytes: null }, null],
    // Nobody has said anything: as small as can be, and the kernel decides.
    [{ limitBytes: 128 * MEBIBYTE, slots: 8 }, null],
  ]

  it.each(cases)('%j: %s', (facts, refused) => {
    const shared = (): MemoryShares => share({ limitBytes, ...facts })
    if (refused === null) return expect(shared).not.toThrow()
    expect(shared).toThrow(
      expect.objectContaining({
        code: 'config/bad-value',
        message: expect.stringMatching(refused) as string,
        hint: expect.stringMatching(/lower it, .*"auto".* raise that limit/) as string,
      }),
    )
  })
})
