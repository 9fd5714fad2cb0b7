// What the processes of a cluster take, before and after: memory, open files, files on the disk. A fault may cost
// something while it lasts; afterwards everything has to come back.

import { readdirSync, readFileSync } from 'node:fs'
import { filesBelow } from '../../processes/src/entries-below.ts'
import type { ProcessCluster } from '../../processes/src/process-cluster.ts'
import { cameTrue } from '../../processes/src/until.ts'

const SAMPLE_EACH_MS = 500
const PAGE_BYTES = 4_096
const MIB = 2 ** 20
/** Of one process of the control plane, at any time: it loads no user code and holds no state. */
const RSS_BYTES_MAX = 512 * MIB
/** Connections to a client, log files, and the like may have come since. */
const FDS_MORE_MAX = 12
/** Of the checkpoint storage of one small job that has ended. */
const FILES_MAX = 250
const SETTLE_MS_MAX = 5_000

export class ResourceWatch {
  readonly #cluster: ProcessCluster
  readonly #fdsBefore: ReadonlyMap<string, number>
  readonly #rssMax = new Map<string, number>()
  #nextMs = 0

  constructor(cluster: ProcessCluster) {
    this.#cluster = cluster
    this.#fdsBefore = this.#fds()
  }

  /** Call it as often as you like. */
  look(): void {
    const nowMs = performance.now()
    if (nowMs < this.#nextMs) return
    this.#nextMs = nowMs + SAMPLE_EACH_MS
    for (const { name, pid } of this.#cluster.processes)
      if (pid !== null) this.#rssMax.set(name, Math.max(this.#rssMax.get(name) ?? 0, rssBytes(pid)))
  }

  /** When the job has ended and the cluster has not been stopped. Answers complaints. */
  async judge(): Promise<readonly string[]> {
    const tooMany = (): readonly string[] =>
      [...this.#fds()].flatMap(([name, fds]) => {
        // Who came since has no before.
        const before = this.#fdsBefore.get(name) ?? fds
        return fds > before + FDS_MORE_MAX
          ? [`${name} had ${before} open files and has ${fds}`]
          : []
      })
    await cameTrue({ withinMs: SETTLE_MS_MAX }, () => tooMany().length === 0)
    const big = [...this.#rssMax]
      .filter(([, bytes]) => bytes > RSS_BYTES_MAX)
      .map(([name, bytes]) => `${name} took ${Math.round(bytes / MIB)} MiB`)
    const files = filesBelow(this.#cluster.checkpointDirectory).length
    const many = files > FILES_MAX ? [`${files} files in the checkpoint storage`] : []
    return [...tooMany(), ...big, ...many]
  }

  #fds(): ReadonlyMap<string, number> {
    return new Map(
      this.#cluster.processes.flatMap(({ name, pid }) =>
        pid === null ? [] : [[name, openFiles(pid)] as const],
      ),
    )
  }
}

/** 0 when the process has ended. */
export function rssBytes(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * PAGE_BYTES
  } catch {
    return 0 // processes end while they are looked at
  }
}

function openFiles(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length
  } catch {
    return 0 // processes end while they are looked at
  }
}
