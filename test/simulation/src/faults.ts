// What goes wrong in a run, drawn from the seed: which kinds at all (swarm: most runs know only some of them), how hard,
// and when. The safety phase lets it happen; the liveness phase heals everything and then wants the job to end. Each fault
// has a chance of its own, so that one can be left out and the others are drawn as before.

import type { Prng } from '@weirjs/common/core/prng'
import { drawAction, FAILPOINTS } from './failpoints.ts'
import { cutBetween, cutOffStorage, everyMachine, fillDisk } from './partitions.ts'
import { HEALTHY_NETWORK } from './network.ts'
import { pauseFor, type SimProcess } from './process.ts'
import { HEARTBEAT_TIMEOUT_MS, type SimCluster } from './sim-cluster.ts'
import type { World } from './world.ts'

const KINDS = [
  'failpoint',
  'kill-tm',
  'stop-tm',
  'kill-job',
  'kill-jm',
  'kill-all',
  'power-loss',
  'usurp-jm',
  'pause-tm',
  'pause-job',
  'pause-jm',
  'partition',
  'partition-one-way',
  'partition-tms',
  'isolate',
  'isolate-jm',
  'halves',
  'storage-cut',
  'network',
  'disk',
  'disk-full',
  'slow',
  'clock',
] as const
export type FaultKind = (typeof KINDS)[number]

/** JobManagers that live on after they were replaced, at the same time. */
const USURPED_MAX = 2
/** Failpoints that one fault arms. */
const ARMED_AT_ONCE = 10
const HOUR_MS = 3_600_000
const STOPPED_MS_MAX = 1_500
const SLOW_MS_MAX = 3_000

const COUNT_MIN = 12
const COUNT_MAX = 40
const BEGINS = ['early', 'soon', 'soon', 'soon', 'soon', 'soon', 'late', 'final'] as const

export interface PlannedFault {
  readonly kind: FaultKind
  readonly prng: Prng
  /** Until the next one. */
  readonly thenMs: number
}

export interface FaultPlan {
  readonly kinds: readonly FaultKind[]
  readonly faults: readonly PlannedFault[]
  readonly everyMs: number
  /**
   * `early`: from the first moment on, also while the job is being submitted; `late`: shortly before its input ends;
   * `final`: when its final checkpoint has been triggered.
   */
  readonly begin: (typeof BEGINS)[number]
}

/** What hits one job and nothing else. */
export const KINDS_OF_ONE_JOB: readonly FaultKind[] = ['kill-job', 'pause-job', 'slow']

/** `share`: of the kinds that a run knows. */
export function drawFaults(
  prng: Prng,
  among: readonly FaultKind[] = KINDS,
  share: number = 0.3,
): FaultPlan {
  const some = among.filter(() => prng.chance(share))
  const kinds = some.length === 0 ? [prng.pick(among)] : some
  const count = prng.between(COUNT_MIN, COUNT_MAX)
  const everyMs = prng.pick([300, 1_000, 2_500])
  const begin = prng.pick(BEGINS)
  const faults = Array.from({ length: count }, () => ({
    kind: prng.pick(kinds),
    thenMs: prng.float() * 2 * everyMs,
    prng: prng.fork(),
  }))
  return { kinds, faults, everyMs, begin }
}

/**
 * Carries one fault out. Killed processes come back by themselves after a while. Faults of job processes hit none that are
 * `spared`.
 */
