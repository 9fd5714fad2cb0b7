// A job process and what its code has started: measured together, and ended together. The job process leads a process
// group of its own, so one signal reaches all of it; a child that has left the group (setsid, as daemons do) and whose
// parent has ended is out of reach, unless the job process has a control group of its own (job-group.ts).
//
// Who descends from the process the kernel tells for each of its threads (/proc/PID/task/TID/children): some 20 small
// reads, so it is asked once for every CENSUS_EVERY looks, and between two of those the known ones are looked at.

import { readdirSync, readFileSync } from 'node:fs'
import { residentBytes } from './kernel-memory.ts'

/** Looks between two counts of the family. */
const CENSUS_EVERY = 10
/** Processes that the code of a job may have started at a time, unless somebody says otherwise. */
export const JOB_PROCESSES_MAX = 256

export class ProcessFamily {
  readonly #pid: number
  readonly #countMax: number
  readonly #members: () => readonly number[] | null
  #children: readonly number[] = []
  #looks = 0

  /**
   * `pid`: of the process that leads the group. More than `countMax` and one are not counted. `members`: of its control group,
   * itself too; null: it has none, and its descendants are looked for.
   */
  constructor(pid: number, countMax: number, members: () => readonly number[] | null = () => null) {
    this.#pid = pid
    this.#countMax = countMax
    this.#members = members
  }

  /** How many it has started that live, at the last count; `countMax` and one: so many or more. */
  get count(): number {
    return this.#children.length
  }

  /** Of all together; null: the process is gone, or the system does not say. Shared pages count for each of them. */
  residentBytes(): number | null {
    const own = residentBytes(this.#pid)
    if (own === null) return null
    if (this.#looks % CENSUS_EVERY === 0) this.#children = this.#census()
    this.#looks += 1
    return this.#children.reduce((sum, child) => sum + (residentBytes(child) ?? 0), own)
  }

  #census(): readonly number[] {
    const most = this.#countMax + 1
    const others = this.#members()?.filter((pid) => pid !== this.#pid)
    return others?.slice(0, most) ?? descendantsOf(this.#pid, most)
  }
}

/** Nearest first, at most `countMax`; none where the system does not say. */
function descendantsOf(pid: number, countMax: number): readonly number[] {
  const found: number[] = []
  for (let at = -1; at < found.length && found.length < countMax; at += 1)
    found.push(...childrenOf(found[at] ?? pid))
  return found.slice(0, countMax)
}

function childrenOf(pid: number): readonly number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8')
        .split(' ')
        .filter((child) => child !== '')
        .map(Number),
    )
  } catch {
    return [] // gone meanwhile, or a system without it
  }
}

/** SIGKILL to the process and all that it has started. False: nobody is left. */
export function endFamily(pid: number): boolean {
  if (pid <= 0) return false
  try {
    process.kill(-pid, 'SIGKILL')
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false
    throw error
  }
}
