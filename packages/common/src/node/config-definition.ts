// How a configuration key is defined: what its text must be, what it is when nobody says, and whom it concerns.

import { JOB_BOUNDS, type JobKey, type JobValue } from '../core/job-bounds.ts'
import { schemaOf, type ValueSchema } from './config-values.ts'

export interface KeyDefinition<T> {
  readonly schema: ValueSchema<T>
  readonly byDefault: T
  /** `job`: a setting of a job. `task`: travels with a job to its workers. `process`: of the process that reads it. */
  readonly scope: 'process' | 'job' | 'task'
  /** One sentence. */
  readonly about: string
  /** Other names that are understood. */
  readonly aliases: readonly string[]
}

type Define = <T>(
  schema: ValueSchema<T>,
  byDefault: NoInfer<T>,
  about: string,
  aliases?: readonly string[],
) => KeyDefinition<T>

const keyOf =
  (scope: KeyDefinition<unknown>['scope']): Define =>
  (schema, byDefault, about, aliases = []) => ({ scope, schema, byDefault, about, aliases })
export const ofProcess: Define = keyOf('process')
export const ofTask: Define = keyOf('task')

/** What it is when nobody says, what it does, other names. What it may be stands in the table of bounds. */
type JobKeyText<T> = readonly [byDefault: T, about: string, aliases?: readonly string[]]

/** Keys that are settings of a job. */
export function ofJobs<K extends JobKey>(
  keys: { readonly [P in K]: JobKeyText<JobValue<P>> },
): {
  readonly [P in K]: KeyDefinition<JobValue<P>>
} {
  const names = Object.keys(keys) as K[]
  return Object.fromEntries(names.map((key) => [key, jobKey(key, keys[key])])) as {
    [P in K]: KeyDefinition<JobValue<P>>
  }
}

function jobKey<K extends JobKey>(
  key: K,
  [byDefault, about, aliases = []]: JobKeyText<JobValue<K>>,
): KeyDefinition<JobValue<K>> {
  const schema = schemaOf(JOB_BOUNDS[key]) as ValueSchema<JobValue<K>>
  return { scope: 'job', schema, byDefault, about, aliases }
}
