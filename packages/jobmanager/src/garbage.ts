// What a job that runs has left on the storage and nobody needs: the directories of checkpoints that were aborted, that are
// not retained any more, and that tasks wrote to which nobody counts. One sweep at a time, and one behind it for all who ask
// meanwhile. A storage that denies deletes for good costs a few tries with each, however much has gathered there.

import type { CheckpointId, JobId } from '@weirjs/common/core/ids'
import { type ManifestStore, SWEEP_TRIES_MAX } from './store/manifest-store.ts'

/** Denied deletes in one sweep; behind them it waits for the next one. */
export const SWEEP_ERRORS_MAX = 3
/** Ids that are remembered of what could not be deleted; others are found again in the job's directory. */
const DENIED_MAX = 1_000

export interface GarbageOptions {
  readonly jobId: JobId
  readonly manifests: ManifestStore
  /** What the log retains, rising; none: the job has ended, and its clean-up takes all. */
  readonly retained: () => readonly CheckpointId[]
  readonly closed: () => boolean
  /** Something could not be deleted; a later sweep tries it again. */
  readonly onDenied: (error: unknown) => void
}

export class Garbage {
  readonly #options: GarbageOptions
  /** Not tried since. */
  readonly #aborted = new Set<CheckpointId>()
  /** The one whose last try is the longest ago first. It is tried behind the others: it must not keep them from their turn. */
  readonly #denied = new Set<CheckpointId>()
  #running: Promise<void> | null = null
  #next: Promise<void> | null = null

  constructor(options: GarbageOptions) {
    this.#options = options
  }

  /** Deletes what an aborted checkpoint has left: now, or with a later sweep. Never rejects. */
  aborted(id: CheckpointId): Promise<void> {
    remember(this.#aborted, id)
    return this.sweep()
  }

  /** Resolves when a sweep is through that began after this call. Never rejects. */
  sweep(): Promise<void> {
    const running = this.#running
    if (running === null) {
      this.#running = this.#sweep().finally(() => {
        this.#running = null
      })
      return this.#running
    }
    this.#next ??= running.then(() => {
      this.#next = null
      return this.sweep()
    })
    return this.#next
  }

  async #sweep(): Promise<void> {
    const { closed, onDenied } = this.#options
    if (closed()) return
    const errors: unknown[] = []
    const listed = await this.#listed().catch((error: unknown) => {
      errors.push(error)
      return []
    })
    const untried = new Set([...this.#aborted, ...listed].filter((id) => !this.#denied.has(id)))
    for (const id of [...untried, ...this.#denied].slice(0, SWEEP_TRIES_MAX)) {
      if (closed() || errors.length >= SWEEP_ERRORS_MAX) break
      await this.#discard(id).catch((error: unknown) => errors.push(error))
    }
    if (errors.length > 0) onDenied(errors[0])
  }

  /** Below the newest complete one nothing is pending; what is above it we know by its id only. */
  async #listed(): Promise<readonly CheckpointId[]> {
    const { jobId, manifests, retained } = this.#options
    const kept = retained()
    const newest = kept.at(-1)
    return newest === undefined ? [] : manifests.garbage(jobId, new Set(kept), newest)
  }

  async #discard(id: CheckpointId): Promise<void> {
    const { jobId, manifests } = this.#options
    this.#aborted.delete(id) // before: who writes meanwhile is heard of again
    try {
      await manifests.discard(jobId, id)
      this.#denied.delete(id)
    } catch (error) {
      remember(this.#denied, id)
      throw error
    }
  }
}

function remember(ids: Set<CheckpointId>, id: CheckpointId): void {
  ids.delete(id)
  ids.add(id)
  const [oldest] = ids
  if (ids.size > DENIED_MAX && oldest !== undefined) ids.delete(oldest)
}
