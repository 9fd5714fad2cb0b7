// How a job wants to run, as its author writes it (durations as text, everything optional), and the resolved form with
// all defaults, as the JobManager wants it. Flags and configuration may override the result later.

import {
  type CheckpointMode,
  type CheckpointSettings,
  DEFAULT_CHECKPOINT_SETTINGS,
  DEFAULT_JOB_SETTINGS,
  DEFAULT_RESTART_SETTINGS,
  type JobSettings,
  type RestartSettings,
} from '@weirjs/common/core/graph/logical-graph'
import { type Duration, durationMs } from './durations.ts'
import { checkParallelism } from './graph-builder.ts'
import { jobError } from './job-error.ts'
import { didYouMean } from './suggest.ts'

export const CHECKPOINT_INTERVAL_MS_MIN = 10
export const CHECKPOINTS_RETAINED_MAX = 1_000
export const CHECKPOINTS_CONCURRENT_MAX = 16

export interface CheckpointOptions {
  /** Time between triggers, ≥ 10 ms; `'off'`: none but the final one and those asked for. Default `'10s'`. */
  readonly every?: Duration | 'off'
  /** Default `exactly-once`. */
  readonly mode?: CheckpointMode
  /** Least time between the end of one checkpoint and the trigger of the next. Default 0. */
  readonly minPause?: Duration
  /** A checkpoint that takes longer is given up. Default `'10m'`. */
  readonly timeout?: Duration
  /** Checkpoints under way at the same time, 1 … 16. Default 1. */
  readonly maxConcurrent?: number
  /** Failed checkpoints in a row that the job survives. Default: any number. */
  readonly tolerableFailures?: number
  /** Completed checkpoints kept, 1 … 1,000. Default 3. */
  readonly retained?: number
  /** What stays on the storage when the job has ended. Default `failure-and-cancel`. */
  readonly retainOn?: CheckpointSettings['retainOn']
}

export type RestartOptions =
  | { readonly strategy: 'none' }
  | { readonly strategy: 'fixed-delay'; readonly attempts: number; readonly delay?: Duration }
  | {
      readonly strategy: 'failure-rate'
      readonly failuresMax: number
      readonly window: Duration
      readonly delay?: Duration
    }
  | {
      readonly strategy: 'exponential-delay'
      readonly initial?: Duration
      readonly max?: Duration
      readonly multiplier?: number
      /** 0 … 1. */
      readonly jitter?: number
      readonly resetAfter?: Duration
      /** Default: no limit. */
      readonly attempts?: number
    }

export interface SettingsOptions {
  readonly checkpoint?: CheckpointOptions | 'off'
  /** Default: exponential delay without limit. */
  readonly restart?: RestartOptions
  /** Subtasks of each step that says nothing itself. Default 1; `-p` overrides it. */
  readonly parallelism?: number
  readonly maxParallelism?: number
  /** Longest time a record waits for others to travel with it; `'off'`: until its frame is full. Default 5 ms. */
  readonly bufferTimeout?: Duration | 'off'
  /** False: every step runs in a task of its own. Default true. */
  readonly chaining?: boolean
  /** Further configuration, by key. */
  readonly config?: Readonly<Record<string, string | number | boolean>>
}

/** Every key that `job` understands; a typo is refused, not ignored. */
const KNOWN: readonly string[] = [
  'args',
  'checkpoint',
  'restart',
  'parallelism',
  'maxParallelism',
  'bufferTimeout',
  'chaining',
  'config',
]
const KNOWN_CHECKPOINT: readonly string[] = [
  'every',
  'mode',
  'minPause',
  'timeout',
  'maxConcurrent',
  'tolerableFailures',
  'retained',
  'retainOn',
]

/** All settings, defaults filled in. Throws WeirError `job/bad-setting`, `job/bad-duration`. */
export function resolveSettings(
  options: SettingsOptions,
  location: string | undefined,
): JobSettings {
  refuseUnknown(options, KNOWN, location)
  return {
    checkpoint: resolveCheckpoint(options.checkpoint ?? {}, location),
    restart: resolveRestart(options.restart, location),
    parallelism:
      checkParallelism(options.parallelism, 'parallelism', location) ??
      DEFAULT_JOB_SETTINGS.parallelism,
    maxParallelism:
      checkParallelism(options.maxParallelism, 'maximum parallelism', location) ?? null,
    bufferTimeoutMs:
      options.bufferTimeout === 'off'
        ? null
        : optionalMs(
            options.bufferTimeout,
            'bufferTimeout',
            DEFAULT_JOB_SETTINGS.bufferTimeoutMs ?? 0,
          ),
    chaining: options.chaining ?? true,
    config: Object.fromEntries(
      Object.entries(options.config ?? {}).map(([key, value]) => [key, String(value)]),
    ),
  }
}

