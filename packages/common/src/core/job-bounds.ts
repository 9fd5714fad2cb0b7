// What the settings of a job may be: one table, by the key of the configuration. The schema of files, variables and -D is made
// from it, what a job's code says is held against it, and so is what comes to the JobManager over the wire. A setting
// that one door lets in is refused at no other.

import type {
  CheckpointMode,
  CheckpointSettings,
  JobSettings,
  RestartSettings,
} from './graph/logical-graph.ts'
import { unreachable } from './assert.ts'
import { PARALLELISM_MAX } from './graph/logical-graph.ts'
import { printable } from './printable.ts'

/** Numbers from `least` to `most`; durations are milliseconds. */
export interface NumberBound {
  readonly sort: 'whole' | 'real' | 'duration'
  readonly least: number
  readonly most: number
}

/** A number, or null, for which people write the word. */
export interface MaybeBound {
  readonly sort: 'maybe'
  readonly word: string
  readonly bound: NumberBound
}

export interface WordBound<W extends string = string> {
  readonly sort: 'word'
  readonly words: readonly W[]
}

export interface FlagBound {
  readonly sort: 'flag'
}

export type Bound = NumberBound | MaybeBound | WordBound | FlagBound

/** Ten years: what is longer is a mistake of units. */
export const DURATION_MS_MAX: number = 3_650 * 86_400_000
export const CHECKPOINT_INTERVAL_MS_MIN = 10
const CHECKPOINT_TIMEOUT_MS_MIN = 10
const CHECKPOINTS_CONCURRENT_MAX = 16
const CHECKPOINTS_RETAINED_MAX = 1_000
/** Of failures and restarts. */
const COUNT_MAX = 1_000_000
const MULTIPLIER_MAX = 100

const whole = (least: number, most: number): NumberBound => ({ sort: 'whole', least, most })
const real = (least: number, most: number): NumberBound => ({ sort: 'real', least, most })
const time = (least = 0): NumberBound => ({ sort: 'duration', least, most: DURATION_MS_MAX })
const or = (word: string, bound: NumberBound): MaybeBound => ({ sort: 'maybe', word, bound })
const word = <W extends string>(...words: readonly W[]): WordBound<W> => ({ sort: 'word', words })

interface JobBounds {
  readonly 'parallelism.default': NumberBound
  readonly 'pipeline.max-parallelism': MaybeBound
  readonly 'pipeline.operator-chaining.enabled': FlagBound
  readonly 'execution.buffer-timeout.interval': MaybeBound
  readonly 'execution.checkpointing.interval': MaybeBound
  readonly 'execution.checkpointing.mode': WordBound<CheckpointMode>
  readonly 'execution.checkpointing.min-pause': NumberBound
  readonly 'execution.checkpointing.timeout': NumberBound
  readonly 'execution.checkpointing.max-concurrent-checkpoints': NumberBound
  readonly 'execution.checkpointing.tolerable-failed-checkpoints': MaybeBound
  readonly 'execution.checkpointing.num-retained': NumberBound
  readonly 'execution.checkpointing.retain-on': WordBound<CheckpointSettings['retainOn']>
  readonly 'restart-strategy.type': WordBound<RestartSettings['strategy']>
  readonly 'restart-strategy.fixed-delay.attempts': NumberBound
  readonly 'restart-strategy.fixed-delay.delay': NumberBound
  readonly 'restart-strategy.failure-rate.max-failures-per-interval': NumberBound
  readonly 'restart-strategy.failure-rate.failure-rate-interval': NumberBound
  readonly 'restart-strategy.failure-rate.delay': NumberBound
  readonly 'restart-strategy.exponential-delay.initial-backoff': NumberBound
  readonly 'restart-strategy.exponential-delay.max-backoff': NumberBound
  readonly 'restart-strategy.exponential-delay.backoff-multiplier': NumberBound
  readonly 'restart-strategy.exponential-delay.jitter-factor': NumberBound
  readonly 'restart-strategy.exponential-delay.reset-backoff-threshold': NumberBound
  readonly 'restart-strategy.exponential-delay.attempts-before-reset-backoff': MaybeBound
}

export type JobKey = keyof JobBounds

/** As settings hold it. */
export type JobValue<K extends JobKey> = ValueWithin<JobBounds[K]>
type ValueWithin<B extends Bound> =
  B extends WordBound<infer W>
    ? W
    : B extends FlagBound
      ? boolean
      : B extends MaybeBound
        ? number | null
        : number

