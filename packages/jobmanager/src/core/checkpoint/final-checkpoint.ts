// Where the final checkpoint of a bounded job stands (decision D10): it becomes due when all input has ended, is tried
// again when it fails, is forgotten when the tasks restart, and once complete it stays so.

import { assert } from '@weirjs/common/core/assert'
import type { CheckpointId } from '@weirjs/common/core/ids'
import { finalRetryMs } from './trigger-policy.ts'

type Stage =
  | { readonly tag: 'not-yet' }
  | { readonly tag: 'due'; readonly atMs: number; readonly failures: number }
  | { readonly tag: 'triggered'; readonly checkpointId: CheckpointId; readonly failures: number }
  | { readonly tag: 'complete' }

export class FinalCheckpoint {
  #stage: Stage

  /** `complete`: a leader before us completed it. */
  constructor(complete: boolean) {
    this.#stage = { tag: complete ? 'complete' : 'not-yet' }
  }

  get tag(): Stage['tag'] {
    return this.#stage.tag
  }

  /** Monotonic; null when it is not due. */
  get dueMs(): number | null {
    return this.#stage.tag === 'due' ? this.#stage.atMs : null
  }

  inputEnded(nowMs: number): void {
    if (this.#stage.tag === 'not-yet') this.#stage = { tag: 'due', atMs: nowMs, failures: 0 }
  }

  triggered(checkpointId: CheckpointId): void {
    assert(this.#stage.tag === 'due', 'a final checkpoint is due before it is triggered')
    this.#stage = { tag: 'triggered', checkpointId, failures: this.#stage.failures }
  }

  completed(): void {
    this.#stage = { tag: 'complete' }
  }

  /** `tasksRun`: those that took part still do; else their input has to end once more. */
  failed(checkpointId: CheckpointId, tasksRun: boolean, nowMs: number): void {
    if (this.#stage.tag !== 'triggered' || this.#stage.checkpointId !== checkpointId) return
    const failures = this.#stage.failures + 1
    this.#stage = tasksRun
      ? { tag: 'due', atMs: nowMs + finalRetryMs(failures), failures }
      : { tag: 'not-yet' }
  }

  tasksStopped(): void {
    if (this.#stage.tag === 'due') this.#stage = { tag: 'not-yet' }
  }
}
