// What flags say against what the job says: `-p 4`, `-D execution.checkpointing.interval=1s`. A flag is stronger than
// code. The keys are Flink's where the meaning is equal; whatever is not a setting of the job travels on as its
// configuration and is held against the schema by those who read it.

import { durationMs } from '@weirjs/api/durations'
import { nearest } from '@weirjs/api/suggest'
import { WeirError } from '@weirjs/common/core/errors'
import { type JobSettings, PARALLELISM_MAX } from '@weirjs/common/core/graph/logical-graph'

export interface Overrides {
  readonly parallelism: number | null
  /** `key=value`, in order. */
  readonly defines: readonly string[]
}

type Apply = (settings: JobSettings, value: string, key: string) => JobSettings

const APPLY: Readonly<Record<string, Apply>> = {
  'parallelism.default': (s, v, k) => ({ ...s, parallelism: whole(v, k, 1, PARALLELISM_MAX) }),
  'pipeline.max-parallelism': (s, v, k) => ({
    ...s,
    maxParallelism: whole(v, k, 1, PARALLELISM_MAX),
  }),
  'pipeline.operator-chaining': (s, v, k) => ({ ...s, chaining: yesNo(v, k) }),
  'execution.buffer-timeout': (s, v, k) => ({
    ...s,
    bufferTimeoutMs: v === 'off' ? null : ms(v, k),
  }),
  'execution.checkpointing.interval': (s, v, k) =>
    checkpoint(s, { intervalMs: v === 'off' ? null : atLeast(ms(v, k), 10, k) }),
  'execution.checkpointing.mode': (s, v, k) =>
    checkpoint(s, { mode: oneOf(v, k, ['exactly-once', 'at-least-once']) }),
  'execution.checkpointing.timeout': (s, v, k) => checkpoint(s, { timeoutMs: ms(v, k) }),
  'execution.checkpointing.min-pause': (s, v, k) => checkpoint(s, { minPauseMs: ms(v, k) }),
  'execution.checkpointing.max-concurrent-checkpoints': (s, v, k) =>
    checkpoint(s, { maxConcurrent: whole(v, k, 1, 16) }),
  'execution.checkpointing.tolerable-failed-checkpoints': (s, v, k) =>
    checkpoint(s, { tolerableFailures: whole(v, k, 0, 1_000_000) }),
  'execution.checkpointing.num-retained': (s, v, k) =>
    checkpoint(s, { retained: whole(v, k, 1, 1_000) }),
  'execution.checkpointing.retain-on': (s, v, k) =>
    checkpoint(s, { retainOn: oneOf(v, k, ['always', 'failure-and-cancel', 'failure', 'never']) }),
  'restart-strategy.type': (s, v, k) => ({ ...s, restart: restartDefaults(v, k) }),
  'restart-strategy.fixed-delay.attempts': (s, v, k) =>
    restart(s, 'fixed-delay', k, { attempts: whole(v, k, 0, 1e6) }),
  'restart-strategy.fixed-delay.delay': (s, v, k) =>
    restart(s, 'fixed-delay', k, { delayMs: ms(v, k) }),
  'restart-strategy.failure-rate.max-failures-per-interval': (s, v, k) =>
    restart(s, 'failure-rate', k, { failuresMax: whole(v, k, 0, 1e6) }),
  'restart-strategy.failure-rate.failure-rate-interval': (s, v, k) =>
    restart(s, 'failure-rate', k, { windowMs: ms(v, k) }),
  'restart-strategy.failure-rate.delay': (s, v, k) =>
    restart(s, 'failure-rate', k, { delayMs: ms(v, k) }),
  'restart-strategy.exponential-delay.initial-backoff': (s, v, k) =>
    restart(s, 'exponential-delay', k, { initialMs: ms(v, k) }),
  'restart-strategy.exponential-delay.max-backoff': (s, v, k) =>
    restart(s, 'exponential-delay', k, { maxMs: ms(v, k) }),
  'restart-strategy.exponential-delay.attempts-before-reset-backoff': (s, v, k) =>
    restart(s, 'exponential-delay', k, { attempts: whole(v, k, 0, 1e6) }),
  'restart-strategy.exponential-delay.reset-backoff-threshold': (s, v, k) =>
    restart(s, 'exponential-delay', k, { resetAfterMs: ms(v, k) }),
}

