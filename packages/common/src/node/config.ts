// Configuration held against one schema, as one frozen object that knows where each value came from. Of a process: defaults <
// YAML file < environment < flags. Of a job, before its code and its own flags speak: defaults < the cluster's < project <
// environment. Whatever is not understood is an error with a suggestion; nothing is ignored.

import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { WeirError } from '../core/errors.ts'
import { HEARTBEAT_MS_MAX } from '../core/gateways.ts'
import { unfitNeighbours } from '../core/job-bounds.ts'
import { checkJobMemory, jobProcessBytesMin, SLOT_HEAP_BYTES_MIN } from '../core/job-memory.ts'
import type { KeyDefinition } from './config-definition.ts'
import { CONFIG_KEYS, type ConfigKey, type ConfigValues, USER_PREFIX } from './config-keys.ts'
import { withMeantStrategy } from './config-restart-keys.ts'
import {
  envNameOf,
  refuseTwice,
  type Setting,
  settingsOfDefines,
  settingsOfEnv,
  settingsOfYaml,
  USER_VARIABLES,
} from './config-sources.ts'
import { quoted, sizeText } from './config-values.ts'
import { nearestName } from './nearest-name.ts'

export interface Config {
  readonly values: ConfigValues
  /** Keys under `user.`: the job's own. */
  readonly user: Readonly<Record<string, string>>
  /** Where a value stands: `default`, `file x.yaml:3`, `environment WEIR_X`, `flag -D`. */
  readonly origins: Readonly<Record<string, string>>
  /** As somebody wrote it; absent where the value is the default. */
  readonly texts: Readonly<Record<string, string>>
}

export interface ConfigSources {
  /** Of a job: what the cluster's configuration says of jobs, as its JobManager tells it; weaker than all others. */
  readonly cluster?: readonly Setting[]
  /** A YAML file that must exist; absent or null: none. */
  readonly file?: string | null
  /** What the project of a job says: stronger than the file, weaker than the environment. */
  readonly project?: readonly Setting[]
  readonly env?: Readonly<Record<string, string | undefined>>
  /** `key=value`, from -D. */
  readonly defines?: readonly string[]
  /** Values of dedicated flags, as text: stronger than -D. */
  readonly flags?: Partial<Record<ConfigKey, string>>
  /** What those flags are called. */
  readonly flagNames?: Partial<Record<string, string>>
  /** Of the process that starts with it: its ports must differ. Absent: nothing is started with it here. */
  readonly role?: Role
  /** What a container lets the TaskManager use that starts with it. Absent or null: nothing limits memory. */
  readonly memoryLimitBytes?: number | null
}

export type Role = 'jobmanager' | 'taskmanager'

export const KEY_NAMES: readonly ConfigKey[] = Object.keys(CONFIG_KEYS) as ConfigKey[]
const ALIASES: ReadonlyMap<string, ConfigKey> = new Map(
  KEY_NAMES.flatMap((name) => CONFIG_KEYS[name].aliases.map((alias) => [alias, name] as const)),
)
const ALL_NAMES: readonly string[] = [...KEY_NAMES, ...ALIASES.keys()]

/** Throws WeirError `config/unknown-key`, `config/bad-value`, `config/bad-file`, `config/bad-define`. */
export function loadConfig(sources: ConfigSources): Config {
  const config = loadJobConfig(sources)
  checkJobNeighbours(config.values, (key) => `${config.origins[key]}`)
  return config
}

/** For `jobSettingsFrom`: whether settings of the job fit each other is not asked before its code and flags have spoken. */
export function loadJobConfig(sources: ConfigSources): Config {
  const values: Record<string, unknown> = {}
  const origins: Record<string, string> = {}
  const texts = Object.create(null) as Record<string, string>
  const user = Object.create(null) as Record<string, string>
  for (const name of KEY_NAMES) {
    values[name] = CONFIG_KEYS[name].byDefault
    origins[name] = 'default'
  }
  for (const setting of gather(sources)) {
    if (setting.key.startsWith(USER_PREFIX)) {
      user[setting.key] = setting.text
      texts[setting.key] = setting.text
      origins[setting.key] = setting.origin
      continue
    }
    const name = keyOf(setting)
    values[name] = parseSetting(name, setting)
    texts[name] = setting.text
    origins[name] = setting.origin
  }
  const config: Config = {
    values: Object.freeze(values) as unknown as ConfigValues,
    user: Object.freeze(user),
    origins: Object.freeze(origins),
    texts: Object.freeze(texts),
  }
  checkNeighbours(config)
  if (sources.role !== undefined) checkPorts(config, sources.role)
  const { memoryLimitBytes = null } = sources
  if (memoryLimitBytes !== null)
    checkMemory(config, memoryLimitBytes, config.values['taskmanager.numberOfTaskSlots'])
  return Object.freeze(config)
}

