// Passwords and keys that jobs name and machines hold: how a name is spelled in the environment, and how values are found.

import { WeirError } from './errors.ts'

/** A letter, then letters, digits, `-`, `_` and dots: at most 63 in all. It does not end in `-file`, as variables do. */
export const SECRET_NAME: RegExp = /^(?!(.*[._-])?file$)[a-z][a-z0-9._-]{0,62}$/i
export const SECRET_VARIABLES = 'WEIR_SECRET_'

/** What a machine holds. */
export interface SecretValues {
  /** By variable, as `secretVariable` spells it. */
  readonly variables: Readonly<Record<string, string>>
  /** By the name of a file in the directory of secrets. */
  readonly files: Readonly<Record<string, string>>
  /** Why there is no value, by variable or file; of the directory as a whole under ''. Only who asks for one is told. */
  readonly problems?: Readonly<Record<string, string>>
}

export const NO_SECRETS: SecretValues = { variables: {}, files: {} }

/** The variable that carries a secret: `db-password` → `WEIR_SECRET_DB_PASSWORD`. */
export const secretVariable = (name: string): string =>
  `${SECRET_VARIABLES}${name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}`

/** For whoever said a secret where others read it. `name`: what it was called there. */
export function secretHint(name: string): string {
  const own = SECRET_NAME.test(name) ? name : 'db-password'
  const variable = secretVariable(own)
  return `Name it in the job, env.secret('${own}'), and give it to the TaskManagers: ${variable}, ${variable}_FILE, or a file in taskmanager.secrets.directory.`
}

/** Undefined: the machine does not have it. Throws WeirError `config/bad-value` when it has two, or one of no use. */
export function secretOf(values: SecretValues, name: string): string | undefined {
  const { variables, files, problems = {} } = values
  const variable = secretVariable(name)
  for (const key of [variable, name])
    if (Object.hasOwn(problems, key)) throw noUse(name, problems[key] as string)
  const said = Object.hasOwn(variables, variable) ? variables[variable] : undefined
  const filed = Object.hasOwn(files, name) ? files[name] : undefined
  if (said !== undefined && filed !== undefined)
    throw new WeirError(
      'config/bad-value',
      `the secret "${name}" is there twice: in ${variable} and in taskmanager.secrets.directory`,
      { domain: 'user', hint: 'Remove one of the two.' },
    )
  const value = said ?? filed
  const whole = problems['']
  if (value === undefined && whole !== undefined) throw noUse(name, whole)
  return value
}

const noUse = (name: string, problem: string): WeirError =>
  new WeirError('config/bad-value', `the secret "${name}" cannot be had: ${problem}`, {
    domain: 'user',
  })
