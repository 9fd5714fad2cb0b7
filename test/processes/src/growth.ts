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

/** Names of what is measured, with what a minute may add. The job's log grows until it is folded: a saw, not a line. */
const GROWTH_PER_MINUTE_MAX: Readonly<Record<GrowthKind, number>> = {
  checkpointFiles: 60,
  checkpointMiB: 8,
  workFiles: 12,
  controlMiB: 24,
}

type GrowthKind = 'checkpointFiles' | 'checkpointMiB' | 'workFiles' | 'controlMiB'
export type Slopes = Readonly<Record<GrowthKind, number>>

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
      controlMiB: this.#largestControlMiB(),
    }
    this.#samples.push({ atMs, values })
  }

  /** Growth by the minute, after the beginning; null: the run was too short to tell. */
  slopes(): Slopes | null {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)]
    if (first === undefined || last === undefined) return null
    const fromMs = first.atMs + (last.atMs - first.atMs) * WARM_UP_SHARE
    if (last.atMs - fromMs < JUDGED_MS_MIN) return null
    const judged = this.#samples.filter(({ atMs }) => atMs >= fromMs)
    const of = (kind: GrowthKind): number =>
      slopePerMinute(judged.map(({ atMs, values }) => [atMs, values[kind]]))
    return {
      checkpointFiles: of('checkpointFiles'),
      checkpointMiB: of('checkpointMiB'),
      workFiles: of('workFiles'),
      controlMiB: of('controlMiB'),
    }
  }

  judge(): readonly Violation[] {
    const slopes = this.slopes()
    if (slopes === null) return []
    return Object.entries(GROWTH_PER_MINUTE_MAX).flatMap(([kind, most]) => {
      const slope = slopes[kind as GrowthKind]
      if (slope <= most) return []
      return [{ oracle: 'growth', message: `${kind} grow by ${slope} a minute, not ${most}` }]
    })
  }

  #largestControlMiB(): number {
    const pids = this.#cluster.processes.flatMap(({ pid }) => (pid === null ? [] : [pid]))
    return Math.max(0, ...pids.map(residentMiB))
  }
}

/** Least squares, of points (ms, value). */
function slopePerMinute(points: readonly (readonly [number, number])[]): number {
  const n = points.length
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / n
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / n
  const covariance = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0)
  const variance = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0)
  return Math.round((covariance / variance) * MS_PER_MINUTE * 100) / 100
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
