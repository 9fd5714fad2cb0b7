// A cluster of real processes on loopback that a test may treat badly: a JobManager and TaskManagers as the command `weir`
// starts them, in a directory of their own. Nothing of it outlives the harness, unless the harness itself is killed.

import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { present } from '@weirjs/common/core/assert'
import { WeirError } from '@weirjs/common/core/errors'
import { silentLog } from '@weirjs/common/core/log'
import type { JobClient } from '@weirjs/common/job-client'
import { freePort } from '@weirjs/common/node/free-port'
import { systemScheduler } from '@weirjs/common/node/system-scheduler'
import { connectJobManager, type JobConnection } from '@weirjs/common/rpc/job-client'
import { makeToken, readToken } from '@weirjs/common/rpc/token'
import { FileIdentity } from '@weirjs/common/tls/file-identity'
import { filesIn } from '@weirjs/common/tls/identity'
import { ClusterProcess } from './cluster-process.ts'
import { isAlive, kill9, type ProcessLife } from './proc.ts'
import { Timeline } from './timeline.ts'
import { until } from './until.ts'

const WEIR = fileURLToPath(new URL('../../../weir', import.meta.url))
/** Only ends what hangs: on a busy machine a start takes ten times as long. */
const READY_MS_MAX = 300_000
const COMMAND_MS_MAX = 300_000
/** What a process leaves behind must be gone when somebody has looked so often, so many ms apart: a pause of his is one look. */
const ORPHAN_LOOKS_MAX = 250
const ORPHAN_LOOK_MS = 20
const LAST_LINES = 15

/** Failures are noticed within two seconds. */
export const FAST_PROFILE: readonly string[] = ['heartbeat.interval=250ms', 'heartbeat.timeout=2s']

export interface ClusterOptions {
  readonly taskManagers: number
  /** Of each TaskManager. */
  readonly slots: number
  /** `key=value` for all processes, beside the fast profile. */
  readonly defines?: readonly string[]
  /** Show what happens on stderr. */
  readonly echo?: boolean
  /** Where each process runs; by default all of them on loopback. */
  readonly place?: (name: ProcessName) => Partial<ProcessPlace>
  /** Of the JobManager; default: a free one. */
  readonly port?: number
  /** With certificates of all roles: everything goes by TLS. */
  readonly tlsDirectory?: string
  /** Checkpoints; default: in the directory of the cluster. */
  readonly checkpointDirectory?: string
}

/** `jobmanager`, `taskmanager-1`, … */
export type ProcessName = string

export interface ProcessPlace {
  /** It listens here. */
  readonly host: string
  /** Others dial this; default: `host`. */
  readonly seenAs: string
  /** Of a TaskManager: the JobManager's host as seen from here; default: as the JobManager is seen. */
  readonly jobManagerHost: string
  /** A command that runs the command behind it in its own stead (`ip netns exec …`). */
  readonly prefix: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly defines: readonly string[]
}

export interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export interface SubmitOptions {
  readonly file: string
  readonly args?: readonly string[]
  readonly defines?: readonly string[]
  readonly parallelism?: number
  readonly from?: string
}

