// Refuses job settings that contradict themselves or cannot be meant, by the name of the setting. The command line and the
// SDK check earlier and say it nearer to the author; this is the last door, for whoever comes over the wire.

import { WeirError } from '@weirjs/common/core/errors'
import type {
  CheckpointSettings,
  JobSettings,
  RestartSettings,
} from '@weirjs/common/core/graph/logical-graph'
import { CHECKPOINT_INTERVAL_MS_MIN } from './core/checkpoint/trigger-policy.ts'

const DURATION_MS_MAX = 10 * 365 * 24 * 3_600_000
const RETAINED_MAX = 10_000
const CONCURRENT_MAX = 100
const COUNT_MAX = 1_000_000_000

/** Throws `job/invalid-settings`. */
export function checkSettings(settings: JobSettings): void {
  checkCheckpoint(settings.checkpoint)
  checkRestart(settings.restart)
  optional('bufferTimeoutMs', settings.bufferTimeoutMs, (name, ms) =>
    number(name, ms, 0, DURATION_MS_MAX),
  )
}

function checkCheckpoint(settings: CheckpointSettings): void {
  optional('checkpoint.intervalMs', settings.intervalMs, (name, ms) =>
    number(name, ms, CHECKPOINT_INTERVAL_MS_MIN, DURATION_MS_MAX),
  )
  oneOf('checkpoint.mode', settings.mode, ['exactly-once', 'at-least-once'])
  number('checkpoint.minPauseMs', settings.minPauseMs, 0, DURATION_MS_MAX)
  number('checkpoint.timeoutMs', settings.timeoutMs, 1, DURATION_MS_MAX)
  whole('checkpoint.maxConcurrent', settings.maxConcurrent, 1, CONCURRENT_MAX)
  optional('checkpoint.tolerableFailures', settings.tolerableFailures, (name, n) =>
    whole(name, n, 0, COUNT_MAX),
  )
  whole('checkpoint.retained', settings.retained, 1, RETAINED_MAX)
  oneOf('checkpoint.retainOn', settings.retainOn, [
    'always',
    'failure-and-cancel',
    'failure',
    'never',
  ])
}

function checkRestart(settings: RestartSettings): void {
  switch (settings.strategy) {
    case 'none':
      return
    case 'fixed-delay':
      whole('restart.attempts', settings.attempts, 0, COUNT_MAX)
      return number('restart.delayMs', settings.delayMs, 0, DURATION_MS_MAX)
    case 'failure-rate':
      whole('restart.failuresMax', settings.failuresMax, 1, COUNT_MAX)
      number('restart.windowMs', settings.windowMs, 1, DURATION_MS_MAX)
      return number('restart.delayMs', settings.delayMs, 0, DURATION_MS_MAX)
    case 'exponential-delay':
      number('restart.initialMs', settings.initialMs, 0, DURATION_MS_MAX)
      number('restart.maxMs', settings.maxMs, settings.initialMs, DURATION_MS_MAX)
      number('restart.multiplier', settings.multiplier, 1, COUNT_MAX)
      number('restart.jitter', settings.jitter, 0, 1)
      number('restart.resetAfterMs', settings.resetAfterMs, 0, DURATION_MS_MAX)
      return optional('restart.attempts', settings.attempts, (name, n) =>
        whole(name, n, 0, COUNT_MAX),
      )
    default:
      oneOf('restart.strategy', (settings as { strategy: unknown }).strategy, [
        'none',
        'fixed-delay',
        'failure-rate',
        'exponential-delay',
      ])
  }
}

function optional(
  name: string,
  value: number | null,
  check: (name: string, value: number) => void,
): void {
  if (value !== null) check(name, value)
}

function number(name: string, value: number, min: number, max: number): void {
  if (typeof value === 'number' && value >= min && value <= max) return
  throw invalid(`${name} is ${String(value)}; it must be a number from ${min} to ${max}`)
}

function whole(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return
  throw invalid(`${name} is ${String(value)}; it must be a whole number from ${min} to ${max}`)
}

function oneOf(name: string, value: unknown, known: readonly string[]): void {
  if (typeof value === 'string' && known.includes(value)) return
  throw invalid(`${name} is ${String(value)}; it must be one of ${known.join(', ')}`)
}

function invalid(message: string): WeirError {
  return new WeirError('job/invalid-settings', message, { domain: 'user', retry: 'never' })
}
