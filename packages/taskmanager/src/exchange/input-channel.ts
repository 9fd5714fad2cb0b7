// The consuming end of one channel: frames that have arrived, and a reader that stands somewhere in the first of them.
// `pump` decodes records and calls the head operator directly, until an event, the end of the frame, a full output or
// the given number stops it; it can stop after any record and go on there later. Credit goes back when a frame has been
// consumed, not when it arrives.

import { present } from '@weirjs/common/core/assert'
import type { Codec, Key } from '@weirjs/common/core/codec'
import type { FrameBarrier } from '@weirjs/common/codec/frame'
import {
  ELEMENT_BARRIER,
  ELEMENT_NONE,
  ELEMENT_RECORD,
  ELEMENT_STATUS,
  ELEMENT_WATERMARK,
  FrameReader,
  frameSummary,
} from '@weirjs/common/codec/frame'
import { CreditReturns } from '../core/credit-ledger.ts'
import type { Blamed } from '../operators/blame.ts'
import type { KeyContext, Operator } from '../operators/operator.ts'

/** Where the records of one input go. One shape for all inputs, so that `pump` stays monomorphic. */
export interface HeadInput {
  readonly operator: Operator
  /** Whose error it is when a record fails. */
  readonly node: Blamed
  /** Input 1: `processSecond`. */
  readonly second: boolean
  /** Keyed inputs: who is told the key, and how the key is found. */
  readonly keyed: KeyContext | null
  readonly keyOf: ((value: never) => Key) | null
  /** The task's output gauge; a constant for heads that may always be fed. */
  readonly gauge: { readonly available: boolean }
}

/** What stopped a pump. `none`: nothing special, or the channel is empty. */
export type ChannelEvent = 'none' | 'watermark' | 'status' | 'barrier' | 'end-of-data'

/** Consuming end of one channel. After an event the fields that belong to it are set until the next pump. */
export interface InputChannel {
  /** Something is there to be read. */
  readonly readable: boolean
  /** What was begun is used up: a good moment for other channels. */
  readonly between: boolean
  /** Handed to the operator since the channel began. */
  readonly records: number
  readonly bytes: number
  event: ChannelEvent
  readonly watermark: number
  readonly idle: boolean
  readonly barrier: FrameBarrier
  /** Feeds up to `max` records to `head`. Errors of the operator pass through, and WeirError `codec/damaged`. */
  pump(head: HeadInput, max: number): void
  /** Asks the producer for more work. */
  hint(): void
  close(): void
}

export interface FrameInputChannelOptions {
  readonly codec: Codec
  readonly windowBytes: number
  /** Returns credit to the producer. */
  readonly credit: (bytes: number) => void
  readonly hint: () => void
  /** A frame arrived at an empty channel. */
  readonly onReadable: () => void
}

export const NO_BARRIER: FrameBarrier = { checkpointId: 0, timestampMs: 0, final: false }

export class FrameInputChannel implements InputChannel {
  records = 0
  bytes = 0
  event: ChannelEvent = 'none'
  watermark = 0
  idle = false
  barrier: FrameBarrier = NO_BARRIER
  readonly #codec: Codec
  readonly #reader = new FrameReader()
  readonly #returns: CreditReturns
  readonly #credit: (bytes: number) => void
  readonly #hint: () => void
  readonly #onReadable: () => void
  /** Arrived, oldest first; bounded by the credit window and one frame. */
  readonly #frames: Uint8Array[] = []
  /** Bytes to return for the frame being read; -1: none is being read. */
  #readingBytes = -1
  #closed = false

  constructor(options: FrameInputChannelOptions) {
    this.#codec = options.codec
    this.#returns = new CreditReturns(options.windowBytes)
    this.#credit = options.credit
    this.#hint = options.hint
    this.#onReadable = options.onReadable
  }

  get readable(): boolean {
    return this.#readingBytes >= 0 || this.#frames.length > 0
  }

  get between(): boolean {
    return this.#readingBytes < 0
  }

  /** A frame came over the wire; the channel owns it now. Throws WeirError `codec/damaged`. */
  deliver(frame: Uint8Array): void {
    if (this.#closed) return
    const wasEmpty = !this.readable
    const costBytes = frameSummary(frame).records > 0 ? frame.byteLength : 0
    if (costBytes > 0) this.#returns.received(costBytes)
    this.#frames.push(frame)
    if (wasEmpty) this.#onReadable()
  }

  pump(head: HeadInput, max: number): void {
    this.event = 'none'
    if (this.#readingBytes < 0) {
      if (this.#frames.length === 0) return
      this.#begin()
    }
    const reader = this.#reader
    const source = reader.source
    const codec = this.#codec
    const { operator, second, keyed, gauge } = head
    const keyOf = head.keyOf as ((value: unknown) => Key) | null
    let count = 0
    while (count < max) {
      const kind = reader.next()
      if (kind !== ELEMENT_RECORD) {
        this.#onElement(kind)
        break
      }
      const value = codec.read(source)
      count += 1
      if (keyed !== null && keyOf !== null) keyed.setKey(keyOf(value), reader.keyHash)
      if (second) operator.processSecond(value, reader.timestamp)
      else operator.process(value, reader.timestamp)
      if (!gauge.available) break
    }
    this.records += count
  }

  hint(): void {
    if (!this.#closed) this.#hint()
  }

  close(): void {
    this.#closed = true
    this.#frames.length = 0
    this.#readingBytes = -1
  }

  #begin(): void {
    const frame = present(this.#frames.shift(), 'a frame to read')
    this.#reader.reset(frame)
    this.#readingBytes = frame.byteLength
    this.bytes += frame.byteLength
    if (frameSummary(frame).records === 0) this.#readingBytes = 0
  }

  #onElement(kind: number): void {
    const reader = this.#reader
    switch (kind) {
      case ELEMENT_NONE:
        this.#consumed()
        break
      case ELEMENT_WATERMARK:
        this.watermark = reader.watermark
        this.event = 'watermark'
        break
      case ELEMENT_STATUS:
        this.idle = reader.idle
        this.event = 'status'
        break
      case ELEMENT_BARRIER:
        this.barrier = {
          checkpointId: reader.checkpointId,
          timestampMs: reader.checkpointTimestampMs,
          final: reader.final,
        }
        this.event = 'barrier'
        if (reader.next() === ELEMENT_NONE) this.#consumed()
        break
      default:
        this.event = 'end-of-data'
    }
  }

  #consumed(): void {
    const bytes = this.#readingBytes
    this.#readingBytes = -1
    if (bytes <= 0 || this.#closed) return
    const returned = this.#returns.consumed(bytes)
    if (returned > 0) this.#credit(returned)
  }
}