export class ProcessCluster implements AsyncDisposable {
  readonly directory: string
  readonly dataDirectory: string
  readonly logDirectory: string
  readonly checkpointDirectory: string
  readonly timeline: Timeline
  readonly jobManager: ClusterProcess
  readonly taskManagers: readonly ClusterProcess[]
  readonly #address: string
  readonly #port: number
  readonly #rivals: ClusterProcess[] = []
  readonly #tokenFile: string
  readonly #options: ClusterOptions
  readonly #slots: number
  readonly #connection: JobConnection
  #readyMs = 0
  readonly #exiting = (): void => {
    for (const one of this.processes) one.killTree()
  }
  #kept = false
  #stopped = false

  private constructor(options: ClusterOptions, directory: string, port: number) {
    this.directory = directory
    this.dataDirectory = join(directory, 'data')
    this.logDirectory = join(directory, 'logs')
    this.checkpointDirectory =
      options.checkpointDirectory ?? join(this.dataDirectory, 'checkpoints')
    this.timeline = new Timeline(options.echo)
    this.#options = options
    this.#port = port
    this.#address = `${this.#place('jobmanager').seenAs}:${port}`
    this.#tokenFile = join(directory, 'token')
    this.#slots = options.slots
    mkdirSync(this.logDirectory)
    writeFileSync(this.#tokenFile, `${makeToken()}\n`, { mode: 0o600 })
    this.jobManager = this.#process('jobmanager', ['--port', `${port}`], this.dataDirectory)
    this.taskManagers = Array.from({ length: options.taskManagers }, (_, i) => {
      const name = `taskmanager-${i + 1}`
      const { seenAs, jobManagerHost } = this.#place(name)
      const address = ['--jobmanager', `${jobManagerHost}:${port}`, '--advertise', seenAs]
      const args = [...address, '--slots', `${options.slots}`]
      return this.#process(name, args, this.dataDirectory)
    })
    this.#connection = this.connect()
    process.once('exit', this.#exiting)
  }

  /** Started, with all slots registered. */
  static async start(options: ClusterOptions): Promise<ProcessCluster> {
    const directory = mkdtempSync(join(tmpdir(), 'weir-processes-'))
    const cluster = new ProcessCluster(
      options,
      directory,
      options.port ?? present(await freePort(), 'a free port'),
    )
    const startedMs = performance.now()
    for (const one of cluster.processes) one.start()
    try {
      await cluster.ready()
      cluster.#readyMs = performance.now() - startedMs
    } catch (error) {
      const said = cluster.lastWords()
      await cluster[Symbol.asyncDispose]()
      throw new Error(`the cluster did not start:\n${said}`, { cause: error })
    }
    return cluster
  }

  get processes(): readonly ClusterProcess[] {
    return [this.jobManager, ...this.#rivals, ...this.taskManagers]
  }

  /**
   * Starts another JobManager on the same checkpoint storage, as on another machine: with a data directory of its own, at
   * the same port of the host of its place. Who turns to it is a matter of that place.
   */
  startRival(): ClusterProcess {
    const name = `jobmanager-${this.#rivals.length + 2}`
    const directory = this.path(`data-of-${name}`)
    const rival = this.#process(name, ['--port', `${this.#port}`], directory)
    this.#rivals.push(rival)
    rival.start()
    return rival
  }

  /** A client beside the command line: calls reject while there is no JobManager. */
  get client(): JobClient {
    return this.#connection.client
  }

  /** Dials anew. Whoever does it closes it. */
  connect(): JobConnection {
    const { tlsDirectory } = this.#options
    return connectJobManager({
      address: this.#address,
      token: readToken(this.#tokenFile),
      sender: 'harness',
      scheduler: systemScheduler(),
      tls: tlsDirectory === undefined ? undefined : clientIdentity(tlsDirectory),
    })
  }

  /** How long it took to start: tells how busy the machine is. */
  get readyMs(): number {
    return this.#readyMs
  }

  path(...names: readonly string[]): string {
    return join(this.directory, ...names)
  }

  /** Starts what is not running. */
  startAll(): void {
    for (const one of this.processes) one.start()
  }

  /** Every slot of every TaskManager is known to the JobManager, and of none else. */
  async ready(): Promise<void> {
    const wanted = this.taskManagers.length
    await until('all TaskManagers registered', { withinMs: READY_MS_MAX }, async () => {
      const [surprise] = this.surprises()
      if (surprise !== undefined) throw new Error(`${surprise}\n${this.lastWords()}`)
      const seen = await this.ask((client) => client.cluster())
      return seen?.workers === wanted && seen.slots === wanted * this.#slots ? seen : null
    })
  }

  /** Asks the JobManager; null while it does not answer. */
  async ask<T>(question: (client: JobClient) => Promise<T>): Promise<T | null> {
    try {
      return await question(this.client)
    } catch (error) {
      if (error instanceof WeirError && /^(?:rpc\/|tls\/not-accepted$)/.test(error.code))
        return null
      throw error
    }
  }

  /** Runs `weir` against this cluster to its end. */
  weir(...args: readonly string[]): Promise<Ran> {
    const { tlsDirectory } = this.#options
    const tls = tlsDirectory === undefined ? [] : ['--tls-dir', tlsDirectory]
    const child = spawn(
      WEIR,
      [...args, '--cluster', this.#address, '--token-file', this.#tokenFile, ...tls],
      {
        cwd: this.directory,
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: COMMAND_MS_MAX,
      },
    )
    let out = ''
    let err = ''
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
    return new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code) => resolve({ code, out, err }))
    })
  }

  /** Runs a command with --json and parses its last line. Throws when it fails. */
  async json<T>(...args: readonly string[]): Promise<T> {
    const { code, out, err } = await this.weir(...args, '--json')
    if (code !== 0) throw new Error(`weir ${args.join(' ')} ended with ${code}:\n${err}`)
    return JSON.parse(out.trimEnd().split('\n').at(-1) ?? '') as T
  }

  /** `weir run --detach`; answers the job's id. */
  async submit(options: SubmitOptions): Promise<string> {
    const { file, args = [], defines = [], parallelism, from } = options
    const flags = [
      ...defines.flatMap((define) => ['-D', define]),
      ...(parallelism === undefined ? [] : ['-p', `${parallelism}`]),
      ...(from === undefined ? [] : ['--from', from]),
    ]
    const { jobId } = await this.json<{ jobId: string }>('run', '--detach', ...flags, file, ...args)
    this.timeline.note(`submitted job ${jobId}`)
    return jobId
  }

  /** Kills one process and waits until all that it had started has ended, too. Answers what did not. */
  async killWithOrphans(victim: ClusterProcess): Promise<readonly ProcessLife[]> {
    const left = await victim.kill()
    return stillAlive(left)
  }

  /** SIGKILL to all processes at the same moment, job processes included. */
  async killEverything(): Promise<void> {
    const lives = this.processes.flatMap((one) => one.children())
    const gone = this.processes.map((one) => one.kill())
    lives.forEach(kill9)
    await Promise.all(gone)
  }

  /** Processes that ended although nobody told them to. */
  surprises(): readonly string[] {
    return this.processes.flatMap((one) => one.surprises)
  }

  /** SIGTERM to all; TaskManagers first, as an operator would. Answers what did not end well. */
  async stop(): Promise<readonly string[]> {
    this.#stopped = true
    this.#connection.close()
    const children = this.processes.flatMap((one) => one.children())
    const bad: string[] = []
    for (const group of [this.taskManagers, [this.jobManager, ...this.#rivals]]) {
      const ends = await Promise.all(group.map(async (one) => ({ one, how: await one.stop() })))
      for (const { one, how } of ends) {
        if (how !== null && how !== 'exit code 0')
          bad.push(`${one.name} ended on SIGTERM with ${how}`)
      }
    }
    for (const { pid } of await stillAlive(children)) bad.push(`process ${pid} is still running`)
    return bad
  }

  /** The directory stays. */
  keep(): void {
    this.#kept = true
  }

  /** The merged history of harness and processes. */
  history(): readonly string[] {
    return this.timeline.merged(this.logDirectory)
  }

  /** Ends of all logs, for messages. */
  lastWords(): string {
    return this.history().slice(-LAST_LINES).join('\n')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#stopped) {
      this.#connection.close()
      await this.killEverything()
    }
    process.off('exit', this.#exiting)
    if (!this.#kept) rmSync(this.directory, { recursive: true, force: true, maxRetries: 3 })
  }

  #place(name: ProcessName): ProcessPlace {
    const own = this.#options.place?.(name) ?? {}
    const host = own.host ?? '127.0.0.1'
    const jobManagerHost = name === 'jobmanager' ? host : this.#place('jobmanager').seenAs
    const simple = { seenAs: host, jobManagerHost, prefix: [], env: {}, defines: [] }
    return { ...simple, ...own, host }
  }

  #process(name: ProcessName, args: readonly string[], dataDirectory: string): ClusterProcess {
    const role = name.replace(/-\d+$/, '')
    const { host, prefix, env, defines } = this.#place(name)
    const { tlsDirectory } = this.#options
    const tls =
      tlsDirectory === undefined
        ? []
        : ['security.ssl.internal.enabled=true', `security.ssl.directory=${tlsDirectory}`]
    const keys = [
      ...FAST_PROFILE,
      ...tls,
      'taskmanager.rpc.port=0',
      'rest.port=0',
      `execution.checkpointing.dir=${this.checkpointDirectory}`,
      ...(this.#options.defines ?? []),
      ...defines,
    ]
    const files = ['--data-dir', dataDirectory, '--token-file', this.#tokenFile]
    const bind = host.startsWith('127.') ? ['--bind', host] : ['--bind', host, '--insecure']
    const common = [...bind, ...files, ...keys.flatMap((one) => ['-D', one])]
    const [command = WEIR, ...rest] = [...prefix, WEIR, role, ...args, ...common]
    return new ClusterProcess({
      name,
      command,
      args: rest,
      cwd: this.directory,
      env: { ...process.env, ...env },
      log: join(this.logDirectory, `${name}.log`),
      timeline: this.timeline,
    })
  }
}

/** As commands have it. */
export function clientIdentity(directory: string): FileIdentity {
  return FileIdentity.open({
    files: filesIn(directory, 'client'),
    role: 'client',
    verifiesNames: true,
    reloadIntervalMs: null,
    scheduler: systemScheduler(),
    log: silentLog,
  })
}

/** Those that have not ended although whoever they served has. */
async function stillAlive(lives: readonly ProcessLife[]): Promise<readonly ProcessLife[]> {
  for (let looks = 0; looks < ORPHAN_LOOKS_MAX && lives.some(isAlive); looks++)
    await sleep(ORPHAN_LOOK_MS)
  return lives.filter(isAlive)
}