export const JOB_BOUNDS: JobBounds = {
  'parallelism.default': whole(1, PARALLELISM_MAX),
  'pipeline.max-parallelism': or('auto', whole(1, PARALLELISM_MAX)),
  'pipeline.operator-chaining.enabled': { sort: 'flag' },
  'execution.buffer-timeout.interval': or('off', time()),
  'execution.checkpointing.interval': or('off', time(CHECKPOINT_INTERVAL_MS_MIN)),
  'execution.checkpointing.mode': word('exactly-once', 'at-least-once'),
  'execution.checkpointing.min-pause': time(),
  'execution.checkpointing.timeout': time(CHECKPOINT_TIMEOUT_MS_MIN),
  'execution.checkpointing.max-concurrent-checkpoints': whole(1, CHECKPOINTS_CONCURRENT_MAX),
  'execution.checkpointing.tolerable-failed-checkpoints': or('unlimited', whole(0, COUNT_MAX)),
  'execution.checkpointing.num-retained': whole(1, CHECKPOINTS_RETAINED_MAX),
  'execution.checkpointing.retain-on': word('always', 'failure-and-cancel', 'failure', 'never'),
  'restart-strategy.type': word('none', 'fixed-delay', 'failure-rate', 'exponential-delay'),
  'restart-strategy.fixed-delay.attempts': whole(0, COUNT_MAX),
  'restart-strategy.fixed-delay.delay': time(),
  'restart-strategy.failure-rate.max-failures-per-interval': whole(0, COUNT_MAX),
  'restart-strategy.failure-rate.failure-rate-interval': time(1),
  'restart-strategy.failure-rate.delay': time(),
  'restart-strategy.exponential-delay.initial-backoff': time(1),
  'restart-strategy.exponential-delay.max-backoff': time(1),
  'restart-strategy.exponential-delay.backoff-multiplier': real(1, MULTIPLIER_MAX),
  'restart-strategy.exponential-delay.jitter-factor': real(0, 1),
  'restart-strategy.exponential-delay.reset-backoff-threshold': time(1),
  'restart-strategy.exponential-delay.attempts-before-reset-backoff': or(
    'infinite',
    whole(0, COUNT_MAX),
  ),
}

const KIB = 1_024
const PROBE_MS_MIN = 100
const PROBE_MS_MAX = 3_600_000

export type TaskKey =
  | 'exchange.frame-bytes'
  | 'exchange.credit-bytes'
  | 'exchange.probe.interval'
  | 'exchange.probe.timeout'

/** Settings that travel with a job to its slots as plain text: bytes, milliseconds. */
export const TASK_BOUNDS: Readonly<Record<TaskKey, NumberBound>> = {
  'exchange.frame-bytes': whole(KIB, 128 * KIB),
  'exchange.credit-bytes': whole(KIB, KIB ** 3),
  'exchange.probe.interval': whole(PROBE_MS_MIN, PROBE_MS_MAX),
  'exchange.probe.timeout': whole(PROBE_MS_MIN, PROBE_MS_MAX),
}

/** The number that such a text is; null: it is none, or out of bounds. */
export function taskValue(key: TaskKey, text: string): number | null {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  return isWithin(TASK_BOUNDS[key], value) ? value : null
}

export const JOB_KEY_NAMES: readonly JobKey[] = Object.keys(JOB_BOUNDS) as JobKey[]

// ---- in words ----

