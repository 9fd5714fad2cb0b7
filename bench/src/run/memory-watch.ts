// Highest resident memory of every process of a cluster during a run. Peaks are kept by the kernel, but a job process
// takes its peak with it when it ends, so all are read again and again.

import type { BenchCluster } from './cluster.ts'
import { peakRssOf, resetPeakRss, treeOf } from './proc.ts'

const LOOK_MS = 50

/** Bytes; of several processes of a kind, the highest. */
export interface PeakMemory {
  readonly jobManager: number
  readonly taskManager: number
  readonly jobProcess: number
  /** Sum over all processes. */
  readonly total: number
}

export class MemoryWatch {
  readonly #cluster: BenchCluster
  readonly #peaks = new Map<number, number>()
  readonly #timer: NodeJS.Timeout

  constructor(cluster: BenchCluster) {
    this.#cluster = cluster
    for (const pid of this.#pids()) resetPeakRss(pid)
    this.#timer = setInterval(() => this.#look(), LOOK_MS)
  }

  stop(): PeakMemory {
    clearInterval(this.#timer)
    this.#look()
    const { jobManager, taskManagers } = this.#cluster
    const highest = (of: (pid: number) => boolean): number =>
      Math.max(0, ...[...this.#peaks].filter(([pid]) => of(pid)).map(([, bytes]) => bytes))
    return {
      jobManager: highest((pid) => pid === jobManager),
      taskManager: highest((pid) => taskManagers.includes(pid)),
      jobProcess: highest((pid) => pid !== jobManager && !taskManagers.includes(pid)),
      total: [...this.#peaks.values()].reduce((sum, bytes) => sum + bytes, 0),
    }
  }

  #look(): void {
    for (const pid of this.#pids())
      this.#peaks.set(pid, Math.max(this.#peaks.get(pid) ?? 0, peakRssOf(pid)))
  }

  #pids(): readonly number[] {
    return treeOf([this.#cluster.jobManager, ...this.#cluster.taskManagers])
  }
}
