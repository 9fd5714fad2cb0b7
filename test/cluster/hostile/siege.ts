// A cluster of a JobManager and two TaskManagers under attack, while a job runs between them and honest clients ask. What it
// shows when nobody attacks is what it is held against.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { type JobSummary, TERMINAL_STATES } from '@weirjs/common/job-client'
import { CommittedOutput } from '../../processes/src/committed-output.ts'
import { submitCounting } from '../../processes/src/counting-run.ts'
import { isAlive, type ProcessLife } from '../../processes/src/proc.ts'
import { ProcessCluster } from '../../processes/src/process-cluster.ts'
import { until } from '../../processes/src/until.ts'
import type { Violation } from '../../processes/src/violation.ts'
import type { AttackerData, Order } from './attacker-entry.ts'
import { type Answers, askAnew, askCluster, askHttp, HonestClients } from './honest.ts'
import { type Papers, writePapers } from './papers.ts'
import { livesOf, type OpenPort, openPorts } from './ports.ts'
import { descriptors, rssMib, Watch } from './watch.ts'

/** Of 100 honest answers 99 come within this during an attack, … */
const HONEST_P99_MS = 1_000
/** … and on a machine that is slow without any attack within so many times what they take in quiet, … */
const QUIET_FACTOR = 50
/** … but never later than this. */
const HONEST_P99_MS_MAX = 5_000
/** Answers by which it is known how long they take in quiet. */
const QUIET_ANSWERS = 500
/** Longer than all that is waited for at the start, so that whoever gives up has cleaned up. */
export const SIEGE_START_MS_MAX = 600_000
export const AGAIN_ROUNDS = 3
const KEYS = 100
const PER_SECOND = 2_000

const isOver = ({ state }: JobSummary): boolean => TERMINAL_STATES.includes(state)

export interface SiegeOptions {
  readonly jobSeconds: number
  /** Everything goes by TLS, REST as well. */
  readonly papers?: Papers
}

/** What came of one attack on some ports. */
export interface Borne extends Answers {
  readonly count: number
  readonly p99AllowedMs: number
  /** Processes that have ended. */
  readonly died: readonly string[]
}

export class Siege implements AsyncDisposable {
  readonly cluster: ProcessCluster
  readonly ports: readonly OpenPort[]
  readonly lives: ReadonlyMap<ProcessLife, string>
  readonly memory: Watch
  readonly open: Watch
  readonly #jobId: string
  readonly #options: SiegeOptions
  readonly #honest: HonestClients
  readonly #attacker: Worker
  #directories: DisposableStack | null = null
  #made = 0
  #quietP99Ms = 0