/** Weakest first. */
function gather(sources: ConfigSources): readonly Setting[] {
  const { cluster = [], file = null, project = [], env = {}, defines = [] } = sources
  const { flags = {}, flagNames = {} } = sources
  const readText = (path: string): string => readFileSync(path, 'utf8')
  return [
    cluster,
    once(file === null ? [] : settingsOfYaml(readFile(file), file, env)),
    once(project),
    once(settingsOfEnv(env, ALL_NAMES, readText, unknownVariable)),
    settingsOfDefines(defines),
    Object.entries(flags).map(([key, text]) => {
      const name = flagNames[key]
      return { key, text, origin: name === undefined ? 'flag' : `flag ${name}` }
    }),
  ].flatMap(withMeantStrategy)
}

/** What has no order says everything once, by whatever name. */
const once = (settings: readonly Setting[]): readonly Setting[] =>
  refuseTwice(settings, (key) => ALIASES.get(key) ?? key)

/** The known key that a setting means. Throws `config/unknown-key` with the nearest one. */
export function keyOf(setting: Setting): ConfigKey {
  const { key, origin } = setting
  const name = Object.hasOwn(CONFIG_KEYS, key) ? (key as ConfigKey) : ALIASES.get(key)
  if (name !== undefined) return name
  const near = nearestName(key, ALL_NAMES)
  throw new WeirError('config/unknown-key', `there is no setting ${quoted(key)} (${origin})`, {
    domain: 'user',
    hint:
      near === null
        ? `Keys of the job's own begin with "${USER_PREFIX}".`
        : `Did you mean "${near}"?`,
  })
}

/** Throws `config/bad-value`, saying where the value stands and what is wanted. */
export function parseSetting<K extends ConfigKey>(name: K, setting: Setting): ConfigValues[K] {
  const definition: KeyDefinition<ConfigValues[K]> = CONFIG_KEYS[name]
  const parsed = definition.schema.safeParse(setting.text)
  if (parsed.success) return parsed.data
  const wanted = parsed.error.issues[0]?.message ?? 'is wrong'
  const message = `${setting.key} is ${quoted(setting.text)} (${setting.origin}), but ${wanted}`
  throw new WeirError('config/bad-value', message, { domain: 'user' })
}

function readFile(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    const message = `the configuration file ${resolve(path)} cannot be read`
    throw new WeirError('config/bad-file', message, { domain: 'user', cause })
  }
}

function unknownVariable(name: string, origin: string): never {
  if (name.startsWith(USER_VARIABLES)) {
    const message = `a key of the job's own cannot be set by a variable (${origin})`
    const hint = `Say -D user.key=value, or write user.key: \${${name}} in the file; and give this variable another name.`
    throw new WeirError('config/unknown-key', message, { domain: 'user', hint })
  }
  const near = nearestName(name, KEY_NAMES.map(envNameOf))
  const key = KEY_NAMES.find((one) => envNameOf(one) === near)
  throw new WeirError('config/unknown-key', `there is no setting for ${origin}`, {
    domain: 'user',
    hint: key === undefined ? 'Unset it.' : `Did you mean ${envNameOf(key)}, for "${key}"?`,
  })
}

/** Throws `config/bad-value` for job settings that are right by themselves and wrong together, with both names. */
export function checkJobNeighbours(
  values: ConfigValues,
  originOf: (key: ConfigKey) => string,
): void {
  for (const [larger, smaller] of unfitNeighbours(values))
    throw unfit(larger, 'at least', smaller, originOf)
  if (values['exchange.credit-bytes'] < values['exchange.frame-bytes'])
    throw unfit('exchange.credit-bytes', 'at least', 'exchange.frame-bytes', originOf)
}