/** What a value must be, as every refusal says it. */
export function wantedOf(bound: Bound): string {
  switch (bound.sort) {
    case 'whole':
      return `a whole number from ${bound.least} to ${bound.most}`
    case 'real':
      return `a number from ${bound.least} to ${bound.most}`
    case 'duration': {
      const range = `from ${durationText(bound.least)} to ${durationText(bound.most)}`
      return `a duration ${range}, such as 250ms, 10s, 5m or 1h`
    }
    case 'maybe':
      return `${wantedOf(bound.bound)}, or "${bound.word}"`
    case 'word':
      return `one of ${bound.words.join(', ')}`
    case 'flag':
      return 'true or false'
    default:
      return unreachable(bound)
  }
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const

/** In the largest unit that it is a whole number of. */
export function durationText(ms: number): string {
  const unit = UNITS.find(([, factor]) => ms >= factor && ms % factor === 0)
  return unit === undefined ? `${ms}ms` : `${ms / unit[1]}${unit[0]}`
}

const SHOWN_CHARS_MAX = 80

/** A value that somebody wrote in code, or sent, for a message of one line. */
export function shownValue(value: unknown): string {
  switch (typeof value) {
    case 'string': {
      const shown = printable(JSON.stringify(value.slice(0, SHOWN_CHARS_MAX)))
      return value.length <= SHOWN_CHARS_MAX ? shown : `${shown.slice(0, -1)}…"`
    }
    case 'object':
      return value === null ? 'null' : Array.isArray(value) ? 'a list' : 'an object'
    case 'function':
      return 'a function'
    default:
      return String(value).slice(0, SHOWN_CHARS_MAX)
  }
}

// ---- in code ----

/** Whether a value, as settings hold it, is within. */
export function isWithin(bound: Bound, value: unknown): boolean {
  switch (bound.sort) {
    case 'whole':
      return Number.isInteger(value) && isBetween(bound, value)
    case 'real':
    case 'duration':
      return isBetween(bound, value)
    case 'maybe':
      return value === null || isWithin(bound.bound, value)
    case 'word':
      return bound.words.some((one) => one === value)
    case 'flag':
      return typeof value === 'boolean'
    default:
      return unreachable(bound)
  }
}

const isBetween = ({ least, most }: NumberBound, value: unknown): boolean =>
  typeof value === 'number' && value >= least && value <= most

/** Null, or what is wrong with the value of a key, and where it stands. */
export function jobValueProblem(key: JobKey, value: unknown, origin: string): string | null {
  const bound = JOB_BOUNDS[key]
  if (isWithin(bound, value)) return null
  return `${key} is ${shownValue(value)} (${origin}), but must be ${wantedOf(bound)}`
}

/** The first must be at least the second, where both are said. */
const NEIGHBOURS: readonly (readonly [JobKey, JobKey])[] = [
  ['pipeline.max-parallelism', 'parallelism.default'],
  [
    'restart-strategy.exponential-delay.max-backoff',
    'restart-strategy.exponential-delay.initial-backoff',
  ],
]

/** Pairs that are right by themselves and wrong together: the first is less than the second. */
export function unfitNeighbours(values: JobValues): readonly (readonly [JobKey, JobKey])[] {
  return NEIGHBOURS.filter(([larger, smaller]) => {
    const [most, least] = [values[larger], values[smaller]]
    return typeof most === 'number' && typeof least === 'number' && most < least
  })
}

// ---- the fields of settings, by key ----

/** Some settings of a job. */
export interface SomeSettings extends Partial<Omit<JobSettings, 'checkpoint' | 'config'>> {
  readonly checkpoint?: Partial<CheckpointSettings>
}

export type JobValues = Readonly<Partial<Record<JobKey, unknown>>>

/** What settings say, by key. What may be absent and is has no key; a part of a strategy that is missing is undefined. */
export function jobValuesOf(settings: SomeSettings): JobValues {
  const { checkpoint = {}, restart } = settings
  const values: JobValues = {
    'parallelism.default': settings.parallelism,
    'pipeline.max-parallelism': settings.maxParallelism,
    'pipeline.operator-chaining.enabled': settings.chaining,
    'execution.buffer-timeout.interval': settings.bufferTimeoutMs,
    'execution.checkpointing.interval': checkpoint.intervalMs,
    'execution.checkpointing.mode': checkpoint.mode,
    'execution.checkpointing.min-pause': checkpoint.minPauseMs,
    'execution.checkpointing.timeout': checkpoint.timeoutMs,
    'execution.checkpointing.max-concurrent-checkpoints': checkpoint.maxConcurrent,
    'execution.checkpointing.tolerable-failed-checkpoints': checkpoint.tolerableFailures,
    'execution.checkpointing.num-retained': checkpoint.retained,
    'execution.checkpointing.retain-on': checkpoint.retainOn,
  }
  const said = Object.entries(values).filter(([, value]) => value !== undefined)
  return { ...Object.fromEntries(said), ...(restart === undefined ? {} : restartValues(restart)) }
}

function restartValues(restart: RestartSettings): JobValues {
  switch (restart.strategy) {
    case 'fixed-delay':
      return {
        'restart-strategy.type': restart.strategy,
        'restart-strategy.fixed-delay.attempts': restart.attempts,
        'restart-strategy.fixed-delay.delay': restart.delayMs,
      }
    case 'failure-rate':
      return {
        'restart-strategy.type': restart.strategy,
        'restart-strategy.failure-rate.max-failures-per-interval': restart.failuresMax,
        'restart-strategy.failure-rate.failure-rate-interval': restart.windowMs,
        'restart-strategy.failure-rate.delay': restart.delayMs,
      }
    case 'exponential-delay':
      return {
        'restart-strategy.type': restart.strategy,
        'restart-strategy.exponential-delay.initial-backoff': restart.initialMs,
        'restart-strategy.exponential-delay.max-backoff': restart.maxMs,
        'restart-strategy.exponential-delay.backoff-multiplier': restart.multiplier,
        'restart-strategy.exponential-delay.jitter-factor': restart.jitter,
        'restart-strategy.exponential-delay.reset-backoff-threshold': restart.resetAfterMs,
        'restart-strategy.exponential-delay.attempts-before-reset-backoff': restart.attempts,
      }
    default:
      return { 'restart-strategy.type': restart.strategy }
  }
}
