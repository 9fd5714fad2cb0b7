// weir cluster: a JobManager and TaskManagers as processes of this machine, on loopback, left running until they are
// stopped. What runs is written down in `.weir/cluster.json`; what they keep lies beside it.

import { mkdirSync, existsSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import type { Command } from 'commander'
import { sleep } from '@weirjs/common/core/clock'
import { WeirError } from '@weirjs/common/core/errors'
import type { ClusterView, WorkerView } from '@weirjs/common/job-client'
import { type Cli, type GlobalOptions, type Session, wantsJson, withSession } from '../cli.ts'
import { openSession } from '../client.ts'
import {
  type ClusterFile,
  clusterFilePath,
  findClusterFile,
  type FoundClusterFile,
  removeClusterFile,
  writeClusterFile,
} from '../context.ts'
import {
  endedEarly,
  isAlive,
  startDetached,
  type StartedProcess,
  stopAll,
} from '../local-processes.ts'
import { facts } from '../output/table.ts'
import { formatTime } from '../output/units.ts'
import { gather } from './run.ts'

const DEFAULT_PORT = 6123
const READY_MS_MAX = 30_000
const POLL_MS = 20
const STOP_GRACE_MS = 10_000

interface StartOptions extends GlobalOptions {
  readonly taskmanagers: string
  readonly slots: string
  readonly port: string
  readonly dataDir?: string
  readonly define: readonly string[]
}

export function addClusterCommands(program: Command, cli: Cli): void {
  const cluster = program.command('cluster').description('a cluster of processes on this machine')
  cluster
    .command('start')
    .description('start a JobManager and TaskManagers, and leave them running')
    .option('--taskmanagers <n>', 'number of TaskManagers', '1')
    .option('--slots <n>', 'slots of each TaskManager', '4')
    .option('--port <port>', 'port of the JobManager; 0: any free one', `${DEFAULT_PORT}`)
    .option(
      '--data-dir <path>',
      'where state, logs and the token are kept (default: .weir/cluster)',
    )
    .option(
      '-D, --define <key=value>',
      'set a configuration key of the processes; may be repeated',
      gather,
      [],
    )
    .action(async (_own: object, command: Command) => start(cli, command.optsWithGlobals()))
  cluster
    .command('stop')
    .description('stop the processes that `start` left running')
    .action(async (_own: object, command: Command) => stop(cli, command.optsWithGlobals()))
  cluster
    .command('status')
    .description('what runs, and where')
    .action(async (_own: object, command: Command) => status(cli, command.optsWithGlobals()))
}

// ---- start ----

async function start(cli: Cli, options: StartOptions): Promise<void> {
  const terminal = cli.terminal(options)
  const path = clusterFilePath(cli.cwd)
  refuseSecond(path, cli)
  const count = wholeNumber(options.taskmanagers, '--taskmanagers', 0)
  const slots = wholeNumber(options.slots, '--slots', 1)
  const port = await choosePort(wholeNumber(options.port, '--port', 0))
  const dataDirectory = resolve(cli.cwd, options.dataDir ?? join(dirname(path), 'cluster'))
  const tokenFile = await makeDirectories(dataDirectory)
  const address = `127.0.0.1:${port}`
  const startedAtMs = cli.scheduler.wallMs()
  const processes = startProcesses({
    count,
    slots,
    port,
    address,
    dataDirectory,
    tokenFile,
    define: options.define,
  })
  const file: ClusterFile = {
    version: 1,
    address,
    tokenFile,
    dataDirectory,
    startedAtMs,
    processes: processes.map(({ role, pid, birth, log }) => ({ role, pid, birth, log })),
  }
  writeClusterFile(path, file)
  try {
    await untilReady(cli, file, processes, count)
  } catch (error) {
    await stopAll(file.processes, cli.scheduler, STOP_GRACE_MS)
    removeClusterFile(path)
    throw error
  }
  if (wantsJson(options)) return terminal.json({ ...file, clusterFile: path })
  terminal.note(`cluster is up at ${address}: ${count} TaskManagers with ${slots} slots each`)
  terminal.note(
    `left running: ${file.processes.map(({ role, pid }) => `${role} ${pid}`).join(', ')}`,
  )
  terminal.note(`kept on disk: ${dataDirectory} (state, logs, token)`)
  terminal.note('stop it with `weir cluster stop`')
}

function refuseSecond(path: string, cli: Cli): void {
  if (!existsSync(path)) return
  const known = findClusterFile({ env: {}, cwd: cli.cwd })
  if (known === null || !known.file.processes.some(isAlive)) return
  throw new WeirError(
    'cli/already-running',
    `a cluster started here is running at ${known.file.address}`,
    {
      domain: 'user',
      hint: 'stop it with `weir cluster stop`',
    },
  )
}

async function choosePort(port: number): Promise<number> {
  if (port > 65_535)
    throw new WeirError('cli/usage', `--port is ${port}, at most 65535`, { domain: 'user' })
  const server = createServer()
  return new Promise((fulfil, reject) => {
    server.once('error', (cause) => {
      reject(
        new WeirError(
          'net/port-in-use',
          `port ${port} of 127.0.0.1 cannot be had: ${cause.message}`,
          {
            domain: 'user',
            cause,
            hint: 'choose another with --port, or --port 0 for any free one',
          },
        ),
      )
    })
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = server.address()
      const chosen = typeof address === 'object' && address !== null ? address.port : port
      server.close(() => fulfil(chosen))
    })
  })
}

