// What reaches a task from outside its own loop: the slot's calls, ends of background work, failures of connections.
// Mails are read between batches, never inside a record, so a task has one writer. Bounded: whoever fills it is broken.

import { assert } from '@weirjs/common/core/assert'
import type { CheckpointId } from '@weirjs/common/core/ids'
import type { FrameBarrier } from '@weirjs/common/codec/frame'

/** Mails waiting; hints are merged, notices are few, so this is never reached by a sound job. */
export const MAILS_MAX = 10_000

export type Mail =
  | { readonly type: 'start' }
  /** Everybody who starts with it has restored. */
  | { readonly type: 'run' }
  | { readonly type: 'cancel' }
  /** For tasks without network inputs. */
  | { readonly type: 'trigger'; readonly barrier: FrameBarrier; readonly startDelayMs: number }
  | { readonly type: 'complete'; readonly checkpointId: CheckpointId; readonly final: boolean }
  | { readonly type: 'aborted'; readonly checkpointId: CheckpointId }
  /** A consumer of operator `operator` of the chain asked for more. */
  | { readonly type: 'hint'; readonly operator: number; readonly subtask: number }
  | { readonly type: 'fail'; readonly error: unknown }
  /** Background work goes on here. */
  | { readonly type: 'resume'; readonly resume: () => void }

export class Mailbox {
  #mails: Mail[] = []
  readonly #onMail: () => void

  /** `onMail` wakes the task. */
  constructor(onMail: () => void) {
    this.#onMail = onMail
  }

  get empty(): boolean {
    return this.#mails.length === 0
  }

  post(mail: Mail): void {
    if (mail.type === 'hint' && this.#hasHint(mail.operator, mail.subtask)) return
    assert(this.#mails.length < MAILS_MAX, 'a task reads its mails')
    this.#mails.push(mail)
    this.#onMail()
  }

  /** Everything that waits, in order. */
  takeAll(): readonly Mail[] {
    if (this.#mails.length === 0) return NO_MAILS
    const mails = this.#mails
    this.#mails = []
    return mails
  }

  #hasHint(operator: number, subtask: number): boolean {
    return this.#mails.some(
      (mail) => mail.type === 'hint' && mail.operator === operator && mail.subtask === subtask,
    )
  }
}

const NO_MAILS: readonly Mail[] = []