function resolveCheckpoint(
  options: CheckpointOptions | 'off',
  location: string | undefined,
): CheckpointSettings {
  if (options === 'off') return { ...DEFAULT_CHECKPOINT_SETTINGS, intervalMs: null }
  refuseUnknown(options, KNOWN_CHECKPOINT, location)
  const preset = DEFAULT_CHECKPOINT_SETTINGS
  const intervalMs =
    options.every === 'off' ? null : optionalMs(options.every, 'checkpoint.every', 10_000)
  if (intervalMs !== null && intervalMs < CHECKPOINT_INTERVAL_MS_MIN) {
    throw badSetting(
      `checkpoint.every is ${intervalMs} ms, at least ${CHECKPOINT_INTERVAL_MS_MIN} ms`,
      location,
    )
  }
  return {
    intervalMs,
    mode: options.mode ?? preset.mode,
    minPauseMs: optionalMs(options.minPause, 'checkpoint.minPause', preset.minPauseMs),
    timeoutMs: optionalMs(options.timeout, 'checkpoint.timeout', preset.timeoutMs),
    maxConcurrent: within(
      options.maxConcurrent ?? 1,
      1,
      CHECKPOINTS_CONCURRENT_MAX,
      'maxConcurrent',
      location,
    ),
    tolerableFailures:
      options.tolerableFailures === undefined
        ? preset.tolerableFailures
        : within(options.tolerableFailures, 0, 1_000_000, 'tolerableFailures', location),
    retained: within(
      options.retained ?? preset.retained,
      1,
      CHECKPOINTS_RETAINED_MAX,
      'retained',
      location,
    ),
    retainOn: options.retainOn ?? preset.retainOn,
  }
}

function resolveRestart(
  options: RestartOptions | undefined,
  location: string | undefined,
): RestartSettings {
  if (options === undefined) return DEFAULT_RESTART_SETTINGS
  switch (options.strategy) {
    case 'none':
      return { strategy: 'none' }
    case 'fixed-delay':
      return {
        strategy: 'fixed-delay',
        attempts: within(options.attempts, 0, 1_000_000, 'attempts', location),
        delayMs: optionalMs(options.delay, 'restart.delay', 1_000),
      }
    case 'failure-rate':
      return {
        strategy: 'failure-rate',
        failuresMax: within(options.failuresMax, 0, 1_000_000, 'failuresMax', location),
        windowMs: durationMs(options.window, 'restart.window'),
        delayMs: optionalMs(options.delay, 'restart.delay', 1_000),
      }
    case 'exponential-delay':
      return exponential(options, location)
    default:
      throw badSetting(
        `there is no restart strategy "${(options as { strategy: string }).strategy}"`,
        location,
      )
  }
}

function exponential(
  options: Extract<RestartOptions, { strategy: 'exponential-delay' }>,
  location: string | undefined,
): RestartSettings {
  const multiplier = options.multiplier ?? 1.5
  const jitter = options.jitter ?? 0.1
  if (!(multiplier >= 1))
    throw badSetting(`restart.multiplier is ${multiplier}, at least 1`, location)
  if (!(jitter >= 0 && jitter <= 1))
    throw badSetting(`restart.jitter is ${jitter}, from 0 to 1`, location)
  return {
    strategy: 'exponential-delay',
    initialMs: optionalMs(options.initial, 'restart.initial', 1_000),
    maxMs: optionalMs(options.max, 'restart.max', 60_000),
    multiplier,
    jitter,
    resetAfterMs: optionalMs(options.resetAfter, 'restart.resetAfter', 3_600_000),
    attempts:
      options.attempts === undefined
        ? null
        : within(options.attempts, 0, 1_000_000, 'attempts', location),
  }
}

const optionalMs = (duration: Duration | undefined, what: string, preset: number): number =>
  duration === undefined ? preset : durationMs(duration, what)

function within(
  value: number,
  low: number,
  high: number,
  what: string,
  location: string | undefined,
): number {
  if (Number.isInteger(value) && value >= low && value <= high) return value
  throw badSetting(`${what} is ${value}, a whole number from ${low} to ${high}`, location)
}

function refuseUnknown(
  options: object,
  known: readonly string[],
  location: string | undefined,
): void {
  for (const key of Object.keys(options)) {
    if (!known.includes(key))
      throw badSetting(`there is no setting "${key}"`, location, didYouMean(key, known))
  }
}

function badSetting(message: string, location: string | undefined, hint?: string): Error {
  return jobError('bad-setting', message, { location, hint })
}
