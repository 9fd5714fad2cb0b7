// Oracle O9: what a job must not leave behind when it has ended and everybody has had time to tidy up.

import type { JobId } from '@weirjs/common/core/ids'
import { type SimCluster, type TaskManager, UNUSED_SLOTS_MS } from '../sim-cluster.ts'
import type { Violation } from './violation.ts'

/**
 * Virtual time that tidying may take after the end of the last job. Slots that nobody releases take longest; as much again is
 * for calls that are under way, and for the slots to close.
 */
export const TIDY_MS = 2 * UNUSED_SLOTS_MS
const SHOWN_MAX = 3

type Evidence = Pick<SimCluster, 'disk' | 'auditor' | 'files' | 'createdAtMs' | 'powerLostAtMs'>

/**
 * `finished`: the job ended by itself and ran but once; a canceled one leaves staged output for whoever resumes it.
 * `directories`: what its output lies in.
 */
export function judgeLeftovers(
  cluster: Evidence,
  jobs: readonly JobId[],
  finished: boolean,
  directories: readonly string[],
): readonly Violation[] {
  const found = jobs.flatMap((job) => checkpointsOf(cluster, job))
  if (finished) found.push(...jobs.flatMap((job) => stagedFiles(cluster, job, directories)))
  return found.map((message) => ({ oracle: 'O9', message }))
}

/** Of a FINISHED job nothing but its log stays, of a canceled one the checkpoints that are retained. */
function checkpointsOf({ disk, auditor }: Evidence, job: JobId): string[] {
  const keeps = auditor.terminal(job) !== 'FINISHED'
  const retained = auditor.retained(job)
  const left = disk.paths(job).filter((path) => {
    if (path.startsWith(`${job}/log/`)) return false
    const id = /\/chk-(\d+)\//.exec(path)?.[1]
    return id === undefined || !keeps || !retained.has(Number(id))
  })
  return some(left, `on the storage of a job that is ${auditor.terminal(job)}`)
}

/**
 * A job that ends looks at its staging area for the last time when its final checkpoint is complete: what a zombie stages
 * later nobody sees any more, nor does whoever only commits after a crash at the very end, nor what comes back when the
 * power fails behind it, because no staging name is worth syncing a directory for its removal.
 */
function stagedFiles(cluster: Evidence, job: JobId, directories: readonly string[]): string[] {
  const { files, auditor } = cluster
  const tidiedAtMs = auditor.tidiedAtMs(job)
  if (tidiedAtMs === null || cluster.powerLostAtMs > tidiedAtMs) return []
  const left = files
    .paths()
    .filter((path) => path.includes('/.') && directories.some((one) => path.startsWith(`${one}/`)))
    .filter((path) => cluster.createdAtMs(path) < tidiedAtMs)
  return some(left, 'staged for a job that is FINISHED')
}

interface Host {
  readonly host: Pick<TaskManager['host'], 'processes'>
}

/** When all jobs have ended, no process of any is left on a TaskManager: each holds a slot, and memory. */
export function judgeProcesses(taskManagers: readonly Host[]): readonly Violation[] {
  const left = taskManagers.flatMap(({ host }) => [...host.processes].map(({ name }) => name))
  const found = some(left, 'of jobs that have ended', 'processes')
  return found.map((message) => ({ oracle: 'O9', message }))
}

function some(left: readonly string[], where: string, what: string = 'files'): string[] {
  if (left.length === 0) return []
  return [`${left.length} ${what} are left ${where}: ${left.slice(0, SHOWN_MAX).join(', ')}`]
}