async function makeDirectories(dataDirectory: string): Promise<string> {
  try {
    mkdirSync(join(dataDirectory, 'logs'), { recursive: true, mode: 0o700 })
    const tokenFile = join(dataDirectory, 'token')
    if (!existsSync(tokenFile)) {
      const { makeToken } = await import('@weirjs/common/rpc/token')
      writeFileSync(tokenFile, `${makeToken()}\n`, { mode: 0o600, flag: 'wx' })
    }
    return tokenFile
  } catch (cause) {
    throw new WeirError('config/data-directory', `cannot write to ${dataDirectory}`, {
      domain: 'user',
      cause,
      hint: 'choose another with --data-dir',
    })
  }
}

interface StartPlan {
  readonly count: number
  readonly slots: number
  readonly port: number
  readonly address: string
  readonly dataDirectory: string
  readonly tokenFile: string
  readonly define: readonly string[]
}

function startProcesses(plan: StartPlan): readonly StartedProcess[] {
  const { dataDirectory, tokenFile } = plan
  const script = present(process.argv[1], 'the script of this process')
  const defines = plan.define.flatMap((define) => ['-D', define])
  const common = ['--data-dir', dataDirectory, '--token-file', tokenFile, ...defines]
  const jobManager = startDetached(
    'jobmanager',
    [script, 'jobmanager', '--port', `${plan.port}`, ...common],
    join(dataDirectory, 'logs', 'jobmanager.log'),
  )
  // Several of them share this machine: each takes whatever control port is free.
  const taskManager = ['taskmanager', '-D', 'taskmanager.rpc.port=0', '--jobmanager', plan.address]
  const taskManagers = Array.from({ length: plan.count }, (_, i) =>
    startDetached(
      'taskmanager',
      [script, ...taskManager, '--slots', `${plan.slots}`, ...common],
      join(dataDirectory, 'logs', `taskmanager-${i + 1}.log`),
    ),
  )
  return [jobManager, ...taskManagers]
}

function present<T>(value: T | undefined, what: string): T {
  if (value === undefined)
    throw new WeirError('cli/internal', `missing: ${what}`, { domain: 'internal' })
  return value
}

/** Waits until the JobManager answers and every TaskManager is registered. */
async function untilReady(
  cli: Cli,
  file: ClusterFile,
  processes: readonly StartedProcess[],
  count: number,
): Promise<void> {
  const dueMs = cli.scheduler.nowMs() + READY_MS_MAX
  let session: Session | null = null
  try {
    for (;;) {
      const dead = processes.find((one) => one.exited() !== null)
      if (dead !== undefined) throw endedEarly(dead, dead.exited() ?? '')
      session ??= await openSession(
        { address: file.address, tokenFile: file.tokenFile, origin: '' },
        cli.scheduler,
      )
      if ((await readyWorkers(session)) >= count) return
      if (cli.scheduler.nowMs() > dueMs) {
        throw new WeirError('cli/timeout', `the cluster was not up within ${READY_MS_MAX} ms`, {
          domain: 'external',
          hint: `see the logs in ${join(file.dataDirectory, 'logs')}`,
        })
      }
      await sleep(cli.scheduler, POLL_MS)
    }
  } finally {
    session?.close()
  }
}

