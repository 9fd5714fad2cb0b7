// weir jobmanager, weir taskmanager: the processes of a cluster, in the foreground, as containers and `weir cluster
// start` run them. Configuration comes from flags, environment and a file; a signal closes them well.

import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { WeirError } from '@weirjs/common/core/errors'
import type { Log } from '@weirjs/common/core/log'
import { type Config, loadConfig, type Role } from '@weirjs/common/node/config'
import type { ConfigKey, ConfigValues } from '@weirjs/common/node/config-keys'
import { quoted } from '@weirjs/common/node/config-values'
import { memoryLimitBytes } from '@weirjs/common/node/control-group'
import { DataDirectory } from '@weirjs/common/node/data-directory'
import { advertisedHost, checkExposure } from '@weirjs/common/node/exposure'
import { jobDefaultsOf, keptFromJobs } from '@weirjs/common/node/job-settings'
import { createLog } from '@weirjs/common/node/log'
import { makeTokenOnce } from '@weirjs/common/node/token-file'
import { residentBytes } from '@weirjs/common/node/process-meter'
import { joinAddress } from '@weirjs/common/rpc/listen'
import type { JobManagerProcessSettings } from '@weirjs/jobmanager/main'
import type { OutputSettings } from '@weirjs/taskmanager/main'
import type { Cli } from '../cli.ts'
import { isAddress } from '../kept-files.ts'
import type { ProcessIdentity } from '../process-identity.ts'
import { RunningProcess } from '../running-process.ts'
import { configEntries, configFile } from './config.ts'
import { gather } from './run.ts'

interface ProcessOptions {
  readonly config?: string
  readonly define: readonly string[]
  readonly dataDir?: string
  readonly tokenFile?: string
  readonly tlsDir?: string
  readonly bind?: string
  readonly insecure?: boolean
  readonly port?: string
  readonly jobmanager?: string
  readonly slots?: string
  readonly advertise?: string
}

/** Adds both; answers the `taskmanager` command, which has sub-commands besides. */
export function addProcessCommands(program: Command, cli: Cli): Command {
  const jobmanager = withProcessOptions(program.command('jobmanager'))
    .description('run a JobManager process in the foreground')
    .option('--port <port>', 'port to listen on; 0: any free one')
  jobmanager.action(async (_own: object, command: Command) => {
    await runJobManager(cli, command.optsWithGlobals())
  })
  const taskmanager = withProcessOptions(program.command('taskmanager'))
    .description('run a TaskManager process in the foreground, or list those of a cluster')
    .option('--jobmanager <address>', 'host:port of the JobManager')
    .option('--slots <n>', 'slots that it offers')
    .option('--advertise <host>', 'name or address that others reach it by')
  taskmanager.action(async (_own: object, command: Command) => {
    await runTaskManager(cli, command.optsWithGlobals())
  })
  return taskmanager
}

function withProcessOptions(command: Command): Command {
  return command
    .option('--config <file>', 'YAML file with configuration keys')
    .option('-D, --define <key=value>', 'set a configuration key; may be repeated', gather, [])
    .option('--data-dir <directory>', 'where the process keeps everything')
    .option('--bind <host>', 'address to listen on')
    .option('--insecure', 'listen to others without encryption: that network is trusted')
}

const FLAG_NAMES: Partial<Record<ConfigKey, string>> = {
  'data.dir': '--data-dir',
  'security.token-file': '--token-file',
  'security.ssl.directory': '--tls-dir',
  'security.ssl.internal.enabled': '--tls-dir',
  'security.insecure': '--insecure',
  'jobmanager.bind-host': '--bind',
  'jobmanager.rpc.port': '--port',
  'jobmanager.rpc.address': '--jobmanager',
  'taskmanager.bind-host': '--bind',
  'taskmanager.host': '--advertise',
  'taskmanager.numberOfTaskSlots': '--slots',
}

function configure(cli: Cli, role: Role, options: ProcessOptions, flags: Flags): Config {
  const file = configFile(cli, options.config)
  const given = Object.entries(flags).filter(([, text]) => text !== undefined)
  return loadConfig({
    file,
    env: cli.env,
    defines: options.define,
    flags: Object.fromEntries(given) as Partial<Record<ConfigKey, string>>,
    flagNames: FLAG_NAMES,
    role,
    memoryLimitBytes: role === 'taskmanager' ? memoryLimitBytes() : null,
  })
}

