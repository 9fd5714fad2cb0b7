// What the tasks of a run leave in its results directory, and how it is read back: when readers began, and what each
// sink came to. A file appears under its name when it is whole.

import { readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type RowCheck, RowHash } from '../row-hash.ts'

export interface FirstRecord {
  /** Wall clock, ms since 1970. */
  readonly atMs: number
}

export interface SinkResult extends RowCheck {
  /** When this sink had seen the end of its input. */
  readonly atMs: number
}

/** What all subtasks together came to. */
export interface RunMarks {
  readonly check: RowCheck
  readonly firstRecordMs: number
  readonly drainedMs: number
}

const FIRST = 'first-'
const SINK = 'sink-'

export const firstRecordFile = (results: string, subtask: number): string =>
  join(results, `${FIRST}${subtask}`)
export const sinkFile = (results: string, subtask: number): string =>
  join(results, `${SINK}${subtask}`)

export function writeMark(path: string, mark: FirstRecord | SinkResult): void {
  const temporary = `${path}.tmp`
  writeFileSync(temporary, JSON.stringify(mark))
  renameSync(temporary, path)
}

/** Throws when no sink has written its result. */
export function readMarks(results: string): RunMarks {
  const names = readdirSync(results)
  const read = <T>(prefix: string): T[] =>
    names
      .filter((name) => name.startsWith(prefix) && !name.endsWith('.tmp'))
      .map((name) => JSON.parse(readFileSync(join(results, name), 'utf8')) as T)
  const sinks = read<SinkResult>(SINK)
  if (sinks.length === 0) throw new Error(`no sink has written its result to ${results}`)
  const sum = new RowHash()
  for (const sink of sinks) sum.addCheck(sink)
  return {
    check: sum.check,
    firstRecordMs: Math.min(...read<FirstRecord>(FIRST).map(({ atMs }) => atMs)),
    drainedMs: Math.max(...sinks.map(({ atMs }) => atMs)),
  }
}
