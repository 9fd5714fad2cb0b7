// Who is killed, when, and when it comes back: drawn from the seed. Kinds come from a bag, so that every kind is sure to
// have its turn; most gaps let a checkpoint complete first, so that there is something to lose, and some do not, so that
// recovery itself is hit.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Prng } from '@weirjs/common/core/prng'
import type { ClusterProcess } from '../../processes/src/cluster-process.ts'
import { isAlive, kill9, lifeOf, signal } from '../../processes/src/proc.ts'
import type { ProcessCluster } from '../../processes/src/process-cluster.ts'
import { cameTrue } from '../../processes/src/until.ts'
import type { Violation } from '../../processes/src/violation.ts'

/** `pause`: a TaskManager with all that it has started sleeps for a while, often longer than anybody waits. */
export type KillKind = 'taskmanager' | 'job-process' | 'jobmanager' | 'everything' | 'pause'
export const KILL_KINDS: readonly KillKind[] = [
  'taskmanager',
  'job-process',
  'jobmanager',
  'everything',
  'pause',
]
/** What is said by those who wake up, and to them. */
export const PAUSE_EXPLAINS: readonly string[] = [
  'exchange/closed-by-peer',
  'exchange/connection-lost',
  'fence/stale',
  'job/unknown',
  'worker/unknown',
]
/** Who is killed instead when the JobManager is to live. */
const SPARING: Readonly<Record<KillKind, KillKind>> = {
  taskmanager: 'taskmanager',
  'job-process': 'job-process',
  jobmanager: 'taskmanager',
  everything: 'job-process',
  pause: 'pause',
}
/** One bag; the first kills are one of each. */
const BAG: readonly KillKind[] = [...KILL_KINDS, 'taskmanager', 'taskmanager', 'job-process']

export type Gap = 'quick' | 'calm'
const GAPS: readonly Gap[] = ['quick', ...Array.from({ length: 9 }, (): Gap => 'calm')]

/** A killed process comes back after 0 … this. */
const DOWN_MS_MAX = 1_500
/** Half of the heartbeat time-out, to twice as much. */
const PAUSE_MS = { low: 1_000, high: 4_000 }
const VICTIM_MS_MAX = 20_000
const GONE_MS_MAX = 5_000
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

export const killBag = (prng: Prng): Bag<KillKind> => new Bag(prng, KILL_KINDS, BAG)
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

export class Killer {
  readonly #cluster: ProcessCluster
  readonly #prng: Prng
  readonly #returns = new Set<Promise<void>>()
  readonly violations: Violation[] = []
  /** Processes that were started again. */
  restarts = 0

  /** The JobManager is let live from now on. */
  sparesJobManager = false
  /** Asked while everything is down, after each kill of everything. Answers complaints. */
  readonly #lookAtRuins: () => readonly string[]

  constructor(
    cluster: ProcessCluster,
    prng: Prng,
    lookAtRuins: () => readonly string[] = () => [],
  ) {
    this.#lookAtRuins = lookAtRuins
    this.#cluster = cluster
    this.#prng = prng
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
    }
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
    const wake = putToSleep(victim)
    const waking = sleep(forMs).then(() => {
      wake()
      this.#returns.delete(waking)
    })
    this.#returns.add(waking)
    return kill
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
      const returning = sleep(this.#prng.int(DOWN_MS_MAX)).then(() => {
        if (victim.pid === null) {
          victim.start()
          this.restarts += 1
        }
        kill.restartedAtMs = performance.now()
        this.#returns.delete(returning)
      })
      this.#returns.add(returning)
    }
  }

  #complain(message: string): void {
    this.violations.push({ oracle: 'processes', message })
  }
}
