// Who is killed, when, and when it comes back: drawn from the seed. Kinds come from a bag, so that every kind is sure to
// have its turn; most gaps let a checkpoint complete first, so that there is something to lose, and some do not, so that
// recovery itself is hit.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Prng } from '@weirjs/common/core/prng'
import type { ClusterProcess } from '../../processes/src/cluster-process.ts'
import { type CutOptions, type Network, NETWORK_EXPLAINS } from '../../processes/src/network.ts'
import { isAlive, kill9, lifeOf, signal } from '../../processes/src/proc.ts'
import type { ProcessCluster } from '../../processes/src/process-cluster.ts'
import type { LogEntry } from '../../processes/src/process-logs.ts'
import { cameTrue } from '../../processes/src/until.ts'
import type { Violation } from '../../processes/src/violation.ts'

/**
 * `pause`: a TaskManager with all that it has started sleeps for a while, often longer than anybody waits. `partition`: for
 * a while two processes do not hear each other, or one of them does not, or now and then.
 */
export type KillKind =
  | 'taskmanager'
  | 'job-process'
  | 'jobmanager'
  | 'everything'
  | 'pause'
  | 'partition'
export const KILL_KINDS: readonly KillKind[] = [
  'taskmanager',
  'job-process',
  'jobmanager',
  'everything',
  'pause',
  'partition',
]
/** What is said by those who were away and live, and to them. */
export const ABSENCE_EXPLAINS: readonly string[] = [...NETWORK_EXPLAINS, 'exchange/closed-by-peer']
/** Who is killed instead when the JobManager is to live. */
const SPARING: Readonly<Record<KillKind, KillKind>> = {
  taskmanager: 'taskmanager',
  'job-process': 'job-process',
  jobmanager: 'taskmanager',
  everything: 'job-process',
  pause: 'pause',
  partition: 'partition',
}
/** Beside one of each kind in a bag. */
const MORE: readonly KillKind[] = ['taskmanager', 'taskmanager', 'job-process']

export type Gap = 'quick' | 'calm'
const GAPS: readonly Gap[] = ['quick', ...Array.from({ length: 9 }, (): Gap => 'calm')]

/** A killed process comes back after 0 … this. */
const DOWN_MS_MAX = 1_500
/** Half of the heartbeat time-out, to twice as much. */
const PAUSE_MS = { low: 1_000, high: 4_000 }
/** As long; between TaskManagers it takes longer until somebody calls the other one lost. */
const PARTITION_MS = { low: 1_000, high: 6_000 }
/**
 * A checkpoint that is called late so long after a partition may have been held up by it: it had ten seconds, and what was
 * lost is sent again later and later, at most once more as late as it was lost.
 */
const HELD_UP_MS_MAX = 10_000 + PARTITION_MS.high
/** Between the JobManager and a TaskManager; the others are between two TaskManagers. */
const AT_JOB_MANAGER_SHARE = 2 / 3
/** How much is lost, and in which directions: mostly all, in both. */
const CUTS: readonly Pick<CutOptions, 'bothWays' | 'share'>[] = [
  { bothWays: true },
  { bothWays: true },
  { bothWays: false },
  { bothWays: false },
  { bothWays: true, share: 0.1 },
]
const VICTIM_MS_MAX = 20_000
const GONE_MS_MAX = 60_000
const RUINS_TOLD_MAX = 5

export interface Kill {
  readonly kind: KillKind
  readonly atMs: number
  /** When the last process that it took was started again; atMs when none had to be. */
  restartedAtMs: number
}

/** Draws without replacement, and begins again with a shuffled bag when it is empty. */
export class Bag<T> {
  readonly #prng: Prng
  readonly #items: readonly T[]
  #left: T[]

  constructor(prng: Prng, first: readonly T[], items: readonly T[]) {
    this.#prng = prng
    this.#items = items
    this.#left = [...first]
  }