/** A directory with certificates is named to be used. */
export const tlsFlags = (
  cli: Cli,
  { tlsDir }: { readonly tlsDir?: string },
): Partial<Record<ConfigKey, string>> =>
  tlsDir === undefined
    ? {}
    : {
        'security.ssl.directory': resolve(cli.cwd, tlsDir),
        'security.ssl.internal.enabled': 'true',
      }

type Flags = { readonly [Key in ConfigKey]?: string | undefined }

// ---- JobManager ----

async function runJobManager(cli: Cli, options: ProcessOptions): Promise<void> {
  const config = configure(cli, 'jobmanager', options, {
    'data.dir': options.dataDir,
    'security.token-file': options.tokenFile,
    ...tlsFlags(cli, options),
    'security.insecure': options.insecure === true ? 'true' : undefined,
    'jobmanager.bind-host': options.bind,
    'jobmanager.rpc.port': options.port,
  })
  const { values } = config
  const log = createLog({
    level: values['log.level'],
    fields: { role: 'jobmanager', pid: process.pid },
  })
  checkBinds(values, ['jobmanager.bind-host', 'rest.bind-address'], log)
  const running = new RunningProcess(cli, log)
  await running.during(async () => {
    const directory = await DataDirectory.open(values['data.dir'])
    const lock = await directory.lockJobManager()
    await running.lifecycle.own('data directory', () => lock.release())
    const identity = await running.showIdentity('jobmanager', values, directory.root)
    const tokenFile = values['security.token-file'] ?? (await makeTokenOnce(directory.token))
    const { startJobManagerProcess } = await import('@weirjs/jobmanager/main')
    const jobManager = await startJobManagerProcess({
      bindHost: values['jobmanager.bind-host'],
      port: values['jobmanager.rpc.port'],
      tokenFile,
      tls: identity.internal,
      checkpointDirectory: values['execution.checkpointing.dir'] ?? directory.checkpoints,
      dataDirectory: directory.jobManager,
      heartbeatIntervalMs: values['heartbeat.interval'],
      heartbeatTimeoutMs: values['heartbeat.timeout'],
      failover: values['jobmanager.execution.failover-strategy'],
      deployTimeoutMs: values['jobmanager.execution.deploy-timeout'],
      jobDefaults: jobDefaultsOf(config),
      keptFromJobs: keptFromJobs(config),
      rest: restSettings(config, identity),
      log,
    })
    await running.lifecycle.own('JobManager', () => jobManager.close())
    await running.showHealth('jobmanager', values, { ...jobManager, tls: identity.rest })
    const own = [directory.root, values['execution.checkpointing.dir'] ?? directory.checkpoints]
    await running.watchResources(values, own, { rssBytes: residentBytes, children: () => [] })
    await jobManager.takeOver()
    await running.closed
  })
}

type BindKey =
  | 'jobmanager.bind-host'
  | 'taskmanager.bind-host'
  | 'rest.bind-address'
  | 'health.bind-host'

const SECURED_BY = {
  'jobmanager.bind-host': 'security.ssl.internal.enabled',
  'taskmanager.bind-host': 'security.ssl.internal.enabled',
  'rest.bind-address': 'security.ssl.rest.enabled',
  'health.bind-host': 'security.ssl.rest.enabled',
} as const satisfies Record<BindKey, ConfigKey>

/** Only of ports that are opened. */
function checkBinds(values: ConfigValues, own: readonly BindKey[], log: Log): void {
  const closed: readonly BindKey[] = [
    ...(values['rest.port'] === null ? ['rest.bind-address' as const] : []),
    ...(values['health.port'] === null ? ['health.bind-host' as const] : []),
  ]
  for (const key of [...own, 'health.bind-host' as const]) {
    if (closed.includes(key)) continue
    const securedBy = SECURED_BY[key]
    checkExposure({
      bindHost: values[key],
      key,
      secured: values[securedBy],
      securedBy,
      insecure: values['security.insecure'],
      log,
    })
  }
}

function restSettings(
  config: Config,
  { rest: tls }: ProcessIdentity,
): JobManagerProcessSettings['rest'] {
  const { 'rest.port': port, 'rest.bind-address': host } = config.values
  if (port === null) return null
  const advertisedAddress = config.values['rest.advertised-address'] ?? undefined
  return { host, port, advertisedAddress, tls, configuration: configEntries(config) }
}