/** The other keys that a job may carry: prefixes of what workers and connectors read. */
const TRAVELS = /^(?:taskmanager|task|state|io|connector|metrics|user)\./

/** The job's settings with the flags applied. Throws WeirError `config/...`. */
export function overrideSettings(settings: JobSettings, overrides: Overrides): JobSettings {
  let result = settings
  // The type first, so that the order of flags does not matter.
  const defines = overrides.defines.map(splitDefine)
  const sorted = [...defines].sort(
    (a, b) => Number(b.key.endsWith('strategy.type')) - Number(a.key.endsWith('strategy.type')),
  )
  for (const { key, value } of sorted) {
    const apply = Object.hasOwn(APPLY, key) ? APPLY[key] : undefined
    if (apply !== undefined) result = apply(result, value, key)
    else if (TRAVELS.test(key)) result = { ...result, config: { ...result.config, [key]: value } }
    else throw unknownKey(key)
  }
  if (overrides.parallelism === null) return result
  return { ...result, parallelism: overrides.parallelism }
}

function splitDefine(text: string): { readonly key: string; readonly value: string } {
  const at = text.indexOf('=')
  if (at > 0) return { key: text.slice(0, at).trim(), value: text.slice(at + 1).trim() }
  throw new WeirError('config/bad-define', `-D wants key=value, not "${text}"`, { domain: 'user' })
}

function unknownKey(key: string): WeirError {
  const near = nearest(key, Object.keys(APPLY))
  return new WeirError('config/unknown-key', `there is no setting "${key}"`, {
    domain: 'user',
    ...(near === undefined ? {} : { hint: `did you mean "${near}"?` }),
  })
}

const checkpoint = (
  settings: JobSettings,
  change: Partial<JobSettings['checkpoint']>,
): JobSettings => ({
  ...settings,
  checkpoint: { ...settings.checkpoint, ...change },
})

function restart(
  settings: JobSettings,
  strategy: string,
  key: string,
  change: object,
): JobSettings {
  const base =
    settings.restart.strategy === strategy ? settings.restart : restartDefaults(strategy, key)
  return { ...settings, restart: { ...base, ...change } as JobSettings['restart'] }
}

function restartDefaults(strategy: string, key: string): JobSettings['restart'] {
  switch (oneOf(strategy, key, ['none', 'fixed-delay', 'failure-rate', 'exponential-delay'])) {
    case 'none':
      return { strategy: 'none' }
    case 'fixed-delay':
      return { strategy: 'fixed-delay', attempts: 1, delayMs: 1_000 }
    case 'failure-rate':
      return { strategy: 'failure-rate', failuresMax: 1, windowMs: 60_000, delayMs: 1_000 }
    case 'exponential-delay':
      return {
        strategy: 'exponential-delay',
        initialMs: 1_000,
        maxMs: 60_000,
        multiplier: 1.5,
        jitter: 0.1,
        resetAfterMs: 3_600_000,
        attempts: null,
      }
  }
}

// ---- values ----

function ms(text: string, key: string): number {
  try {
    return durationMs(/^\d+$/.test(text) ? Number(text) : text, key)
  } catch (cause) {
    throw badValue(key, text, `a duration such as 250ms, 5s or 10m`, cause)
  }
}

function atLeast(value: number, least: number, key: string): number {
  if (value >= least) return value
  throw badValue(key, `${value} ms`, `at least ${least} ms`)
}

function whole(text: string, key: string, low: number, high: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (value >= low && value <= high) return value
  throw badValue(key, text, `a whole number from ${low} to ${high}`)
}

function yesNo(text: string, key: string): boolean {
  return oneOf(text, key, ['true', 'false']) === 'true'
}

function oneOf<T extends string>(text: string, key: string, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === text)
  if (found !== undefined) return found
  throw badValue(key, text, `one of ${allowed.join(', ')}`)
}

function badValue(key: string, text: string, wanted: string, cause?: unknown): WeirError {
  return new WeirError('config/bad-value', `${key} is "${text}", but must be ${wanted}`, {
    domain: 'user',
    cause,
  })
}
