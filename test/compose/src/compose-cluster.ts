// The cluster of docker-compose.yml, as its user sees it: compose commands, the command line through the published port,
// and what Docker says about containers. Faults come from the machine around them; nothing in the image knows of tests.

import { spawnSync } from 'node:child_process'
import { chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { present } from '@weirjs/common/core/assert'
import { WeirError } from '@weirjs/common/core/errors'
import type { JobClient } from '@weirjs/common/job-client'
import { freePort } from '@weirjs/common/node/free-port'
import { systemScheduler } from '@weirjs/common/node/system-scheduler'
import { connectJobManager, type JobConnection } from '@weirjs/common/rpc/job-client'
import { readToken } from '@weirjs/common/rpc/token'
import { until } from '../../processes/src/until.ts'
import { type Ran, ran, run } from './command.ts'
import type { ComposeTool } from './compose-tool.ts'
import type { Engine } from './engine.ts'

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const TOKEN = join(ROOT, 'deploy', 'docker', '.local', 'token')
const WEIR = join(ROOT, 'weir')
const CONTAINER_USER = 1000
const BUILD_MS_MAX = 480_000
export const READY_MS_MAX = 120_000

/** What `docker inspect` says, as far as it is looked at. */
export interface Container {
  readonly Id: string
  readonly Name: string
  readonly RestartCount: number
  readonly State: {
    readonly Pid: number
    readonly Paused: boolean
    readonly OOMKilled: boolean
    readonly ExitCode: number
    readonly Health?: { readonly Status: string }
  }
  readonly Config: { readonly User: string; readonly Env: readonly string[] }
  readonly HostConfig: {
    readonly ReadonlyRootfs: boolean
    readonly CapDrop: readonly string[] | null
    readonly SecurityOpt: readonly string[] | null
    readonly Init: boolean
    readonly PortBindings: Readonly<Record<string, readonly { readonly HostIp: string }[]>> | null
  }
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, unknown>> }
}

export interface ComposeOptions {
  readonly engine: Engine
  readonly tool: ComposeTool
  readonly nodeImage: string
  /** Compose files after the checkout's own. */
  readonly files?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

export class ComposeCluster {
  readonly project: string
  readonly directory: string
  readonly files: string
  readonly image: string
  /** Where the status page is, from outside. */
  readonly page: string
  readonly #options: ComposeOptions
  #env: Readonly<Record<string, string>>
  readonly #address: string
  /** Volumes of TaskManagers have no name, and so no label. */
  #volumesBefore: ReadonlySet<string> = new Set()
  #connection: JobConnection | null = null

  private constructor(options: ComposeOptions, port: number, restPort: number) {
    const { engine, tool, nodeImage } = options
    this.#options = options
    this.project = `weirtest${process.pid}`
    this.directory = mkdtempSync(join(tmpdir(), 'weir-compose-'))
    this.files = join(this.directory, 'files')
    mkdirSync(this.files)
    chownSync(this.files, CONTAINER_USER, CONTAINER_USER)
    this.#address = `127.0.0.1:${port}`
    this.page = `http://127.0.0.1:${restPort}`
    this.#env = {
      ...engine.env,
      ...tool.env,
      NODE_IMAGE: nodeImage,
      WEIR_TAG: 'test',
      WEIR_PORT: `${port}`,
      WEIR_REST_PORT: `${restPort}`,
      WEIR_FILES: this.files,
      WEIR_SLOTS: '1',
      // Little, so that heaps which do not follow from it would be noticed.
      WEIR_MEMORY_TASKMANAGER: '512m',
      WEIR_MEMORY_JOBMANAGER: '384m',
      WEIR_HEARTBEAT_INTERVAL: '250ms',
      WEIR_HEARTBEAT_TIMEOUT: '2s',
      ...options.env,
    }
    this.image = `weir:${this.#env['WEIR_TAG']}`
  }

  static async create(options: ComposeOptions): Promise<ComposeCluster> {
    const port = present(await freePort(), 'a free port')
    const other = present(await freePort({ refuses: (one) => one === port }), 'a free port')
    const cluster = new ComposeCluster(options, port, other)
    cluster.#volumesBefore = new Set((await cluster.docker('volume', 'ls', '-q')).split('\n'))
    return cluster
  }

  // ---- Docker ----

