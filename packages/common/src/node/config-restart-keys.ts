// Keys of restart strategies. The names are Flink's.

import type { RestartSettings } from '../core/graph/logical-graph.ts'
import { type KeyDefinition, ofJob } from './config-definition.ts'
import { duration, integer, number, oneOf, orWord } from './config-values.ts'

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

const attempts = integer(0, 1_000_000)

export const RESTART_KEYS: {
  readonly [K in keyof RestartValues]: KeyDefinition<RestartValues[K]>
} = {
  'restart-strategy.type': ofJob(
    oneOf('none', 'fixed-delay', 'failure-rate', 'exponential-delay'),
    'exponential-delay',
    'What happens after a failure.',
    ['restart-strategy'],
  ),
  'restart-strategy.fixed-delay.attempts': ofJob(attempts, 1, 'Restarts before the job fails.'),
  'restart-strategy.fixed-delay.delay': ofJob(duration(), 1_000, 'Time before each restart.'),
  'restart-strategy.failure-rate.max-failures-per-interval': ofJob(
    attempts,
    1,
    'Failures that are borne.',
  ),
  'restart-strategy.failure-rate.failure-rate-interval': ofJob(
    duration(1),
    60_000,
    'Time in which failures are counted.',
  ),
  'restart-strategy.failure-rate.delay': ofJob(duration(), 1_000, 'Time before each restart.'),
  'restart-strategy.exponential-delay.initial-backoff': ofJob(
    duration(1),
    1_000,
    'The first delay.',
  ),
  'restart-strategy.exponential-delay.max-backoff': ofJob(
    duration(1),
    60_000,
    'The longest delay.',
  ),
  'restart-strategy.exponential-delay.backoff-multiplier': ofJob(
    number(1, 100),
    1.5,
    'Growth of the delay.',
  ),
  'restart-strategy.exponential-delay.jitter-factor': ofJob(
    number(0, 1),
    0.1,
    'Share of the delay that is left to chance.',
  ),
  'restart-strategy.exponential-delay.reset-backoff-threshold': ofJob(
    duration(1),
    3_600_000,
    'A run this long without failure starts the delays anew.',
  ),
  'restart-strategy.exponential-delay.attempts-before-reset-backoff': ofJob(
    orWord('infinite', attempts),
    null,
    'Restarts before the job fails.',
  ),
}
