// What an oracle answers.

export interface Violation {
  readonly oracle: 'O1' | 'O2' | 'O3' | 'O4' | 'O5' | 'O6' | 'O7' | 'O8' | 'O9' | 'O10'
  readonly message: string
}

/** Complaints of one judge; the first ones tell enough. */
export const COMPLAINTS_MAX = 5

export class Complaints {
  readonly #oracle: Violation['oracle']
  readonly found: Violation[] = []

  constructor(oracle: Violation['oracle']) {
    this.#oracle = oracle
  }

  add(message: string): void {
    if (this.found.length < COMPLAINTS_MAX) this.found.push({ oracle: this.#oracle, message })
  }
}