async function readyWorkers(session: Session): Promise<number> {
  try {
    return (await session.client.cluster()).workers
  } catch (error) {
    if (
      error instanceof WeirError &&
      (error.code === 'rpc/unavailable' || error.code === 'rpc/deadline')
    )
      return -1
    throw error
  }
}

function wholeNumber(text: string, flag: string, least: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (value >= least) return value
  throw new WeirError(
    'cli/usage',
    `${flag} is "${text}", but must be a whole number from ${least}`,
    { domain: 'user' },
  )
}

// ---- stop ----

async function stop(cli: Cli, options: GlobalOptions): Promise<void> {
  const terminal = cli.terminal(options)
  const found = localCluster(cli)
  const alive = found.file.processes.filter(isAlive)
  const killed = await stopAll(alive, cli.scheduler, STOP_GRACE_MS)
  removeClusterFile(found.path)
  const stopped = alive.map(({ role, pid }) => ({
    role,
    pid,
    killed: killed.some((one) => one.pid === pid),
  }))
  if (wantsJson(options)) return terminal.json({ stopped, dataDirectory: found.file.dataDirectory })
  terminal.note(
    stopped.length === 0 ? 'nothing was running' : `stopped ${stopped.length} processes`,
  )
  for (const one of stopped)
    if (one.killed) terminal.note(`${one.role} ${one.pid} did not end by itself and was killed`)
  terminal.note(`kept on disk: ${found.file.dataDirectory}`)
}

function localCluster(cli: Cli): FoundClusterFile {
  const found = findClusterFile({ env: cli.env, cwd: cli.cwd })
  if (found !== null) return found
  throw new WeirError('cluster/not-found', 'no cluster was started here', {
    domain: 'user',
    hint: '`weir cluster start` starts one',
  })
}

// ---- status ----

async function status(cli: Cli, options: GlobalOptions): Promise<void> {
  const terminal = cli.terminal(options)
  const found =
    options.cluster === undefined ? findClusterFile({ env: cli.env, cwd: cli.cwd }) : null
  const processes = (found?.file.processes ?? []).map((one) => ({
    role: one.role,
    pid: one.pid,
    alive: isAlive(one),
  }))
  const [address, cluster, workers] = await withSession(
    cli,
    options,
    async ({ client, address: at }) =>
      [at, await client.cluster(), await client.workers()] as const,
  )
  if (wantsJson(options))
    return terminal.json({ address, cluster, taskmanagers: workers, processes })
  for (const line of statusFacts(address, cluster, workers, found)) terminal.data(line)
  for (const one of processes)
    if (!one.alive) terminal.note(`${one.role} ${one.pid} is not running any more`)
}

function statusFacts(
  address: string,
  cluster: ClusterView,
  workers: readonly WorkerView[],
  found: FoundClusterFile | null,
): readonly string[] {
  const jobs = Object.entries(cluster.jobs)
    .filter(([, count]) => count > 0)
    .map(([state, count]) => `${count} ${state}`)
  return facts([
    ['jobmanager', `${address} (pid ${cluster.pid}, up since ${formatTime(cluster.startedAtMs)})`],
    ['version', cluster.version],
    [
      'taskmanagers',
      `${cluster.workers} (pids ${workers.map((worker) => worker.pid).join(', ') || '-'})`,
    ],
    ['slots', `${cluster.freeSlots} of ${cluster.slots} free`],
    ['jobs', jobs.join(', ') || 'none'],
    ['checkpoints', cluster.checkpointDirectory],
    ...(found === null ? [] : [['data', found.file.dataDirectory] as const]),
  ])
}