  draw(): T {
    if (this.#left.length === 0) this.#left = [...this.#items]
    return this.#left.splice(this.#prng.int(this.#left.length), 1)[0] as T
  }
}

/** The first kills are one of each kind. */
export const killBag = (prng: Prng, kinds: readonly KillKind[]): Bag<KillKind> =>
  new Bag(prng, kinds, [...kinds, ...MORE])
export const gapBag = (prng: Prng): Bag<Gap> => new Bag(prng, GAPS, GAPS)

/** Stops it with all that it has started. What is answered wakes them up. */
export function putToSleep(victim: ClusterProcess): () => void {
  const own = lifeOf(victim.pid ?? 0)
  const lives = own === null ? [] : [own, ...victim.children()]
  for (const life of lives) signal(life, 'SIGSTOP')
  return () => {
    for (const life of lives) signal(life, 'SIGCONT')
  }
}

export interface KillerOptions {
  readonly cluster: ProcessCluster
  readonly prng: Prng
  /** The cluster's; null: it is on loopback, and nothing is partitioned. */
  readonly network: Network | null
  /** Asked while everything is down, after each kill of everything. Answers complaints. Default: none. */
  readonly lookAtRuins?: () => readonly string[]
}

export class Killer implements AsyncDisposable {
  readonly #cluster: ProcessCluster
  readonly #prng: Prng
  readonly #returns = new Set<Promise<void>>()
  readonly violations: Violation[] = []
  /** Processes that were started again. */
  restarts = 0

  /** The JobManager is let live from now on. */
  sparesJobManager = false
  /** Packets that partitions have swallowed. */
  droppedPackets = 0
  /** Of the wall clock, as logs have it. */
  readonly #partitions: { readonly fromMs: number; toMs: number }[] = []
  readonly #over = new AbortController()
  readonly #network: Network | null
  readonly #lookAtRuins: () => readonly string[]

  constructor({ cluster, prng, network, lookAtRuins = () => [] }: KillerOptions) {
    this.#network = network
    this.#lookAtRuins = lookAtRuins
    this.#cluster = cluster
    this.#prng = prng
  }

  /** What it can do. */
  get kinds(): readonly KillKind[] {
    return KILL_KINDS.filter((kind) => kind !== 'partition' || this.#network !== null)
  }

  /** null when there was nobody to kill. */
  async kill(kind: KillKind): Promise<Kill | null> {
    switch (this.sparesJobManager ? SPARING[kind] : kind) {
      case 'taskmanager':
        return this.#killTaskManager()
      case 'job-process':
        return this.#killJobProcess()
      case 'jobmanager':
        return this.#killJobManager()
      case 'everything':
        return this.#killEverything()
      case 'pause':
        return this.#pause()
      case 'partition':
        return this.#partition()
    }
  }

  /** A checkpoint that a partition has held up for too long. */
  excuses({ code, time }: LogEntry): boolean {
    const atMs = Date.parse(String(time))
    return (
      code === 'checkpoint/timed-out' &&
      this.#partitions.some(({ fromMs, toMs }) => fromMs < atMs && atMs < toMs + HELD_UP_MS_MAX)
    )
  }

  /** Whoever sleeps is woken, what is cut is healed, and nobody is started any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort()
    await Promise.all(this.#returns)
  }

  /** Everything runs again. */
  async heal(): Promise<void> {
    await Promise.all(this.#returns)
    this.#cluster.startAll()
  }

  async #killTaskManager(): Promise<Kill | null> {
    const { taskManagers } = this.#cluster
    const victim = await this.#draw(() => taskManagers.filter((one) => one.pid !== null))
    if (victim === null) return null
    const kill = this.#begin('taskmanager', `${victim.name}, pid ${victim.pid}`)
    const orphans = await this.#cluster.killWithOrphans(victim)
    for (const { pid } of orphans) this.#complain(`job process ${pid} outlived ${victim.name}`)
    this.#comeBack(kill, [victim])
    return kill
  }

  async #killJobProcess(): Promise<Kill | null> {
    const { taskManagers } = this.#cluster
    const victim = await this.#draw(() => taskManagers.flatMap((one) => one.jobProcesses()))
    if (victim === null) return null
    const kill = this.#begin('job-process', `pid ${victim.pid}`)
    kill9(victim)
    if (!(await cameTrue({ withinMs: GONE_MS_MAX }, () => !isAlive(victim))))
      this.#complain(`job process ${victim.pid} survived SIGKILL`)
    return kill
  }

