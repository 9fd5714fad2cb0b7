// The secrets that a machine holds for jobs: variables, files that variables name, and a directory of files as Docker and
// Kubernetes mount them. Read anew for each attempt of a job, so that a changed file counts from the next restart on. What
// is wrong with one of them is no matter of jobs that do not name it: it is noted, and told to whoever asks.

import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { SECRET_NAME, SECRET_VARIABLES, type SecretValues } from '../core/secrets.ts'

/** Secrets that one machine may hold; the others are not read. */
export const SECRETS_HELD_MAX = 1_000
export const SECRET_BYTES_MAX: number = 64 * 1_024
const FILE_SUFFIX = '_FILE'
const SETTING = 'taskmanager.secrets.directory'

export interface SecretSources {
  readonly env: Readonly<Record<string, string | undefined>>
  /** null: no directory. */
  readonly directory: string | null
  /** Files that are none of a job's business, though they may lie there: the cluster's token. */
  readonly hidden?: readonly string[]
}

export function heldSecrets({ env, directory, hidden = [] }: SecretSources): SecretValues {
  const found = new Found()
  addVariables(found, env)
  if (directory !== null) addFiles(found, directory, hidden)
  const { variables, files, problems } = found
  return { variables, files, problems }
}

class Found {
  readonly variables: Record<string, string> = {}
  readonly files: Record<string, string> = {}
  readonly problems: Record<string, string> = {}
  #count = 0

  add(to: Record<string, string>, name: string, what: string, read: () => string): void {
    if (++this.#count > SECRETS_HELD_MAX) {
      this.problems[''] = `there are more than ${SECRETS_HELD_MAX} secrets on this machine`
      return
    }
    try {
      const text = read()
      if (text === '') this.problems[name] = `${what} is empty`
      else if (Buffer.byteLength(text) > SECRET_BYTES_MAX)
        this.problems[name] = `${what} has more than ${SECRET_BYTES_MAX} bytes`
      else to[name] = text
    } catch (error) {
      this.problems[name] = `${what} cannot be read (${reasonOf(error)})`
    }
  }
}

function addVariables(found: Found, env: SecretSources['env']): void {
  for (const [variable, text] of Object.entries(env)) {
    if (text === undefined || !variable.startsWith(SECRET_VARIABLES)) continue
    const isFile = variable.endsWith(FILE_SUFFIX)
    const name = isFile ? variable.slice(0, -FILE_SUFFIX.length) : variable
    const { variables } = found
    if (isFile && env[name] !== undefined)
      found.problems[name] = `${name} and ${variable} are both set`
    else if (isFile) found.add(variables, name, `${text} of ${variable}`, () => textOf(text))
    else found.add(variables, name, name, () => text)
  }
}

/** Files with names that a secret can have; what begins with a dot is of the mount. */
function addFiles(found: Found, directory: string, hidden: readonly string[]): void {
  const skipped = new Set(hidden.map(realPath))
  try {
    for (const name of readdirSync(directory)) {
      const path = join(directory, name)
      if (!SECRET_NAME.test(name) || skipped.has(realPath(path))) continue
      found.add(found.files, name, `${path} (${SETTING})`, () => textOf(path))
    }
  } catch (error) {
    found.problems[''] = `${SETTING} is ${directory}, which cannot be read (${reasonOf(error)})`
  }
}

/** Without the line end that editors put there. What is no file is not read: a pipe would wait. */
function textOf(path: string): string {
  if (!statSync(path).isFile()) throw new Error('it is no file')
  return readFileSync(path, 'utf8').replace(/\r?\n$/, '')
}

/** What links lead to; the path itself where nothing can be said. */
function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path // nothing is there, or not to be seen: then nothing is read either
  }
}

const reasonOf = (error: unknown): string =>
  (error as NodeJS.ErrnoException).code ?? (error as Error).message
