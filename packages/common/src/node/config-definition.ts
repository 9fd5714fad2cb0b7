// How a configuration key is defined: what its text must be, what it is when nobody says, and whom it concerns.

import type { ValueSchema } from './config-values.ts'

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
export const ofJob: Define = keyOf('job')
export const ofTask: Define = keyOf('task')
