// Credits: how many bytes a producer may have on the way to a consumer that has not consumed them. Sending is allowed
// while the balance is above zero, so one frame may overdraw it: a record of any size moves, and memory stays bounded
// by window + one frame. Credits come back when frames are consumed, in halves of the window, not one by one.

import { assert } from '@weirjs/common/core/assert'

/** Producer's side of one channel. */
export class CreditLedger {
  #grantedBytes = 0
  #spentBytes = 0

  /** Bytes left; negative by at most one frame. */
  get balanceBytes(): number {
    return this.#grantedBytes - this.#spentBytes
  }

  get maySend(): boolean {
    return this.#grantedBytes > this.#spentBytes
  }

  grant(bytes: number): void {
    assert(bytes > 0 && Number.isSafeInteger(bytes), 'a credit is a positive number of bytes')
    this.#grantedBytes += bytes
  }

  /** Only while `maySend`. */
  spend(bytes: number): void {
    assert(this.maySend, 'a frame may be sent only while credit is left')
    assert(bytes >= 0, 'a frame has no negative size')
    this.#spentBytes += bytes
  }
}

/** Consumer's side of one channel: gathers what was consumed until it is worth a message. */
export class CreditReturns {
  readonly #windowBytes: number
  readonly #thresholdBytes: number
  #owedBytes = 0
  #outstandingBytes: number

  /** `windowBytes` ≥ 2: the first credit, granted with the opening of the channel. */
  constructor(windowBytes: number) {
    assert(windowBytes >= 2, 'a credit window has room')
    this.#windowBytes = windowBytes
    this.#thresholdBytes = Math.floor(windowBytes / 2)
    this.#outstandingBytes = windowBytes
  }

  /** A frame of so many bytes came in. */
  received(bytes: number): void {
    assert(this.#outstandingBytes > 0, 'the producer respects its credit')
    this.#outstandingBytes -= bytes
  }

  /** A frame was consumed: bytes to return now, 0 for not yet. */
  consumed(bytes: number): number {
    this.#owedBytes += bytes
    if (this.#owedBytes < this.#thresholdBytes) return 0
    const returned = this.#owedBytes
    this.#owedBytes = 0
    this.#outstandingBytes += returned
    assert(this.#outstandingBytes <= this.#windowBytes, 'no more is returned than was received')
    return returned
  }
}
