// Looks now and then at what a process lives of, and logs when it runs short, before the shortage does harm: full disks
// fail checkpoints and so do spent inodes, spent descriptors refuse connections, spent memory ends the process.

import { statfs } from 'node:fs/promises'
import { freemem, totalmem } from 'node:os'
import type { CancelTimer, Scheduler } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import {
  type NamedUsage,
  type ResourceChange,
  type ResourceSample,
  type ResourceThresholds,
  ResourceWatch,
  tightest,
} from '../core/resources/resource-watch.ts'
import { type GroupMemory, groupMemory, memoryLimitBytes } from './control-group.ts'
import { descriptorsMax, openDescriptors } from './process-meter.ts'

export interface ResourceMonitorOptions {
  readonly intervalMs: number
  readonly thresholds: ResourceThresholds
  /** Where the process writes to. */
  readonly paths: readonly string[]
  /** Resident memory of the process and those that it started: for where the kernel does not say what their group has. */
  readonly rssBytes: () => number
  /** Processes that it started and whose descriptors are watched with its own. */
  readonly children: () => readonly WatchedProcess[]
  /** Default: as the kernel says it. null: no control group limits memory, or nothing is said of it. */
  readonly groupMemory?: () => GroupMemory | null
  readonly scheduler: Scheduler
  readonly log: Log
}

export interface WatchedProcess {
  readonly pid: number
  /** For the log. */
  readonly name: string
}

const HINTS: Readonly<Record<ResourceChange['resource'], string>> = {
  disk: 'checkpoints fail when it is full; make room, or keep fewer checkpoints',
  inodes:
    'no file can be made when none is left, whatever room there is; delete files, or make the file system with more inodes',
  'open-files': 'connections and files are refused when none is left; raise the limit (ulimit -n)',
  memory:
    'the system ends processes when there is none; give the container or the machine more, the TaskManager fewer slots, and delete files that lie in memory (a tmpfs, as /tmp of a container)',
}

const MEBIBYTE = 2 ** 20

export class ResourceMonitor {
  readonly #options: ResourceMonitorOptions
  readonly #watch: ResourceWatch
  #cancel: CancelTimer = () => {}
  #closed = false

  constructor(options: ResourceMonitorOptions) {
    this.#options = options
    this.#watch = new ResourceWatch(options.thresholds)
  }

  /** Looks at once, and then every interval. */
  start(): void {
    // Cannot reject: what the system does not say is left out.
    void this.look().then(() => {
      if (this.#closed) return
      const { scheduler, intervalMs } = this.#options
      this.#cancel = scheduler.timer(intervalMs, () => this.start())
    })
  }

  /** One look. Never rejects. */
  async look(): Promise<void> {
    const { log } = this.#options
    const places = await Promise.all(this.#options.paths.map(placeAt))
    if (this.#closed) return
    const sample = this.#sample(places.filter((one) => one !== null))
    for (const { resource, short, what } of this.#watch.judge(sample)) {
      if (short) log.warn({ resource, what, hint: HINTS[resource] }, 'running short of a resource')
      else log.info({ resource, what }, 'there is enough of a resource again')
    }
  }

  close(): void {
    this.#closed = true
    this.#cancel()
  }

  #sample(places: readonly Place[]): ResourceSample {
    const { children, rssBytes, groupMemory: ofGroup = groupMemory } = this.#options
    const own = descriptorsOf({ pid: process.pid, name: 'this process' })
    return {
      disk: places.map(({ disk }) => disk).toSorted((a, b) => a.freeBytes - b.freeBytes)[0] ?? null,
      inodes: tightest(places.map(({ inodes }) => inodes)),
      openFiles: tightest([own, ...children().map(descriptorsOf)]),
      memory: memoryUsage(ofGroup(), rssBytes),
    }
  }
}

/**
 * In a container what the kernel counts there, because it ends processes by that; where that cannot be read, what is resident,
 * which leaves out files in memory. Else what is used of the machine.
 */
function memoryUsage(group: GroupMemory | null, rssBytes: () => number): NamedUsage {
  if (group !== null) return { of: inGroup(group), used: group.usedBytes, limit: group.limitBytes }
  const allowed = memoryLimitBytes()
  if (allowed !== null)
    return { of: 'this process and those that it started', used: rssBytes(), limit: allowed }
  const total = totalmem()
  return { of: 'all processes of this machine', used: total - freemem(), limit: total }
}

function inGroup({ directory, sharedBytes }: GroupMemory): string {
  const mebibytes = Math.round(sharedBytes / MEBIBYTE)
  const files = mebibytes === 0 ? '' : `, ${mebibytes} MiB of it by files in memory (tmpfs)`
  return `the control group ${directory}${files}`
}

/** Null where the system does not say, and for a process that is gone. */
function descriptorsOf({ pid, name }: WatchedProcess): NamedUsage | null {
  const used = openDescriptors(pid)
  const limit = descriptorsMax(pid)
  return used === null || limit === null ? null : { of: name, used, limit }
}

interface Place {
  readonly disk: NonNullable<ResourceSample['disk']>
  /** With a limit of 0 where the file system makes them as they are wanted. */
  readonly inodes: NamedUsage
}

async function placeAt(path: string): Promise<Place | null> {
  try {
    const { bavail, bsize, files, ffree } = await statfs(path)
    return {
      disk: { path, freeBytes: bavail * bsize },
      inodes: { of: path, used: files - ffree, limit: files },
    }
  } catch {
    return null // not there just now: who needs it will say so
  }
}
