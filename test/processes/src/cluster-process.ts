// One place for a process of a cluster: started, killed, started again, always with the same command and log file. A
// process that ends without having been told to is remembered: somebody will want to know.

import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, fstatSync, openSync, statSync } from 'node:fs'
import { childrenOf, descendantsOf, kill9, lifeOf, type ProcessLife } from './proc.ts'
import type { Timeline } from './timeline.ts'

const STOP_MS_MAX = 20_000

export interface ProcessOptions {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  readonly log: string
  readonly timeline: Timeline
}

interface Running {
  readonly child: ChildProcess
  readonly pid: number
  readonly ended: Promise<string>
  /** Of the log when it was started. */
  readonly logBytes: number
  expected: boolean
}

export class ClusterProcess {
  readonly #options: ProcessOptions
  #running: Running | null = null
  /** How often it ended although nobody told it to, and how. */
  readonly surprises: string[] = []

  constructor(options: ProcessOptions) {
    this.#options = options
  }

  get name(): string {
    return this.#options.name
  }

  /** null while it does not run. */
  get pid(): number | null {
    return this.#running?.pid ?? null
  }

  get log(): string {
    return this.#options.log
  }

  start(): void {
    if (this.#running !== null) return
    const { command, args, cwd, env, log, timeline, name } = this.#options
    const out = openSync(log, 'a', 0o600)
    try {
      // A group of its own: Ctrl-C at the harness is the harness's to handle.
      const child = spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', out, out] })
      const running: Running = {
        child,
        pid: child.pid ?? 0,
        expected: false,
        logBytes: fstatSync(out).size,
        ended: new Promise((resolve) => {
          child.once('error', (error) => resolve(error.message))
          child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`))
        }).then((how) => this.#ended(running, String(how))),
      }
      this.#running = running
      timeline.note(`started, pid ${running.pid}`, name)
    } finally {
      closeSync(out)
    }
  }

  /** Its job processes and whatever else it has started, oldest first. */
  children(): readonly ProcessLife[] {
    return this.#running === null ? [] : childrenOf(this.#running.pid)
  }

  /** Of a TaskManager: job processes that surely are at work. The youngest child may be one that was started ahead. */
  jobProcesses(): readonly ProcessLife[] {
    return this.children().slice(0, -1)
  }

  /** It may end by itself from now on: somebody has seen to that. */
  expectEnd(): void {
    if (this.#running !== null) this.#running.expected = true
  }

  /** SIGKILL to it alone. Resolves when it is gone; what it leaves behind is answered. */
  async kill(): Promise<readonly ProcessLife[]> {
    const running = this.#running
    if (running === null) return []
    const left = descendantsOf(running.pid)
    running.expected = true
    running.child.kill('SIGKILL')
    await running.ended
    return left
  }

  /**
   * SIGTERM. Answers how it ended (`exit code 0`), `SIGKILL` when it had to be killed at last; null when there was nothing
   * to end yet: it did not run, or was still loading its code and had not said a word.
   */
  async stop(withinMs: number = STOP_MS_MAX): Promise<string | null> {
    const running = this.#running
    if (running === null) return null
    running.expected = true
    const silent = statSync(this.log).size === running.logBytes
    running.child.kill('SIGTERM')
    const late = setTimeout(() => running.child.kill('SIGKILL'), withinMs)
    const how = await running.ended
    clearTimeout(late)
    return silent && how === 'SIGTERM' ? null : how
  }

  /** For the end of the harness itself: synchronous, and with everything below it. */
  killTree(): void {
    const { pid } = this
    if (pid === null) return
    const own = lifeOf(pid)
    for (const life of [...(own === null ? [] : [own]), ...descendantsOf(pid)]) kill9(life)
  }

  #ended(running: Running, how: string): string {
    if (this.#running === running) this.#running = null
    this.#options.timeline.note(`ended: ${how}`, this.name)
    if (!running.expected) this.surprises.push(`${this.name} (pid ${running.pid}) ended: ${how}`)
    return how
  }
}
