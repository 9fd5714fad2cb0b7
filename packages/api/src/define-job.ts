// A job as a value: its name, what it may be told (arguments), how it wants to run (settings), and the function that
// builds its graph. One module exports one job, as its default.

import type { JobSettings } from '@weirjs/common/core/graph/logical-graph'
import { isPrintable } from '@weirjs/common/core/printable'
import type { ArgumentTypes, ArgumentValues } from './arguments.ts'
import { callSite } from './call-site.ts'
import type { Environment } from './environment.ts'
import { jobError } from './job-error.ts'
import { type SaidSettings, saidSettings } from './said-settings.ts'
import { type SettingsOptions, resolveSettings } from './settings.ts'

/** Told apart by this text, not by class: a bundle may carry another copy of this module. */
const JOB_MARK = 'weir-job-1'
const JOB_NAME_CHARS_MAX = 200
export const JOB_NAME_WANTED: string = `1 to ${JOB_NAME_CHARS_MAX} characters, none of them a control character`

export interface JobOptions<A extends ArgumentTypes> extends SettingsOptions {
  /** Declared arguments: `{ input: path(), limit: int({ default: 10 }), verbose: flag() }`. */
  readonly args?: A
}

/** Runs several times for one job (at submit, and in every slot) and must say the same each time. */
export type BuildFunction<A> = (env: Environment, args: ArgumentValues<A>) => void

export interface JobDefinition {
  readonly mark: typeof JOB_MARK
  readonly name: string
  readonly args: ArgumentTypes
  readonly settings: JobSettings
  /** What its author said of them; the rest are defaults, which configuration may change. */
  readonly said: SaidSettings
  readonly build: (env: Environment, args: never) => void
  /** `file:line` of the call of `job`. */
  readonly location: string | undefined
}

/** Defines a job. Throws WeirError `job/bad-name`, `job/bad-setting`, `job/bad-duration`. */
export function job(name: string, build: BuildFunction<Record<never, never>>): JobDefinition
export function job<A extends ArgumentTypes = Record<never, never>>(
  name: string,
  options: JobOptions<A>,
  build: BuildFunction<A>,
): JobDefinition
export function job<A extends ArgumentTypes>(
  name: string,
  second: JobOptions<A> | BuildFunction<Record<never, never>>,
  third?: BuildFunction<A>,
): JobDefinition {
  const location = callSite()
  const [options, build] =
    typeof second === 'function' ? [{} as JobOptions<A>, second] : [second, third]
  if (!isJobName(name))
    throw jobError('bad-name', `a job needs a name of ${JOB_NAME_WANTED}`, { location })
  if (typeof build !== 'function') {
    throw jobError('no-build', `job "${name}" has no build function`, {
      location,
      hint: "Write job('name', { … }, (env, args) => { … }).",
    })
  }
  const settings = resolveSettings(options, location)
  return {
    mark: JOB_MARK,
    name,
    args: options.args ?? {},
    settings,
    said: saidSettings(options, settings),
    build: build as JobDefinition['build'],
    location,
  }
}

export function isJobName(name: unknown): boolean {
  if (typeof name !== 'string' || name.trim() === '') return false
  return name.length <= JOB_NAME_CHARS_MAX && isPrintable(name)
}

/** True for what `job` makes, also by another copy of this module. */
export function isJobDefinition(value: unknown): value is JobDefinition {
  return typeof value === 'object' && value !== null && 'mark' in value && value.mark === JOB_MARK
}

/**
 * The one job of an imported module. `file` names it in messages.
 * Throws WeirError `job/no-definition`, `job/several-definitions`.
 */
export function findJob(module: object, file: string): JobDefinition {
  const jobs = new Map(
    Object.entries(module).filter((entry): entry is [string, JobDefinition] =>
      isJobDefinition(entry[1]),
    ),
  )
  const distinct = [...new Set(jobs.values())]
  const [first, second] = distinct
  if (second !== undefined) {
    const places = distinct.map(
      (each) => `"${each.name}" at ${each.location ?? 'an unknown place'}`,
    )
    throw jobError(
      'several-definitions',
      `${file} exports ${distinct.length} jobs: ${places.join(', ')}`,
      {
        location: second.location,
        hint: 'One module is one job. Move the others into files of their own.',
      },
    )
  }
  if (first !== undefined && jobs.has('default')) return first
  throw jobError('no-definition', `${file} exports no job as its default`, {
    location: first?.location ?? file,
    hint:
      first === undefined
        ? "End it with: export default job('name', …)."
        : 'Write `export default` before it.',
  })
}
