// Real clusters for tests: a directory of their own, the built command line, and nothing left behind. What a test does,
// a person could type.

import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { JobClient } from '@weirjs/common/job-client'
import { systemScheduler } from '@weirjs/common/node/system-scheduler'
import { connectJobManager, type JobConnection } from '@weirjs/common/rpc/job-client'
import { readToken } from '@weirjs/common/rpc/token'
import { clientIdentity } from '../processes/src/process-cluster.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const WEIR = join(ROOT, 'weir')
export const EXAMPLES = join(ROOT, 'examples')

export interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export interface Spawned {
  readonly pid: number
  /** What it has printed so far: the sign that it has begun, for who wants to send it a signal. */
  readonly printed: () => string
  readonly ended: Promise<Ran>
}

export interface StartOptions {
  readonly taskManagers?: number
  readonly slots?: number
  readonly defines?: readonly string[]
  /** All connections encrypted, with certificates that are made for it. */
  readonly tls?: boolean
}

interface ClusterFile {
  readonly address: string
  readonly tokenFile: string
  readonly tlsDirectory?: string | null
}

/**
 * Tests see at once what beats tell. A process that is killed is known by its broken connection, and none is silent here, so
 * silence may last: on a busy machine it means nothing.
 */
const FAST: readonly string[] = ['heartbeat.interval=250ms', 'heartbeat.timeout=30s']

export class WeirKit implements AsyncDisposable {
  /** Where the cluster is started. */
  readonly directory: string
  /** Commands run in this directory below. */
  below = ''
  /** Variables that the commands see besides those of the test. */
  environment: Readonly<Record<string, string>> = {}
  #connection: JobConnection | null = null

  private constructor() {
    this.directory = mkdtempSync(join(tmpdir(), 'weir-cluster-'))
  }

  /** No cluster yet. */
  static empty(): WeirKit {
    return new WeirKit()
  }

  /** A cluster of processes on free ports. */
  static async start(options: StartOptions = {}): Promise<WeirKit> {
    const kit = new WeirKit()
    await kit.startCluster(options)
    return kit
  }

  /** For a kit whose commands see more than those of others. */
  async startCluster(options: StartOptions): Promise<void> {
    const { taskManagers = 2, slots = 2, defines = [], tls = false } = options
    const flags = [...FAST, ...defines].flatMap((define) => ['-D', define])
    const sizes = ['--port', '0', '--taskmanagers', `${taskManagers}`, '--slots', `${slots}`]
    const encrypted = tls ? ['--tls'] : []
    const { code, err } = await this.weir('cluster', 'start', ...sizes, ...encrypted, ...flags)
    if (code !== 0) throw new Error(`the cluster did not start:\n${err}`)
  }

  /** Runs one command to its end. */
  weir(...args: readonly string[]): Promise<Ran> {
    return this.spawn(...args).ended
  }

  /** Runs a command and parses the last line of its output. */
  async json<T>(...args: readonly string[]): Promise<T> {
    const { code, out, err } = await this.weir(...args, '--json')
    if (code !== 0) throw new Error(`weir ${args.join(' ')} ended with ${code}:\n${err}`)
    return JSON.parse(out.trimEnd().split('\n').at(-1) ?? '') as T
  }

  /** A command under way. */
  spawn(...args: readonly string[]): Spawned {
    const child = spawn(WEIR, args, {
      cwd: this.path(this.below),
      env: { ...process.env, ...this.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let out = ''
    let err = ''
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString()
    })
    child.stderr.on('data', (chunk: Buffer) => {
      err += chunk.toString()
    })
    const ended = new Promise<Ran>((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (code) => resolve({ code, out, err }))
    })
    return { pid: child.pid ?? 0, printed: () => out, ended }
  }

  /** What the commands use, without a process for each question. */
  get client(): JobClient {
    this.#connection ??= this.#connect()
    return this.#connection.client
  }

  #connect(): JobConnection {
    const { address, tokenFile, tlsDirectory = null } = this.#file
    return connectJobManager({
      address,
      token: readToken(tokenFile),
      sender: 'test',
      scheduler: systemScheduler(),
      tls: tlsDirectory === null ? undefined : clientIdentity(tlsDirectory),
    })
  }

  /** host:port of the JobManager. */
  get address(): string {
    return this.#file.address
  }

  get #file(): ClusterFile {
    return JSON.parse(readFileSync(this.path('.weir', 'cluster.json'), 'utf8')) as ClusterFile
  }

  path(...names: readonly string[]): string {
    return join(this.directory, ...names)
  }

  /** All lines of the finished files of a directory of NDJSON; what is staged is hidden, from us too. */
  rows<T>(directory: string): readonly T[] {
    return readdirSync(directory)
      .filter((name) => name.endsWith('.ndjson'))
      .flatMap((name) => readFileSync(join(directory, name), 'utf8').trimEnd().split('\n'))
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as T)
  }

  /** What the processes of the cluster have logged, for the message of a failed test. */
  logs(): string {
    const directory = this.path('.weir', 'cluster', 'logs')
    return readdirSync(directory)
      .map((name) => `== ${name}\n${readFileSync(join(directory, name), 'utf8')}`)
      .join('\n')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connection?.close()
    await this.weir('cluster', 'stop')
    rmSync(this.directory, { recursive: true, force: true })
  }
}

/** Only ends what hangs. */
const UNTIL_MS_MAX = 100_000

export async function until<T>(
  look: () => Promise<T>,
  reached: (value: T) => boolean,
  withinMs = UNTIL_MS_MAX,
): Promise<T> {
  const dueMs = performance.now() + withinMs
  for (;;) {
    const value = await look()
    if (reached(value)) return value
    if (performance.now() > dueMs)
      throw new Error(`not within ${withinMs} ms: ${JSON.stringify(value)}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