function unfit(
  a: ConfigKey,
  words: string,
  b: ConfigKey,
  originOf: (key: ConfigKey) => string,
): WeirError {
  const message = `${a} (${originOf(a)}) must be ${words} ${b} (${originOf(b)})`
  return new WeirError('config/bad-value', message, { domain: 'user' })
}

function tooLong(key: ConfigKey, origin: string | undefined): WeirError {
  const message = `${key} (${origin}) must be at most ${HEARTBEAT_MS_MAX / 3_600_000}h`
  return new WeirError('config/bad-value', message, { domain: 'user' })
}

type Demand = (holds: boolean, a: ConfigKey, words: string, b: ConfigKey) => void

const demands =
  (origins: Config['origins']): Demand =>
  (holds, a, words, b) => {
    if (!holds) throw unfit(a, words, b, (key) => `${origins[key]}`)
  }

type PortKey = 'health.port' | 'rest.port' | 'jobmanager.rpc.port' | 'taskmanager.rpc.port'

/** Ports that a process of this role opens beside the one for probes. */
const PORTS: Readonly<Record<Role, readonly PortKey[]>> = {
  jobmanager: ['rest.port', 'jobmanager.rpc.port'],
  taskmanager: ['taskmanager.rpc.port'],
}

/** Two of them on one port: half a process would start, and then be told that the port is taken, by itself. */
function checkPorts({ values, origins }: Config, role: Role): void {
  const demand = demands(origins)
  const port = values['health.port'] ?? 0
  if (port === 0) return
  for (const other of PORTS[role])
    demand(port !== values[other], 'health.port', 'another port than', other)
  const { first, last } = values['taskmanager.data.port-range']
  const isOutside = first === 0 || port < first || port > last
  demand(
    role === 'jobmanager' || isOutside,
    'health.port',
    'outside of',
    'taskmanager.data.port-range',
  )
}

/** `slots`: as many as are really offered. Throws `config/bad-value` for memory that is not there. */
export function checkMemory({ values, origins }: Config, limitBytes: number, slots: number): void {
  const wish = {
    slots,
    slotHeapBytes: values['taskmanager.memory.job-process-heap'],
    jobProcessBytes: values['taskmanager.memory.job-process-max'],
  }
  checkJobMemory(wish, limitBytes, (key) => `${origins[key]}`)
}

/** Values that are right by themselves and wrong together. */
function checkNeighbours({ values, origins }: Config): void {
  const demand = demands(origins)
  const ports = values['taskmanager.data.port-range']
  demand(
    values['heartbeat.timeout'] >= 2 * values['heartbeat.interval'],
    'heartbeat.timeout',
    'at least twice',
    'heartbeat.interval',
  )
  const slots = values['taskmanager.numberOfTaskSlots']
  const heap = values['taskmanager.memory.job-process-heap'] ?? SLOT_HEAP_BYTES_MIN
  const jobProcess = values['taskmanager.memory.job-process-max']
  const least = jobProcessBytesMin(slots, heap)
  demand(
    jobProcess === null || jobProcess >= least,
    'taskmanager.memory.job-process-max',
    `at least ${sizeText(least)}, for ${slots} slots of`,
    'taskmanager.memory.job-process-heap',
  )
  const output = values['taskmanager.output.total-size']
  demand(
    output === null || output >= 2 * values['taskmanager.output.file-size'],
    'taskmanager.output.total-size',
    'at least twice',
    'taskmanager.output.file-size',
  )
  const rest = values['rest.port']
  demand(
    rest === null || rest === 0 || rest !== values['jobmanager.rpc.port'],
    'rest.port',
    'another port than',
    'jobmanager.rpc.port',
  )
  demand(
    values['jobmanager.execution.deploy-timeout'] >= values['heartbeat.timeout'],
    'jobmanager.execution.deploy-timeout',
    'at least',
    'heartbeat.timeout',
  )
  for (const key of ['heartbeat.interval', 'heartbeat.timeout'] as const) {
    if (values[key] > HEARTBEAT_MS_MAX) throw tooLong(key, origins[key])
  }
  if (ports.first === 0) return
  const control = values['taskmanager.rpc.port']
  demand(
    control < ports.first || control > ports.last,
    'taskmanager.rpc.port',
    'outside of',
    'taskmanager.data.port-range',
  )
  demand(
    ports.last - ports.first + 1 >= slots,
    'taskmanager.data.port-range',
    'a port for each of',
    'taskmanager.numberOfTaskSlots',
  )
}
