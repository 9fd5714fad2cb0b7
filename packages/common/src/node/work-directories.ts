// The directories of TaskManager processes on one machine, one for each, named by the worker's id. A process removes its
// own when it ends; one that was killed could not, so the next one to start removes what the dead have left.

import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type WorkerId, workerId } from '../core/ids.ts'

const HOST_NAME_CHARS_MAX = 40

export interface WorkerName {
  readonly host: string
  readonly pid: number
  /** 12 hex digits: tells lives with the same pid apart. */
  readonly life: string
}

export function nameWorker({ host, pid, life }: WorkerName): WorkerId {
  return workerId(`${host.slice(0, HOST_NAME_CHARS_MAX)}-${pid}-${life}`)
}

/** Makes the directory of `own` in `root` and removes those of processes of the same machine that are no more. */
export function openWorkDirectory(root: string, own: WorkerName): string {
  const path = join(root, nameWorker(own))
  mkdirSync(path, { recursive: true, mode: 0o700 })
  for (const name of readdirSync(root)) {
    if (name === nameWorker(own) || !isOfDead(name, own)) continue
    rmSync(join(root, name), { recursive: true, force: true })
  }
  return path
}

/**
 * Whether the process is gone that had the directory of this name, as `own` knows. Of other machines nothing is known: their
 * directories stay. So does whatever is named otherwise.
 */
export function isOfDead(name: string, own: Pick<WorkerName, 'host' | 'pid'>): boolean {
  const [, host, pid] = /^(.*)-(\d+)-[0-9a-f]{12}$/.exec(name) ?? []
  if (host !== own.host.slice(0, HOST_NAME_CHARS_MAX)) return false
  // In containers everybody has the same pid, one after the other.
  return Number(pid) === own.pid || !isAlive(Number(pid))
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH')
  }
}
