// Processes of this machine as /proc shows them: who descends from whom, and whether a process is still the one that was
// meant. A pid alone is never trusted: it may have been given to somebody else since. Linux only.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** One life of a process. */
export interface ProcessLife {
  readonly pid: number
  /** When it began, in ticks since the machine did: tells it from a later process with the same pid. */
  readonly birth: string
}

/** Fields of /proc/<pid>/stat behind the command's name. */
const STATE = 0
const PARENT = 1
const BIRTH = 19

/** null when there is no such process, or only its remains. */
export function lifeOf(pid: number): ProcessLife | null {
  const stat = statOf(pid)
  const birth = stat?.[BIRTH]
  return birth === undefined || stat?.[STATE] === 'Z' ? null : { pid, birth }
}

export function isAlive(life: ProcessLife): boolean {
  return lifeOf(life.pid)?.birth === life.birth
}

/** One letter: `R`unning, `S`leeping, s`T`opped, … null when there is no such process. */
export function stateOf(pid: number): string | null {
  return statOf(pid)?.[STATE] ?? null
}

/** Children of a process, oldest first. */
export function childrenOf(pid: number): readonly ProcessLife[] {
  return allPids()
    .filter((other) => Number(statOf(other)?.[PARENT]) === pid)
    .map(lifeOf)
    .filter((life) => life !== null)
    .toSorted((a, b) => Number(a.birth) - Number(b.birth) || a.pid - b.pid)
}

/** Throws when it has ended. */
export function parentOf(life: ProcessLife): number {
  const parent = isAlive(life) ? statOf(life.pid)?.[PARENT] : undefined
  if (parent === undefined) throw new Error(`process ${life.pid} has ended`)
  return Number(parent)
}

/** Everything below a process, itself not included. */
export function descendantsOf(pid: number): readonly ProcessLife[] {
  return childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child.pid)])
}

/** Kills this life of the process and no other; nothing happens when it has ended. */
export function kill9(life: ProcessLife): void {
  signal(life, 'SIGKILL')
}

/** Likewise. */
export function signal(life: ProcessLife, name: NodeJS.Signals): void {
  if (!isAlive(life)) return
  try {
    process.kill(life.pid, name)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

/** How many threads of a process wait for a device and can't be interrupted (state D). */
export function waitingThreads(pid: number): number {
  const directory = `/proc/${pid}/task`
  return entriesOf(directory).filter((thread) => statIn(`${directory}/${thread}`)?.[STATE] === 'D')
    .length
}

const PAGE_BYTES = 4_096
const MIB = 2 ** 20

/** 0 when the process has ended; so are the others. */
export function residentMiB(pid: number): number {
  const [, pages = '0'] = readOrEmpty(`/proc/${pid}/statm`).split(' ')
  return (Number(pages) * PAGE_BYTES) / MIB
}

interface Thread {
  readonly id: number
  readonly name: string
}

export function threadsOf(pid: number): readonly Thread[] {
  const directory = `/proc/${pid}/task`
  return entriesOf(directory).map((thread) => ({
    id: Number(thread),
    name: readOrEmpty(`${directory}/${thread}/comm`).trim(),
  }))
}

export function openFilesOf(pid: number): { readonly all: number; readonly sockets: number } {
  const directory = `/proc/${pid}/fd`
  const files = entriesOf(directory)
  const sockets = files.filter((file) => linkOf(`${directory}/${file}`).startsWith('socket:'))
  return { all: files.length, sockets: sockets.length }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return '' // closed while it is looked at
  }
}

function allPids(): readonly number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid))
}

const statOf = (pid: number): readonly string[] | null => statIn(`/proc/${pid}`)

function statIn(directory: string): readonly string[] | null {
  const text = readOrEmpty(`${directory}/stat`)
  return text === '' ? null : text.slice(text.lastIndexOf(')') + 2).split(' ')
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return '' // processes end while they are looked at
  }
}

function entriesOf(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
  } catch {
    return [] // likewise
  }
}
