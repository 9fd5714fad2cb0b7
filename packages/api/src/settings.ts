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
import {
  jobValueProblem,
  jobValuesOf,
  type JobKey,
  shownValue,
} from '@weirjs/common/core/job-bounds'
import { type Duration, durationMs } from './durations.ts'
import { jobError } from './job-error.ts'
import { didYouMean } from './suggest.ts'

export interface CheckpointOptions {
  /** Time between triggers, 10 ms or more; `'off'`: none but the final one and those asked for. Default `'10s'`. */
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

/** What each key is called in code. */
const CODE_NAMES: Readonly<Record<JobKey, string>> = {
  'parallelism.default': 'parallelism',
  'pipeline.max-parallelism': 'maxParallelism',
  'pipeline.operator-chaining.enabled': 'chaining',
  'execution.buffer-timeout.interval': 'bufferTimeout',
  'execution.checkpointing.interval': 'checkpoint.every',
  'execution.checkpointing.mode': 'checkpoint.mode',
  'execution.checkpointing.min-pause': 'checkpoint.minPause',
  'execution.checkpointing.timeout': 'checkpoint.timeout',
  'execution.checkpointing.max-concurrent-checkpoints': 'checkpoint.maxConcurrent',
  'execution.checkpointing.tolerable-failed-checkpoints': 'checkpoint.tolerableFailures',
  'execution.checkpointing.num-retained': 'checkpoint.retained',
  'execution.checkpointing.retain-on': 'checkpoint.retainOn',
  'restart-strategy.type': 'restart.strategy',
  'restart-strategy.fixed-delay.attempts': 'restart.attempts',
  'restart-strategy.fixed-delay.delay': 'restart.delay',
  'restart-strategy.failure-rate.max-failures-per-interval': 'restart.failuresMax',
  'restart-strategy.failure-rate.failure-rate-interval': 'restart.window',
  'restart-strategy.failure-rate.delay': 'restart.delay',
  'restart-strategy.exponential-delay.initial-backoff': 'restart.initial',
  'restart-strategy.exponential-delay.max-backoff': 'restart.max',
  'restart-strategy.exponential-delay.backoff-multiplier': 'restart.multiplier',
  'restart-strategy.exponential-delay.jitter-factor': 'restart.jitter',
  'restart-strategy.exponential-delay.reset-backoff-threshold': 'restart.resetAfter',
  'restart-strategy.exponential-delay.attempts-before-reset-backoff': 'restart.attempts',
}
const DELAY_MS = 1_000

/** By strategy, besides `strategy`. */
const KNOWN_RESTART: Readonly<Record<RestartOptions['strategy'], readonly string[]>> = {
  none: [],
  'fixed-delay': ['attempts', 'delay'],
  'failure-rate': ['failuresMax', 'window', 'delay'],
  'exponential-delay': ['initial', 'max', 'multiplier', 'jitter', 'resetAfter', 'attempts'],
}

/**
 * All settings, defaults filled in. What they may be is in the table that configuration is held against, too.
 * Throws WeirError `job/bad-setting`, `job/bad-duration`.
 */
export function resolveSettings(
  options: SettingsOptions,
  location: string | undefined,
): JobSettings {
  refuseUnknown('settings', options, KNOWN, location)
  const preset = DEFAULT_JOB_SETTINGS
  const settings: JobSettings = {
    checkpoint: resolveCheckpoint(or(options.checkpoint, {}), location),
    restart: resolveRestart(options.restart, location),
    parallelism: or(options.parallelism, preset.parallelism),
    maxParallelism: or(options.maxParallelism, preset.maxParallelism),
    bufferTimeoutMs: msOrOff(
      options.bufferTimeout,
      'bufferTimeout',
      preset.bufferTimeoutMs,
      location,
    ),
    chaining: or(options.chaining, preset.chaining),
    config: resolveConfig(or(options.config, {}), location),
  }
  refuseUnfit(settings, location)
  return settings
}

function resolveCheckpoint(
  options: CheckpointOptions | 'off',
  location: string | undefined,
): CheckpointSettings {
  const preset = DEFAULT_CHECKPOINT_SETTINGS
  if (options === 'off') return { ...preset, intervalMs: null }
  refuseUnknown('checkpoint', options, KNOWN_CHECKPOINT, location)
  return {
    intervalMs: msOrOff(options.every, 'checkpoint.every', preset.intervalMs, location),
    mode: or(options.mode, preset.mode),
    minPauseMs: ms(options.minPause, 'checkpoint.minPause', preset.minPauseMs, location),
    timeoutMs: ms(options.timeout, 'checkpoint.timeout', preset.timeoutMs, location),
    maxConcurrent: or(options.maxConcurrent, preset.maxConcurrent),
    tolerableFailures: or(options.tolerableFailures, preset.tolerableFailures),
    retained: or(options.retained, preset.retained),
    retainOn: or(options.retainOn, preset.retainOn),
  }
}

function resolveRestart(
  options: RestartOptions | undefined,
  location: string | undefined,
): RestartSettings {
  if (options === undefined) return DEFAULT_RESTART_SETTINGS
  refuseNoObject('restart', options, location)
  const { strategy } = options
  // One that does not exist is refused with the others, by the table.
  const known = Object.entries(KNOWN_RESTART).find(([name]) => name === strategy)?.[1]
  if (known !== undefined) refuseUnknown('restart', options, ['strategy', ...known], location)
  switch (options.strategy) {
    case 'fixed-delay':
      return {
        strategy: options.strategy,
        attempts: options.attempts,
        delayMs: ms(options.delay, 'restart.delay', DELAY_MS, location),
      }
    case 'failure-rate':
      return {
        strategy: options.strategy,
        failuresMax: options.failuresMax,
        windowMs: durationMs(options.window, 'restart.window', location),
        delayMs: ms(options.delay, 'restart.delay', DELAY_MS, location),
      }
    case 'exponential-delay':
      return exponential(options, location)
    default:
      return { strategy } as RestartSettings
  }
}

function exponential(
  options: Extract<RestartOptions, { strategy: 'exponential-delay' }>,
  location: string | undefined,
): RestartSettings {
  const preset = DEFAULT_RESTART_SETTINGS
  return {
    strategy: options.strategy,
    initialMs: ms(options.initial, 'restart.initial', preset.initialMs, location),
    maxMs: ms(options.max, 'restart.max', preset.maxMs, location),
    multiplier: or(options.multiplier, preset.multiplier),
    jitter: or(options.jitter, preset.jitter),
    resetAfterMs: ms(options.resetAfter, 'restart.resetAfter', preset.resetAfterMs, location),
    attempts: or(options.attempts, preset.attempts),
  }
}

/** As text, as configuration has it; what it may be, its keys decide when the job is submitted. */
function resolveConfig(
  config: NonNullable<SettingsOptions['config']>,
  location: string | undefined,
): Readonly<Record<string, string>> {
  refuseNoObject('config', config, location)
  const entries = Object.entries(config).map(([key, value]) => {
    if (['string', 'number', 'boolean'].includes(typeof value)) return [key, String(value)] as const
    const what = `${shownValue(value)}, but must be text, a number, true or false`
    throw badSetting(`config, ${shownValue(key)}, is ${what}`, location)
  })
  return Object.fromEntries(entries)
}

/** By the key of each, with what it is called in code. */
function refuseUnfit(settings: JobSettings, location: string | undefined): void {
  for (const [key, value] of Object.entries(jobValuesOf(settings)) as [JobKey, unknown][]) {
    const problem = jobValueProblem(key, value, `${CODE_NAMES[key]} of the job`)
    if (problem !== null) throw badSetting(problem, location)
  }
}

/** Null is not what nobody said. */
const or = <T>(given: T | undefined, preset: T): T => (given === undefined ? preset : given)

function ms(
  duration: Duration | undefined,
  what: string,
  preset: number,
  location: string | undefined,
): number {
  return duration === undefined ? preset : durationMs(duration, what, location)
}

/** `'off'` is null. */
function msOrOff(
  duration: Duration | 'off' | undefined,
  what: string,
  preset: number | null,
  location: string | undefined,
): number | null {
  if (duration === undefined) return preset
  return duration === 'off' ? null : durationMs(duration, what, location)
}

function refuseUnknown(
  what: string,
  options: object,
  known: readonly string[],
  location: string | undefined,
): void {
  refuseNoObject(what, options, location)
  for (const key of Object.keys(options)) {
    if (!known.includes(key))
      throw badSetting(`there is no setting "${key}"`, location, didYouMean(key, known))
  }
}

function refuseNoObject(what: string, options: unknown, location: string | undefined): void {
  if (typeof options === 'object' && options !== null && !Array.isArray(options)) return
  throw badSetting(`${what} is ${shownValue(options)}, but must be an object`, location)
}

function badSetting(message: string, location: string | undefined, hint?: string): Error {
  return jobError('bad-setting', message, { location, hint })
}
