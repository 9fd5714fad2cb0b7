import { DEFAULT_CHECKPOINT_SETTINGS } from '@weirjs/common/core/graph/logical-graph'
import { describe, expect, it } from 'vitest'
import {
  decideTrigger,
  FINAL_RETRY_MS_MAX,
  finalRetryMs,
  firstPeriodicDueMs,
  type TriggerSituation,
} from './trigger-policy.ts'

const settings = {
  ...DEFAULT_CHECKPOINT_SETTINGS,
  intervalMs: 100,
  minPauseMs: 40,
  maxConcurrent: 2,
}
const calm: TriggerSituation = {
  running: true,
  pending: 0,
  manualWaiting: false,
  finalDueMs: null,
  finalTriggered: false,
  periodicDueMs: 1_000,
  lastCompletionMs: null,
}
const at = (nowMs: number, change: Partial<TriggerSituation>) =>
  decideTrigger(settings, { ...calm, ...change }, nowMs)
const trigger = (kind: string) => ({ decision: 'trigger', kind })
const wait = (untilMs: number | null) => ({ decision: 'wait', untilMs })

describe('the trigger policy', () => {
  it('waits for the interval', () => {
    expect(at(999, {})).toEqual(wait(1_000))
    expect(at(1_000, {})).toEqual(trigger('periodic'))
  })

  it('waits for the minimum pause after the last completion', () => {
    expect(at(1_000, { lastCompletionMs: 990 })).toEqual(wait(1_030))
    expect(at(1_030, { lastCompletionMs: 990 })).toEqual(trigger('periodic'))
  })

  it('waits for a turn among the concurrent, and needs an event for that, not time', () => {
    expect(at(1_000, { pending: 2 })).toEqual(wait(null))
    expect(at(1_000, { pending: 2, manualWaiting: true })).toEqual(wait(null))
    expect(at(1_000, { pending: 1 })).toEqual(trigger('periodic'))
  })

  it('takes a manual one before its time, but not past its turn', () => {
    expect(at(10, { manualWaiting: true, lastCompletionMs: 9 })).toEqual(trigger('manual'))
  })

  it('takes the final one past everything, and nothing beside it', () => {
    expect(
      at(10, { finalDueMs: 10, pending: 2, lastCompletionMs: 9, manualWaiting: true }),
    ).toEqual(trigger('final'))
    expect(at(10, { finalDueMs: 50, manualWaiting: true })).toEqual(wait(50))
    expect(at(2_000, { finalTriggered: true, manualWaiting: true })).toEqual(wait(null))
  })

  it('triggers nothing while not all tasks run', () => {
    expect(at(2_000, { running: false, manualWaiting: true, finalDueMs: 0 })).toEqual(wait(null))
  })

  it('starts after the interval, and after a restart already after the minimum pause', () => {
    expect(firstPeriodicDueMs(settings, false, 5)).toBe(105)
    expect(firstPeriodicDueMs(settings, true, 5)).toBe(45)
    expect(firstPeriodicDueMs({ ...settings, intervalMs: null }, true, 5)).toBeNull()
  })

  it('lets the final one be tried again ever later, up to a limit', () => {
    expect([1, 2, 3, 40].map(finalRetryMs)).toEqual([500, 1_000, 2_000, FINAL_RETRY_MS_MAX])
  })
})
