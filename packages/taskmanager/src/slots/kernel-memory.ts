// What the system knows about the memory of processes, where it says so (Linux): how much of one is resident, how many the
// kernel has ended because a control group ran out, and which it would end first. What cannot be read is null; what may
// not be written stays as it is.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { groupsFrom, memoryGroups, readText } from '@weirjs/common/node/control-group'

/** How many processes the kernel has ended for want of memory, and where that is written. */
export interface OomRecord {
  readonly kills: number | null
  readonly source: string
}

/** Job processes before their TaskManager, whose loss would end them all: points of 1,000 on the kernel's scale. */
export const OOM_POINTS = 500
const OOM_POINTS_MAX = 1_000
const KIBIBYTE = 1_024
/** By version of control groups. */
const RECORDS = { 2: 'memory.events', 1: 'memory.oom_control' } as const

/** Bytes; null: it is gone, or the system does not say. */
export function residentBytes(pid: number): number | null {
  // In KiB, whatever the size of a page is.
  const [, kib] = /^VmRSS:\s+(\d+) kB/m.exec(readText(`/proc/${pid}/status`) ?? '') ?? []
  return kib === undefined ? null : Number(kib) * KIBIBYTE
}

/** When memory runs out, the kernel ends this process rather than ours. False: that may not be said. */
export function offerToKernel(pid: number): boolean {
  const own = Number(readText('/proc/self/oom_score_adj') ?? Number.NaN)
  if (!Number.isFinite(own)) return false
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, `${Math.min(OOM_POINTS_MAX, own + OOM_POINTS)}`)
    return true
  } catch {
    return false // gone, or another user's
  }
}

export interface OomPlaces {
  /** Where the system's own files begin: another one in tests. */
  readonly root?: string
  /** A control group (version 2) that is asked first; null: there is none. */
  readonly group?: string | null
}

/** Of `group`, else of the control group of this process, version 2 or 1: from the innermost directory that keeps count. */
export function oomRecord({ root = '/', group = null }: OomPlaces = {}): OomRecord {
  const groups = group === null ? [] : groupsFrom(group)
  for (const { version, directory } of [...groups, ...memoryGroups(root)]) {
    const source = join(directory, RECORDS[version])
    const [, kills] = /^oom_kill (\d+)$/m.exec(readText(join(root, source)) ?? '') ?? []
    if (kills !== undefined) return { kills: Number(kills), source }
  }
  return { kills: null, source: '' }
}
