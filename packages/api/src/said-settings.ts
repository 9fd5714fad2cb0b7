// Which of a job's settings its author has said: only those are stronger than configuration.

import type { CheckpointSettings, JobSettings } from '@weirjs/common/core/graph/logical-graph'
import type { CheckpointOptions, SettingsOptions } from './settings.ts'

/** The resolved settings, without what only defaults say. */
export type SaidSettings = Partial<Omit<JobSettings, 'checkpoint'>> & {
  readonly checkpoint?: Partial<CheckpointSettings>
}

const CHECKPOINT_NAMES: Readonly<Record<keyof CheckpointOptions, keyof CheckpointSettings>> = {
  every: 'intervalMs',
  mode: 'mode',
  minPause: 'minPauseMs',
  timeout: 'timeoutMs',
  maxConcurrent: 'maxConcurrent',
  tolerableFailures: 'tolerableFailures',
  retained: 'retained',
  retainOn: 'retainOn',
}

const NAMES: Readonly<
  Record<Exclude<keyof SettingsOptions, 'checkpoint'>, keyof Omit<JobSettings, 'checkpoint'>>
> = {
  restart: 'restart',
  parallelism: 'parallelism',
  maxParallelism: 'maxParallelism',
  bufferTimeout: 'bufferTimeoutMs',
  chaining: 'chaining',
  config: 'config',
}

/** `resolved` are all settings of `options`. */
export function saidSettings(options: SettingsOptions, resolved: JobSettings): SaidSettings {
  const { checkpoint } = options
  const said = pick(options, NAMES, resolved)
  if (checkpoint === undefined) return said
  const part: Partial<CheckpointSettings> =
    checkpoint === 'off'
      ? { intervalMs: null }
      : pick(checkpoint, CHECKPOINT_NAMES, resolved.checkpoint)
  return { ...said, checkpoint: part }
}

/** The members of `resolved` whose option is given. */
function pick<O extends object, R extends object>(
  options: O,
  names: Readonly<Partial<Record<string, keyof R>>>,
  resolved: R,
): Partial<R> {
  const given = Object.entries(names).filter(
    ([option]) => (options as Readonly<Record<string, unknown>>)[option] !== undefined,
  )
  return Object.fromEntries(
    given.map(([, name]) => [name, resolved[name as keyof R]]),
  ) as Partial<R>
}
