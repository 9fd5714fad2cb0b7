// What /proc knows of processes: CPU time and resident memory of whole trees, so that processes which start and end
// during a run are counted too. Linux only.

import { readFileSync, readdirSync, writeFileSync } from 'node:fs'

/** Fields of /proc/<pid>/stat behind the command's name. */
const PARENT = 1
const USER_TICKS = 11
const CHILDREN_SYSTEM_TICKS = 14
/** _SC_CLK_TCK of every Linux that Node runs on. */
const TICKS_PER_SECOND = 100
const KIBIBYTE = 1_024

/** `roots` and everything below them. */
export function treeOf(roots: readonly number[]): readonly number[] {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    const parent = Number.isInteger(pid) ? Number(statOf(pid)?.[PARENT]) : Number.NaN
    if (Number.isNaN(parent)) continue
    const siblings = children.get(parent)
    if (siblings === undefined) children.set(parent, [pid])
    else siblings.push(pid)
  }
  const found: number[] = []
  for (const waiting = [...roots]; waiting.length > 0; ) {
    const pid = waiting.pop() as number
    found.push(pid)
    waiting.push(...(children.get(pid) ?? []))
  }
  return found
}

/** User and system time of the trees so far, with that of descendants that have ended. */
export function cpuSecondsOf(roots: readonly number[]): number {
  let ticks = 0
  for (const pid of treeOf(roots)) {
    const stat = statOf(pid)
    for (let i = USER_TICKS; i <= CHILDREN_SYSTEM_TICKS; i++) ticks += Number(stat?.[i] ?? 0)
  }
  return ticks / TICKS_PER_SECOND
}

/** Highest resident memory so far, bytes; 0 for a process that is gone. */
export function peakRssOf(pid: number): number {
  return statusBytes(pid, 'VmHWM')
}

/** Begins the peak anew. */
export function resetPeakRss(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5')
  } catch {
    return // it has ended, or the kernel does not let us: the peak is then that of its life
  }
}

function statusBytes(pid: number, field: string): number {
  const text = readOrNull(`/proc/${pid}/status`)
  const kib = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text ?? '')?.[1]
  return Number(kib ?? 0) * KIBIBYTE
}

function statOf(pid: number): readonly string[] | null {
  const text = readOrNull(`/proc/${pid}/stat`)
  return text === null ? null : text.slice(text.lastIndexOf(')') + 2).split(' ')
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null // processes end while they are looked at
  }
}
