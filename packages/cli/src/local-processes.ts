// The processes of a local cluster, as the command that started them left them: detached, each with a log file, known by
// pid and birth. A pid alone is never trusted: it may have been given to somebody else since. Each start of a process begins
// its log anew and sets the one before aside, as .1; a few of those are kept.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync, readFileSync, renameSync } from 'node:fs'
import { assert, present } from '@weirjs/common/core/assert'
import { sleep, type Scheduler } from '@weirjs/common/core/clock'
import { WeirError } from '@weirjs/common/core/errors'
import type { ClusterProcess } from './context.ts'
import { birthOf, lifeOf } from './process-life.ts'

const LAST_LINES = 5
const POLL_MS = 25
/** Logs of starts before the newest. */
export const OLD_LOGS_MAX = 5

/** What to start: a process, and its place in the cluster. */
export type Launch = Pick<ClusterProcess, 'role' | 'args' | 'log'>

export interface StartedProcess extends ClusterProcess {
  /** Set when the process has ended. */
  readonly exited: () => string | null
}

/**
 * Starts this command with other arguments, in the directory that is given, so that it outlives us. Error:
 * `cluster/start-failed`.
 */
export async function startDetached(
  { role, args, log }: Launch,
  directory: string,
): Promise<StartedProcess> {
  const script = present(process.argv[1], 'the script of this process')
  const out = openLog(role, log)
  try {
    const child = spawn(process.execPath, [...process.execArgv, script, ...args], {
      cwd: directory,
      detached: true,
      stdio: ['ignore', out, out],
      env: process.env,
    })
    let exited: string | null = null
    child.on('exit', (code, signal) => {
      exited = signal ?? `exit code ${code}`
    })
    child.on('error', (error) => {
      exited = error.message
    })
    const { pid } = child
    if (pid === undefined) throw (await once(child, 'error'))[0]
    child.unref()
    return { role, pid, birth: birthOf(pid), log, args, exited: () => exited }
  } catch (error) {
    throw notStarted(role, error)
  } finally {
    closeSync(out)
  }
}

/** The limit on processes is reached, perhaps: then there is no pid, and the reason comes as an event, or is thrown. */
function notStarted(role: ClusterProcess['role'], cause: unknown): WeirError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new WeirError('cluster/start-failed', `the ${role} could not be started: ${reason}`, {
    domain: 'external',
    hint: 'are there limits on processes, open files or memory? `ulimit -a` shows them',
    cause,
  })
}

function openLog(role: ClusterProcess['role'], log: string): number {
  try {
    setLogAside(log)
    // For appending: whoever cuts the file while it is being written leaves no hole.
    return openSync(log, 'a', 0o600)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new WeirError('cluster/start-failed', `the ${role} has no log: ${reason}`, {
      domain: 'external',
      cause,
    })
  }
}

/** As `log`.1; those before it move on, and the oldest is replaced. */
export function setLogAside(log: string): void {
  if (!existsSync(log)) return
  for (let i = OLD_LOGS_MAX - 1; i >= 0; i--) {
    const from = i === 0 ? log : `${log}.${i}`
    if (existsSync(from)) renameSync(from, `${log}.${i + 1}`)
  }
}

/** Surely: nobody else is ever sent a signal. */
const isAlive = (process_: ClusterProcess): boolean => lifeOf(process_) === 'alive'

/**
 * Ends those that are alive: asks, waits for `graceMs`, then kills. Answers those that had to be killed. What may be
 * somebody else's by now is left alone.
 */
export async function stopAll(
  processes: readonly ClusterProcess[],
  scheduler: Scheduler,
  graceMs: number,
): Promise<readonly ClusterProcess[]> {
  const alive = processes.filter(isAlive)
  for (const one of alive) send(one, 'SIGTERM')
  const dueMs = scheduler.nowMs() + graceMs
  while (alive.some(isAlive) && scheduler.nowMs() < dueMs) await sleep(scheduler, POLL_MS)
  const stubborn = alive.filter(isAlive)
  for (const one of stubborn) send(one, 'SIGKILL')
  while (stubborn.some(isAlive)) await sleep(scheduler, POLL_MS)
  return stubborn
}

/** The error for a process that ended while it was waited for. */
export function endedEarly(process_: StartedProcess, how: string): WeirError {
  const lines = lastLines(process_.log)
  return new WeirError(
    'cluster/start-failed',
    `the ${process_.role} ended at once (${how})\n${lines}`,
    {
      domain: 'external',
      hint: `its log is ${process_.log}`,
    },
  )
}

function send(process_: ClusterProcess, signal: NodeJS.Signals): void {
  assert(process_.pid > 0, 'a signal to process 0, or a negative one, reaches a whole group')
  try {
    process.kill(process_.pid, signal)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return
    throw error
  }
}

function lastLines(log: string): string {
  if (!existsSync(log)) return ''
  return readFileSync(log, 'utf8').trimEnd().split('\n').slice(-LAST_LINES).join('\n')
}
