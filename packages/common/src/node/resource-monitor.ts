// Looks now and then at what a process lives of, and logs when it runs short, before the shortage does harm: full disks
// fail checkpoints, spent descriptors refuse connections, spent memory ends the process.

import { statfs } from 'node:fs/promises'
import { freemem, totalmem } from 'node:os'
import type { CancelTimer, Scheduler } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import {
  type ResourceChange,
  type ResourceSample,
  type ResourceThresholds,
  ResourceWatch,
  type Usage,
} from '../core/resources/resource-watch.ts'
import { descriptorsMax, openDescriptors } from './process-meter.ts'

export interface ResourceMonitorOptions {
  readonly intervalMs: number
  readonly thresholds: ResourceThresholds
  /** Where the process writes to. */
  readonly paths: readonly string[]
  /** Resident memory of the process and those that it started. */
  readonly rssBytes: () => number
  readonly scheduler: Scheduler
  readonly log: Log
}

const HINTS: Readonly<Record<ResourceChange['resource'], string>> = {
  disk: 'checkpoints fail when it is full; make room, or keep fewer checkpoints',
  'open-files': 'connections are refused when none is left; raise the limit (ulimit -n)',
  memory: 'the system ends processes when there is none; give it more, or fewer slots',
}

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
    const disk = await leastFree(this.#options.paths)
    if (this.#closed) return
    for (const { resource, short, what } of this.#watch.judge(this.#sample(disk))) {
      if (short) log.warn({ resource, what, hint: HINTS[resource] }, 'running short of a resource')
      else log.info({ resource, what }, 'there is enough of a resource again')
    }
  }

  close(): void {
    this.#closed = true
    this.#cancel()
  }

  #sample(disk: ResourceSample['disk']): ResourceSample {
    const used = openDescriptors()
    const limit = descriptorsMax()
    return {
      disk,
      openFiles: used === null || limit === null ? null : { used, limit },
      memory: memoryUsage(this.#options.rssBytes()),
    }
  }
}

/** In a container what its processes use of what it may use; else what is used of the machine. */
function memoryUsage(rssBytes: number): Usage {
  const total = totalmem()
  const allowed = process.constrainedMemory()
  return allowed > 0 && allowed < total
    ? { used: rssBytes, limit: allowed }
    : { used: total - freemem(), limit: total }
}

async function leastFree(paths: readonly string[]): Promise<ResourceSample['disk']> {
  const found = await Promise.all(paths.map(freeAt))
  const known = found.filter((one) => one !== null)
  return known.toSorted((a, b) => a.freeBytes - b.freeBytes)[0] ?? null
}

async function freeAt(path: string): Promise<ResourceSample['disk']> {
  try {
    const { bavail, bsize } = await statfs(path)
    return { path, freeBytes: bavail * bsize }
  } catch {
    return null // not there just now: who needs it will say so
  }
}
