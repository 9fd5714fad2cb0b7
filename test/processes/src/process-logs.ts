// What the processes of a cluster wrote about themselves. A kill is answered by failures of known kinds; anything else in a
// log, a crash above all, is a find, whatever the output looks like.

import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Violation } from './violation.ts'

const SAID_MAX = 5

export type LogEntry = Readonly<Record<string, unknown>>

export interface LogLine {
  readonly line: string
  /** null: it is no log entry. */
  readonly entry: LogEntry | null
}

/** What a process may say when others, or its own children, are killed. */
const EXPECTED_CODES: ReadonlySet<unknown> = new Set([
  undefined,
  'checkpoint/subsumed',
  'checkpoint/tasks-stopped',
  'exchange/peer-lost',
  // A burst has taken so many TaskManagers that those who are left have no room, until others are up.
  'job/not-enough-slots',
  'job/process-killed',
  'job/process-lost',
  'rpc/deadline',
  'rpc/unavailable',
  'worker/lost',
])

export function logFiles(directory: string): readonly string[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.log'))
    .map((name) => join(directory, name))
}

export function readLog(path: string): readonly LogLine[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => ({ line, entry: parse(line) }))
}

export interface CompletedCheckpoint {
  readonly jobId: string
  readonly id: number
}

/** In the order in which the JobManagers said so. */
export function completedCheckpoints(path: string): readonly CompletedCheckpoint[] {
  return readLog(path).flatMap(({ entry }) => {
    const [, id] = /^Checkpoint completed with ID (\d+)/.exec(String(entry?.['msg'])) ?? []
    return id === undefined ? [] : [{ jobId: String(entry?.['jobId']), id: Number(id) }]
  })
}

/**
 * Crashes, errors, failures that neither a kill nor `explained` (codes, and what errors say) explains, and that nothing
 * `excuses`, checkpoint ids of a job that do not rise, and checkpoints that two JobManagers have completed.
 */
export function judgeLogs(
  directory: string,
  explained: readonly string[] = [],
  excuses: (entry: LogEntry) => boolean = () => false,
): readonly Violation[] {
  const strange = logFiles(directory).flatMap((path) =>
    readLog(path)
      .filter((line) => isStrange(line, explained))
      .filter(({ entry }) => entry === null || !excuses(entry))
      .map(({ line }) => `${basename(path, '.log')} says: ${line.slice(0, 500)}`),
  )
  const byJobManager = logFiles(directory)
    .filter((path) => basename(path).startsWith('jobmanager'))
    .map(completedCheckpoints)
  return [...strange, ...byJobManager.flatMap(falling), ...twice(byJobManager)]
    .slice(0, SAID_MAX)
    .map((message) => ({ oracle: 'logs', message }))
}

function falling(completed: readonly CompletedCheckpoint[]): readonly string[] {
  const newest = new Map<string, number>()
  return completed.flatMap(({ jobId, id }) => {
    const before = newest.get(jobId) ?? 0
    newest.set(jobId, id)
    return id > before ? [] : [`checkpoint ${id} was completed after ${before}`]
  })
}

function twice(byJobManager: readonly (readonly CompletedCheckpoint[])[]): readonly string[] {
  const seen = new Set<string>()
  return byJobManager.flatMap((completed) => {
    const names = completed.map(({ jobId, id }) => `checkpoint ${id} of job ${jobId}`)
    const again = names.filter((name) => seen.has(name))
    for (const name of names) seen.add(name)
    return again.map((name) => `two JobManagers have completed ${name}`)
  })
}

function isStrange({ line, entry }: LogLine, explained: readonly string[]): boolean {
  // A line that a kill has cut off.
  if (entry === null) return !line.startsWith('{"level":')
  const { level, code, msg } = entry
  if (explained.includes(String(msg))) return false
  if (level === 'error' || level === 'fatal') return true
  return !EXPECTED_CODES.has(code) && !explained.includes(String(code))
}

function parse(line: string): LogEntry | null {
  if (!line.startsWith('{')) return null
  try {
    return JSON.parse(line) as LogEntry
  } catch {
    return null // cut off by a kill
  }
}
