// Too little of something: processor time (a quota of a control group, of either version; others who burn it) or
// descriptors.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Burners } from '../../../processes/src/burners.ts'
import { descendantsOf } from '../../../processes/src/proc.ts'
import { BadCell } from '../cell.ts'
import { type FaultKind, processOf, type Scene } from '../scene.ts'

const V2_ROOT = '/sys/fs/cgroup'
const V1_ROOT = '/sys/fs/cgroup/cpu'
const PERIOD_US = 100_000
/** A second and more, in which several checkpoints come and go. */
const LOOKS = 60
const LOOK_MS = 20

/**
 * `quota 20% for 5s`: all processes of the cluster together have so much of one processor; more of a slow one, so that they
 * can do as much.
 */
export const QUOTA: FaultKind = {
  needs: ['root', 'cgroup'],
  explains: ['checkpoint/timed-out'],
  strike: async (scene, words) => {
    const share = Number(words[1]?.replace('%', '')) / 100
    if (!(share > 0)) throw new BadCell(`"${words[1]}" is no quota`)
    const v2 = existsSync(join(V2_ROOT, 'cgroup.controllers'))
    const group = join(v2 ? V2_ROOT : V1_ROOT, `weir-faults-${process.pid}`)
    mkdirSync(group, { recursive: true })
    const quota = Math.round(PERIOD_US * Math.min(1, share * scene.slowness))
    if (v2) writeFileSync(join(group, 'cpu.max'), `${quota} ${PERIOD_US}`)
    else {
      writeFileSync(join(group, 'cpu.cfs_period_us'), `${PERIOD_US}`)
      writeFileSync(join(group, 'cpu.cfs_quota_us'), `${quota}`)
    }
    for (const pid of allPids(scene)) move(pid, group)
    let throttled = 0
    let healed = false
    return {
      heal: async () => {
        if (healed) return
        healed = true
        throttled = throttledIn(group)
        for (const pid of membersOf(group)) move(pid, v2 ? V2_ROOT : V1_ROOT)
        rmdirSync(group)
      },
      proof: async () => (throttled === 0 ? null : `throttled ${throttled} times`),
    }
  },
}

function allPids({ cluster }: Scene): readonly number[] {
  return cluster.processes.flatMap(({ pid }) =>
    pid === null ? [] : [pid, ...descendantsOf(pid).map((life) => life.pid)],
  )
}

/** A process that has ended meanwhile is left where it was. */
function move(pid: number, group: string): void {
  if (existsSync(`/proc/${pid}`)) writeFileSync(join(group, 'cgroup.procs'), `${pid}`)
}

const membersOf = (group: string): readonly number[] =>
  readFileSync(join(group, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number)

function throttledIn(group: string): number {
  return Number(/nr_throttled (\d+)/.exec(readFileSync(join(group, 'cpu.stat'), 'utf8'))?.[1] ?? 0)
}

/** `burn 4 for 6s`: so many other processes want all processors. */
export const BURN: FaultKind = {
  needs: [],
  explains: ['checkpoint/timed-out'],
  strike: async (_scene, words) => {
    const wanted = Number(words[1])
    const burners = new Burners(wanted)
    let burned = -1
    return {
      heal: async () => {
        if (burned >= 0) return
        burned = burners.alive
        burners[Symbol.dispose]()
      },
      proof: async () => (burned === wanted ? `${burned} processes burned` : null),
    }
  },
}

/** `descriptors jobmanager for 3s`: it may open nothing more. */
export const DESCRIPTORS: FaultKind = {
  needs: ['root'],
  explains: [
    'storage/io',
    'storage/too-many-open',
    'files/too-many-open',
    'log/unavailable',
    'rpc/unavailable',
  ],
  strike: async (scene, words) => {
    const { name, pid } = await processOf(scene, words[1])
    if (pid === null) throw new BadCell(`${name} does not run`)
    const before = limitOf(pid)
    const kept = await lowestFree(pid)
    limit(pid, kept)
    const held = limitOf(pid)
    return {
      heal: async () => limit(pid, Number(before)),
      proof: async () =>
        Number(held) === kept ? `${name} might have no descriptor from ${kept} on` : null,
    }
  },
}

/**
 * The limit is one of numbers, and what is opened gets the lowest that is free. Files come and go; below the lowest number
 * that was free at any time all are in use for good.
 */
async function lowestFree(pid: number): Promise<number> {
  let lowest = Number.POSITIVE_INFINITY
  for (let looks = 0; looks < LOOKS; looks++) {
    const open = new Set(readdirSync(`/proc/${pid}/fd`).map(Number))
    let free = 0
    while (open.has(free)) free += 1
    lowest = Math.min(lowest, free)
    await sleep(LOOK_MS)
  }
  return lowest
}

function limit(pid: number, count: number): void {
  if (!existsSync(`/proc/${pid}`)) return
  const { status, stderr } = spawnSync('prlimit', ['--pid', `${pid}`, `--nofile=${count}:`])
  if (status !== 0) throw new Error(`prlimit: ${stderr.toString()}`)
}

function limitOf(pid: number): string {
  const limits = readFileSync(`/proc/${pid}/limits`, 'utf8')
  return /Max open files\s+(\d+)/.exec(limits)?.[1] ?? ''
}
