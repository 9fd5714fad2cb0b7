// What threads of a job hold when nothing is left to collect: only a rise of that is a leak. Code of the job itself tells it,
// because nobody else reaches its threads: a process shows what V8 has of the system, which goes up and down by tens of MiB.

import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { threadId } from 'node:worker_threads'

const TELL_EACH_MS = 5_000
const MIB = 2 ** 20

export interface CollectedHeap {
  /** Tells the thread from others of the job. */
  readonly thread: string
  /** Milliseconds since 1970. */
  readonly atMs: number
  readonly mib: number
}

/** In the job: call it often. Nothing happens unless `directory` is there. */
export class HeapTeller {
  readonly #directory: string
  #collect: (() => void) | null = null
  #nextMs = 0

  constructor(directory: string) {
    this.#directory = directory
  }

  look(): void {
    const nowMs = Date.now()
    if (nowMs < this.#nextMs) return
    this.#nextMs = nowMs + TELL_EACH_MS
    if (!existsSync(this.#directory)) return
    this.#collect ??= collector()
    this.#collect()
    const { used_heap_size: used, external_memory: external } = getHeapStatistics()
    const seen: CollectedHeap = {
      thread: `${process.pid}-${threadId}`,
      atMs: nowMs,
      mib: (used + external) / MIB,
    }
    appendFileSync(join(this.#directory, seen.thread), `${JSON.stringify(seen)}\n`)
  }
}

/** Of V8, which shows it to those contexts only that are made after it was asked to. */
function collector(): () => void {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
}

// ---- in the harness ----

export const askForHeaps = (directory: string): void => mkdirSync(directory)

export function heapsIn(directory: string): readonly CollectedHeap[] {
  return readdirSync(directory)
    .flatMap((name) => readFileSync(join(directory, name), 'utf8').trimEnd().split('\n'))
    .map((line) => JSON.parse(line) as CollectedHeap)
}
