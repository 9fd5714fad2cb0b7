// O2, from the other side: sees every write and removal at the moment when it happens, so no change of what is visible can
// hide between two looks of the reader. A visible file is one inode with a staged one: a write there changes both.

import { Complaints, type Violation } from './violation.ts'

export class OutputWatch {
  /** Staged names of what is visible. */
  readonly #published = new Map<string, string>()
  readonly #complaints = new Complaints('O2')

  get violations(): readonly Violation[] {
    return this.#complaints.found
  }

  published(staging: string, final: string): void {
    this.#published.set(staging, final)
  }

  /** Bytes were added to what lies under this name. */
  written(path: string): void {
    const final = this.#published.get(path)
    if (final !== undefined) this.#complaints.add(`${final} is visible, and ${path} was written to`)
    else if (!isHidden(path)) this.#complaints.add(`${path} was written to in everybody's sight`)
  }

  removed(path: string): void {
    if (!isHidden(path)) this.#complaints.add(`${path} was visible, and was removed`)
  }
}

const isHidden = (path: string): boolean => path.includes('/.')
