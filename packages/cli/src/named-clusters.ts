// Named clusters of a user: which addresses and token files are called what, and which of them is used where nothing else
// is said. One file, `weir/contexts.json` in the user's config directory, mode 0600. The tokens themselves are never in it.

import { chmodSync, existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { WeirError } from '@weirjs/common/core/errors'
import { quoted } from '@weirjs/common/node/config-values'
import { nearestName } from '@weirjs/common/node/nearest-name'
import { contextsForm, readKept } from './kept-files.ts'

export interface NamedCluster {
  readonly address: string
  /** null: what WEIR_TOKEN_FILE or --token-file says. */
  readonly tokenFile: string | null
  /** Directory with the certificates of a client; null or absent: what WEIR_TLS_DIR or --tls-dir says, else no TLS. */
  readonly tlsDirectory?: string | null
}

export interface NamedClusters {
  readonly version: 1
  readonly current: string | null
  readonly clusters: Readonly<Record<string, NamedCluster>>
}

type Env = Readonly<Record<string, string | undefined>>

const NAME = /^[a-z][a-z0-9_-]{0,62}$/i
const FILE_MODE = 0o600
export const CLUSTERS_NAMED_MAX = 1_000

/** Null where the user has no home directory. */
export function contextsPath(env: Env): string | null {
  const config = env['XDG_CONFIG_HOME'] ?? ''
  const home = env['HOME'] ?? ''
  if (config !== '') return join(config, 'weir', 'contexts.json')
  return home === '' ? null : join(home, '.config', 'weir', 'contexts.json')
}

/** Error: `config/contexts-damaged`. */
export function readContexts(env: Env): NamedClusters {
  const path = contextsPath(env)
  if (path === null || !existsSync(path)) return { version: 1, current: null, clusters: {} }
  return readKept(path, contextsForm, (where, cause) => damaged(path, where, cause))
}

export function writeContexts(env: Env, contexts: NamedClusters): string {
  const path = contextsPath(env)
  if (path === null) {
    throw new WeirError('config/no-home', 'there is no place for named clusters', {
      domain: 'user',
      hint: 'set HOME or XDG_CONFIG_HOME',
    })
  }
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    const staged = `${path}.${process.pid}`
    writeFileSync(staged, `${JSON.stringify(contexts, null, 2)}\n`, { mode: FILE_MODE })
    chmodSync(staged, FILE_MODE)
    renameSync(staged, path)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new WeirError('config/contexts-unwritable', `cannot write ${path}: ${why}`, {
      domain: 'user',
      cause,
    })
  }
  return path
}

/** None where the file is damaged: whoever only wants to complete a word is not told so. */
export function contextNames(env: Env): readonly string[] {
  try {
    return Object.keys(readContexts(env).clusters).filter((name) => NAME.test(name))
  } catch (error) {
    if (error instanceof WeirError) return []
    throw error
  }
}

/** Error: `cli/usage`. */
export function checkName(name: string): void {
  if (NAME.test(name)) return
  throw new WeirError('cli/usage', `${quoted(name)} is no name for a cluster`, {
    domain: 'user',
    hint: 'a letter, then letters, digits, - and _',
  })
}

/** Error: `context/not-found` with the nearest name. */
export function namedCluster(contexts: NamedClusters, name: string): NamedCluster {
  const known = Object.hasOwn(contexts.clusters, name) ? contexts.clusters[name] : undefined
  if (known !== undefined) return known
  const near = nearestName(name, Object.keys(contexts.clusters))
  throw new WeirError('context/not-found', `there is no context ${quoted(name)}`, {
    domain: 'user',
    hint: near === null ? 'see `weir context ls`' : `Did you mean ${near}?`,
  })
}

function damaged(path: string, where: string, cause: unknown): WeirError {
  return new WeirError('config/contexts-damaged', `${path} does not hold named clusters${where}`, {
    domain: 'user',
    hint: 'mend or remove it; `weir context add` makes it anew',
    cause,
  })
}
