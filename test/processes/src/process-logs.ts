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
 * Crashes, errors, failures that neither a kill nor the codes of `explained` explain, and checkpoint ids of a job that
 * do not rise.
 */
export function judgeLogs(
  directory: string,
  explained: readonly string[] = [],
): readonly Violation[] {
  const strange = logFiles(directory).flatMap((path) =>
    readLog(path)
      .filter((line) => isStrange(line, explained))
      .map(({ line }) => `${basename(path, '.log')} says: ${line.slice(0, 500)}`),
  )
  const newest = new Map<string, number>()
  const falling = completedCheckpoints(join(directory, 'jobmanager.log')).flatMap((one) => {
    const before = newest.get(one.jobId) ?? 0
    newest.set(one.jobId, one.id)
    return one.id > before ? [] : [`checkpoint ${one.id} was completed after ${before}`]
  })
  return [...strange, ...falling].slice(0, SAID_MAX).map((message) => ({ oracle: 'logs', message }))
}

function isStrange({ line, entry }: LogLine, explained: readonly string[]): boolean {
  // A line that a kill has cut off.
  if (entry === null) return !line.startsWith('{"level":')
  const { level, code } = entry
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