  async #killJobManager(): Promise<Kill | null> {
    const { jobManager } = this.#cluster
    const victim = await this.#draw(() => (jobManager.pid === null ? [] : [jobManager]))
    if (victim === null) return null
    const kill = this.#begin('jobmanager', `pid ${victim.pid}`)
    await victim.kill()
    this.#comeBack(kill, [victim])
    return kill
  }

  async #killEverything(): Promise<Kill> {
    const kill = this.#begin('everything', 'all processes')
    await this.#cluster.killEverything()
    for (const message of this.#lookAtRuins().slice(0, RUINS_TOLD_MAX))
      this.violations.push({ oracle: 'references', message })
    this.#comeBack(kill, this.#cluster.processes)
    return kill
  }

  async #pause(): Promise<Kill | null> {
    const { taskManagers } = this.#cluster
    const victim = await this.#draw(() => taskManagers.filter((one) => one.pid !== null))
    if (victim === null) return null
    const forMs = this.#prng.between(PAUSE_MS.low, PAUSE_MS.high)
    const whom = `${victim.name}, pid ${victim.pid}, for ${Math.round(forMs)} ms`
    const kill = this.#begin('pause', whom)
    this.#afterwards(forMs, putToSleep(victim))
    return kill
  }

  /** Also of processes that do not run just now: they come back into it. */
  async #partition(): Promise<Kill | null> {
    if (this.#network === null) return null
    const prng = this.#prng
    const { jobManager, taskManagers } = this.#cluster
    const one = prng.pick(taskManagers)
    const other = prng.chance(AT_JOB_MANAGER_SHARE)
      ? jobManager
      : prng.pick(taskManagers.filter((each) => each !== one))
    const [from, to] = prng.chance(0.5) ? [one.name, other.name] : [other.name, one.name]
    const { bothWays, share = 1 } = prng.pick(CUTS)
    const forMs = prng.between(PARTITION_MS.low, PARTITION_MS.high)
    const whom = `${share * 100} % from ${from} to ${to}${bothWays ? ' and back' : ''}`
    const kill = this.#begin('partition', `${whom}, for ${Math.round(forMs)} ms`)
    const cut = this.#network.cut({ from, to, bothWays, share })
    const window = { fromMs: Date.now(), toMs: Number.POSITIVE_INFINITY }
    this.#partitions.push(window)
    this.#afterwards(forMs, () => {
      this.droppedPackets += cut.heal()
      window.toMs = Date.now()
    })
    return kill
  }

  #afterwards(forMs: number, mend: () => void): void {
    const { signal } = this.#over
    const returning = sleep(forMs, undefined, { signal })
      .catch(() => {}) // it is over: at once
      .then(mend)
      .catch((error: unknown) => this.#complain(`not mended: ${String(error)}`))
      .finally(() => this.#returns.delete(returning))
    this.#returns.add(returning)
  }

  #begin(kind: KillKind, whom: string): Kill {
    this.#cluster.timeline.note(`KILL ${kind}: ${whom}`)
    const atMs = performance.now()
    return { kind, atMs, restartedAtMs: atMs }
  }

  /** Waits until there is somebody to choose from: who was killed before may not be back yet. */
  async #draw<T>(candidates: () => readonly T[]): Promise<T | null> {
    await cameTrue({ withinMs: VICTIM_MS_MAX }, () => candidates().length > 0)
    const found = candidates()
    return found.length === 0 ? null : this.#prng.pick(found)
  }

  #comeBack(kill: Kill, victims: readonly ClusterProcess[]): void {
    for (const victim of victims) {
      this.#afterwards(this.#prng.int(DOWN_MS_MAX), () => {
        if (victim.pid === null && !this.#over.signal.aborted) {
          victim.start()
          this.restarts += 1
        }
        kill.restartedAtMs = performance.now()
      })
    }
  }

  #complain(message: string): void {
    this.violations.push({ oracle: 'processes', message })
  }
}
