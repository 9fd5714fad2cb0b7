// How much processes take, looked at again and again.

import { existsSync, readdirSync, readFileSync } from 'node:fs'

const EVERY_MS = 200
const MIB = 1_024 * 1_024

/** Nothing, of a process that has ended: others will complain. */
export function rssMib(pid: number): number {
  const path = `/proc/${pid}/status`
  if (!existsSync(path)) return 0
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(path, 'utf8'))?.[1] ?? 0
  return (Number(kib) * 1_024) / MIB
}

/** Likewise. */
export function descriptors(pid: number): number {
  const path = `/proc/${pid}/fd`
  return existsSync(path) ? readdirSync(path).length : 0
}

export class Watch {
  readonly #timer: NodeJS.Timeout
  readonly #measure: (pid: number) => number
  readonly #before = new Map<number, number>()
  readonly #most = new Map<number, number>()

  constructor(pids: readonly number[], measure: (pid: number) => number) {
    this.#measure = measure
    for (const pid of pids) this.#before.set(pid, measure(pid))
    this.#timer = setInterval(() => this.#look(), EVERY_MS)
  }

  /** Above what it was at first, at most so far. */
  growth(pid: number): number {
    return Math.round((this.#most.get(pid) ?? 0) - (this.#before.get(pid) ?? 0))
  }

  /** Above what it was at first, now. */
  left(pid: number): number {
    return this.#measure(pid) - (this.#before.get(pid) ?? 0)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    for (const pid of this.#before.keys())
      this.#most.set(pid, Math.max(this.#most.get(pid) ?? 0, this.#measure(pid)))
  }
}
