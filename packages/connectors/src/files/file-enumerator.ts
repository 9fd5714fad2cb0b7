// Finds files and hands their splits to readers that ask for work, a few at a time when there are many. Bounded: looks
// once. Watching: looks again and again, and remembers every path that it has ever seen.

import type {
  Assignment,
  EnumeratorContext,
  SourceWork,
  SplitEnumerator,
} from '@weirjs/api/connector'
import type { CancelTimer } from '@weirjs/common/core/clock'
import { WeirError } from '@weirjs/common/core/errors'
import { hasCode } from './file-errors.ts'
import { type FoundFile, findFiles, INPUT_FILES_MAX, refuseEmpty } from './file-paths.ts'
import type { FileSystem } from './file-system.ts'

/** Splits handed out at once, when plenty are left. */
const SPLITS_AT_ONCE_MAX = 16

/** What every split of a file has. */
export interface FileSplit {
  readonly id: string
  /** Its place among all that were handed out, which is the order to read them in. Older checkpoints do not say. */
  readonly order?: number
}

export interface FileEnumeratorState<Split> {
  /** True when the first look is done: a restart does not look again, unless watching. */
  readonly looked: boolean
  readonly pending: readonly Split[]
  /** Watching only: paths that were found before. */
  readonly seen: readonly string[]
  /** How many splits have been handed out. Older checkpoints do not say, and nor do the splits in them. */
  readonly handedOut?: number
}

/** For sources on this enumerator. */
export function fileWork<Split>(
  ofSplit: (split: Split) => number | null,
): SourceWork<Split, FileEnumeratorState<Split>> {
  return {
    ofSplit,
    ofEnumerator: ({ looked, pending }) => {
      let sum: number | null = looked ? 0 : null
      for (const split of pending) {
        const left = ofSplit(split)
        sum = sum === null || left === null ? null : sum + left
      }
      return sum
    },
  }
}

export interface FileEnumeratorOptions<Split> {
  readonly fs: FileSystem
  readonly path: string
  /** Milliseconds between looks; null: one look. */
  readonly watchMs: number | null
  readonly allowEmpty: boolean
  readonly splitsOf: (file: FoundFile) => Promise<readonly Split[]>
}

/** `first`: of a job that has not run before. */
type Look = 'first' | 'again'

