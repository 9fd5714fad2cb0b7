// weir context …: clusters by name, so that nobody types addresses and token files twice.

import { resolve } from 'node:path'
import type { Command } from 'commander'
import { WeirError } from '@weirjs/common/core/errors'
import type { Cli, GlobalOptions } from '../cli.ts'
import { checkAddress, findClusterFile } from '../context.ts'
import {
  checkName,
  CLUSTERS_NAMED_MAX,
  type NamedCluster,
  namedCluster,
  readContexts,
  writeContexts,
} from '../named-clusters.ts'
import { show } from '../output/show.ts'

interface ContextRow extends NamedCluster {
  readonly name: string
  readonly current: boolean
}

export function addContextCommands(program: Command, cli: Cli): void {
  const context = program.command('context').description('clusters by name')
  context
    .command('ls')
    .description('the names that are known; * marks the one in use')
    .action((_own: object, command: Command) => list(cli, command.optsWithGlobals()))
  context
    .command('add')
    .argument('<name>', 'what to call it')
    .argument('<address>', 'host:port of its JobManager')
    .description('name a cluster (its token file: --token-file; its certificates: --tls-dir)')
    .option('--use', 'and use it from now on')
    .action((name: string, address: string, _own: object, command: Command) =>
      add(cli, name, address, command.optsWithGlobals()),
    )
  context
    .command('use')
    .argument('<name>', 'a name from `weir context ls`')
    .description('use this cluster where nothing else is said')
    .action((name: string, _own: object, command: Command) =>
      use(cli, name, command.optsWithGlobals()),
    )
  context
    .command('rm')
    .argument('<name>', 'a name from `weir context ls`')
    .description('forget a name')
    .action((name: string, _own: object, command: Command) =>
      remove(cli, name, command.optsWithGlobals()),
    )
}

function list(cli: Cli, options: GlobalOptions): void {
  const { clusters, current } = readContexts(cli.env)
  const rows: readonly ContextRow[] = Object.entries(clusters)
    .map(([name, { address, tokenFile, tlsDirectory = null }]) => ({
      name,
      address,
      tokenFile,
      tlsDirectory,
      current: name === current,
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  show<ContextRow>(cli.terminal(options), options, {
    json: { contexts: rows },
    names: rows.map(({ name }) => name),
    none: 'no cluster has a name yet; `weir context add` gives it one',
    columns: [
      { title: '', cell: (row) => (row.current ? '*' : ' ') },
      { title: 'CONTEXT', cell: (row) => row.name },
      { title: 'ADDRESS', cell: (row) => row.address },
      { title: 'TOKEN FILE', cell: (row) => row.tokenFile ?? '-' },
      { title: 'TLS', cell: (row) => row.tlsDirectory ?? '-' },
    ],
    rows,
  })
}

function add(
  cli: Cli,
  name: string,
  address: string,
  options: GlobalOptions & { readonly use?: boolean },
): void {
  checkName(name)
  checkAddress(address)
  const before = readContexts(cli.env)
  const others = Object.keys(before.clusters).filter((other) => other !== name)
  if (others.length >= CLUSTERS_NAMED_MAX) {
    throw new WeirError('context/too-many', `${CLUSTERS_NAMED_MAX} clusters have names already`, {
      domain: 'user',
      hint: 'forget one with `weir context rm`',
    })
  }
  const absolute = (path: string | undefined): string | null =>
    path === undefined ? null : resolve(cli.cwd, path)
  const cluster = {
    address,
    tokenFile: absolute(options.tokenFile),
    tlsDirectory: absolute(options.tlsDir),
  }
  const current = options.use === true ? name : before.current
  const clusters = { ...before.clusters, [name]: cluster }
  const path = writeContexts(cli.env, { version: 1, current, clusters })
  answer(cli, options, { name, ...cluster, current: current === name })
  cli.terminal(options).note(`written to ${path}`)
}

function use(cli: Cli, name: string, options: GlobalOptions): void {
  const before = readContexts(cli.env)
  const cluster = namedCluster(before, name)
  writeContexts(cli.env, { ...before, current: name })
  answer(cli, options, { name, ...cluster, current: true })
  const nearer = findClusterFile(cli, false)
  if (nearer !== null)
    cli.terminal(options).note(`here, ${nearer.path} is nearer and is used all the same`)
}

function remove(cli: Cli, name: string, options: GlobalOptions): void {
  const before = readContexts(cli.env)
  const cluster = namedCluster(before, name)
  const { [name]: _gone, ...clusters } = before.clusters
  const current = before.current === name ? null : before.current
  writeContexts(cli.env, { version: 1, current, clusters })
  answer(cli, options, { name, ...cluster, current: false }, 'was')
}

function answer(
  cli: Cli,
  options: GlobalOptions,
  row: ContextRow,
  verb: 'is' | 'was' = 'is',
): void {
  show(cli.terminal(options), options, {
    json: row,
    names: [row.name],
    lines: [
      `${row.name} ${verb} ${row.address}${row.current ? ', in use' : ''}${verb === 'was' ? ', and is forgotten' : ''}`,
    ],
  })
}
