// What a file sink has made visible on a file system in memory, and a guard over it: what was once visible must stay as it
// is, for ever.

import type { MemoryFileSystem } from '@weirjs/connectors/files/memory-file-system'
import { expect } from 'vitest'

const isHidden = (path: string): boolean => path.split('/').some((part) => /^[._]/.test(part))

export class OutputFiles {
  readonly #files: MemoryFileSystem
  readonly #directory: string
  readonly #seen = new Map<string, string>()

  constructor(files: MemoryFileSystem, directory: string) {
    this.#files = files
    this.#directory = directory
  }

  /** Paths of visible files. */
  get visible(): readonly string[] {
    const inside = `${this.#directory}/`
    return this.#files
      .paths()
      .filter((path) => path.startsWith(inside) && !isHidden(path.slice(inside.length)))
  }

  /** Paths of files that only the sink should see. */
  get staged(): readonly string[] {
    const inside = `${this.#directory}/`
    return this.#files
      .paths()
      .filter((path) => path.startsWith(inside) && isHidden(path.slice(inside.length)))
  }

  /** The records in all visible files, having seen that no file was taken away, changed, or is empty. */
  read<T>(): readonly T[] {
    const now = new Map(this.visible.map((path) => [path, this.#files.text(path)]))
    for (const [path, content] of this.#seen) {
      expect(now.get(path), `${path} stays as it was`).toBe(content)
    }
    for (const [path, content] of now) {
      expect(content, `${path} has records`).not.toBe('')
      this.#seen.set(path, content)
    }
    return [...now.values()].flatMap((content) =>
      content
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as T),
    )
  }
}