export function inflict(
  { kind, prng }: PlannedFault,
  world: World,
  cluster: SimCluster,
  spared: (process: SimProcess) => boolean,
): void {
  switch (kind) {
    case 'failpoint':
      for (let i = 0; i < ARMED_AT_ONCE; i++)
        cluster.failpoints.arm(
          prng.pick(FAILPOINTS),
          drawAction((actions) => prng.pick(actions)),
          prng.int(3),
        )
      return
    case 'kill-tm':
      return killOne(world, cluster, prng)
    case 'stop-tm':
      return cluster.taskManagers.length === 0 ? undefined : stopOne(world, cluster, prng)
    case 'kill-job':
    case 'pause-job':
    case 'slow':
      return troubleJobProcess(kind, world, jobProcesses(cluster, spared), prng)
    case 'kill-jm':
      return killJobManager(world, cluster)
    case 'kill-all':
      world.fault(kind, 'everything at once')
      while (cluster.taskManagers.length > 0) killOne(world, cluster, prng)
      return killJobManager(world, cluster)
    case 'power-loss':
      world.fault(kind, 'the whole machine')
      cluster.losePower()
      return bringBack(world, cluster, 50 + prng.float() * 1_500)
    case 'usurp-jm':
      return usurpJobManager(world, cluster, prng)
    case 'clock':
      return moveClock(world, cluster, prng)
    case 'pause-tm': {
      if (cluster.taskManagers.length === 0) return
      const { process, host } = prng.pick(cluster.taskManagers)
      // Its machine as a whole, or itself, while its job processes go on.
      const others = prng.chance(0.6) ? host.processes : []
      return pause(kind, [process, ...others], world, prng)
    }
    case 'pause-jm': {
      const life = cluster.jobManager
      return life === null ? undefined : pause(kind, [life.process], world, prng)
    }
    case 'partition':
    case 'partition-one-way':
    case 'partition-tms':
    case 'isolate':
    case 'isolate-jm':
    case 'halves':
      return cutBetween(kind, world, cluster, prng)
    case 'storage-cut':
      return cutOffStorage(world, cluster, prng)
    case 'network':
      world.storm(kind, 'everywhere')
      Object.assign(cluster.network.faults, {
        delayMsMax: prng.pick([HEALTHY_NETWORK.delayMsMax, 20, 200]),
        dropProbability: prng.pick([0, 0.01, 0.05]),
        duplicateProbability: prng.pick([0, 0.05, 0.2]),
        reorder: prng.chance(0.5),
        breakProbability: prng.pick([0, 0.0005, 0.005]),
      })
      return
    case 'disk': {
      const machine = oneOrAll(cluster, prng)
      world.storm(kind, `at ${machine ?? 'every machine'}`)
      return cluster.troubleDisk(machine, {
        delayMsMax: prng.pick([0.5, 5, 50, 400]),
        failProbability: prng.pick([0, 0.01, 0.1]),
        ambiguousProbability: prng.pick([0, 0.01, 0.1]),
      })
    }
    case 'disk-full':
      return fillDisk(world, cluster, prng)
  }
}

/** A machine that is hit alone; null: all are. */
function oneOrAll(cluster: SimCluster, prng: Prng): string | null {
  const machines = everyMachine(cluster)
  return machines.length === 0 || prng.chance(0.5) ? null : prng.pick(machines)
}

/** Ends every fault: storms are over, cuts healed, the dead replaced. */
export function heal(world: World, cluster: SimCluster): void {
  world.trace('HEAL')
  Object.assign(cluster.network.faults, HEALTHY_NETWORK)
  cluster.troubleDisk(null, cluster.soundDisk)
  cluster.failpoints.disarm()
  cluster.network.heal()
  cluster.cutOff.clear()
  cluster.full.clear()
  cluster.startMissingJobManager()
  for (const name of cluster.missingTaskManagers) cluster.startTaskManager(name)
}

function killOne(world: World, cluster: SimCluster, prng: Prng): void {
  if (cluster.taskManagers.length === 0) return
  const { process } = prng.pick(cluster.taskManagers)
  world.fault('kill-tm', process.name)
  cluster.crash(process)
}

/** SIGTERM: it says good-bye, ends its slots, and is gone; its supervisor starts another one after a while. */
function stopOne(world: World, cluster: SimCluster, prng: Prng): void {
  const { name, process, worker } = prng.pick(cluster.taskManagers)
  world.fault('stop-tm', process.name)
  const backAfterMs = prng.float() * STOPPED_MS_MAX
  process.run(() => {
    // Never settles when it is killed over it.
    void worker.close('told to').then(() => {
      process.kill()
      world.scheduler.timer(backAfterMs, () => cluster.startMissing(name))
    })
  })
}

