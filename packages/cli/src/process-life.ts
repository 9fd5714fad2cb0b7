// Whether a process that was written down still lives. A pid alone says nothing: it may have been given to somebody else
// since. What tells them apart is when the process began, by /proc, and by `ps` where there is none (macOS, BSD).

import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import type { ClusterProcess } from './context.ts'

/** `unknown`: there is a process of that pid, and nobody can tell whether it is the one that was meant. */
export type Life = 'alive' | 'gone' | 'unknown'

interface Seen {
  /** `Z…` for what is left of a process that has ended. */
  readonly state: string
  readonly birth: string
}

const HAS_PROC = existsSync('/proc/self/stat')
const PS_MS_MAX = 5_000

export function lifeOf({ pid, birth }: Pick<ClusterProcess, 'pid' | 'birth'>): Life {
  if (pid <= 0 || !isTaken(pid)) return 'gone'
  const seen = see(pid)
  if (seen?.state.startsWith('Z') === true) return 'gone'
  if (birth === null) return 'unknown'
  if (seen === null) return HAS_PROC ? 'gone' : 'unknown'
  return seen.birth === birth ? 'alive' : 'gone'
}

/** As it can be compared on this machine; null: the system does not say. */
export const birthOf = (pid: number): string | null => see(pid)?.birth ?? null

const see = (pid: number): Seen | null => (HAS_PROC ? seenInProc(pid) : seenByPs(pid))

function isTaken(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** Fields of /proc/<pid>/stat behind the command's name. */
const STATE_FIELD = 0
const START_FIELD = 19

function seenInProc(pid: number): Seen | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    const { [STATE_FIELD]: state = '', [START_FIELD]: birth } = fields
    return birth === undefined ? null : { state, birth }
  } catch {
    return null // gone
  }
}

/** The answer is the same text whatever language and time zone the one who asks has. */
export function seenByPs(pid: number): Seen | null {
  const { stdout, status } = spawnSync('ps', ['-o', 'stat=', '-o', 'lstart=', '-p', `${pid}`], {
    env: { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC0' },
    encoding: 'utf8',
    timeout: PS_MS_MAX,
  })
  const [, state, birth] = /^(\S+)\s+(\S.*\S)\s*$/.exec(stdout ?? '') ?? []
  return status !== 0 || state === undefined || birth === undefined ? null : { state, birth }
}
