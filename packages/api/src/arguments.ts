// The arguments that a job declares, and what a command line or a stored submission says for them. Names are camelCase
// in the job and kebab-case on the command line; both are understood there.

import { resolve } from 'node:path'
import { isSecretName } from '@weirjs/common/core/secret-names'
import { secretHint } from '@weirjs/common/core/secrets'
import { type DeclaredType, type InferType, Mismatch, type TypeKind } from './declared-type.ts'
import { jobError } from './job-error.ts'
import { asJson } from './json-values.ts'
import { didYouMean } from './suggest.ts'

/** What a job declares: names to types. */
export type ArgumentTypes = Readonly<Record<string, DeclaredType<unknown>>>

/** What its build function gets. */
export type ArgumentValues<A> = { readonly [Name in keyof A]: InferType<A[Name]> }

/** Values that JSON can say, under the declared names: what a submission carries. */
export type RawArguments = Readonly<Record<string, unknown>>

export interface ArgumentDescription {
  /** As the job writes it. */
  readonly name: string
  /** As a command line writes it: `--max-delay`. */
  readonly flag: string
  readonly kind: string
  readonly required: boolean
  /** As JSON says it. */
  readonly default?: unknown
  readonly help?: string
}

export interface ParseOptions {
  /** What relative `path()` arguments are relative to. Default: the working directory. */
  readonly directory?: string
}

/** For `--help` and forms. */
export function describeArguments(types: ArgumentTypes): readonly ArgumentDescription[] {
  return Object.entries(types).map(([name, type]) => ({
    name,
    flag: flagOf(name),
    kind: type.kind,
    required: isRequired(type),
    ...(type.default === undefined ? {} : { default: type.toJson(type.default) }),
    ...(type.help === undefined ? {} : { help: type.help }),
  }))
}

/**
 * Command line → plain values, without defaults other than paths, which depend on where it was said. Understands
 * `--name value`, `--name=value`, `--flag`, `--no-flag`. Throws WeirError `job/unknown-argument`, `job/bad-argument`,
 * `job/missing-argument`, and `job/secret-argument` for a declaration.
 */
export function parseArguments(
  types: ArgumentTypes,
  argv: readonly string[],
  options: ParseOptions = {},
): RawArguments {
  refuseSecrets(types)
  const given = new Map<string, unknown>()
  for (let at = 0; at < argv.length; at++) {
    const word = splitWord(argv[at] ?? '', types)
    if (given.has(word.name))
      throw jobError('bad-argument', `argument ${flagOf(word.name)} is given twice`)
    const type = types[word.name] as DeclaredType<unknown>
    if (type.kind === 'flag') {
      given.set(word.name, flagValue(word))
      continue
    }
    const next = argv[at + 1]
    if (word.value === undefined) at += 1
    const text = word.value ?? (next !== undefined && isArgument(next, types) ? undefined : next)
    if (text === undefined || word.negated) {
      throw jobError('bad-argument', `argument ${flagOf(word.name)} needs a value`)
    }
    given.set(word.name, readText(type, word.name, text, options))
  }
  const directory = options.directory ?? process.cwd()
  for (const [name, { kind, default: usual }] of Object.entries(types)) {
    // An empty one stands for none.
    if (kind !== 'path' || typeof usual !== 'string' || usual === '' || given.has(name)) continue
    given.set(name, absolute(usual, directory))
  }
  const values = Object.fromEntries(given)
  refuseMissing(types, values)
  return values
}

/** Values as a program gives them → plain values, without defaults. Throws as parseArguments does. */
export function plainArguments(
  types: ArgumentTypes,
  given: Readonly<Record<string, unknown>>,
): RawArguments {
  refuseSecrets(types)
  return Object.fromEntries(
    Object.entries(given)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => {
        const type = Object.hasOwn(types, name) ? types[name] : undefined
        if (type === undefined) throw unknownArgument(name, types)
        return [name, plain(type, name, readRaw(type, name, value))]
      }),
  )
}

/**
 * Plain values → what the build function gets, defaults filled in; safe to repeat on its own result. Throws as
 * parseArguments does.
 */
export function resolveArguments(
  types: ArgumentTypes,
  raw: RawArguments,
): Readonly<Record<string, unknown>> {
  for (const name of Object.keys(raw))
    if (!Object.hasOwn(types, name)) throw unknownArgument(name, types)
  refuseMissing(types, raw)
  return Object.fromEntries(
    Object.entries(types).map(([name, type]) => [name, readRaw(type, name, raw[name])]),
  )
}

/** What these can say is no password, whatever they are called: `maxTokens: int()`. */
const PLAIN_KINDS: ReadonlySet<TypeKind> = new Set<TypeKind>([
  'int',
  'float',
  'bool',
  'flag',
  'timestamp',
  'duration',
  'path',
  'one-of',
])

/** Arguments stand in the job's log, and on a command line. Not asked in a slot: what runs is to restart. */
function refuseSecrets(types: ArgumentTypes): void {
  const name = Object.keys(types).find((one) => isSecretName(one) && saysAnything(types[one]))
  if (name === undefined) return
  const flag = flagOf(name)
  throw jobError(
    'secret-argument',
    `argument ${flag} is named like a secret, and arguments stand in the log of the job as they are`,
    { hint: secretHint(flag.slice(2)) },
  )
}

