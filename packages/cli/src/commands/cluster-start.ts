// weir cluster start: starts what is missing. On an empty place that is a whole cluster; where processes of one have died,
// here or in a directory above, it is those, with the arguments that they had. What the dead ones knew lies in the data
// directory. Only flags that describe a cluster make another one, and only in place of one of which nothing runs.

import { existsSync, mkdirSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { present } from '@weirjs/common/core/assert'
import { sleep } from '@weirjs/common/core/clock'
import { WeirError } from '@weirjs/common/core/errors'
import { WORKER_SLOTS_MAX } from '@weirjs/common/core/gateways'
import { shownDefine } from '@weirjs/common/core/secret-names'
import { checkMemory, type Config, loadConfig } from '@weirjs/common/node/config'
import { memoryLimitBytes } from '@weirjs/common/node/control-group'
import { makeTokenOnce } from '@weirjs/common/node/token-file'
import type { Cli, GlobalOptions, Session } from '../cli.ts'
import { openSession } from '../client.ts'
import { pageUrl } from '../page-url.ts'
import {
  type ClusterChoice,
  clusterDirectory,
  type ClusterFile,
  clusterFilePath,
  type ClusterProcess,
  findClusterFile,
  type FoundClusterFile,
  removeClusterFile,
  writeClusterFile,
} from '../context.ts'
import { CERTIFICATE_DAYS, createCertificates } from '../development-certificates.ts'
import { formatOf, show } from '../output/show.ts'
import { counted } from '../output/units.ts'
import { localHosts } from './certs.ts'
import { healthArgs, isAwaited, startProbed, withHealth } from './cluster-health.ts'
import { checkPorts, choosePorts, PORT_MAX } from './cluster-ports.ts'
import { configFile } from './config.ts'
import { endedEarly, type Launch, type StartedProcess, stopAll } from '../local-processes.ts'
import { lifeOf } from '../process-life.ts'
import { wholeNumber } from '../whole-number.ts'

/** Who ends before is noticed; this is for a machine that is slow, and for what hangs. */
const READY_MS_MAX = 60_000
const POLL_MS = 20
export const STOP_GRACE_MS = 10_000
/** Processes on one machine. */
const TASKMANAGERS_MAX = 256
const SLOTS = 'taskmanager.numberOfTaskSlots'
/** Of each TaskManager, when neither flag nor setting says more: one machine is the whole cluster. */
export const SLOTS_DEFAULT = 4

export interface StartOptions extends GlobalOptions {
  readonly taskmanagers?: string
  readonly slots?: string
  readonly port?: string
  readonly dataDir?: string
  readonly define: readonly string[]
  readonly config?: string
  readonly tls?: boolean
}

export async function startCluster(cli: Cli, options: StartOptions): Promise<void> {
  const terminal = cli.terminal(options)
  const before = toHeal(cli, options)
  const path = before?.path ?? clusterFilePath(cli.cwd)
  const plan = before === null ? await make(cli, options, path) : await heal(before)
  if (before !== null && describesCluster(options)) terminal.note(FLAGS_UNHEEDED)
  // Before any process: one that nobody could find again is worse than none.
  writeClusterFile(path, plan.file)
  const started: StartedProcess[] = []
  const { file, page } = await bringUp(cli, path, plan, started).catch(async (error: unknown) => {
    await stopAll(started, cli.scheduler, STOP_GRACE_MS)
    if (before === null) removeClusterFile(path)
    throw error
  })
  const format = formatOf(options)
  if (format === 'json' || format === 'yaml') {
    const processes = file.processes.map((one) => ({ ...one, args: one.args.map(shownDefine) }))
    const json = { ...file, processes, clusterFile: path, page }
    return show(terminal, options, { json, names: [] })
  }
  terminal.note(`cluster is up at ${file.address}: ${counted(workersOf(file), 'TaskManager')}`)
  if (page !== null) terminal.note(`status page: ${page}`)
  const names = started.map(({ role, pid }) => `${role} ${pid}`).join(', ')
  terminal.note(before === null ? `left running: ${names}` : `restarted: ${names}`)
  terminal.note(`kept on disk: ${file.dataDirectory} (state, logs, token)`)
  terminal.note('stop it with `weir cluster stop`')
}

const FLAGS_UNHEEDED =
  'the cluster goes on as it was started, whatever flags say; `weir cluster stop` first, to start it otherwise'

/** The cluster that was started and not stopped, here or above; null: another one is to be made here. */
function toHeal(cli: Cli, options: StartOptions): FoundClusterFile | null {
  const found = findClusterFile(cli, false)
  const processes = found?.file.processes ?? []
  const isMeant = processes.some(mayLive) || (processes.length > 0 && !describesCluster(options))
  return isMeant ? found : null
}

const mayLive = (one: ClusterProcess): boolean => lifeOf(one) !== 'gone'

function describesCluster(options: StartOptions): boolean {
  const { taskmanagers, slots, port, dataDir, define, config, tls } = options
  const said = [taskmanagers, slots, port, dataDir, config, tls, options.tlsDir, options.tokenFile]
  return define.length > 0 || said.some((one) => one !== undefined)
}

interface Plan {
  /** As it is before anything is started. */
  readonly file: ClusterFile
  /** In the order in which they are started. */
  readonly launches: readonly Launch[]
}

interface Up {
  readonly file: ClusterFile
  /** Address of the status page. */
  readonly page: string | null
}

/** Starts what is planned, into `started`. The file tells of each process as soon as it runs. */
async function bringUp(cli: Cli, path: string, plan: Plan, started: StartedProcess[]): Promise<Up> {
  let { file } = plan
  for (const launch of plan.launches) {
    const one = await startProbed(launch, clusterDirectory(path))
    started.push(one)
    file = { ...file, processes: withEntry(file.processes, entryOf(one)) }
    writeClusterFile(path, file)
  }
  const page = await untilReady(cli, file, started)
  file = { ...file, processes: file.processes.map(withHealth) }
  writeClusterFile(path, file)
  return { file, page }
}

const workersOf = (file: ClusterFile): number =>
  file.processes.filter(({ role }) => role === 'taskmanager').length

/** In the place of its former life, when it had one. */
function withEntry(
  processes: readonly ClusterProcess[],
  entry: ClusterProcess,
): readonly ClusterProcess[] {
  const at = processes.findIndex(({ log }) => log === entry.log)
  return at === -1 ? [...processes, entry] : processes.with(at, entry)
}

/** The dead processes of a cluster. Error: `cli/already-running` when none is dead. */
async function heal({ path, file }: FoundClusterFile): Promise<Plan> {
  const launches = file.processes.filter((one) => !mayLive(one))
  if (launches.length === 0) {
    throw new WeirError(
      'cli/already-running',
      `the cluster of ${clusterDirectory(path)} is running at ${file.address}`,
      { domain: 'user', hint: 'stop it with `weir cluster stop`' },
    )
  }
  await checkKept(file)
  makeDirectories(file.dataDirectory)
  return { file, launches }
}

/** A disk that is not mounted after a reboot is no reason to begin anew in its place. Errors: `config/...`. */
async function checkKept({ dataDirectory, tokenFile }: ClusterFile): Promise<void> {
  if (!existsSync(join(dataDirectory, 'VERSION')))
    throw new WeirError(
      'config/data-directory',
      `what the cluster kept in ${dataDirectory} is not there`,
      { domain: 'user', hint: 'mount it again; `weir cluster stop` forgets the cluster' },
    )
  await checkToken(tokenFile)
}

const entryOf = ({ role, pid, birth, log, args }: StartedProcess): ClusterProcess => ({
  role,
  pid,
  birth,
  log,
  args,
})

// ---- a new cluster ----

async function make(cli: Cli, options: StartOptions, path: string): Promise<Plan> {
  const count = wholeNumber(options.taskmanagers ?? '1', '--taskmanagers', {
    least: 0,
    most: TASKMANAGERS_MAX,
  })
  const { slots, port: wanted, dataDir, config: processes } = configured(cli, options)
  const plan = { config: processes, taskManagers: count, slots }
  const { port, restPort } = await choosePorts(plan, wanted)
  checkPorts({ ...plan, port, restPort })
  const dataDirectory = resolve(cli.cwd, dataDir ?? join(dirname(path), 'cluster'))
  makeDirectories(dataDirectory)
  const named = options.tokenFile ?? processes.values['security.token-file']
  const tokenFile =
    named === null ? await makeTokenOnce(join(dataDirectory, 'token')) : resolve(cli.cwd, named)
  await checkToken(tokenFile)
  const address = `127.0.0.1:${port}`
  const tlsDirectory = certificatesFor(cli, options, processes, dataDirectory)
  const tls = tlsDefines(tlsDirectory, processes)
  const defines = [...options.define, ...tls].flatMap((one) => ['-D', one])
  const yaml = configFile(cli, options.config)
  const config = yaml === null ? [] : ['--config', yaml]
  const rest = ['-D', `rest.port=${restPort ?? 'off'}`]
  const own = ['--data-dir', dataDirectory, '--token-file', tokenFile]
  const common = [...own, ...config, ...defines, ...rest]
  const health = healthArgs(processes, join(dataDirectory, 'health'))
  const launch = (
    role: ClusterProcess['role'],
    name: string,
    place: number,
    args: readonly string[],
  ): Launch => ({
    role,
    args: [...args, ...health(place, name)],
    log: join(dataDirectory, 'logs', `${name}.log`),
  })
  const jobManager = ['jobmanager', '--port', `${port}`, ...common]
  // Several of them share this machine: each takes whatever control port is free.
  const taskManager = ['taskmanager', '-D', 'taskmanager.rpc.port=0', '--jobmanager', address]
  const workerArgs = [...taskManager, '--slots', `${slots}`, ...common]
  const launches = [
    launch('jobmanager', 'jobmanager', 0, jobManager),
    ...Array.from({ length: count }, (_, i) =>
      launch('taskmanager', `taskmanager-${i + 1}`, i + 1, workerArgs),
    ),
  ]
  const file: ClusterFile = {
    version: 1,
    address,
    tokenFile,
    ...(tlsDirectory === null ? {} : { tlsDirectory }),
    dataDirectory,
    startedAtMs: cli.scheduler.wallMs(),
    processes: [],
  }
  return { file, launches }
}

/** Where the certificates are, made when there are none; null: the cluster goes without TLS. */
function certificatesFor(
  cli: Cli,
  options: StartOptions,
  config: Config,
  dataDirectory: string,
): string | null {
  const { values } = config
  const isSaid = options.tls === true || options.tlsDir !== undefined
  if (!isSaid && !values['security.ssl.internal.enabled']) return null
  if (namesFiles(config)) return clientsOwn(cli, options)
  const said = options.tlsDir ?? values['security.ssl.directory']
  const directory = said === null ? join(dataDirectory, 'tls') : resolve(cli.cwd, said)
  if (existsSync(join(directory, 'ca.crt'))) return directory
  const wish = { directory, hosts: localHosts(), days: CERTIFICATE_DAYS, force: false }
  createCertificates({ ...wish, nowMs: cli.scheduler.wallMs() })
  cli.terminal(options).note(`certificates made in ${directory}`)
  return directory
}

/** Then the authority is somebody else's, and another one would be believed by nobody. */
const namesFiles = ({ values }: Config): boolean => FILE_KEYS.some((key) => values[key] !== null)

const FILE_KEYS = [
  'security.ssl.ca-file',
  'security.ssl.certificate-file',
  'security.ssl.key-file',
] as const

function clientsOwn(cli: Cli, { tlsDir }: StartOptions): string {
  if (tlsDir !== undefined) return resolve(cli.cwd, tlsDir)
  const message = 'the configuration names files of certificates, but none for commands'
  throw new WeirError('cli/usage', message, {
    domain: 'user',
    hint: 'say --tls-dir with a directory that has ca.crt, client.crt and client.key of that authority',
  })
}

function tlsDefines(directory: string | null, config: Config): readonly string[] {
  if (directory === null) return []
  const enabled = 'security.ssl.internal.enabled=true'
  return namesFiles(config) ? [enabled] : [enabled, `security.ssl.directory=${directory}`]
}

/** The processes read the same; what they would refuse is refused before any of them is started. */
interface Configured {
  readonly config: Config
  readonly slots: number
  readonly port: number
  readonly dataDir: string | undefined
}

function configured(cli: Cli, options: StartOptions): Configured {
  const file = configFile(cli, options.config)
  const config = loadConfig({ file, env: cli.env, defines: options.define })
  const { values, origins } = config
  const usual = origins[SLOTS] === 'default' ? SLOTS_DEFAULT : values[SLOTS]
  const slots =
    options.slots === undefined
      ? usual
      : wholeNumber(options.slots, '--slots', { least: 1, most: WORKER_SLOTS_MAX })
  const limitBytes = memoryLimitBytes()
  if (limitBytes !== null) checkMemory(config, limitBytes, slots)
  return {
    config,
    slots,
    dataDir:
      options.dataDir ?? (origins['data.dir'] === 'default' ? undefined : values['data.dir']),
    port:
      options.port === undefined
        ? values['jobmanager.rpc.port']
        : wholeNumber(options.port, '--port', { least: 0, most: PORT_MAX }),
  }
}

function makeDirectories(dataDirectory: string): void {
  try {
    for (const name of ['logs', 'health'])
      mkdirSync(join(dataDirectory, name), { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw cannotWrite(dataDirectory, cause)
  }
}

/** Before anything is started with it. Errors: `config/token-...`. */
async function checkToken(path: string): Promise<void> {
  const { readToken } = await import('@weirjs/common/rpc/token')
  readToken(path)
}

const cannotWrite = (dataDirectory: string, cause: unknown): WeirError =>
  new WeirError('config/data-directory', `cannot write to ${dataDirectory}`, {
    domain: 'user',
    cause,
    hint: 'choose another with --data-dir',
  })

// ---- readiness ----

/** Waits until the JobManager answers, every TaskManager is registered, and all have said where they answer probes; answers the page's address, if there is one. */
async function untilReady(
  cli: Cli,
  file: ClusterFile,
  started: readonly StartedProcess[],
): Promise<string | null> {
  const dueMs = cli.scheduler.nowMs() + READY_MS_MAX
  const { address, tokenFile, tlsDirectory = null } = file
  const choice: ClusterChoice = {
    kind: 'file',
    address,
    tokenFile,
    tlsDirectory,
    origin: 'this start',
  }
  const session = await openSession(choice, cli.scheduler)
  try {
    while ((await readyWorkers(session)) < workersOf(file) || started.some(isAwaited)) {
      const dead = started.find((one) => one.exited() !== null)
      if (dead !== undefined) throw endedEarly(dead, present(dead.exited(), 'how it ended'))
      if (cli.scheduler.nowMs() > dueMs) throw notReady(file)
      await sleep(cli.scheduler, POLL_MS)
    }
    return pageUrl(session, await session.client.cluster())
  } finally {
    session.close()
  }
}

function notReady(file: ClusterFile): WeirError {
  const message = `the cluster was not up within ${READY_MS_MAX} ms`
  const hint = `see the logs in ${join(file.dataDirectory, 'logs')}`
  return new WeirError('cli/timeout', message, { domain: 'external', hint })
}

/** -1 while nobody answers. */
async function readyWorkers(session: Session): Promise<number> {
  try {
    return (await session.client.cluster()).workers
  } catch (error) {
    const absent = error instanceof WeirError && /^rpc\/(?:unavailable|deadline)$/.test(error.code)
    if (absent) return -1
    throw error
  }
}
