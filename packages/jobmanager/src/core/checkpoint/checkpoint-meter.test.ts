import { checkpointId } from '@weirjs/common/core/ids'
import { expect, it } from 'vitest'
import { CheckpointMeter, DURATION_BOUNDS } from './checkpoint-meter.ts'
import type { CheckpointRecord } from './events.ts'

const ended = (state: 'COMPLETED' | 'FAILED', ms: number, stateBytes = 0): CheckpointRecord => ({
  checkpointId: checkpointId(1),
  kind: 'periodic',
  state,
  triggeredAtMs: 1_000,
  endedAtMs: 1_000 + ms,
  stateBytes,
  acknowledged: 1,
  total: 1,
  stallMsMax: 5,
  failure: null,
})

it('adds up what completed checkpoints took, and counts those that failed', () => {
  const meter = new CheckpointMeter()
  meter.record({ ...ended('COMPLETED', 0), state: 'IN_PROGRESS', endedAtMs: null })
  for (const ms of [5, 10, 11, 700_000]) meter.record(ended('COMPLETED', ms, ms))
  meter.record(ended('FAILED', 100))
  expect([meter.completed, meter.failed, meter.stateBytes]).toEqual([4, 1, 700_000])
  expect(meter.stallSeconds).toBe(0.005)
  const { bounds, counts, sum } = meter.durations
  expect(bounds).toBe(DURATION_BOUNDS)
  expect(counts).toHaveLength(bounds.length + 1)
  expect([counts[0], counts[1], counts.at(-1)]).toEqual([2, 1, 1])
  expect(sum).toBeCloseTo(700.026, 6)
})

it('takes a clock that went back for no time at all', () => {
  const meter = new CheckpointMeter()
  meter.record(ended('COMPLETED', -50))
  expect(meter.durations).toMatchObject({ sum: 0 })
})
