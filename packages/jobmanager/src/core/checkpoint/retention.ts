// Which completed checkpoints stay. The newest N do; a checkpoint whose log entry is in doubt (D2) counts as present,
// but never towards N, so that the N that stay are sure ones. It deletes nothing: it names what may go, and the shell
// writes that into the log before it touches a file (D6).

import { assert } from '@weirjs/common/core/assert'
import type { CheckpointId } from '@weirjs/common/core/ids'
import type { CompletedCheckpoint } from './events.ts'

export class Retention {
  readonly #keep: number
  #certain: CompletedCheckpoint[]
  #doubtful: CompletedCheckpoint[] = []

  /** `keep` ≥ 1; `retained` in rising order of ids. */
  constructor(keep: number, retained: readonly CompletedCheckpoint[]) {
    assert(keep >= 1, 'at least one checkpoint is retained')
    this.#keep = keep
    this.#certain = [...retained]
    assertRising(this.#certain)
  }

  /** Newest last. */
  get completed(): readonly CompletedCheckpoint[] {
    return this.#certain
  }

  get latest(): CompletedCheckpoint | null {
    return this.#certain.at(-1) ?? null
  }

  /** Its log entry may or may not exist. It stays until a newer checkpoint is surely complete. */
  addDoubtful(checkpoint: CompletedCheckpoint): void {
    this.#doubtful.push(checkpoint)
  }

  isDoubtful(id: CheckpointId): boolean {
    return this.#doubtful.some((checkpoint) => checkpoint.checkpointId === id)
  }

  /** Takes a checkpoint that is complete in the log, and answers what need not be kept any more, rising ids. */
  add(checkpoint: CompletedCheckpoint): readonly CompletedCheckpoint[] {
    this.#certain.push(checkpoint)
    assertRising(this.#certain)
    const cut = Math.max(0, this.#certain.length - this.#keep)
    const older = (one: CompletedCheckpoint): boolean => one.checkpointId < checkpoint.checkpointId
    const dropped = [...this.#certain.slice(0, cut), ...this.#doubtful.filter(older)]
    this.#certain = this.#certain.slice(cut)
    this.#doubtful = this.#doubtful.filter((one) => !older(one))
    return dropped.sort((a, b) => a.checkpointId - b.checkpointId)
  }
}

function assertRising(checkpoints: readonly CompletedCheckpoint[]): void {
  for (let i = 1; i < checkpoints.length; i++) {
    const [before, after] = [checkpoints[i - 1], checkpoints[i]]
    assert(before !== undefined && after !== undefined, 'completed checkpoints have no gaps')
    assert(
      before.checkpointId < after.checkpointId,
      'checkpoints complete in the order of their ids',
    )
  }
}
