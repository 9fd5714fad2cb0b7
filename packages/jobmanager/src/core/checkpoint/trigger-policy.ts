// When a checkpoint may start. Policy without power: it is told how things stand and answers now or when to ask again.
// The final checkpoint waits for nobody; a manual one waits only for its turn among the concurrent; a periodic one
// waits for its interval, for the minimum pause since the last completion, and for its turn.

import { assert } from '@weirjs/common/core/assert'
import type { CheckpointSettings } from '@weirjs/common/core/graph/logical-graph'
import { CHECKPOINT_INTERVAL_MS_MIN } from '@weirjs/common/core/job-bounds'
import type { CheckpointKind } from './events.ts'

/** Manual requests that may wait for their turn. */
export const MANUAL_REQUESTS_MAX = 1_000
/** A final checkpoint that failed is tried again after so long, doubling up to the maximum. */
export const FINAL_RETRY_MS = 500
export const FINAL_RETRY_MS_MAX = 30_000

/** How things stand. Times are monotonic; null: not so. */
export interface TriggerSituation {
  /** All tasks run. */
  readonly running: boolean
  /** Triggered and neither complete nor failed. */
  readonly pending: number
  readonly manualWaiting: boolean
  /** When the final checkpoint is due. While it is not null nothing else is triggered. */
  readonly finalDueMs: number | null
  /** A final checkpoint is under way or complete: nothing may be triggered. */
  readonly finalTriggered: boolean
  readonly periodicDueMs: number | null
  readonly lastCompletionMs: number | null
}

export type TriggerDecision =
  | { readonly decision: 'trigger'; readonly kind: CheckpointKind }
  /** Ask again at that time, or after the next event when it is null. */
  | { readonly decision: 'wait'; readonly untilMs: number | null }

export function decideTrigger(
  settings: CheckpointSettings,
  situation: TriggerSituation,
  nowMs: number,
): TriggerDecision {
  if (!situation.running || situation.finalTriggered) return wait(null)
  if (situation.finalDueMs !== null) {
    return situation.finalDueMs <= nowMs ? trigger('final') : wait(situation.finalDueMs)
  }
  if (situation.pending >= settings.maxConcurrent) return wait(null)
  if (situation.manualWaiting) return trigger('manual')
  return decidePeriodic(settings, situation, nowMs)
}

function decidePeriodic(
  settings: CheckpointSettings,
  situation: TriggerSituation,
  nowMs: number,
): TriggerDecision {
  if (settings.intervalMs === null || situation.periodicDueMs === null) return wait(null)
  const pauseEndsMs =
    situation.lastCompletionMs === null ? 0 : situation.lastCompletionMs + settings.minPauseMs
  const dueMs = Math.max(situation.periodicDueMs, pauseEndsMs)
  return dueMs <= nowMs ? trigger('periodic') : wait(dueMs)
}

/** When the first periodic checkpoint of an attempt is due: after a restart it waits for the minimum pause only. */
export function firstPeriodicDueMs(
  settings: CheckpointSettings,
  restarted: boolean,
  nowMs: number,
): number | null {
  if (settings.intervalMs === null) return null
  return (
    nowMs + (restarted ? settings.minPauseMs : Math.max(settings.intervalMs, settings.minPauseMs))
  )
}

export function nextPeriodicDueMs(settings: CheckpointSettings, nowMs: number): number | null {
  return settings.intervalMs === null ? null : nowMs + settings.intervalMs
}

/** Delay before the final checkpoint is tried again after `failures` ≥ 1 failures of it in a row. */
export function finalRetryMs(failures: number): number {
  return Math.min(FINAL_RETRY_MS * 2 ** Math.min(failures - 1, 16), FINAL_RETRY_MS_MAX)
}

/** Throws AssertionFailed when the settings contradict themselves; the configuration schema refuses them first. */
export function assertCheckpointSettings(settings: CheckpointSettings): void {
  const { intervalMs } = settings
  assert(
    intervalMs === null || intervalMs >= CHECKPOINT_INTERVAL_MS_MIN,
    'the checkpoint interval is at least 10 ms',
  )
  assert(settings.minPauseMs >= 0, 'the minimum pause is not negative')
  assert(settings.timeoutMs > 0, 'the checkpoint time-out is positive')
  assert(
    Number.isInteger(settings.maxConcurrent) && settings.maxConcurrent >= 1,
    'at least one concurrent checkpoint',
  )
  assert(
    settings.tolerableFailures === null || settings.tolerableFailures >= 0,
    'tolerable failures are not negative',
  )
  assert(
    Number.isInteger(settings.retained) && settings.retained >= 1,
    'at least one checkpoint is retained',
  )
}

function trigger(kind: CheckpointKind): TriggerDecision {
  return { decision: 'trigger', kind }
}

function wait(untilMs: number | null): TriggerDecision {
  return { decision: 'wait', untilMs }
}
