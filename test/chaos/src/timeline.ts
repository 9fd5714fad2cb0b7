// What happened, in the order in which it happened: the notes of the harness and the logs of all processes, merged by wall
// time. Made for the one who reads a failure, not for judging: oracles look at output and processes themselves.

import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

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
    const logs = readdirSync(directory)
      .filter((name) => name.endsWith('.log'))
      .flatMap((name) => readLog(join(directory, name)))
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
function readLog(path: string): readonly Note[] {
  const who = basename(path, '.log')
  const notes: Note[] = []
  let atMs = 0
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    if (line.trim() === '') continue
    const entry = parse(line)
    if (entry !== null) atMs = Date.parse(String(entry['time']))
    notes.push({ atMs, who, text: entry === null ? line : describe(entry) })
  }
  return notes
}

type Entry = Readonly<Record<string, unknown>>

function parse(line: string): Entry | null {
  if (!line.startsWith('{')) return null
  try {
    return JSON.parse(line) as Entry
  } catch {
    return null // cut off by a kill
  }
}

function describe(entry: Entry): string {
  const fields = Object.entries(entry)
    .filter(([key]) => !COMMON_FIELDS.has(key))
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
  return [`[${String(entry['level'])}]`, String(entry['msg']), ...fields].join(' ')
}
