// The producing end of one channel. Records are written into an open frame; a frame leaves when it is full or flushed,
// and only while there is credit (core/credit-ledger). Without credit one full frame waits and the channel says that it
// is not available; what a single call still emits beyond that is kept, because nothing may be refused in the middle
// of a record: the loop reads no more input until the channel is available again.
//
// Events (watermark, status, barrier, end of data) keep their place in the stream; a frame of events alone costs no
// credit. It refuses to choose channels, to look at the clock and to retry.

import { assert } from '@weirjs/common/core/assert'
import type { Codec } from '@weirjs/common/core/codec'
import { FrameWriter } from '@weirjs/common/codec/frame'
import type { FrameBarrier } from '@weirjs/common/codec/frame'
import { CreditLedger } from '../core/credit-ledger.ts'
import type { ChannelKey } from './exchange.ts'

/** Counts which channels of a task are not available. One plain flag is all that the loop reads per record. */
export class OutputGauge {
  /** True while every channel of the task has room. */
  available = true
  #blocked = 0
  readonly #onAvailable: () => void

  /** `onAvailable` is called when the last blocked channel has room again. */
  constructor(onAvailable: () => void) {
    this.#onAvailable = onAvailable
  }

  blocked(): void {
    this.#blocked += 1
    this.available = false
  }

  freed(): void {
    this.#blocked -= 1
    assert(this.#blocked >= 0, 'a channel is freed once')
    if (this.#blocked > 0) return
    this.available = true
    this.#onAvailable()
  }
}

/** What left a task, counted per frame or batch. */
export interface OutputCounters {
  records: number
  bytes: number
}

/** Producing end of one channel, whatever is between it and the other end. */
export interface OutputChannel {
  /** `keyHash` of the record's key, or NO_KEY_HASH. */
  write(value: unknown, timestamp: number, keyHash: number): void
  watermark(time: number): void
  status(idle: boolean): void
  /** Leaves at once, behind everything written before. */
  barrier(barrier: FrameBarrier): void
  endOfData(): void
  /** Lets the open frame leave although it is not full. */
  flush(): void
  /** True when something waits in the open frame. */
  readonly dirty: boolean
  /** Nothing is sent any more; what waits is dropped. */
  close(): void
}

/** How frames leave: the wire that the consumer opened. */
export type SendFrame = (channel: ChannelKey, frame: Uint8Array) => void

export interface FrameOutputChannelOptions {
  readonly key: ChannelKey
  readonly codec: Codec
  readonly frameBytesMax: number
  readonly gauge: OutputGauge
  readonly counters: OutputCounters
}

interface WaitingFrame {
  readonly frame: Uint8Array
  /** Bytes that it costs; 0 for a frame of events. */
  readonly costBytes: number
}

export class FrameOutputChannel implements OutputChannel {
  readonly key: ChannelKey
  readonly #codec: Codec
  readonly #writer: FrameWriter
  readonly #gauge: OutputGauge
  readonly #counters: OutputCounters
  readonly #ledger = new CreditLedger()
  /** Frames that have no credit yet, oldest first. More than one only when a single call emitted so much. */
  readonly #waiting: WaitingFrame[] = []
  #send: SendFrame | null = null
  /** The open frame is due and lacks credit. */
  #flushWanted = false
  #closed = false

  constructor(options: FrameOutputChannelOptions) {
    this.key = options.key
    this.#codec = options.codec
    this.#writer = new FrameWriter({ capacityBytes: options.frameBytesMax })
    this.#gauge = options.gauge
    this.#counters = options.counters
  }

  get dirty(): boolean {
    return !this.#writer.empty
  }

  write(value: unknown, timestamp: number, keyHash: number): void {
    const writer = this.#writer
    try {
      this.#codec.write(writer.beginRecord(timestamp, keyHash), value)
    } catch (error) {
      // Whoever emitted it may catch this and go on.
      writer.cancelRecord()
      throw error
    }
    if (!writer.endRecord()) this.#writeAlone(value, timestamp, keyHash)
    if (writer.full) this.#ship()
  }

  watermark(time: number): void {
    this.#writer.watermark(time)
  }

  status(idle: boolean): void {
    this.#writer.status(idle)
  }

  barrier(barrier: FrameBarrier): void {
    this.#writer.barrier(barrier)
    this.#ship()
  }

  endOfData(): void {
    this.#writer.endOfData()
    this.#ship()
  }

  /** Without credit the open frame goes on filling, and leaves with the next credit. */
  flush(): void {
    const writer = this.#writer
    if (writer.empty) return
    const mayLeave = this.#waiting.length === 0 && (writer.records === 0 || this.#ledger.maySend)
    if (mayLeave) this.#ship()
    else this.#flushWanted = true
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#send = null
    if (this.#waiting.length > 0) {
      this.#waiting.length = 0
      this.#gauge.freed()
    }
  }

  // ---- the consumer's requests ----

  /** The consumer is there, with its first credit. A second one is a stranger: false. */
  connect(send: SendFrame, creditBytes: number): boolean {
    if (this.#send !== null || this.#closed) return false
    this.#send = send
    this.grant(creditBytes)
    return true
  }

  grant(bytes: number): void {
    this.#ledger.grant(bytes)
    this.#drain()
  }

  #writeAlone(value: unknown, timestamp: number, keyHash: number): void {
    const writer = this.#writer
    this.#ship()
    this.#codec.write(writer.beginRecord(timestamp, keyHash), value)
    assert(writer.endRecord(), 'an empty frame has room for every record')
  }

  #ship(): void {
    this.#flushWanted = false
    if (this.#closed) return
    const records = this.#writer.records
    const frame = this.#writer.take()
    this.#counters.records += records
    this.#counters.bytes += frame.byteLength
    const costBytes = records > 0 ? frame.byteLength : 0
    if (this.#waiting.length === 0) {
      if (this.#trySend(frame, costBytes)) return
      this.#gauge.blocked()
    }
    this.#waiting.push({ frame, costBytes })
  }

  #drain(): void {
    const waiting = this.#waiting
    let sent = 0
    while (sent < waiting.length) {
      const next = waiting[sent] as WaitingFrame
      if (!this.#trySend(next.frame, next.costBytes)) break
      sent += 1
    }
    if (sent > 0) {
      waiting.splice(0, sent)
      if (waiting.length === 0) this.#gauge.freed()
    }
    if (this.#flushWanted) this.flush()
  }

  #trySend(frame: Uint8Array, costBytes: number): boolean {
    if (this.#send === null) return false
    if (costBytes > 0) {
      if (!this.#ledger.maySend) return false
      this.#ledger.spend(costBytes)
    }
    this.#send(this.key, frame)
    return true
  }
}
