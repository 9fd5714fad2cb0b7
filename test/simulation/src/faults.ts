// What goes wrong in a run, drawn from the seed: which kinds at all (swarm: most runs know only some of them), how hard,
// and when. The safety phase lets it happen; the liveness phase heals everything and then wants the job to end.

import type { Prng } from '@weirjs/common/core/prng'
import { HEARTBEAT_TIMEOUT_MS, type SimCluster } from './sim-cluster.ts'
import type { World } from './world.ts'

const KINDS = [
  'kill-tm',
  'kill-job',
  'kill-jm',
  'kill-all',
  'power-loss',
  'usurp-jm',
  'pause-tm',
  'pause-jm',
  'partition',
  'network',
  'disk',
  'clock',
] as const
export type FaultKind = (typeof KINDS)[number]

/** JobManagers that live on after they were replaced, at the same time. */
const USURPED_MAX = 2

export interface FaultPlan {
  readonly kinds: readonly FaultKind[]
  readonly count: number
  readonly everyMs: number
  /** From the first moment on, also while the job is being submitted. */
  readonly early: boolean
}

export function drawFaults(prng: Prng): FaultPlan {
  const kinds = KINDS.filter(() => prng.chance(0.35))
  const chosen = kinds.length === 0 ? [prng.pick(KINDS)] : kinds
  return {
    kinds: chosen,
    count: prng.between(4, 20),
    everyMs: prng.pick([300, 1_000, 2_500]),
    early: prng.chance(0.2),
  }
}

/** Carries one fault out. Killed processes come back by themselves after a while. */
export function inflict(kind: FaultKind, world: World, cluster: SimCluster, prng: Prng): void {
  const backAfterMs = 50 + prng.float() * 1_500
  switch (kind) {
    case 'kill-tm':
      return killTaskManager(world, cluster, prng, backAfterMs)
    case 'kill-job': {
      const processes = cluster.taskManagers.flatMap(({ host }) => [...host.processes])
      if (processes.length === 0) return
      const victim = prng.pick(processes)
      world.fault(kind, victim.name)
      return victim.kill()
    }
    case 'kill-jm':
      return killJobManager(world, cluster, backAfterMs)
    case 'kill-all':
      world.fault(kind, 'everything at once')
      while (cluster.taskManagers.length > 0) killTaskManager(world, cluster, prng, backAfterMs)
      return killJobManager(world, cluster, backAfterMs)
    case 'power-loss':
      world.fault(kind, 'the whole machine')
      cluster.losePower()
      return bringBack(world, cluster, backAfterMs)
    case 'usurp-jm':
      return usurpJobManager(world, cluster, prng)
    case 'clock': {
      const jumpMs = prng.pick([-3_600_000, -1_000, 1_000, 3_600_000])
      world.fault(kind, `the wall clock jumps by ${jumpMs} ms`)
      world.scheduler.jumpWall(jumpMs)
      return
    }
    case 'pause-tm': {
      if (cluster.taskManagers.length === 0) return
      const { process, host } = prng.pick(cluster.taskManagers)
      return pause(world, kind, [process, ...host.processes], prng)
    }
    case 'pause-jm': {
      const life = cluster.jobManager
      return life === null ? undefined : pause(world, kind, [life.process], prng)
    }
    case 'partition': {
      const life = cluster.jobManager
      if (life === null || cluster.taskManagers.length === 0) return
      const one = prng.pick(cluster.taskManagers)
      world.fault(kind, `${life.process.name} | ${one.process.name}`)
      cluster.network.partition(life.process, one.process)
      world.scheduler.timer(prng.float() * 2 * HEARTBEAT_TIMEOUT_MS, () => cluster.network.heal())
      return
    }
    case 'network':
      world.fault(kind, 'storm')
      Object.assign(cluster.network.faults, {
        delayMsMax: prng.pick([1, 20, 200]),
        dropProbability: prng.pick([0, 0.01, 0.05]),
        duplicateProbability: prng.pick([0, 0.05, 0.2]),
        reorder: prng.chance(0.5),
        breakProbability: prng.pick([0, 0.0005, 0.005]),
      })
      return
    case 'disk':
      world.fault(kind, 'storm')
      Object.assign(cluster.diskFaults, {
        delayMsMax: prng.pick([0.5, 5, 50]),
        failProbability: prng.pick([0, 0.01, 0.1]),
        ambiguousProbability: prng.pick([0, 0.01, 0.1]),
      })
      return
  }
}

/** Ends every fault: storms are over, cuts healed, the dead replaced. */
export function heal(world: World, cluster: SimCluster): void {
  world.trace('HEAL')
  Object.assign(cluster.network.faults, {
    delayMsMax: 1,
    dropProbability: 0,
    duplicateProbability: 0,
    reorder: false,
    breakProbability: 0,
  })
  Object.assign(cluster.diskFaults, cluster.soundDisk)
  cluster.network.heal()
  if (cluster.jobManager === null) cluster.startJobManager()
  for (const name of cluster.missingTaskManagers) cluster.startTaskManager(name)
}

function killTaskManager(world: World, cluster: SimCluster, prng: Prng, backAfterMs: number): void {
  if (cluster.taskManagers.length === 0) return
  const { name, process } = prng.pick(cluster.taskManagers)
  world.fault('kill-tm', process.name)
  process.kill()
  world.scheduler.timer(backAfterMs, () => {
    if (cluster.missingTaskManagers.includes(name)) cluster.startTaskManager(name)
  })
}

/** Everything that is missing starts again, each at its own time. */
function bringBack(world: World, cluster: SimCluster, withinMs: number): void {
  const parts = cluster.missingTaskManagers.length + 1
  for (const [i, name] of cluster.missingTaskManagers.entries()) {
    world.scheduler.timer((withinMs * (i + 1)) / parts, () => {
      if (cluster.missingTaskManagers.includes(name)) cluster.startTaskManager(name)
    })
  }
  world.scheduler.timer(withinMs / parts, () => {
    if (cluster.jobManager === null) cluster.startJobManager()
  })
}

/** Another JobManager starts while the old one sleeps, or even while it is awake; the old one is never told. */
function usurpJobManager(world: World, cluster: SimCluster, prng: Prng): void {
  const life = cluster.jobManager
  if (life === null || cluster.usurped.length >= USURPED_MAX) return
  world.fault('usurp-jm', life.process.name)
  if (prng.chance(0.5)) {
    life.process.pause()
    world.scheduler.timer(prng.float() * 2 * HEARTBEAT_TIMEOUT_MS, () => life.process.resume())
  }
  cluster.usurpJobManager()
}

function killJobManager(world: World, cluster: SimCluster, backAfterMs: number): void {
  const life = cluster.jobManager
  if (life === null) return
  world.fault('kill-jm', life.process.name)
  life.process.kill()
  world.scheduler.timer(backAfterMs, () => {
    if (cluster.jobManager === null) cluster.startJobManager()
  })
}

interface Pausable {
  readonly name: string
  pause(): void
  resume(): void
}

/** SIGSTOP for less or more than the heartbeat time-out, then SIGCONT: the sleeper may wake as a zombie. */
function pause(world: World, kind: FaultKind, processes: readonly Pausable[], prng: Prng): void {
  const forMs = HEARTBEAT_TIMEOUT_MS * prng.pick([0.25, 0.5, 1.5, 3])
  world.fault(kind, `${processes[0]?.name} for ${forMs} ms`)
  for (const process of processes) process.pause()
  world.scheduler.timer(forMs, () => {
    for (const process of processes) process.resume()
  })
}
