// Machines that do not reach each other: a TaskManager and the JobManager, both ways or one, two TaskManagers, one machine
// and everybody, two halves of the cluster, one machine and the storage. Each cut heals by itself.

import type { Prng } from '@weirjs/common/core/prng'
import { HEARTBEAT_TIMEOUT_MS, type SimCluster } from './sim-cluster.ts'
import type { World } from './world.ts'

type Cut = 'partition' | 'partition-one-way' | 'partition-tms' | 'isolate' | 'isolate-jm' | 'halves'

/** Less or more than a heartbeat may be late. */
const CUT_MS_MAX = 2 * HEARTBEAT_TIMEOUT_MS

export function cutBetween(kind: Cut, world: World, cluster: SimCluster, prng: Prng): void {
  const pairs = draw(kind, cluster, prng)
  if (pairs.length === 0) return
  world.fault(kind, pairs.map(([from, to]) => `${from} ↛ ${to}`).join(', '))
  const healers = pairs.map(([from, to]) => cluster.network.cut(from, to))
  world.scheduler.timer(prng.float() * CUT_MS_MAX, () => {
    for (const healed of healers) healed()
  })
}

/** For a while there is no room for anything new: on the disk itself, or for what one machine may take of it. */
export function fillDisk(world: World, cluster: SimCluster, prng: Prng): void {
  const machines = everyMachine(cluster)
  if (machines.length === 0) return
  const full = prng.chance(0.5) ? machines : [prng.pick(machines)]
  world.fault('disk-full', full.join(', '))
  for (const machine of full) cluster.full.add(machine)
  world.scheduler.timer(prng.float() * CUT_MS_MAX, () => {
    for (const machine of full) cluster.full.delete(machine)
  })
}

/** A machine whose storage does not answer, while it reaches everybody else. */
export function cutOffStorage(world: World, cluster: SimCluster, prng: Prng): void {
  const machines = everyMachine(cluster)
  if (machines.length === 0) return
  const machine = prng.pick(machines)
  world.fault('storage-cut', machine)
  cluster.cutOff.add(machine)
  world.scheduler.timer(prng.float() * CUT_MS_MAX, () => cluster.cutOff.delete(machine))
}

function draw(kind: Cut, cluster: SimCluster, prng: Prng): readonly (readonly [string, string])[] {
  const workers = cluster.taskManagers.map(({ process }) => process.machine)
  const leader = cluster.jobManager?.process.machine ?? null
  if (workers.length === 0) return []
  const one = prng.pick(workers)
  switch (kind) {
    case 'partition':
      return leader === null ? [] : bothWays(leader, one)
    case 'partition-one-way':
      return leader === null ? [] : [prng.chance(0.5) ? [leader, one] : [one, leader]]
    case 'partition-tms': {
      const other = prng.pick(workers)
      if (other === one) return []
      return prng.chance(0.7) ? bothWays(one, other) : [[one, other]]
    }
    case 'isolate':
      return between([one], everyMachine(cluster))
    case 'isolate-jm':
      return leader === null ? [] : between([leader], workers)
    case 'halves': {
      const machines = everyMachine(cluster)
      const half = machines.filter(() => prng.chance(0.5))
      return between(half, machines)
    }
  }
}

/** Each of some, both ways, and all others that are not among them. */
function between(some: readonly string[], all: readonly string[]): [string, string][] {
  const others = all.filter((machine) => !some.includes(machine))
  return some.flatMap((one) => others.flatMap((other) => bothWays(one, other)))
}

export function everyMachine({ taskManagers, jobManager }: SimCluster): readonly string[] {
  const machines = taskManagers.map(({ process }) => process.machine)
  return jobManager === null ? machines : [...machines, jobManager.process.machine]
}

const bothWays = (a: string, b: string): [string, string][] => [
  [a, b],
  [b, a],
]