function killJobManager(world: World, cluster: SimCluster): void {
  const life = cluster.jobManager
  if (life === null) return
  world.fault('kill-jm', life.process.name)
  cluster.crash(life.process)
}

/** Everything that is missing starts again, each at its own time. */
function bringBack(world: World, cluster: SimCluster, withinMs: number): void {
  const missing = cluster.missingTaskManagers
  const stepMs = withinMs / (missing.length + 1)
  for (const [i, name] of missing.entries())
    world.scheduler.timer(stepMs * (i + 1), () => cluster.startMissing(name))
  world.scheduler.timer(stepMs, () => cluster.startMissingJobManager())
}

export function jobProcesses(
  { taskManagers }: SimCluster,
  spared: (process: SimProcess) => boolean,
): readonly SimProcess[] {
  return taskManagers
    .flatMap(({ host }) => [...host.processes])
    .filter((process) => !spared(process))
}

function troubleJobProcess(
  kind: 'kill-job' | 'pause-job' | 'slow',
  world: World,
  processes: readonly SimProcess[],
  prng: Prng,
): void {
  if (processes.length === 0) return
  const victim = prng.pick(processes)
  if (kind === 'pause-job') return pause(kind, [victim], world, prng)
  if (kind === 'kill-job') {
    world.fault(kind, victim.name, victim.job)
    return victim.kill()
  }
  victim.slowMs = prng.pick([2, 10, 100])
  world.fault(kind, `${victim.name}: each turn takes ${victim.slowMs} ms`, victim.job)
  world.scheduler.timer(prng.float() * SLOW_MS_MAX, () => {
    victim.slowMs = 0
  })
}

/** Another JobManager starts while the old one sleeps, or even while it is awake; the old one is never told. */
function usurpJobManager(world: World, cluster: SimCluster, prng: Prng): void {
  const life = cluster.jobManager
  if (life === null || cluster.usurped.length >= USURPED_MAX) return
  world.fault('usurp-jm', life.process.name)
  if (prng.chance(0.5)) pauseFor(world, [life.process], prng.float() * 2 * HEARTBEAT_TIMEOUT_MS)
  cluster.usurpJobManager()
}

/** One jump, or many small ones, of one machine or of all: nothing but processing time may notice. */
function moveClock(world: World, cluster: SimCluster, prng: Prng): void {
  const strobe = prng.chance(0.3)
  const jumpMs = strobe
    ? 5_000
    : prng.pick([-24 * HOUR_MS, -HOUR_MS, -1_000, 1_000, HOUR_MS, 24 * HOUR_MS])
  const machine = oneOrAll(cluster, prng)
  const whose = machine === null ? 'every wall clock' : `the wall clock of ${machine}`
  world.fault('clock', strobe ? `${whose} swings` : `${whose} jumps by ${jumpMs} ms`)
  const swings = strobe ? 20 : 1
  for (let i = 0; i < swings; i++)
    world.scheduler.timer(i * 100, () => world.jumpWall(machine, i % 2 === 0 ? jumpMs : -jumpMs))
}

/** SIGSTOP for less or more than the heartbeat time-out, then SIGCONT: the sleeper may wake as a zombie. */
function pause(kind: FaultKind, processes: readonly SimProcess[], world: World, prng: Prng): void {
  const forMs = HEARTBEAT_TIMEOUT_MS * prng.pick([0.25, 0.5, 1.5, 3])
  const [first] = processes
  // A TaskManager that sleeps is everybody's, one job process is one job's.
  world.fault(kind, `${first?.name} for ${forMs} ms`, first?.job ?? null)
  pauseFor(world, processes, forMs)
}
