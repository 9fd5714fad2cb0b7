// weir cluster: a JobManager and TaskManagers as processes of this machine, on loopback, left running until they are
// stopped. What runs is written down in `.weir/cluster.json`; what they keep lies beside it.

import type { Command } from 'commander'
import { WeirError } from '@weirjs/common/core/errors'
import type { ClusterView, WorkerView } from '@weirjs/common/job-client'
import { type Cli, type GlobalOptions, withSession } from '../cli.ts'
import {
  type ClusterFile,
  type ClusterProcess,
  findClusterFile,
  type FoundClusterFile,
  localCluster,
  removeClusterFile,
} from '../context.ts'
import { stopAll } from '../local-processes.ts'
import { formatOf, show } from '../output/show.ts'
import { pageUrl } from '../page-url.ts'
import { lifeOf } from '../process-life.ts'
import { facts } from '../output/table.ts'
import type { Terminal } from '../output/terminal.ts'
import { counted, formatTime } from '../output/units.ts'
import { addClusterLogs } from './cluster-logs.ts'
import { SLOTS_DEFAULT, startCluster, STOP_GRACE_MS } from './cluster-start.ts'
import { gather } from './run.ts'

export function addClusterCommands(program: Command, cli: Cli): void {
  const cluster = program.command('cluster').description('a cluster of processes on this machine')
  cluster
    .command('start')
    .description(
      'start a JobManager and TaskManagers, or those of them that died; leave them running',
    )
    .option('--taskmanagers <n>', 'number of TaskManagers (default: 1)')
    .option('--slots <n>', `slots of each TaskManager (default: ${SLOTS_DEFAULT})`)
    .option('--port <port>', 'port of the JobManager; 0: any free one (default: 6123)')
    .option(
      '--data-dir <directory>',
      'where state, logs and the token are kept (default: .weir/cluster)',
    )
    .option('--config <file>', 'YAML file with configuration keys of the processes')
    .option('--tls', 'encrypt all gRPC; makes certificates where --tls-dir has none')
    .option(
      '-D, --define <key=value>',
      'set a configuration key of the processes; may be repeated',
      gather,
      [],
    )
    .action(async (_own: object, command: Command) => startCluster(cli, command.optsWithGlobals()))
  cluster
    .command('stop')
    .description('stop the processes that `start` left running')
    .action(async (_own: object, command: Command) => stop(cli, command.optsWithGlobals()))
  addClusterLogs(cluster, cli)
  cluster
    .command('status')
    .description('what runs, and where')
    .action(async (_own: object, command: Command) => status(cli, command.optsWithGlobals()))
}

// ---- stop ----

async function stop(cli: Cli, options: GlobalOptions): Promise<void> {
  const terminal = cli.terminal(options)
  const found = localCluster(cli)
  const alive = found.file.processes.filter((one) => lifeOf(one) === 'alive')
  const killed = await stopAll(alive, cli.scheduler, STOP_GRACE_MS)
  const unknown = found.file.processes.filter((one) => lifeOf(one) === 'unknown')
  if (unknown.length === 0) removeClusterFile(found.path)
  const stopped = alive.map(({ role, pid }) => ({
    role,
    pid,
    killed: killed.some((one) => one.pid === pid),
  }))
  const format = formatOf(options)
  if (format === 'json' || format === 'yaml') {
    const json = { stopped, dataDirectory: found.file.dataDirectory }
    show(terminal, options, { json, names: [] })
  } else tellStopped(terminal, stopped, found.file)
  refuseUnknown(unknown, found.path)
}

function tellStopped(
  terminal: Terminal,
  stopped: readonly (Pick<ClusterProcess, 'role' | 'pid'> & { readonly killed: boolean })[],
  { processes, dataDirectory }: ClusterFile,
): void {
  if (stopped.length > 0)
    terminal.note(`stopped ${counted(stopped.length, 'process', 'processes')}`)
  else if (processes.every((one) => lifeOf(one) === 'gone')) terminal.note('nothing was running')
  for (const one of stopped)
    if (one.killed) terminal.note(`${one.role} ${one.pid} did not end by itself and was killed`)
  terminal.note(`kept on disk: ${dataDirectory}`)
}

/** Error: `cluster/not-stopped`. */
function refuseUnknown(unknown: readonly ClusterProcess[], path: string): void {
  if (unknown.length === 0) return
  const names = unknown.map(({ role, pid }) => `${role} ${pid}`).join(', ')
  const pids = unknown.map(({ pid }) => pid).join(' ')
  throw new WeirError(
    'cluster/not-stopped',
    `not stopped: ${names}: the system does not say whether it is still that process`,
    {
      domain: 'external',
      hint: `look at it by \`ps\`; if it is of this cluster, \`kill ${pids}\` ends it; then remove ${path}`,
    },
  )
}

// ---- status ----

async function status(cli: Cli, options: GlobalOptions): Promise<void> {
  const terminal = cli.terminal(options)
  const seen = await withSession(cli, options, async (session): Promise<Seen> => {
    const { client, address } = session
    const cluster = await client.cluster()
    return { address, cluster, workers: await client.workers(), page: pageUrl(session, cluster) }
  })
  const { address, cluster, workers, page } = seen
  // Of the cluster that was asked, and no other one that happens to have been started here.
  const nearby = findClusterFile({ env: cli.env, cwd: cli.cwd })
  const found = nearby?.file.address === address ? nearby : null
  const processes = (found?.file.processes ?? []).map((one) => ({
    role: one.role,
    pid: one.pid,
    alive: lifeOf(one) !== 'gone',
    ...(one.health === undefined ? {} : { health: one.health }),
  }))
  show(terminal, options, {
    json: { address, page, cluster, taskmanagers: workers, processes },
    names: [address],
    lines: statusFacts(seen, found),
  })
  for (const one of processes)
    if (!one.alive) terminal.note(`${one.role} ${one.pid} is not running any more`)
}

interface Seen {
  readonly address: string
  readonly cluster: ClusterView
  readonly workers: readonly WorkerView[]
  readonly page: string | null
}

function statusFacts(
  { address, cluster, workers, page }: Seen,
  found: FoundClusterFile | null,
): readonly string[] {
  const probes = (found?.file.processes ?? []).flatMap(({ role, health }) =>
    health === undefined ? [] : [`${role} ${health}`],
  )
  const jobs = Object.entries(cluster.jobs)
    .filter(([, count]) => count > 0)
    .map(([state, count]) => `${count} ${state}`)
  return facts([
    ['jobmanager', `${address} (pid ${cluster.pid}, up since ${formatTime(cluster.startedAtMs)})`],
    ...(cluster.notLeading === null ? [] : [['NOT LEADING', cluster.notLeading] as const]),
    ['status page', page ?? 'none'],
    ['version', cluster.version],
    [
      'taskmanagers',
      `${cluster.workers} (pids ${workers.map((worker) => worker.pid).join(', ') || '-'})`,
    ],
    ['slots', `${cluster.freeSlots} of ${cluster.slots} free`],
    ['jobs', jobs.join(', ') || 'none'],
    ['checkpoints', cluster.checkpointDirectory],
    ...(probes.length === 0 ? [] : [['probes', probes.join(', ')] as const]),
    ...(found === null ? [] : [['data', found.file.dataDirectory] as const]),
  ])
}
