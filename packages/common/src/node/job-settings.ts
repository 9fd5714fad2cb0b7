// The settings of one job, from weakest to strongest: the configuration (what the cluster says of jobs, then what the
// submitter's project and environment say), the job's code, -D at submit.

import { WeirError } from '../core/errors.ts'
import type { JobSettings, RestartSettings } from '../core/graph/logical-graph.ts'
import { jobValueProblem, jobValuesOf, type JobKey, type SomeSettings } from '../core/job-bounds.ts'
import { JOB_DEFAULT_CHARS_MAX } from '../core/job-views.ts'
import { isSecretName } from '../core/secret-names.ts'
import { secretHint } from '../core/secrets.ts'
import { checkJobNeighbours, type Config, keyOf, KEY_NAMES, parseSetting } from './config.ts'
import { CONFIG_KEYS, type ConfigKey, type ConfigValues, USER_PREFIX } from './config-keys.ts'
import { withMeantStrategy } from './config-restart-keys.ts'
import { type Setting, settingsOfDefines } from './config-sources.ts'

/** What the job's code said; what it left out comes from the configuration. */
export interface JobCodeSettings extends SomeSettings {
  readonly config?: Readonly<Record<string, string>>
}

/** Each by itself, before anything is done. Errors: `config/bad-define`, `config/unknown-key`, `config/bad-value`, … */
export function checkJobDefines(defines: readonly string[]): void {
  const settings = settingsOfDefines(defines)
  valuesOf(withMeantStrategy(settings))
  refuseSecrets(settings)
}

type SomeValues = { -readonly [K in ConfigKey]?: ConfigValues[K] }

/**
 * `config` in the result holds, as plain text, what travels to the workers: sizes in bytes, durations in ms. Throws
 * `config/secret-setting` for what is named like a secret, whoever said it.
 */
export function jobSettingsFrom(
  config: Config,
  code: JobCodeSettings,
  defines: readonly string[],
): JobSettings {
  const codeConfig = Object.entries(code.config ?? {}).map(([key, text]) => ({
    key,
    text,
    origin: "the job's code",
  }))
  // What the code says of restarts in so many words says the strategy too.
  const codeMeans = code.restart === undefined ? withMeantStrategy(codeConfig) : codeConfig
  const fromCode = { ...valuesOfCode(code), ...valuesOf(codeMeans) }
  const overrides = settingsOfDefines(defines)
  const fromFlags = valuesOf(withMeantStrategy(overrides))
  const values: ConfigValues = { ...config.values, ...fromCode, ...fromFlags }
  checkJobNeighbours(values, (key) => originOf(key, config, fromCode, fromFlags))
  const said = new Set([...Object.keys(fromCode), ...Object.keys(fromFlags)])
  const user = [...codeConfig, ...overrides].filter(({ key }) => key.startsWith(USER_PREFIX))
  const travelling = KEY_NAMES.filter((key) => CONFIG_KEYS[key].scope === 'task')
    .filter((key) => said.has(key) || config.origins[key] !== 'default')
    .map((key) => [key, plainText(values[key])] as const)
  const ofOthers = Object.keys(config.user).map((key) => ({
    key,
    origin: `${config.origins[key]}`,
  }))
  refuseSecrets([...user, ...ofOthers])
  const own = user.map(({ key, text }) => [key, text] as const)
  const travels = [...Object.entries(config.user), ...travelling, ...own]
  return { ...settingsOf(values), config: Object.fromEntries(travels) }
}

/** Settings of a job stand in its log, and everybody who looks at the storage reads them. */
function refuseSecrets(settings: readonly Pick<Setting, 'key' | 'origin'>[]): void {
  const found = settings.find(({ key }) => isSecretName(key))
  if (found === undefined) return
  const message = `${found.key} (${found.origin}) is named like a secret, and settings of a job stand in its log as they are`
  throw new WeirError('config/secret-setting', message, {
    domain: 'user',
    hint: secretHint(found.key.slice(USER_PREFIX.length)),
  })
}

function originOf(
  key: ConfigKey,
  config: Config,
  fromCode: SomeValues,
  fromFlags: SomeValues,
): string {
  if (fromFlags[key] !== undefined) return 'flag'
  return fromCode[key] === undefined ? `${config.origins[key]}` : "the job's code"
}

/**
 * What a JobManager with this configuration tells those who submit. Nothing that is named like a secret: it would stand in
 * the log of every job. Throws `config/bad-value` for a text that is too long to be told.
 */
