// weir config …: which value holds for a key, and who said so. It answers from here: what this directory, this environment
// and these flags say, as commands and processes that are started here read them.

import { resolve } from 'node:path'
import type { Command } from 'commander'
import { type Config, keyOf, KEY_NAMES, loadConfig } from '@weirjs/common/node/config'
import { CONFIG_KEYS, type ConfigKey } from '@weirjs/common/node/config-keys'
import { shownValue } from '@weirjs/common/node/config-secrets'
import { envNameOf } from '@weirjs/common/node/config-sources'
import { wantedBy, writtenAs } from '@weirjs/common/node/config-values'
import type { Cli, GlobalOptions } from '../cli.ts'
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

async function load(cli: Cli, options: ConfigOptions): Promise<Config> {
  return loadConfig({
    file: configFile(cli, options.config),
    project: await projectSettings(cli),
    env: cli.env,
    defines: options.define,
  })
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

/** Keys in their order, then the job's own. Secrets are masked. */
export function configEntries(config: Config): readonly ConfigEntry[] {
  const own = Object.entries(config.user).map(([key, value]) => ({
    key,
    value: shownValue(key, value),
    origin: originOf(config, key),
  }))
  return [...KEY_NAMES.map((key) => entryOf(config, key)), ...own]
}

async function list(cli: Cli, options: ConfigOptions): Promise<void> {
  const all = configEntries(await load(cli, options))
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
  const config = await load(cli, options)
  const own = Object.hasOwn(config.user, key)
  const answer = own
    ? explainOwn(config, key)
    : explainKnown(config, keyOf({ key, text: '', origin: 'asked for' }))
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
  about: "The job's own: passed on as it is.",
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
