import { ManualScheduler } from '@weirjs/common/core/manual-scheduler'
import { advance } from '@weirjs/common/node/virtual-time'
import { expect, test } from 'vitest'
import { SlotWatch } from './slot-watch.ts'

test('tells once that a slot is blocked, and once that it goes on', async () => {
  const time = new ManualScheduler()
  const told: string[] = []
  let blockedAtMs = 10_500
  let freeAtMs = 20_500
  const ageMs = (): number => {
    const nowMs = time.nowMs()
    return nowMs >= blockedAtMs && nowMs < freeAtMs ? nowMs - blockedAtMs : 10
  }
  const watch = new SlotWatch({
    slots: [3, 5],
    probe: async () => ({ rssBytes: 0, slotLoopAgesMs: [10, ageMs()], slotMemory: [] }),
    scheduler: time,
    tell: (text) => told.push(text),
    progressTimeoutMs: null,
    onStuck: () => told.push('stuck'),
  })
  await advance(time, 15_000)
  expect(told).toEqual([])
  await advance(time, 20_000)
  expect(told).toEqual([
    "slot 5 has been blocked by the job's code for 6 s",
    'slot 5 goes on after 10 s or more',
  ])
  blockedAtMs = 40_000
  freeAtMs = Number.POSITIVE_INFINITY
  watch.stop()
  await advance(time, 20_000)
  expect(told).toHaveLength(2)
})

test('ends with the process that it watches', async () => {
  const time = new ManualScheduler()
  let probes = 0
  const watch = new SlotWatch({
    slots: [0],
    probe: async () => {
      probes++
      throw new Error('gone')
    },
    scheduler: time,
    tell: () => {},
    progressTimeoutMs: 5_000,
    onStuck: () => {},
  })
  await advance(time, 10_000)
  expect(probes).toBe(1)
  expect(time.pending).toBe(0)
  watch.stop()
})

test('a slot that is blocked for too long at two looks is stuck, and named', async () => {
  const time = new ManualScheduler()
  const told: string[] = []
  let ageMs = 60_000
  new SlotWatch({
    slots: [4, 7],
    probe: async () => ({ rssBytes: 0, slotLoopAgesMs: [10, ageMs], slotMemory: [] }),
    scheduler: time,
    tell: () => {},
    progressTimeoutMs: 30_000,
    onStuck: (reason) => told.push(reason),
  })
  await advance(time, 1_000)
  // The machine had been asleep: the loop turns again.
  ageMs = 10
  await advance(time, 10_000)
  expect(told).toEqual([])
  ageMs = 31_000
  await advance(time, 10_000)
  expect(told).toEqual(["slot 7 has been blocked by the job's code for 31 s"])
  expect(time.pending).toBe(0)
})

test('a process whose main thread says nothing is stuck', async () => {
  const time = new ManualScheduler()
  const told: string[] = []
  new SlotWatch({
    slots: [0],
    probe: () => new Promise(() => {}),
    scheduler: time,
    tell: () => {},
    progressTimeoutMs: 30_000,
    onStuck: (reason) => told.push(reason),
  })
  await advance(time, 31_000)
  expect(told).toEqual([])
  await advance(time, 10_000)
  expect(told).toEqual(['the job process has not answered for 30 s'])
  expect(time.pending).toBe(0)
})
