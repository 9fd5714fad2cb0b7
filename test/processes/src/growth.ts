// What grows while a cluster is treated badly, and must not: files and bytes of the checkpoint storage, files that
// processes work with, memory. Sampled over the whole run; the judge fits a line through what came after the beginning.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { ProcessCluster } from './process-cluster.ts'
import type { Violation } from './violation.ts'

const SAMPLE_EACH_MS = 1_000
const PAGE_BYTES = 4_096
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
const GROWTH_MAX: Readonly<
  Record<GrowthKind, { readonly saw: number; readonly perMinute: number }>
> = {
  checkpointFiles: { saw: 60, perMinute: 4 },
  checkpointMiB: { saw: 8, perMinute: 0.25 },
  workFiles: { saw: 12, perMinute: 0.5 },
  // A heap that is warm may add that before its next full collection.
  controlMiB: { saw: 64, perMinute: 1 },
  controlDescriptors: { saw: 24, perMinute: 0.5 },
}

type GrowthKind =
  | 'checkpointFiles'
  | 'checkpointMiB'
  | 'workFiles'
  | 'controlMiB'
  | 'controlDescriptors'

export type Slopes = Readonly<Record<GrowthKind, number>>

export interface Growth {
  readonly perMinute: Slopes
  /** More would have been too much, over the time that was judged. */
  readonly max: Slopes
}

const KINDS = Object.keys(GROWTH_MAX) as readonly GrowthKind[]

const each = (of: (kind: GrowthKind) => number): Slopes =>
  Object.fromEntries(KINDS.map((kind) => [kind, of(kind)])) as Slopes

interface Sample {
  readonly atMs: number
  readonly values: Slopes
}

export class GrowthWatch {
  readonly #cluster: ProcessCluster
  readonly #samples: Sample[] = []
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
      controlDescriptors: this.#largest(descriptors),
    }
    this.#samples.push({ atMs, values })
  }

  /** By the minute, after the beginning; null: the run was too short to tell. */
  growth(): Growth | null {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)]
    if (first === undefined || last === undefined) return null
    const fromMs = first.atMs + (last.atMs - first.atMs) * WARM_UP_SHARE
    if (last.atMs - fromMs < JUDGED_MS_MIN) return null
    const judged = this.#samples.filter(({ atMs }) => atMs >= fromMs)
    const minutes = (last.atMs - fromMs) / MS_PER_MINUTE
    return {
      perMinute: each((kind) => slopePerMinute(judged.map((at) => [at.atMs, at.values[kind]]))),
      max: each((kind) => hundredths(GROWTH_MAX[kind].perMinute + GROWTH_MAX[kind].saw / minutes)),
    }
  }

  judge(): readonly Violation[] {
    const growth = this.growth()
    if (growth === null) return []
    return KINDS.flatMap((kind) => {
      const [slope, max] = [growth.perMinute[kind], growth.max[kind]]
      if (slope <= max) return []
      return [{ oracle: 'growth', message: `${kind} grow by ${slope} a minute, not ${max}` }]
    })
  }

  /** Of the processes of the control plane. */
  #largest(of: (pid: number) => number): number {
    const pids = this.#cluster.processes.flatMap(({ pid }) => (pid === null ? [] : [pid]))
    return Math.max(0, ...pids.map(of))
  }
}

const hundredths = (value: number): number => Math.round(value * 100) / 100

/** Least squares, of points (ms, value). */
function slopePerMinute(points: readonly (readonly [number, number])[]): number {
  const n = points.length
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / n
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / n
  const covariance = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0)
  const variance = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0)
  return hundredths((covariance / variance) * MS_PER_MINUTE)
}

function filesBelow(directory: string): readonly string[] {
  if (!existsSync(directory)) return []
  try {
    return readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
  } catch {
    return [] // directories are removed while they are looked at
  }
}

const bytesOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0

function residentMiB(pid: number): number {
  try {
    return (Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * PAGE_BYTES) / MIB
  } catch {
    return 0 // processes end while they are looked at
  }
}

function descriptors(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length
  } catch {
    return 0 // likewise
  }
}