// ---- TaskManager ----

async function runTaskManager(cli: Cli, options: ProcessOptions): Promise<void> {
  const jobManager = jobManagerSaid(options.jobmanager)
  const { values } = configure(cli, 'taskmanager', options, {
    'data.dir': options.dataDir,
    'security.token-file': options.tokenFile,
    ...tlsFlags(cli, options),
    'security.insecure': options.insecure === true ? 'true' : undefined,
    'taskmanager.bind-host': options.bind,
    'taskmanager.host': options.advertise,
    'taskmanager.numberOfTaskSlots': options.slots,
    'jobmanager.rpc.address': jobManager.host,
    'jobmanager.rpc.port': jobManager.port,
  })
  const log = createLog({
    level: values['log.level'],
    fields: { role: 'taskmanager', pid: process.pid },
  })
  checkBinds(values, ['taskmanager.bind-host'], log)
  const running = new RunningProcess(cli, log)
  await running.during(async () => {
    const directory = await DataDirectory.open(values['data.dir'])
    const host = advertisedHost(values['taskmanager.host'], values['taskmanager.bind-host'])
    const identity = await running.showIdentity('taskmanager', values, directory.root, host)
    const user = values['taskmanager.job-process.user']
    const { startTaskManagerProcess } = await import('@weirjs/taskmanager/main')
    const taskManager = await startTaskManagerProcess({
      jobManager: joinAddress(values['jobmanager.rpc.address'], values['jobmanager.rpc.port']),
      tokenFile: values['security.token-file'] ?? directory.token,
      tls: identity.internal,
      checkpointDirectory: values['execution.checkpointing.dir'] ?? join(directory.checkpoints),
      workDirectory: directory.taskManagers,
      slots: values['taskmanager.numberOfTaskSlots'],
      bindHost: values['taskmanager.bind-host'],
      advertisedHost: values['taskmanager.host'],
      controlPort: values['taskmanager.rpc.port'],
      dataPorts: values['taskmanager.data.port-range'],
      slotHeapBytesMax: values['taskmanager.memory.job-process-heap'],
      jobProcessBytesMax: values['taskmanager.memory.job-process-max'],
      jobProcessesMax: values['taskmanager.job-process.processes-max'],
      jobUser: user === null ? null : { ...user, above: [directory.root] },
      controlGroup: values['taskmanager.job-process.control-group'],
      prepareJobProcess: values['taskmanager.job-process.prepared'],
      cancelGraceMs: values['task.cancellation.timeout'],
      progressTimeoutMs: values['task.progress.timeout'],
      jobEnvironment: values['taskmanager.job-environment'],
      secretsDirectory: values['taskmanager.secrets.directory'],
      output: outputSettings(values, directory.output),
      log,
    })
    await running.lifecycle.own('TaskManager', () => taskManager.close('told to'))
    await running.showHealth('taskmanager', values, { ...taskManager, tls: identity.rest })
    const own = [directory.root, values['execution.checkpointing.dir'] ?? directory.checkpoints]
    await running.watchResources(values, own, {
      rssBytes: taskManager.rssBytes,
      children: () =>
        taskManager
          .jobProcesses()
          .map(({ pid, jobId }) => ({ pid, name: `process ${pid} of job ${jobId}` })),
    })
    await taskManager.ended
  })
}

/** `host:port`, or a host whose port the configuration says. Error: `config/bad-address`. */
function jobManagerSaid(said: string | undefined): { host?: string; port?: string } {
  if (said === undefined) return {}
  const [, host = '', port = ''] = /^([^:]*|\[.*\]):(.*)$/.exec(said) ?? []
  if (host === '' && port === '') return { host: said }
  if (isAddress(said)) return { host, port }
  throw new WeirError(
    'config/bad-address',
    `--jobmanager is ${quoted(said)}, which is no address`,
    {
      domain: 'user',
      hint: 'write host:port, for instance 127.0.0.1:6123',
    },
  )
}

function outputSettings(values: ConfigValues, directory: string): OutputSettings | null {
  const totalBytesMax = values['taskmanager.output.total-size']
  if (totalBytesMax === null) return null
  return {
    directory,
    totalBytesMax,
    fileBytesMax: values['taskmanager.output.file-size'],
    filesMax: values['taskmanager.output.files'],
  }
}
