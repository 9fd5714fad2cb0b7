// Keys of restart strategies. The names are Flink's. A part of a strategy names the strategy too.

import { WeirError } from '../core/errors.ts'
import type { RestartSettings } from '../core/graph/logical-graph.ts'
import { type KeyDefinition, ofJobs } from './config-definition.ts'
import type { Setting } from './config-sources.ts'

/** Durations are milliseconds; null is "no limit". */
export interface RestartValues {
  readonly 'restart-strategy.type': RestartSettings['strategy']
  readonly 'restart-strategy.fixed-delay.attempts': number
  readonly 'restart-strategy.fixed-delay.delay': number
  readonly 'restart-strategy.failure-rate.max-failures-per-interval': number
  readonly 'restart-strategy.failure-rate.failure-rate-interval': number
  readonly 'restart-strategy.failure-rate.delay': number
  readonly 'restart-strategy.exponential-delay.initial-backoff': number
  readonly 'restart-strategy.exponential-delay.max-backoff': number
  readonly 'restart-strategy.exponential-delay.backoff-multiplier': number
  readonly 'restart-strategy.exponential-delay.jitter-factor': number
  readonly 'restart-strategy.exponential-delay.reset-backoff-threshold': number
  readonly 'restart-strategy.exponential-delay.attempts-before-reset-backoff': number | null
}

export const RESTART_KEYS: {
  readonly [K in keyof RestartValues]: KeyDefinition<RestartValues[K]>
} = ofJobs({
  'restart-strategy.type': [
    'exponential-delay',
    'What happens after a failure.',
    ['restart-strategy'],
  ],
  'restart-strategy.fixed-delay.attempts': [1, 'Restarts before the job fails.'],
  'restart-strategy.fixed-delay.delay': [1_000, 'Time before each restart.'],
  'restart-strategy.failure-rate.max-failures-per-interval': [1, 'Failures that are borne.'],
  'restart-strategy.failure-rate.failure-rate-interval': [
    60_000,
    'Time in which failures are counted.',
  ],
  'restart-strategy.failure-rate.delay': [1_000, 'Time before each restart.'],
  'restart-strategy.exponential-delay.initial-backoff': [1_000, 'The first delay.'],
  'restart-strategy.exponential-delay.max-backoff': [60_000, 'The longest delay.'],
  'restart-strategy.exponential-delay.backoff-multiplier': [1.5, 'Growth of the delay.'],
  'restart-strategy.exponential-delay.jitter-factor': [
    0.1,
    'Share of the delay that is left to chance.',
  ],
  'restart-strategy.exponential-delay.reset-backoff-threshold': [
    3_600_000,
    'A run this long without failure starts the delays anew.',
  ],
  'restart-strategy.exponential-delay.attempts-before-reset-backoff': [
    null,
    'Restarts before the job fails.',
  ],
})

const TYPE = 'restart-strategy.type'
const TYPE_NAMES: readonly string[] = [TYPE, ...RESTART_KEYS[TYPE].aliases]
const PART = /^restart-strategy\.([a-z-]+)\./

/**
 * The settings of one source, and the strategy that they mean: who sets `restart-strategy.fixed-delay.attempts` means
 * fixed-delay, unless the same source says the type itself. So the strongest source that says anything about restarts
 * chooses the strategy, and no attempts are counted by a strategy that is not in force. Throws `config/bad-value` when a
 * source means two.
 */
export function withMeantStrategy(settings: readonly Setting[]): readonly Setting[] {
  if (settings.some(({ key }) => TYPE_NAMES.includes(key))) return settings
  const parts = settings.filter(({ key }) => PART.test(key))
  const [first] = parts
  if (first === undefined) return settings
  const meant = strategyOf(first)
  const other = parts.find((part) => strategyOf(part) !== meant)
  if (other !== undefined) throw twoMeant(first, other)
  return [...settings, { key: TYPE, text: meant, origin: `${first.origin}, by ${first.key}` }]
}

const strategyOf = ({ key }: Setting): string => PART.exec(key)?.[1] ?? ''

function twoMeant(a: Setting, b: Setting): WeirError {
  const message = `${a.key} (${a.origin}) and ${b.key} (${b.origin}) are of two strategies`
  const hint = `Say beside them which one is meant: ${TYPE}.`
  return new WeirError('config/bad-value', message, { domain: 'user', hint })
}