export function jobDefaultsOf({ texts, origins }: Config): readonly Setting[] {
  return Object.entries(texts)
    .filter(([key]) => isOfJobs(key) && !isSecretName(key))
    .map(([key, text]) => {
      if (text.length > JOB_DEFAULT_CHARS_MAX) throw tooLong(key, `${origins[key]}`)
      return { key, text, origin: `cluster: ${origins[key]}` }
    })
}

/** Names of the settings that are kept from them. */
export function keptFromJobs({ texts }: Config): readonly string[] {
  return Object.keys(texts).filter((key) => isOfJobs(key) && isSecretName(key))
}

function tooLong(key: string, origin: string): WeirError {
  const message = `${key} (${origin}) has more than ${JOB_DEFAULT_CHARS_MAX} characters`
  return new WeirError('config/bad-value', message, {
    domain: 'user',
    hint: 'jobs are told it when they are submitted: give them the path of a file instead',
  })
}

/** Also of keys that are the job's own. */
export const isOfJobs = (key: string): boolean =>
  key.startsWith(USER_PREFIX) || CONFIG_KEYS[key as ConfigKey].scope !== 'process'

/** The settings of a job that says nothing itself. */
export function defaultJobSettings(config: Config): JobSettings {
  return jobSettingsFrom(config, {}, [])
}

function valuesOf(settings: readonly Setting[]): SomeValues {
  const values: Record<string, unknown> = {}
  for (const setting of settings) {
    if (setting.key.startsWith(USER_PREFIX)) continue
    const key = keyOf(setting)
    if (CONFIG_KEYS[key].scope === 'process') {
      throw new WeirError(
        'config/not-a-job-setting',
        `${setting.key} (${setting.origin}) concerns the cluster, not a job`,
        {
          domain: 'user',
          hint: 'Set it in the configuration of the JobManager or TaskManager.',
        },
      )
    }
    values[key] = parseSetting(key, setting)
  }
  return values as SomeValues
}

/** What comes from a bundle was checked by the SDK in it, which may be another version's. */
function valuesOfCode(code: JobCodeSettings): SomeValues {
  const values = jobValuesOf(code)
  for (const [key, value] of Object.entries(values)) {
    const problem = jobValueProblem(key as JobKey, value, "the job's code")
    if (problem !== null) throw new WeirError('config/bad-value', problem, { domain: 'user' })
  }
  return values as SomeValues
}

function settingsOf(values: ConfigValues): Omit<JobSettings, 'config'> {
  return {
    checkpoint: {
      intervalMs: values['execution.checkpointing.interval'],
      mode: values['execution.checkpointing.mode'],
      minPauseMs: values['execution.checkpointing.min-pause'],
      timeoutMs: values['execution.checkpointing.timeout'],
      maxConcurrent: values['execution.checkpointing.max-concurrent-checkpoints'],
      tolerableFailures: values['execution.checkpointing.tolerable-failed-checkpoints'],
      retained: values['execution.checkpointing.num-retained'],
      retainOn: values['execution.checkpointing.retain-on'],
    },
    restart: restartOf(values),
    parallelism: values['parallelism.default'],
    maxParallelism: values['pipeline.max-parallelism'],
    bufferTimeoutMs: values['execution.buffer-timeout.interval'],
    chaining: values['pipeline.operator-chaining.enabled'],
  }
}

function restartOf(values: ConfigValues): RestartSettings {
  const strategy = values['restart-strategy.type']
  switch (strategy) {
    case 'none':
      return { strategy }
    case 'fixed-delay':
      return {
        strategy,
        attempts: values['restart-strategy.fixed-delay.attempts'],
        delayMs: values['restart-strategy.fixed-delay.delay'],
      }
    case 'failure-rate':
      return {
        strategy,
        failuresMax: values['restart-strategy.failure-rate.max-failures-per-interval'],
        windowMs: values['restart-strategy.failure-rate.failure-rate-interval'],
        delayMs: values['restart-strategy.failure-rate.delay'],
      }
    case 'exponential-delay':
      return {
        strategy,
        initialMs: values['restart-strategy.exponential-delay.initial-backoff'],
        maxMs: values['restart-strategy.exponential-delay.max-backoff'],
        multiplier: values['restart-strategy.exponential-delay.backoff-multiplier'],
        jitter: values['restart-strategy.exponential-delay.jitter-factor'],
        resetAfterMs: values['restart-strategy.exponential-delay.reset-backoff-threshold'],
        attempts: values['restart-strategy.exponential-delay.attempts-before-reset-backoff'],
      }
  }
}

function plainText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
