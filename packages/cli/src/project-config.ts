// The configuration file of a project: `weir.config.ts`, `.js` or `.yaml`, in this directory or one above it up to the one
// with package.json. It holds settings of jobs, never of a cluster. A module there runs in the command, as the job's own
// file runs in its throw-away process; above the project nothing is looked for, so nobody else's file is ever run.

import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { WeirError } from '@weirjs/common/core/errors'
import { keyOf } from '@weirjs/common/node/config'
import { CONFIG_KEYS, USER_PREFIX } from '@weirjs/common/node/config-keys'
import { type Setting, settingsOfYaml } from '@weirjs/common/node/config-sources'
import type { Cli } from './cli.ts'

const NAMES: readonly string[] = ['weir.config.ts', 'weir.config.js', 'weir.config.yaml']
const ROOT_MARKS: readonly string[] = ['package.json', '.git']
const NESTING_MAX = 16

/** Errors: `config/bad-file`, `config/unknown-key`, `config/not-a-job-setting`. None without a file. */
export async function projectSettings(cli: Pick<Cli, 'cwd' | 'env'>): Promise<readonly Setting[]> {
  const path = projectFile(cli.cwd)
  if (path === null) return []
  const settings = path.endsWith('.yaml')
    ? settingsOfYaml(readYaml(path), path, cli.env)
    : [...flattened(await defaultExport(path), '', path, 0)]
  for (const setting of settings) refuseProcessKey(setting)
  return settings
}

function readYaml(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw badFile(path, 'it cannot be read', cause)
  }
}

/** The nearest one, or null. */
export function projectFile(cwd: string): string | null {
  const passed: string[] = []
  for (let directory = resolve(cwd); ; directory = dirname(directory)) {
    passed.push(directory)
    if (ROOT_MARKS.some((mark) => existsSync(join(directory, mark)))) break
    // No project: only what lies right here is meant.
    if (directory === dirname(directory)) return nearest([resolve(cwd)])
  }
  return nearest(passed)
}

function nearest(directories: readonly string[]): string | null {
  const paths = directories.flatMap((directory) => NAMES.map((name) => join(directory, name)))
  return paths.find((path) => existsSync(path)) ?? null
}

async function defaultExport(path: string): Promise<unknown> {
  let module: { readonly default?: unknown }
  try {
    module = (await import(pathToFileURL(path).href)) as typeof module
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.split('\n')[0] : String(cause)
    throw badFile(path, `it cannot be loaded: ${why}`, cause)
  }
  if (isPlain(module.default)) return module.default
  throw badFile(path, 'it must export an object of keys and values by default')
}

const isPlain = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function* flattened(
  value: unknown,
  prefix: string,
  path: string,
  depth: number,
): Generator<Setting> {
  if (depth > NESTING_MAX) throw badFile(path, 'it is nested too deeply')
  if (!isPlain(value)) {
    yield { key: prefix, text: plainText(value, prefix, path), origin: `file ${path}` }
    return
  }
  for (const [name, member] of Object.entries(value)) {
    if (member === undefined) continue
    yield* flattened(member, prefix === '' ? name : `${prefix}.${name}`, path, depth + 1)
  }
}

function plainText(value: unknown, name: string, path: string): string {
  if (Array.isArray(value)) return value.map((one) => plainText(one, name, path)).join(',')
  if (['string', 'number', 'boolean'].includes(typeof value)) return String(value)
  throw badFile(path, `${name} must be text, a number, true, false, or a list of these`)
}

function refuseProcessKey(setting: Setting): void {
  if (setting.key.startsWith(USER_PREFIX) || CONFIG_KEYS[keyOf(setting)].scope !== 'process') return
  const message = `${setting.key} (${setting.origin}) concerns the cluster, not a job`
  throw new WeirError('config/not-a-job-setting', message, {
    domain: 'user',
    hint: 'Set it in the configuration of the JobManager or TaskManager.',
  })
}

function badFile(path: string, what: string, cause?: unknown): WeirError {
  return new WeirError('config/bad-file', `${path}: ${what}`, {
    domain: 'user',
    location: path,
    cause,
  })
}
