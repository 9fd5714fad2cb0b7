// The steps of the test, one after the other: each passes or fails, with its time and its proofs. After a failure the rest
// would prove nothing and is skipped.

/** The machine cannot run the test; the message says why. */
export class Skip extends Error {}

/** What a step wanted to see and did not. */
export class NotProven extends Error {}

export function prove(holds: boolean, what: string): asserts holds {
  if (!holds) throw new NotProven(what)
}

export class Steps {
  #passed = 0
  #failed = 0
  #skipped = 0
  readonly #startedMs = performance.now()

  get failed(): number {
    return this.#failed
  }

  tell(line: string): void {
    const seconds = ((performance.now() - this.#startedMs) / 1_000).toFixed(1).padStart(6)
    console.log(`${seconds} s  ${line}`)
  }

  /** Runs `body`, which answers what it has proven. */
  async step(title: string, body: () => Promise<readonly string[]>): Promise<void> {
    if (this.#failed > 0) return this.skip(title, 'an earlier step failed')
    await this.end(title, body)
  }

  /** A step that also follows a failure: cleaning up. */
  async end(title: string, body: () => Promise<readonly string[]>): Promise<void> {
    const startedMs = performance.now()
    try {
      const proofs = await body()
      this.#passed += 1
      this.tell(`pass  ${title} (${((performance.now() - startedMs) / 1_000).toFixed(1)} s)`)
      for (const proof of proofs) this.tell(`        ${proof}`)
    } catch (error) {
      if (error instanceof Skip) throw error
      this.#failed += 1
      this.tell(`FAIL  ${title}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  skip(title: string, reason: string): void {
    this.#skipped += 1
    this.tell(`skip  ${title}: ${reason}`)
  }

  /** The line that runners look for. */
  closing(): string {
    return `${this.#passed} passed, ${this.#failed} failed, ${this.#skipped} skipped`
  }
}