  compose(...args: readonly string[]): Promise<string> {
    const [command, ...first] = this.#options.tool.command
    const files = [join(ROOT, 'docker-compose.yml'), ...(this.#options.files ?? [])]
    const all = [...first, '-p', this.project, ...files.flatMap((file) => ['-f', file]), ...args]
    return run(command, all, { cwd: ROOT, env: this.#env, withinMs: BUILD_MS_MAX })
  }

  /** From the next `up` on /files is a volume, as when WEIR_FILES is not set. */
  filesInVolume(): void {
    this.#env = { ...this.#env, WEIR_FILES: '' }
  }

  docker(...args: readonly string[]): Promise<string> {
    return run(this.#options.engine.docker, args, { env: this.#env })
  }

  /** However it ends. */
  exec(container: Container, ...args: readonly string[]): Promise<Ran> {
    return ran(this.#options.engine.docker, ['exec', container.Id, ...args], { env: this.#env })
  }

  async inspect(id: string): Promise<Container> {
    const [container] = JSON.parse(await this.docker('inspect', id)) as readonly Container[]
    if (container === undefined) throw new Error(`no container ${id}`)
    return container
  }

  /** Names differ between versions of compose: services are found by what labels say. */
  async containers(service: 'jobmanager' | 'taskmanager'): Promise<readonly Container[]> {
    const ids = (await this.docker('ps', '-q', ...this.#labels(service))).split('\n')
    return Promise.all(ids.filter((id) => id !== '').map((id) => this.inspect(id)))
  }

  async jobManager(): Promise<Container> {
    const [found] = await this.containers('jobmanager')
    if (found === undefined) throw new Error('the JobManager has no container')
    return found
  }

  #labels(service?: string): readonly string[] {
    const project = ['--filter', `label=com.docker.compose.project=${this.project}`]
    if (service === undefined) return project
    return [...project, '--filter', `label=com.docker.compose.service=${service}`]
  }

  /** Containers, volumes and networks of this project. */
  async leftovers(): Promise<readonly string[]> {
    const lists = await Promise.all([
      this.docker('ps', '-aq', ...this.#labels()),
      this.docker('volume', 'ls', '-q', ...this.#labels()),
      this.docker('network', 'ls', '-q', ...this.#labels()),
      this.docker('volume', 'ls', '-q'),
    ])
    const found = lists.flatMap((list) => list.split('\n'))
    return found.filter((line) => line !== '' && !this.#volumesBefore.has(line))
  }

  // ---- the command line and a client, through the published port ----

  weir(...args: readonly string[]): Promise<Ran> {
    const where = ['--cluster', this.#address, '--token-file', TOKEN]
    return ran(WEIR, [...args, ...where], { cwd: this.directory })
  }

  async json<T>(...args: readonly string[]): Promise<T> {
    const { code, out, err } = await this.weir(...args, '--json')
    if (code !== 0) throw new Error(`weir ${args.join(' ')} ended with ${code}:\n${err}`)
    return JSON.parse(out.trimEnd().split('\n').at(-1) ?? '') as T
  }

  /** Asks the JobManager; null while it does not answer. */
  async ask<T>(question: (client: JobClient) => Promise<T>): Promise<T | null> {
    this.#connection ??= connectJobManager({
      address: this.#address,
      token: readToken(TOKEN),
      sender: 'compose-test',
      scheduler: systemScheduler(),
    })
    try {
      return await question(this.#connection.client)
    } catch (error) {
      if (error instanceof WeirError && error.code.startsWith('rpc/')) return null
      throw error
    }
  }

  /** Containers whose TaskManager the JobManager knows, by the beginning of their ids. */
  async registered(): Promise<ReadonlySet<string>> {
    const workers = (await this.ask((client) => client.workers())) ?? []
    return new Set(workers.map(({ workerId }) => workerId.slice(0, workerId.indexOf('-'))))
  }

  async isRegistered(container: Container): Promise<boolean> {
    return (await this.registered()).has(hostOf(container))
  }

  async ready(taskManagers: number): Promise<void> {
    await until(
      `${taskManagers} TaskManagers`,
      { withinMs: READY_MS_MAX, everyMs: 100 },
      async () => ((await this.registered()).size === taskManagers ? true : null),
    )
  }

  // ---- the end ----

  async down(): Promise<void> {
    this.#connection?.close()
    await this.compose('down', '-v', '--timeout', '20')
  }

  removeFiles(): void {
    rmSync(this.directory, { recursive: true, force: true })
  }

  /** For the end of the harness itself: at once. */
  kill(): void {
    const { engine } = this.#options
    const env = { ...process.env, ...this.#env }
    const ps = ['ps', '-aq', ...this.#labels()]
    const { stdout } = spawnSync(engine.docker, ps, { env, encoding: 'utf8' })
    const ids = stdout.split('\n').filter((id) => id !== '')
    if (ids.length > 0) spawnSync(engine.docker, ['rm', '-fv', ...ids], { env })
  }
}

/** The name of the machine in a container. */
export const hostOf = ({ Id }: Container): string => Id.slice(0, 12)
