// Passwords and keys that a job needs and nobody else may see. A job names them; their values are on the TaskManager, are
// read when a slot starts, and are in no graph, no argument and no environment (decision D15). A handle prints as its name.

import { inspect } from 'node:util'
import {
  SECRET_NAME,
  secretOf,
  secretVariable,
  type SecretValues,
} from '@weirjs/common/core/secrets'
import { jobError } from './job-error.ts'

/** Secrets that one job may name. */
const SECRETS_MAX = 100

/** A secret by its name. It can be passed to functions and closed over; `reveal` gives the value where records run. */
export class Secret {
  readonly name: string
  readonly #reveal: (name: string) => string

  /** Made by `env.secret`, not by authors. */
  constructor(name: string, reveal: (name: string) => string) {
    this.name = name
    this.#reveal = reveal
    // For console.log and util.inspect.
    Object.defineProperty(this, inspect.custom, { value: () => this.toString() })
  }

  /** The value. Throws WeirError `job/secret-too-early` while the job is being built: call it in a source, step or sink. */
  reveal(): string {
    return this.#reveal(this.name)
  }

  toString(): string {
    return `secret ${this.name}`
  }

  toJSON(): string {
    return this.toString()
  }
}

/** The secrets of one build of a job: names while it is built, values afterwards, where there are any. */
export class SecretKeeper {
  readonly #handles = new Map<string, Secret>()
  readonly #values = new Map<string, string>()

  get names(): readonly string[] {
    return [...this.#handles.keys()].sort()
  }

  handle(name: string, location: string | undefined): Secret {
    const known = this.#handles.get(name)
    if (known !== undefined) return known
    if (!SECRET_NAME.test(name))
      throw jobError('bad-secret', `a secret cannot be named ${JSON.stringify(name)}`, {
        location,
        hint: 'A letter, then letters, digits, "-", "_" and ".": at most 63 in all, and not "-file" at the end.',
      })
    if (this.#handles.size >= SECRETS_MAX)
      throw jobError('bad-secret', `a job names at most ${SECRETS_MAX} secrets`, { location })
    const made = new Secret(name, (wanted) => this.#reveal(wanted))
    this.#handles.set(name, made)
    return made
  }

  /**
   * From now on handles have values. Throws WeirError `job/no-secret` when the machine does not have one of them,
   * `config/bad-value` when it has it twice or has one of no use.
   */
  open(values: SecretValues, jobName: string): void {
    const missing: string[] = []
    for (const name of this.names) {
      const value = secretOf(values, name)
      if (value === undefined) missing.push(name)
      else this.#values.set(name, value)
    }
    const [first] = missing
    if (first === undefined) return
    const list = missing.map((name) => `"${name}"`).join(', ')
    throw jobError(
      'no-secret',
      `job "${jobName}" needs the secret ${list}, which this machine does not have`,
      { hint: hintFor(first) },
    )
  }

  #reveal(name: string): string {
    const value = this.#values.get(name)
    if (value !== undefined) return value
    throw jobError('secret-too-early', `the secret "${name}" has no value while the job is built`, {
      hint: 'Call reveal() in a source, step or sink: the graph is the same whatever the value is.',
    })
  }
}

function hintFor(name: string): string {
  const variable = secretVariable(name)
  return `Start its TaskManagers with ${variable} or ${variable}_FILE, or put a file "${name}" into taskmanager.secrets.directory.`
}
