// O2, a concurrent reader: what was once visible stays, unchanged.

import type { FileSystem } from '@weirjs/connectors/files/file-system'
import { Complaints, type Violation } from './violation.ts'
import { readFiles } from './visible-files.ts'

/** Call `look` again and again while faults run. */
export class Reader {
  readonly #files: FileSystem
  readonly #directories: readonly string[]
  #seen = new Map<string, string>()
  /** Seen before the power failed, and not yet again. */
  readonly #faded = new Map<string, string>()
  readonly #complaints = new Complaints('O2')

  constructor(files: FileSystem, directories: readonly string[]) {
    this.#files = files
    this.#directories = directories
  }

  get violations(): readonly Violation[] {
    return this.#complaints.found
  }

  async look(): Promise<void> {
    const now = await this.#read()
    for (const [path, content] of this.#seen) {
      const present = now.get(path)
      if (present === undefined) this.#complaints.add(`${path} has disappeared`)
      else if (present !== content) this.#complaints.add(`${path} has changed`)
    }
    for (const [path, content] of now) {
      const faded = this.#faded.get(path)
      if (faded !== undefined && faded !== content)
        this.#complaints.add(`${path} came back with other content`)
      this.#seen.set(path, content)
    }
  }

  /** A name that nobody had synced may be gone; when it comes back, then with the same content. */
  async powerFailed(): Promise<void> {
    const now = await this.#read()
    for (const [path, content] of this.#seen) if (!now.has(path)) this.#faded.set(path, content)
    this.#seen = new Map([...this.#seen].filter(([path]) => now.has(path)))
  }

  async #read(): Promise<Map<string, string>> {
    const now = new Map<string, string>()
    for (const directory of this.#directories)
      for (const [path, content] of await readFiles(this.#files, directory)) now.set(path, content)
    return now
  }
}