const saysAnything = (type: DeclaredType<unknown> | undefined): boolean =>
  type !== undefined &&
  (type.of === undefined ? !PLAIN_KINDS.has(type.kind) : saysAnything(type.of))

interface Word {
  readonly name: string
  readonly value: string | undefined
  readonly negated: boolean
}

function splitWord(word: string, types: ArgumentTypes): Word {
  const match = /^--?([^=]+)(?:=([\s\S]*))?$/.exec(word)
  if (match === null || !word.startsWith('--')) {
    throw jobError('unknown-argument', `this is no argument of the job: ${word}`, {
      hint: usage(types),
    })
  }
  const [, said = '', value] = match
  const argument = declared(said, types)
  if (argument === undefined) throw unknownArgument(said, types)
  return { ...argument, value }
}

function declared(said: string, types: ArgumentTypes): Omit<Word, 'value'> | undefined {
  const name = declaredName(said, types)
  if (name !== undefined) return { name, negated: false }
  const negated = said.startsWith('no-') ? declaredName(said.slice(3), types) : undefined
  const isFlag = negated !== undefined && types[negated]?.kind === 'flag'
  return isFlag ? { name: negated, negated: true } : undefined
}

/** Such a word is no value, unless it comes behind `=`: in `--output $UNSET --verbose` there is none. */
const isArgument = (word: string, types: ArgumentTypes): boolean =>
  word.startsWith('--') && declared(word.slice(2).split('=')[0] ?? '', types) !== undefined

function declaredName(said: string, types: ArgumentTypes): string | undefined {
  if (Object.hasOwn(types, said)) return said
  return Object.keys(types).find((name) => flagOf(name) === `--${said}`)
}

function flagValue(word: Word): boolean {
  if (word.value === undefined) return !word.negated
  if (!word.negated && (word.value === 'true' || word.value === 'false'))
    return word.value === 'true'
  throw jobError(
    'bad-argument',
    `argument ${flagOf(word.name)} is a switch: true or false, not ${word.value}`,
  )
}

function readText(
  type: DeclaredType<unknown>,
  name: string,
  text: string,
  options: ParseOptions,
): unknown {
  const directory = options.directory ?? process.cwd()
  const value = eachPath(
    type,
    checked(name, () => type.fromText(text)),
    (path) => {
      refuseEmptyPath(name, path)
      return absolute(path, directory)
    },
  )
  return plain(type, name, value)
}

/** The value as it travels; what it stands for is read from that in every process. */
function plain(type: DeclaredType<unknown>, name: string, value: unknown): unknown {
  return checked(name, () => {
    const said = JSON.stringify(asJson(type.toJson(value))) as string | undefined
    const heard: unknown = said === undefined ? undefined : JSON.parse(said)
    type.from(heard)
    return heard
  })
}

/** The value, with `change` done to each path in it. */
function eachPath(
  type: DeclaredType<unknown>,
  value: unknown,
  change: (path: string) => string,
): unknown {
  if (value === undefined || value === null) return value
  if (type.kind === 'path') return change(value as string)
  const { of } = type
  if (of === undefined) return value
  if (type.kind !== 'list') return eachPath(of, value, change)
  return (value as readonly unknown[]).map((item) => eachPath(of, item, change))
}

/** A slot has another working directory. A URL is left alone. */
const absolute = (path: string, directory: string): string =>
  /^[a-z][a-z0-9+.-]*:\/\//i.test(path) ? path : resolve(directory, path)

/** Resolved, an empty path would mean the working directory, which nobody meant. */
function refuseEmptyPath(name: string, text: string): void {
  if (text.trim() !== '') return
  throw jobError('bad-argument', `argument ${flagOf(name)}: the path is empty`, {
    hint: 'Is a variable of the shell unset? The working directory itself is "."',
  })
}

function readRaw(type: DeclaredType<unknown>, name: string, raw: unknown): unknown {
  return raw === undefined ? type.default : checked(name, () => type.from(raw))
}

function checked(name: string, read: () => unknown): unknown {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error
    throw jobError('bad-argument', `argument ${flagOf(name)}: ${error.sentence}`)
  }
}

function refuseMissing(types: ArgumentTypes, values: RawArguments): void {
  const missing = Object.entries(types)
    .filter(([name, type]) => values[name] === undefined && isRequired(type))
    .map(([name]) => flagOf(name))
  if (missing.length === 0) return
  const [only, ...others] = missing
  const what = others.length === 0 ? `argument ${only} is` : `arguments ${missing.join(', ')} are`
  throw jobError('missing-argument', `${what} missing`, { hint: usage(types) })
}

function unknownArgument(name: string, types: ArgumentTypes): Error {
  const flags = Object.keys(types).map(flagOf)
  const hint = flags.length === 0 ? 'This job takes no arguments.' : didYouMean(flagOf(name), flags)
  return jobError('unknown-argument', `the job has no argument ${flagOf(name)}`, { hint })
}

function usage(types: ArgumentTypes): string {
  const words = Object.entries(types).map(([name, type]) => {
    const word = type.kind === 'flag' ? flagOf(name) : `${flagOf(name)} <${type.kind}>`
    return isRequired(type) ? word : `[${word}]`
  })
  return words.length === 0 ? 'This job takes no arguments.' : `Usage: ${words.join(' ')}`
}

const isRequired = (type: DeclaredType<unknown>): boolean =>
  type.default === undefined && type.kind !== 'optional'

const flagOf = (name: string): string =>
  `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
