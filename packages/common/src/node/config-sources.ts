// Where configuration comes from: a YAML file, the environment, -D flags. Each source becomes settings with an origin, so
// that every later complaint can say where the value stands.

import { isMap, isPair, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import { WeirError } from '../core/errors.ts'
import { SECRET_VARIABLES } from '../core/secrets.ts'
import { quoted } from './config-values.ts'
import { nearestName } from './nearest-name.ts'

export interface Setting {
  readonly key: string
  readonly text: string
  /** `file weir.yaml:12`, `environment WEIR_X`, `flag -D`. */
  readonly origin: string
}

/** What commands, the compose file and tests read from the environment, and is no setting. */
const OTHER_VARIABLES: ReadonlySet<string> = new Set([
  'WEIR_CLUSTER',
  'WEIR_CONFIG',
  'WEIR_TOKEN_FILE',
  'WEIR_TLS_DIR',
  'WEIR_VERSION',
  'WEIR_IMAGE',
  'WEIR_TAG',
  'WEIR_SLOTS',
  'WEIR_PORT',
  'WEIR_FILES',
  'WEIR_MEMORY_JOBMANAGER',
  'WEIR_MEMORY_TASKMANAGER',
])

type Env = Readonly<Record<string, string | undefined>>

const FILE_BYTES_MAX = 1_024 * 1_024
const NESTING_MAX = 16
/** Which letters of a job's own key are capitals, and which signs dots, its variable could not say. */
export const USER_VARIABLES = 'WEIR_USER_'
/** What Kubernetes and Docker put into the environment for a service named, say, weir-jobmanager. */
const INJECTED = /_(SERVICE_HOST|SERVICE_PORT(_.*)?|PORT_\d+_(TCP|UDP|SCTP)(_.*)?)$/
/** The address behind `…_PORT`: whoever means a setting writes a number there. */
const INJECTED_ADDRESS = /^(tcp|udp|sctp):\/\//

/** Keys may be nested or dotted. `${NAME}` and `${NAME:-default}` in values are taken from the environment. */
export function settingsOfYaml(yaml: string, path: string, env: Env): readonly Setting[] {
  if (yaml.length > FILE_BYTES_MAX) throw badFile(path, `it has more than ${FILE_BYTES_MAX} bytes`)
  const lines = new LineCounter()
  // Not the parser's own look for keys that come twice: it compares each with each, minutes for a file of a mebibyte.
  const document = parseDocument(yaml, { lineCounter: lines, uniqueKeys: false })
  const problem = document.errors[0] ?? document.warnings[0]
  if (problem !== undefined) {
    throw badFile(`${path}:${lines.linePos(problem.pos[0]).line}`, whatIsWrong(problem.message))
  }
  const settings: Setting[] = []
  if (document.contents !== null) walk(document.contents, '', 0)
  return settings

  function placeOf(node: Node): string {
    return `${path}:${lines.linePos(node.range?.[0] ?? 0).line}`
  }

  function walk(node: Node, prefix: string, depth: number): void {
    const where = placeOf(node)
    if (depth > NESTING_MAX) throw badFile(where, 'it is nested too deeply')
    if (isMap(node)) {
      const seen = new Set<string>()
      for (const pair of node.items) {
        if (!isPair(pair) || !isScalar(pair.key)) throw badFile(where, 'a key is no plain text')
        const own = String(pair.key.value)
        if (seen.has(own)) throw badFile(placeOf(pair.key), `keys must be unique: ${quoted(own)}`)
        seen.add(own)
        const name = `${prefix}${own}`
        if (pair.value === null) throw badFile(where, `${quoted(name)} has no value`)
        const value = pair.value as Node
        if (isMap(value)) walk(value, `${name}.`, depth + 1)
        else settings.push({ key: name, ...plainValue(value, name, depth + 1) })
      }
      return
    }
    throw badFile(where, 'it must hold keys and values')
  }

  function plainValue(node: Node, name: string, depth: number): Omit<Setting, 'key'> {
    const where = placeOf(node)
    const origin = `file ${where}`
    if (isScalar(node)) {
      if (node.value === null) throw badFile(where, `${name} has no value`)
      // The source text keeps 007 and 1_000 as they are written.
      const written =
        typeof node.value === 'string' ? node.value : (node.source ?? JSON.stringify(node.value))
      return { text: interpolate(written, env, where), origin }
    }
    if (isSeq(node) && depth <= NESTING_MAX) {
      return {
        text: node.items.map((item) => plainValue(item as Node, name, depth + 1).text).join(','),
        origin,
      }
    }
    throw badFile(where, `${name} must be a plain value or a list`)
  }
}

/** The parser's first line, for people. */
function whatIsWrong(message: string): string {
  if (message.startsWith('Maximum call stack')) return 'it is nested too deeply'
  const [line = ''] = message.split('\n')
  return line === '' ? 'it is no YAML' : quoted(line).slice(1, -1)
}

function interpolate(value: string, env: Env, where: string): string {
  return value.replaceAll(
    /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g,
    (_all, name: string, fallback?: string) => {
      const found = env[name] ?? fallback
      if (found === undefined) throw badFile(where, `the environment has no variable ${name}`)
      return found
    },
  )
}

/** `WEIR_` and the key in capitals, with `_` for what is no letter or digit. */
export function envNameOf(key: string): string {
  return `WEIR_${key.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}`
}

/** Every process that is started from there has it, and `ps e` shows it. Error: `config/token-in-environment`. */
export function refuseToken(env: Env): void {
  if ((env['WEIR_TOKEN'] ?? '') === '') return
  throw new WeirError('config/token-in-environment', 'no token is taken from the environment', {
    domain: 'user',
    hint: 'Unset WEIR_TOKEN, write the token to a file of mode 0600, and name that with WEIR_TOKEN_FILE or --token-file.',
  })
}

/**
 * Settings from the environment; `NAME_FILE` reads the value from a file (a mounted secret). A variable that looks like
 * one of ours but is none, by its first word or because it is nearly one, is an error: `unknown` is called with it.
 */
export function settingsOfEnv(
  env: Env,
  keys: readonly string[],
  readText: (path: string) => string,
  unknown: (name: string, origin: string) => never,
): readonly Setting[] {
  refuseToken(env)
  const names = new Map(keys.map((key) => [envNameOf(key), key]))
  const first = (key: string): string => `${envNameOf(key.split('.')[0] ?? key)}_`
  const prefixes = new Set([...keys.map(first), USER_VARIABLES])
  const settings: Setting[] = []
  for (const name of Object.keys(env).sort()) {
    const text = env[name]
    if (text === undefined || !name.startsWith('WEIR_')) continue
    if (name.startsWith(SECRET_VARIABLES)) continue
    const key = names.get(name)
    const fileKey = name.endsWith('_FILE') ? names.get(name.slice(0, -'_FILE'.length)) : undefined
    if (key !== undefined) {
      settings.push({ key, text, origin: `environment ${name}` })
    } else if (fileKey !== undefined) {
      settings.push({
        key: fileKey,
        text: readSecret(text, name, readText),
        origin: `environment ${name}`,
      })
    } else if (!OTHER_VARIABLES.has(name) && !isInjected(name, text)) {
      const hasPrefix = [...prefixes].some((prefix) => name.startsWith(prefix))
      if (hasPrefix || nearestName(name, [...names.keys()]) !== null)
        unknown(name, `environment ${name}`)
    }
  }
  return settings
}

const isInjected = (name: string, text: string): boolean =>
  INJECTED.test(name) || (name.endsWith('_PORT') && INJECTED_ADDRESS.test(text))

function readSecret(path: string, name: string, readText: (path: string) => string): string {
  try {
    return readText(path).replace(/\r?\n$/, '')
  } catch (cause) {
    const message = `${name} names the file ${path}, which cannot be read`
    throw new WeirError('config/bad-value', message, { domain: 'user', cause })
  }
}

/** `key=value` as said with -D; a later one wins. */
export function settingsOfDefines(defines: readonly string[]): readonly Setting[] {
  return defines.map((define) => {
    const at = define.indexOf('=')
    if (at > 0)
      return {
        key: define.slice(0, at).trim(),
        text: define.slice(at + 1).trim(),
        origin: 'flag -D',
      }
    throw new WeirError('config/bad-define', `-D wants key=value, not ${quoted(define)}`, {
      domain: 'user',
    })
  })
}

/** Of one source. `nameOf`: what a key is called that may have several names. Error: `config/bad-value`. */
export function refuseTwice(
  settings: readonly Setting[],
  nameOf: (key: string) => string,
): readonly Setting[] {
  const seen = new Map<string, Setting>()
  for (const setting of settings) {
    const name = nameOf(setting.key)
    const before = seen.get(name)
    if (before !== undefined) {
      const message = `${name} is set twice: by ${before.origin} and by ${setting.origin}`
      throw new WeirError('config/bad-value', message, {
        domain: 'user',
        hint: 'Unset one of the two.',
      })
    }
    seen.set(name, setting)
  }
  return settings
}

function badFile(where: string, what: string): WeirError {
  return new WeirError('config/bad-file', `${where}: ${what}`, { domain: 'user', location: where })
}