  private constructor(
    cluster: ProcessCluster,
    jobId: string,
    ports: readonly OpenPort[],
    options: SiegeOptions,
  ) {
    this.cluster = cluster
    this.ports = ports
    this.#jobId = jobId
    this.#options = options
    this.lives = livesOf(cluster)
    const pids = [...this.lives.keys()].map(({ pid }) => pid)
    const token = readFileSync(cluster.path('token'), 'utf8').trim()
    const { papers } = options
    const http = ports.filter(({ speaks }) => speaks === 'http')
    this.#honest = new HonestClients({
      gRPC: askCluster(cluster.client),
      // With a handshake each time.
      ...(papers === undefined ? {} : { 'gRPC anew': askAnew(() => cluster.connect()) }),
      ...Object.fromEntries(
        http.map(({ owner, port }) => [
          `${owner} ${port}`,
          askHttp({ port, path: '/livez', token, ca: papers?.ca }),
        ]),
      ),
    })
    this.memory = new Watch(pids, rssMib)
    this.open = new Watch(pids, descriptors)
    const workerData: AttackerData = { token, papers: papers ?? null }
    this.#attacker = new Worker(new URL('attacker-entry.ts', import.meta.url), {
      workerData,
      execArgv: ['--conditions=source'],
    })
  }

  static async start(options: SiegeOptions): Promise<Siege> {
    const { papers, jobSeconds } = options
    using directories = new DisposableStack()
    const cluster = await startCluster(papers, directories)
    let siege: Siege | null = null
    try {
      const jobId = await submitCounting(cluster, {
        records: PER_SECOND * jobSeconds,
        perSecond: PER_SECOND,
        keys: KEYS,
        parallelism: 2,
      })
      await until('a checkpoint', { withinMs: 120_000 }, async () => {
        const job = (await cluster.client.list())[0]
        return (job?.lastCheckpointId ?? 0) > 1 ? true : null
      })
      siege = new Siege(cluster, jobId, await openPorts(cluster, papers?.ca), options)
      await siege.#listen()
      siege.#directories = directories.move()
      return siege
    } catch (error) {
      await (siege ?? cluster)[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Frames, requests and connections so far. */
  get made(): number {
    return this.#made
  }

  portsOf(speaks: OpenPort['speaks']): readonly OpenPort[] {
    return this.ports.filter((one) => one.speaks === speaks)
  }

  /** How many ports there are of each sort. */
  counted(): Readonly<Record<OpenPort['speaks'], number>> {
    return { grpc: this.portsOf('grpc').length, http: this.portsOf('http').length }
  }

  /** One attack on one port after the other. Rejects when the attack has found one out. */
  async bear(name: string, targets: readonly OpenPort[], seed: number): Promise<Borne> {
    this.#honest.look()
    const startedAt = performance.now()
    let count = 0
    for (const [i, target] of targets.entries()) count += await this.attack(name, target, seed + i)
    const answers = this.#honest.look()
    const most = [...this.lives].map(
      ([{ pid }, who]) => `${who} +${this.memory.growth(pid)}/+${this.open.growth(pid)}`,
    )
    const seconds = (performance.now() - startedAt) / 1_000
    console.log(
      `${targets[0]?.speaks} ${name}: ${count} in ${seconds.toFixed(1)} s; ${answers.asked} honest, p99 ${Math.round(answers.p99Ms)} ms; MiB/descriptors: ${most.join(', ')}`,
    )
    const slowAllowedMs = Math.max(HONEST_P99_MS, QUIET_FACTOR * this.#quietP99Ms)
    const p99AllowedMs = Math.min(HONEST_P99_MS_MAX, slowAllowedMs)
    return { ...answers, count, p99AllowedMs, died: await this.died() }
  }

  /**
   * Answers how many frames, requests or connections it made. None when the port's process has ended: whether it may is
   * asked of `died`.
   */
  async attack(name: string, { port, speaks, pid }: OpenPort, seed: number): Promise<number> {
    if (![...this.lives.keys()].some((life) => life.pid === pid && isAlive(life))) return 0
    const { papers } = this.#options
    const protocol = speaks === 'grpc' ? 'h2' : 'http/1.1'
    const tls =
      papers === undefined ? undefined : { ...papers.believed.client, ALPNProtocols: [protocol] }
    const order: Order = { target: { port, speaks, tls }, attack: name, seed }
    const count = await new Promise<number>((resolve, reject) => {
      this.#attacker.once('message', (answer: { count?: number; problem?: string }) => {
        if (answer.count === undefined) reject(new Error(`port ${port}: ${answer.problem}`))
        else resolve(answer.count)
      })
      this.#attacker.postMessage(order)
    })
    this.#made += count
    return count
  }

  /**
   * MiB that processes take above the most that they had, in the mildest of some rounds of attacks, by name. A leak adds in
   * each round; a collector that is late adds in some.
   */
  async again(
    orders: Readonly<Record<OpenPort['speaks'], readonly string[]>>,
    seed: number,
  ): Promise<Readonly<Record<string, number>>> {
    const added = new Map([...this.lives.keys()].map((life) => [life, [] as number[]]))
    for (let round = 0; round < AGAIN_ROUNDS; round += 1) {
      const before = new Map(
        [...this.lives.keys()].map((life) => [life, this.memory.growth(life.pid)]),
      )
      for (const [i, target] of this.ports.entries())
        for (const name of orders[target.speaks])
          await this.attack(name, target, seed - 1 - i - round * this.ports.length)
      for (const [life, mib] of added)
        mib.push(this.memory.growth(life.pid) - (before.get(life) ?? 0))
    }
    const told = [...this.lives].map(([life, who]) => `${who} +${added.get(life)?.join(' +')}`)
    console.log(`again: MiB: ${told.join(', ')}`)
    return Object.fromEntries(
      [...this.lives].map(([life, who]) => [who, Math.min(...(added.get(life) ?? []))]),
    )
  }

  /** Job processes may, when the job has come to its end on a slow machine. */
  async died(): Promise<readonly string[]> {
    const gone = [...this.lives].filter(([life]) => !isAlive(life)).map(([, who]) => who)
    if (gone.length === 0) return []
    const job = (await this.cluster.client.list()).find((one) => one.jobId === this.#jobId)
    const hasEnded = job?.state === 'FINISHED' && job.attempt === 1
    return hasEnded ? gone.filter((who) => !who.startsWith('job process')) : gone
  }

  /** What an operator would read; checkpoints are told besides, as ever. */
  warnings(): readonly string[] {
    return this.cluster.processes.flatMap(({ log }) =>
      readFileSync(log, 'utf8')
        .split('\n')
        .filter((line) => /"level":("(warn|error)"|[45]0)/.test(line)),
    )
  }

  /** Waits for the job's end; answers it, and what is wrong with its output. */
  async result(): Promise<{ readonly job: JobSummary; readonly wrong: readonly Violation[] }> {
    const job = await until('the job ends', { withinMs: 120_000, everyMs: 200 }, async () => {
      const one = (await this.cluster.client.list()).find(({ jobId }) => jobId === this.#jobId)
      return one !== undefined && isOver(one) ? one : null
    })
    const output = new CommittedOutput({
      directory: this.cluster.path('out'),
      records: PER_SECOND * this.#options.jobSeconds,
      keys: KEYS,
    })
    output.look()
    return { job, wrong: output.judge() }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#honest.stop()
    this.memory.stop()
    this.open.stop()
    await this.#attacker.terminate()
    await this.cluster[Symbol.asyncDispose]()
    this.#directories?.dispose()
  }

  async #listen(): Promise<void> {
    await until('answers in quiet', { withinMs: 120_000, everyMs: 50 }, () =>
      this.#honest.asked >= QUIET_ANSWERS ? true : null,
    )
    this.#quietP99Ms = this.#honest.look().p99Ms
    console.log(`in quiet p99 is ${Math.round(this.#quietP99Ms)} ms`)
  }
}

/** What it makes outside of the cluster's directory is put into `directories`. */
async function startCluster(
  papers: Papers | undefined,
  directories: DisposableStack,
): Promise<ProcessCluster> {
  const options = { taskManagers: 2, slots: 1 }
  const defines = [
    'health.port=0',
    'taskmanager.job-process.prepared=false',
    'heartbeat.timeout=10s',
  ]
  if (papers === undefined) return ProcessCluster.start({ ...options, defines })
  const tlsDirectory = mkdtempSync(join(tmpdir(), 'weir-papers-'))
  directories.defer(() => rmSync(tlsDirectory, { recursive: true, force: true }))
  writePapers(tlsDirectory, papers)
  const secured = [...defines, 'security.ssl.rest.enabled=true']
  return ProcessCluster.start({ ...options, tlsDirectory, defines: secured })
}
