// The secrets that a machine holds for jobs: variables, files that variables name, and a directory of files as Docker and
// Kubernetes mount them. Read anew for each attempt of a job, so that a changed file counts from the next restart on.

import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { WeirError } from '../core/errors.ts'
import { SECRET_NAME, SECRET_VARIABLES, type SecretValues } from '../core/secrets.ts'

/** Secrets that one machine may hold. */
export const SECRETS_HELD_MAX = 1_000
export const SECRET_BYTES_MAX: number = 64 * 1_024
const FILE_SUFFIX = '_FILE'

export interface SecretSources {
  readonly env: Readonly<Record<string, string | undefined>>
  /** null: no directory. */
  readonly directory: string | null
  /** Files that are none of a job's business, though they may lie there: the cluster's token. */
  readonly hidden?: readonly string[]
}

/** Throws WeirError `config/bad-value`, naming the variable or the file. */
export function heldSecrets({ env, directory, hidden = [] }: SecretSources): SecretValues {
  const variables = variablesOf(env)
  const files = directory === null ? {} : filesIn(directory, hidden)
  if (Object.keys(variables).length + Object.keys(files).length > SECRETS_HELD_MAX)
    throw bad(`there are more than ${SECRETS_HELD_MAX} secrets on this machine`)
  return { variables, files }
}

function variablesOf(env: SecretSources['env']): Record<string, string> {
  const found: Record<string, string> = {}
  for (const [variable, text] of Object.entries(env)) {
    if (text === undefined || !variable.startsWith(SECRET_VARIABLES)) continue
    const isFile = variable.endsWith(FILE_SUFFIX)
    const name = isFile ? variable.slice(0, -FILE_SUFFIX.length) : variable
    if (Object.hasOwn(found, name)) throw bad(`${name} and ${name}${FILE_SUFFIX} are both set`)
    found[name] = isFile ? secretIn(text, variable) : bounded(text, variable)
  }
  return found
}

/** Files with names that a secret can have; what begins with a dot is of the mount. */
function filesIn(directory: string, hidden: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {}
  const skipped = new Set(hidden.map(realPath))
  for (const name of namesIn(directory)) {
    const path = join(directory, name)
    if (SECRET_NAME.test(name) && isFile(path) && !skipped.has(realPath(path)))
      found[name] = secretIn(path, SETTING)
  }
  return found
}

const SETTING = 'taskmanager.secrets.directory'

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
  } catch (cause) {
    throw bad(`${SETTING} is ${directory}, which cannot be read`, cause)
  }
}

/** What links lead to; the path itself when there is nothing. */
function realPath(path: string): string {
  return existsSync(path) ? realpathSync(path) : path
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true
}

/** Without the line end that editors put there. */
function secretIn(path: string, who: string): string {
  try {
    // What cannot be a file is not read: a pipe would wait.
    if (!statSync(path).isFile()) throw new Error('it is no file')
    return bounded(readFileSync(path, 'utf8').replace(/\r?\n$/, ''), `${who}: ${path}`)
  } catch (cause) {
    if (cause instanceof WeirError) throw cause
    throw bad(`${who} names the file ${path}, which cannot be read`, cause)
  }
}

function bounded(text: string, what: string): string {
  if (text === '') throw bad(`${what} is empty`)
  if (Buffer.byteLength(text) > SECRET_BYTES_MAX)
    throw bad(`${what} has more than ${SECRET_BYTES_MAX} bytes`)
  return text
}

function bad(message: string, cause?: unknown): WeirError {
  return new WeirError('config/bad-value', message, {
    domain: 'user',
    ...(cause === undefined ? {} : { cause }),
  })
}
