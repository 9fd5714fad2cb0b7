import { ManualScheduler } from '@weirjs/common/core/manual-scheduler'
import { advance } from '@weirjs/common/node/virtual-time'
import { expect, test } from 'vitest'
import { RELIEVED_LOOKS_MIN } from '../core/memory-judge.ts'
import { MEMORY_LOOK_MS, MemoryWatch } from './memory-watch.ts'
import type { ProbeResult } from './protocol.ts'

const MEBIBYTE = 1_024 ** 2

interface Scene {
  readonly time: ManualScheduler
  readonly watch: MemoryWatch
  readonly told: string[]
  readonly ends: string[]
  probes(): number
}

/** A process with a limit of 100 MiB, and slots 3 and 5; `mib` is what it has, seen from outside or told by itself. */
function scene(
  mib: () => number | null,
  said: () => Promise<number>,
  processes: () => number = () => 3,
): Scene {
  const time = new ManualScheduler()
  const told: string[] = []
  const ends: string[] = []
  let probes = 0
  const watch = new MemoryWatch({
    limitBytes: 100 * MEBIBYTE,
    slots: [3, 5],
    residentBytes: () => {
      const seen = mib()
      return seen === null ? null : seen * MEBIBYTE
    },
    probe: async (): Promise<ProbeResult> => {
      probes++
      const slotMemory = [
        { heapBytes: 4 * MEBIBYTE, externalBytes: 70 * MEBIBYTE },
        { heapBytes: 5 * MEBIBYTE, externalBytes: 0 },
      ]
      return { rssBytes: (await said()) * MEBIBYTE, slotLoopAgesMs: [0, 0], slotMemory }
    },
    scheduler: time,
    processes,
    processesMax: 3,
    tell: (text) => told.push(text),
    onTooMuch: (reason) => ends.push(reason),
    onTooMany: (reason) => ends.push(reason),
  })
  return { time, watch, told, ends, probes: () => probes }
}

const never = (): Promise<number> => new Promise(() => {})

test('a process that has enough is asked nothing', async () => {
  const { time, probes, told } = scene(() => 50, never)
  await advance(time, 10_000)
  expect(probes()).toBe(0)
  expect(told).toEqual([])
})

test('running short is told once, and once that it has passed', async () => {
  let mib = 85
  const { time, told, ends } = scene(
    () => mib,
    async () => mib,
  )
  await advance(time, 1_000)
  mib = 60
  await advance(time, RELIEVED_LOOKS_MIN * MEMORY_LOOK_MS + 1_000)
  expect(told).toEqual([
    'the job process uses 85 of 100 MiB of memory; when it has more, it is ended',
    'the job process uses 60 of 100 MiB of memory again',
  ])
  expect(ends).toEqual([])
})

test('a process that stays over its limit is ended, and it is said which slot holds what', async () => {
  const { time, ends } = scene(
    () => 105,
    async () => 105,
  )
  await advance(time, 4 * MEMORY_LOOK_MS)
  expect(ends).toEqual([])
  await advance(time, 10 * MEMORY_LOOK_MS)
  expect(ends).toEqual([
    'uses 105 of 100 MiB of memory that it may: at the last count, ' +
      'slot 3: 4 MiB on its heap and 70 MiB in Buffers, slot 5: 5 MiB on its heap and 0 MiB in Buffers',
  ])
  expect(time.pending).toBe(0)
})

test('a flood is ended at once, also when the process says nothing', async () => {
  let mib = 50
  const { time, ends } = scene(() => mib, never)
  await advance(time, 10 * MEMORY_LOOK_MS)
  mib = 400
  await advance(time, MEMORY_LOOK_MS)
  expect(ends).toEqual(['uses 400 of 100 MiB of memory that it may: its slots have not told how'])
})

test('where the system does not say what is resident, the process is asked', async () => {
  let mib = 50
  const { time, ends, probes } = scene(
    () => null,
    async () => mib,
  )
  await advance(time, 10 * MEMORY_LOOK_MS)
  expect(probes()).toBe(10)
  mib = 120
  await advance(time, MEMORY_LOOK_MS)
  expect(ends).toHaveLength(1)
  expect(time.pending).toBe(0)
})

test('the watch ends with the process that it watches', async () => {
  const { time, ends, probes } = scene(
    () => null,
    async () => {
      throw new Error('gone')
    },
  )
  await advance(time, 10 * MEMORY_LOOK_MS)
  expect(probes()).toBe(1)
  expect(ends).toEqual([])
  expect(time.pending).toBe(0)
})

test('too many processes end it, once, however small they are', async () => {
  let count = 3
  const { time, ends } = scene(
    () => 50,
    never,
    () => count,
  )
  await advance(time, 10 * MEMORY_LOOK_MS)
  expect(ends).toEqual([])
  count = 4
  await advance(time, 10 * MEMORY_LOOK_MS)
  expect(ends).toEqual(['has started more than 3 processes that still run'])
})
