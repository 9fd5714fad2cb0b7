// What grows while a cluster is treated badly, and must not: files and bytes of the checkpoint storage, files that
// processes work with, memory, threads and open files. Sampled over the whole run; the judge fits a line through what came
// after the beginning.
//
// What a process holds begins anew with each life of it: one that is killed every twenty seconds cannot show a leak. So
// the lines of processes go through one life each (`LifeSlopes`), and the worst one counts.

import { statSync } from 'node:fs'
import { join } from 'node:path'
import { filesBelow } from './entries-below.ts'
import { LifeSlopes, maxOver, type Rise, slopePerMinute } from './life-slopes.ts'
import { lifeOf, openFilesOf, residentMiB, threadsOf } from './proc.ts'
import type { ProcessCluster } from './process-cluster.ts'
import type { Violation } from './violation.ts'

const SAMPLE_EACH_MS = 1_000
const MIB = 2 ** 20
const MS_PER_MINUTE = 60_000
/** The beginning of a run, in which everything grows, counts for nothing. */
const WARM_UP_SHARE = 0.3
/** A line through less says nothing. */
const JUDGED_MS_MIN = 60_000

/**
 * Names of what is measured. The job's log grows until it is folded, and heaps until they are collected: saws, whose line
 * over a short time may rise by `saw` in all. Over a long time only `perMinute` is left of what it may.
 */
const GROWTH_MAX: Readonly<Record<GrowthKind, Rise>> = {
  checkpointFiles: { saw: 60, perMinute: 4 },
  checkpointMiB: { saw: 8, perMinute: 0.25 },
  workFiles: { saw: 12, perMinute: 0.5 },
  // A heap that is warm may add that before its next full collection.
  controlMiB: { saw: 64, perMinute: 1 },
  controlDescriptors: { saw: 24, perMinute: 0.5 },
  // Of the longest life of each process.
  jobManagerLifeMiB: { saw: 64, perMinute: 1 },
  taskManagerLifeMiB: { saw: 64, perMinute: 1 },
  jobProcessLifeMiB: { saw: 96, perMinute: 2 },
  lifeThreads: { saw: 8, perMinute: 0.25 },
  lifeSockets: { saw: 12, perMinute: 0.25 },
  lifeOtherFiles: { saw: 12, perMinute: 0.25 },
}

type GrowthKind =
  | 'checkpointFiles'
  | 'checkpointMiB'
  | 'workFiles'
  | 'controlMiB'
  | 'controlDescriptors'
  | LifeKind

type LifeKind =
  | 'jobManagerLifeMiB'
  | 'taskManagerLifeMiB'
  | 'jobProcessLifeMiB'
  | 'lifeThreads'
  | 'lifeSockets'
  | 'lifeOtherFiles'

export type Slopes = Readonly<Record<GrowthKind, number>>

export interface Growth {
  readonly perMinute: Slopes
  /** More would have been too much, over the time that was judged. */
  readonly max: Slopes
}

const KINDS = Object.keys(GROWTH_MAX) as readonly GrowthKind[]

const each = (of: (kind: GrowthKind) => number): Slopes =>
  Object.fromEntries(KINDS.map((kind) => [kind, of(kind)])) as Slopes

type ClusterKind = Exclude<GrowthKind, LifeKind>

interface Sample {
  readonly atMs: number
  readonly values: Readonly<Record<ClusterKind, number>>
}

export class GrowthWatch {
  readonly #cluster: ProcessCluster
  readonly #samples: Sample[] = []
  readonly #lives: Readonly<Record<LifeKind, LifeSlopes>> = {
    jobManagerLifeMiB: new LifeSlopes(),
    taskManagerLifeMiB: new LifeSlopes(),
    jobProcessLifeMiB: new LifeSlopes(),
    lifeThreads: new LifeSlopes(),
    lifeSockets: new LifeSlopes(),
    lifeOtherFiles: new LifeSlopes(),
  }
  #nextMs = 0

  constructor(cluster: ProcessCluster) {
    this.#cluster = cluster
  }

  /** Call it as often as you like. */
  look(): void {
    const atMs = performance.now()
    if (atMs < this.#nextMs) return
    this.#nextMs = atMs + SAMPLE_EACH_MS
    const storage = filesBelow(this.#cluster.checkpointDirectory)
    const work = filesBelow(join(this.#cluster.dataDirectory, 'taskmanagers'))
    const values = {
      checkpointFiles: storage.length,
      checkpointMiB: storage.reduce((sum, path) => sum + bytesOf(path), 0) / MIB,
      workFiles: work.length,
      controlMiB: this.#largest(residentMiB),
      controlDescriptors: this.#largest((pid) => openFilesOf(pid).all),
    }
    this.#samples.push({ atMs, values })
    this.#lookAtLives(atMs)
  }

  #lookAtLives(atMs: number): void {
    const { jobManager, taskManagers } = this.#cluster
    for (const one of [jobManager, ...taskManagers]) {
      const own = one.pid === null ? null : lifeOf(one.pid)
      if (own === null) continue
      const kind = one === jobManager ? 'jobManagerLifeMiB' : 'taskManagerLifeMiB'
      const files = openFilesOf(own.pid)
      this.#lives[kind].add(own, atMs, residentMiB(own.pid))
      this.#lives.lifeThreads.add(own, atMs, threadsOf(own.pid).length)
      this.#lives.lifeSockets.add(own, atMs, files.sockets)
      this.#lives.lifeOtherFiles.add(own, atMs, files.all - files.sockets)
    }
    for (const life of taskManagers.flatMap((one) => one.jobProcesses()))
      this.#lives.jobProcessLifeMiB.add(life, atMs, residentMiB(life.pid))
  }

  /** By the minute, after the beginning; null: the run was too short to tell. */
  growth(): Growth | null {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)]
    if (first === undefined || last === undefined) return null
    const fromMs = first.atMs + (last.atMs - first.atMs) * WARM_UP_SHARE
    if (last.atMs - fromMs < JUDGED_MS_MIN) return null
    const judged = this.#samples.filter(({ atMs }) => atMs >= fromMs)
    const minutes = (last.atMs - fromMs) / MS_PER_MINUTE
    const slopes = each((kind) =>
      isOfLives(kind)
        ? this.#lives[kind].worst(GROWTH_MAX[kind]).perMinute
        : slopePerMinute(judged.map((at) => [at.atMs, at.values[kind]])),
    )
    return {
      perMinute: slopes,
      max: each((kind) =>
        isOfLives(kind)
          ? this.#lives[kind].worst(GROWTH_MAX[kind]).max
          : maxOver(minutes, GROWTH_MAX[kind]),
      ),
    }
  }

  judge(): readonly Violation[] {
    return judgeGrowth(this.growth())
  }

  /** Of the processes of the control plane. */
  #largest(of: (pid: number) => number): number {
    const pids = this.#cluster.processes.flatMap(({ pid }) => (pid === null ? [] : [pid]))
    return Math.max(0, ...pids.map(of))
  }
}

export function judgeGrowth(growth: Growth | null): readonly Violation[] {
  if (growth === null) return []
  return KINDS.flatMap((kind) => {
    const [slope, max] = [growth.perMinute[kind], growth.max[kind]]
    if (slope <= max) return []
    return [{ oracle: 'growth', message: `${kind} grow by ${slope} a minute, not ${max}` }]
  })
}

const isOfLives = (kind: GrowthKind): kind is LifeKind => /^life|Life/.test(kind)

const bytesOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0
