// What happened, in the order in which it happened: the notes of the harness and the logs of all processes, merged by wall
// time. Made for the one who reads a failure, not for judging: oracles look at output and processes themselves.

import { basename } from 'node:path'
import { type LogEntry, logFiles, readLog } from './process-logs.ts'

const NOTES_MAX = 100_000
const TEXT_CHARS_MAX = 400
/** Fields that every line of a log has, or that say nothing to a reader. */
const COMMON_FIELDS = new Set(['level', 'time', 'role', 'pid', 'msg', 'stack'])

interface Note {
  readonly atMs: number
  readonly who: string
  readonly text: string
}

export class Timeline {
  readonly #notes: Note[] = []
  readonly #startedMs = Date.now()
  readonly #echo: boolean

  /** With `echo`, notes are shown on stderr as they come. */
  constructor(echo = false) {
    this.#echo = echo
  }

  note(text: string, who = 'harness'): void {
    const note = { atMs: Date.now(), who, text }
    if (this.#notes.length < NOTES_MAX) this.#notes.push(note)
    if (this.#echo) process.stderr.write(`${this.#line(note)}\n`)
  }

  /** All notes with the logs in `directory` (`<process>.log`), oldest first. */
  merged(directory: string): readonly string[] {
    const logs = logFiles(directory).flatMap(notesOf)
    return [...this.#notes, ...logs]
      .toSorted((a, b) => a.atMs - b.atMs)
      .map((note) => this.#line(note))
  }

  #line({ atMs, who, text }: Note): string {
    const seconds = ((atMs - this.#startedMs) / 1_000).toFixed(3).padStart(9)
    return `${seconds}  ${who.padEnd(14)}  ${text.replaceAll('\n', ' | ').slice(0, TEXT_CHARS_MAX)}`
  }
}

/** Lines that are no JSON (a crash, a warning of the runtime) keep the time of the line before them. */
function notesOf(path: string): readonly Note[] {
  const who = basename(path, '.log')
  let atMs = 0
  return readLog(path).map(({ line, entry }) => {
    if (entry !== null) atMs = Date.parse(String(entry['time']))
    return { atMs, who, text: entry === null ? line : describe(entry) }
  })
}

function describe(entry: LogEntry): string {
  const fields = Object.entries(entry)
    .filter(([key]) => !COMMON_FIELDS.has(key))
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
  return [`[${String(entry['level'])}]`, String(entry['msg']), ...fields].join(' ')
}
