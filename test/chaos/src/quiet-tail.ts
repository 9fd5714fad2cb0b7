// The end of a long run, in which nobody is killed: what is left of the input is worked through, and memory must be flat.

import { setTimeout as sleep } from 'node:timers/promises'
import type { JobWatch } from '../../processes/src/job-watch.ts'
import { askForHeaps, heapsIn } from '../../processes/src/collected-heap.ts'
import { heapDirectory } from '../../processes/src/counting-run.ts'
import { lifeOf, residentMiB } from '../../processes/src/proc.ts'
import type { ProcessCluster } from '../../processes/src/process-cluster.ts'
import { type Floors, QuietFloors } from '../../processes/src/quiet-floors.ts'
import type { Violation } from '../../processes/src/violation.ts'

const MS_PER_MINUTE = 60_000
const LOOK_MS = 1_000
/** Resident memory would show its collections. */
export const JOB_THREAD = 'thread of the job'
/** What a floor may rise. */
const FLOOR_MIB_PER_MINUTE_MAX = 0.5

export interface QuietTail {
  readonly minutes: number
  readonly floors: readonly Floors[]
}

/** Returns when the time is over, or the job has ended. */
export async function watchQuiet(
  cluster: ProcessCluster,
  watch: JobWatch,
  minutes: number,
): Promise<QuietTail> {
  cluster.timeline.note(`${minutes} minutes without faults`)
  const fromMs = performance.now()
  const untilMs = fromMs + minutes * MS_PER_MINUTE
  const floors = new QuietFloors(fromMs)
  const heaps = heapDirectory(cluster)
  askForHeaps(heaps)
  while (performance.now() < untilMs && !watch.ended) {
    look(cluster, floors)
    await sleep(LOOK_MS)
  }
  const endedMs = performance.now()
  for (const { thread, atMs, mib } of heapsIn(heaps))
    floors.add(JOB_THREAD, thread, atMs - performance.timeOrigin, mib)
  return { minutes: (endedMs - fromMs) / MS_PER_MINUTE, floors: floors.floors(endedMs) }
}

/** `wanted`: so many minutes, and of each kind of process so many that lived through them. */
export function judgeQuiet(
  { minutes, floors }: QuietTail,
  wanted: { readonly minutes: number; readonly lives: Readonly<Record<string, number>> },
): readonly Violation[] {
  const grown = floors.filter(({ perMinute }) => perMinute > FLOOR_MIB_PER_MINUTE_MAX)
  const said = grown.map(({ kind, floors: mib, perMinute }) => ({
    oracle: 'growth' as const,
    message: `without faults a ${kind} had at least ${mib.join(', then ')} MiB: ${perMinute} a minute, not ${FLOOR_MIB_PER_MINUTE_MAX}`,
  }))
  const missing: string[] = []
  if (minutes < wanted.minutes) missing.push(`${minutes} quiet minutes, not ${wanted.minutes}`)
  for (const [kind, count] of Object.entries(wanted.lives)) {
    const seen = floors.filter((one) => one.kind === kind).length
    if (seen < count) missing.push(`${seen} of ${count} lives of a ${kind} could be judged`)
  }
  return [...said, ...missing.map((message) => ({ oracle: 'vacuity' as const, message }))]
}

function look({ jobManager, taskManagers }: ProcessCluster, floors: QuietFloors): void {
  const atMs = performance.now()
  for (const one of [jobManager, ...taskManagers]) {
    const life = one.pid === null ? null : lifeOf(one.pid)
    const mib = life === null ? 0 : residentMiB(life.pid)
    const kind = one === jobManager ? 'JobManager' : 'TaskManager'
    if (life !== null && mib > 0) floors.add(kind, `${life.pid} ${life.birth}`, atMs, mib)
  }
}
