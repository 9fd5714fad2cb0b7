// weir config …: which value holds for a key, and who said so. Keys of a process as one that is started here reads them: its
// file, this environment, these flags. Keys of jobs as `weir run` reads them before the job's code speaks: the cluster's
// word, this project, this environment, these flags; a process's file here says nothing to it. Keys that are a job's own
// (`user.`) are shown with the file when nobody else has them: that is what a JobManager of this file would say of them.

import { resolve } from 'node:path'
import type { Command } from 'commander'
import { WeirError } from '@weirjs/common/core/errors'
import type { JobDefault } from '@weirjs/common/job-client'
import {
  type Config,
  keyOf,
  KEY_NAMES,
  loadConfig,
  loadJobConfig,
} from '@weirjs/common/node/config'
import { CONFIG_KEYS, type ConfigKey, USER_PREFIX } from '@weirjs/common/node/config-keys'
import { isSecretName, shownValue } from '@weirjs/common/core/secret-names'
import { envNameOf } from '@weirjs/common/node/config-sources'
import { wantedBy, writtenAs } from '@weirjs/common/node/config-values'
import { isOfJobs } from '@weirjs/common/node/job-settings'
import { type Cli, type GlobalOptions, withSession } from '../cli.ts'
import { facts } from '../output/table.ts'
import { projectSettings } from '../project-config.ts'
import { show } from '../output/show.ts'
import { gather } from './run.ts'

interface ConfigOptions extends GlobalOptions {
  readonly config?: string
  readonly define: readonly string[]
  readonly set?: boolean
}

export interface ConfigEntry {
  readonly key: string
  readonly value: string
  readonly origin: string
}

export function addConfigCommands(program: Command, cli: Cli): void {
  const config = program.command('config').description('which settings hold, and who said so')
  withSources(config.command('list'))
    .description('every key with its value and where that stands')
    .option('--set', 'only those that somebody has set')
    .action(async (_own: object, command: Command) => list(cli, command.optsWithGlobals()))
  withSources(config.command('explain'))
    .argument('<key>', 'a configuration key')
    .description('one key: its value and origin, its default, and what it means')
    .action(async (key: string, _own: object, command: Command) =>
      explain(cli, key, command.optsWithGlobals()),
    )
}

const withSources = (command: Command): Command =>
  command
    .option('--config <file>', 'YAML file with configuration keys')
    .option('-D, --define <key=value>', 'set a configuration key; may be repeated', gather, [])

type JobDefaults = readonly JobDefault[]

interface Loaded {
  readonly process: Config
  readonly job: Config
}

/** What is here, without a cluster: a mistake in it is told before anybody is asked. */
async function loadHere(cli: Cli, options: ConfigOptions): Promise<Loaded> {
  const { env } = cli
  const { define: defines } = options
  return {
    process: loadConfig({ file: configFile(cli, options.config), env, defines }),
    job: await loadJob(cli, options, []),
  }
}

async function loadJob(cli: Cli, options: ConfigOptions, cluster: JobDefaults): Promise<Config> {
  const project = await projectSettings(cli)
  return loadJobConfig({ cluster, project, env: cli.env, defines: options.define })
}

const jobOnCluster = async (cli: Cli, options: ConfigOptions): Promise<Config> =>
  loadJob(cli, options, await clusterDefaults(cli, options))

/** None where no cluster is known. Where it does not answer, that is told, and the answer goes without it. */
async function clusterDefaults(cli: Cli, options: ConfigOptions): Promise<JobDefaults> {
  try {
    return await withSession(cli, options, ({ client }) => client.jobDefaults())
  } catch (error) {
    if (!(error instanceof WeirError)) throw error
    if (error.code === 'cli/no-cluster') return []
    cli.terminal(options).note(`without what the cluster says of jobs: ${error.message}`)
    return []
  }
}

/** The YAML file of a process: what --config says, else WEIR_CONFIG, else none. */
export function configFile(cli: Pick<Cli, 'cwd' | 'env'>, said: string | undefined): string | null {
  const named = said ?? cli.env['WEIR_CONFIG'] ?? ''
  return named === '' ? null : resolve(cli.cwd, named)
}

function entryOf(config: Config, key: ConfigKey): ConfigEntry {
  const value = writtenAs(CONFIG_KEYS[key].schema, config.values[key])
  return { key, value, origin: originOf(config, key) }
}

const originOf = (config: Config, key: string): string => config.origins[key] ?? 'default'

/** Keys in their order, then the job's own. Secrets are masked. `job`: where what jobs have is another. */
export function configEntries(process: Config, job: Config = process): readonly ConfigEntry[] {
  const own = Object.entries({ ...process.user, ...job.user }).map(([key, value]) => ({
    key,
    value: shownValue(key, value),
    origin: `${originOf(Object.hasOwn(job.user, key) ? job : process, key)}${isSecretName(key) ? ', a secret: no job gets it' : ''}`,
  }))
  return [...KEY_NAMES.map((key) => entryOf(isOfJobs(key) ? job : process, key)), ...own]
}

async function list(cli: Cli, options: ConfigOptions): Promise<void> {
  const { process } = await loadHere(cli, options)
  const all = configEntries(process, await jobOnCluster(cli, options))
  const entries = options.set === true ? all.filter(({ origin }) => origin !== 'default') : all
  show(cli.terminal(options), options, {
    json: { config: entries },
    names: entries.map(({ key }) => key),
    none: 'nothing is set: every key has its default',
    columns: [
      { title: 'KEY', cell: (e) => e.key },
      { title: 'VALUE', cell: (e) => e.value || '-' },
      { title: 'ORIGIN', cell: (e) => e.origin },
    ],
    rows: entries,
  })
}

async function explain(cli: Cli, key: string, options: ConfigOptions): Promise<void> {
  const here = await loadHere(cli, options)
  const asked = { key, text: '', origin: 'asked for' }
  const ofJobs = key.startsWith(USER_PREFIX) || isOfJobs(keyOf(asked))
  const job = ofJobs ? await jobOnCluster(cli, options) : here.job
  const whose = [job, here.process].find(({ user }) => Object.hasOwn(user, key))
  const answer = whose
    ? explainOwn(whose, key)
    : explainKnown(ofJobs ? job : here.process, keyOf(asked))
  show(cli.terminal(options), options, {
    json: answer,
    names: [answer.key],
    lines: facts(
      Object.entries(answer).map(([name, value]) => [
        name === 'about' ? 'meaning' : name,
        (Array.isArray(value) ? value.join(', ') : String(value)) || '-',
      ]),
    ),
  })
}

const explainOwn = (
  config: Config,
  key: string,
): Readonly<Record<string, unknown>> & ConfigEntry => ({
  key,
  value: shownValue(key, config.user[key] ?? ''),
  origin: originOf(config, key),
  about: isSecretName(key)
    ? 'Named like a secret: no job gets it, and `weir run` refuses it. Jobs have env.secret.'
    : "The job's own: passed on as it is.",
})

function explainKnown(
  config: Config,
  key: ConfigKey,
): Readonly<Record<string, unknown>> & ConfigEntry {
  const { schema, byDefault, about, scope, aliases } = CONFIG_KEYS[key]
  return {
    ...entryOf(config, key),
    default: writtenAs(schema, byDefault),
    about,
    values: wantedBy(schema),
    scope,
    environment: envNameOf(key),
    aliases,
  }
}
