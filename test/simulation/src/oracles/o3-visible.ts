// Oracle O3, what becomes visible: a file gets its final name only when it is durable and a checkpoint that holds it among
// what is to be committed is complete. It reads the state files themselves: that some checkpoint completed is not enough.

import { Complaints, type Violation } from './violation.ts'

/** How a file sink names in a checkpoint what it has staged. */
const STAGED = /"staging":"([^"]+)"/g

export class VisibilityAuditor {
  /** Staged files that are durable. */
  readonly #sealed = new Set<string>()
  /** Staged files that a completed checkpoint holds. */
  readonly #decided = new Set<string>()
  readonly #complaints = new Complaints('O3')

  get violations(): readonly Violation[] {
    return this.#complaints.found
  }

  /** A checkpoint has completed whose tasks wrote `states`. */
  completed(states: readonly Uint8Array[]): void {
    for (const bytes of states) {
      const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      // Most states are large and hold none: looking is much cheaper than making a text of it.
      if (!buffer.includes('"staging":"')) continue
      const text = buffer.toString('latin1')
      for (const [, path] of text.matchAll(STAGED)) if (path !== undefined) this.#decided.add(path)
    }
  }

  sealed(staging: string): void {
    this.#sealed.add(staging)
  }

  published(staging: string, final: string): void {
    if (!this.#sealed.has(staging)) this.#complaints.add(`${final} is visible and was never synced`)
    if (!this.#decided.has(staging))
      this.#complaints.add(`${final} is visible, and no completed checkpoint holds it`)
  }
}