export class FileEnumerator<Split extends FileSplit>
  implements SplitEnumerator<Split, FileEnumeratorState<Split>>
{
  readonly #context: EnumeratorContext
  readonly #options: FileEnumeratorOptions<Split>
  readonly #idle = new Set<number>()
  readonly #seen: Set<string>
  #pending: Split[]
  #looked: boolean
  #handedOut: number
  #timer: CancelTimer | null = null
  #failure: unknown = null
  #closed = false

  constructor(
    context: EnumeratorContext,
    restored: FileEnumeratorState<Split> | null,
    options: FileEnumeratorOptions<Split>,
  ) {
    this.#context = context
    this.#options = options
    this.#pending = [...(restored?.pending ?? [])]
    this.#seen = new Set(restored?.seen)
    this.#looked = restored?.looked ?? false
    this.#handedOut = restored?.handedOut ?? 0
  }

  async start(): Promise<void> {
    const { watchMs } = this.#options
    if (watchMs !== null) await this.#look(this.#context.restarted ? 'again' : 'first')
    else if (!this.#looked) await this.#look('first')
    if (watchMs !== null) this.#lookAgainIn(watchMs)
  }

  readerIdle(subtask: number): void {
    this.#idle.add(subtask)
    if (this.#pending.length > 0) this.#context.wake()
  }

  poll(): readonly Assignment<Split>[] | 'wait' | 'end' {
    if (this.#failure !== null) throw this.#failure
    if (this.#pending.length === 0) return this.#options.watchMs === null ? 'end' : 'wait'
    if (this.#idle.size === 0) return 'wait'
    const assignments: Assignment<Split>[] = []
    const share = Math.floor(this.#pending.length / (4 * this.#context.parallelism))
    const atOnce = Math.min(Math.max(share, 1), SPLITS_AT_ONCE_MAX)
    for (const subtask of this.#idle) {
      const splits = this.#pending.splice(0, atOnce)
      if (splits.length === 0) break
      this.#idle.delete(subtask)
      for (const split of splits)
        assignments.push({ subtask, split: { ...split, order: this.#handedOut++ } })
    }
    return assignments
  }

  snapshot(): FileEnumeratorState<Split> {
    return {
      looked: this.#looked,
      pending: [...this.#pending],
      seen: [...this.#seen],
      handedOut: this.#handedOut,
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#timer?.()
  }

  async #look(which: Look): Promise<void> {
    const { fs, path, watchMs, allowEmpty } = this.#options
    const watching = watchMs !== null
    const files = await (watching ? this.#findWatched(which) : findFiles(fs, path))
    if (files === 'not there yet') return
    if (!watching && !allowEmpty) refuseEmpty(path, files)
    const found: Split[] = []
    for (const file of files) {
      if (this.#seen.has(file.path)) continue
      const splits = await this.#splitsOf(file)
      if (splits === 'gone') continue
      if (!watching) {
        for (const split of splits) found.push(split)
        continue
      }
      // Without a wait between: a snapshot sees the file as seen and its splits as pending, or neither.
      this.#remember(file.path)
      for (const split of splits) this.#pending.push(split)
    }
    // A bounded look counts as a whole: a snapshot before its end holds nothing of it, and a restart looks again.
    this.#pending = this.#pending.concat(found)
    this.#looked = true
  }

  /** What is watched may come back: a disk that is mounted anew. What was never there is more likely a mistake. */
  async #findWatched(which: Look): Promise<readonly FoundFile[] | 'not there yet'> {
    const { fs, path, allowEmpty } = this.#options
    try {
      return await findFiles(fs, path)
    } catch (error) {
      if (!(error instanceof WeirError) || error.code !== 'files/not-found') throw error
      if (allowEmpty && !this.#looked) return 'not there yet'
      throw notThere(error, which, path)
    }
  }

  /** A file that its owner takes away while a tree is watched was never there; should it come back, it is new. */
  async #splitsOf(file: FoundFile): Promise<readonly Split[] | 'gone'> {
    try {
      return await this.#options.splitsOf(file)
    } catch (error) {
      if (this.#options.watchMs !== null && hasCode(error, 'files/not-found')) return 'gone'
      throw error
    }
  }

  #remember(path: string): void {
    this.#seen.add(path)
    if (this.#seen.size <= INPUT_FILES_MAX) return
    throw new WeirError(
      'files/too-many',
      `more than ${INPUT_FILES_MAX} files have appeared in ${this.#options.path}`,
      {
        domain: 'user',
        location: this.#options.path,
      },
    )
  }

  #lookAgainIn(delayMs: number): void {
    if (this.#closed) return
    this.#timer = this.#context.scheduler.timer(delayMs, () => {
      this.#look('again').then(
        () => {
          this.#context.wake()
          this.#lookAgainIn(delayMs)
        },
        (error: unknown) => {
          this.#failure = error
          this.#context.wake()
        },
      )
    })
  }
}

function notThere(cause: WeirError, which: Look, path: string): WeirError {
  const { message, location = path } = cause
  if (which === 'first')
    return new WeirError('files/not-found', message, {
      domain: 'user',
      retry: 'never',
      location,
      cause,
      hint: 'Check the path: it is looked up on the machine that runs the task. If it comes later, say allowEmpty: true.',
    })
  return new WeirError('files/not-found', message, {
    domain: 'external',
    retry: 'backoff',
    location,
    cause,
    hint: 'The job restarts until it is there again.',
  })
}
