// A channel between two tasks of one slot: both ends are the same object's two faces, and batches of decoded records are
// handed over by reference. Records are immutable by contract, so nothing is copied and nothing encoded. At most two
// batches of records are on the way; events ride in batches at their place and are never refused. Where nobody reads,
// watermarks and statuses wait in the open batch, so that they do not pile up.
//
// A batch is three arrays of one length and a short list of events, each before the record at its position. Batches are
// used again when they have been consumed, except for the array of records: in a fresh, young array storing a record
// costs no write barrier (5-10 % of a keyed count), and nothing that was consumed stays pinned.

import type { FrameBarrier } from '@weirjs/common/codec/frame'
import { present } from '@weirjs/common/core/assert'
import type { Key } from '@weirjs/common/core/codec'
import type { ChannelEvent, HeadInput, InputChannel } from './input-channel.ts'
import { NO_BARRIER } from './input-channel.ts'
import type { OutputChannel, OutputCounters, OutputGauge } from './output-channel.ts'

/** Records of one batch. */
export const BATCH_RECORDS_MAX = 512
/** Batches with records that are handed over and not consumed. */
export const BATCHES_IN_FLIGHT_MAX = 2
/** Batches that are handed over and not begun, before one of watermarks and statuses alone has to wait. */
export const BATCHES_UNREAD_MAX = 8

interface LocalEvent {
  readonly kind: ChannelEvent
  /** Lies before the record of this index. */
  readonly position: number
  watermark: number
  readonly idle: boolean
  readonly barrier: FrameBarrier
}

class LocalBatch {
  values: unknown[] = new Array<unknown>(BATCH_RECORDS_MAX)
  readonly timestamps: Float64Array = new Float64Array(BATCH_RECORDS_MAX)
  /** Of records without key: anything. */
  readonly keyHashes: Int32Array = new Int32Array(BATCH_RECORDS_MAX)
  events: LocalEvent[] = []
  count = 0

  get empty(): boolean {
    return this.count === 0 && this.events.length === 0
  }
}

/** The connection of one producing and one consuming task in one slot. */
export class LocalChannel {
  readonly #handedOver: LocalBatch[] = []
  readonly #spare: LocalBatch[] = []
  #inFlight = 0
  #onReadable: (() => void) | null = null
  #onRoom: (() => void) | null = null
  #onHint: (() => void) | null = null

  /** The consuming task is there. */
  attachInput(onReadable: () => void): void {
    this.#onReadable = onReadable
    if (this.#handedOver.length > 0) onReadable()
  }

  /** The producing task is there. */
  attachOutput(onRoom: () => void, onHint: () => void): void {
    this.#onRoom = onRoom
    this.#onHint = onHint
  }

  get roomy(): boolean {
    return this.#inFlight < BATCHES_IN_FLIGHT_MAX
  }

  /** For what need not leave just now. */
  get calm(): boolean {
    return this.#handedOver.length < BATCHES_UNREAD_MAX
  }

  get readable(): boolean {
    return this.#handedOver.length > 0
  }

  fresh(): LocalBatch {
    return this.#spare.pop() ?? new LocalBatch()
  }

  push(batch: LocalBatch): void {
    if (batch.count > 0) this.#inFlight += 1
    this.#handedOver.push(batch)
    if (this.#handedOver.length === 1) this.#onReadable?.()
  }

  take(): LocalBatch {
    return present(this.#handedOver.shift(), 'a batch to read')
  }

  /** The consumer is through with the batch. */
  consumed(batch: LocalBatch): void {
    if (batch.count > 0) this.#inFlight -= 1
    batch.count = 0
    batch.events = []
    batch.values = new Array<unknown>(BATCH_RECORDS_MAX)
    if (this.#spare.length <= BATCHES_IN_FLIGHT_MAX && batch.values.length === BATCH_RECORDS_MAX) {
      this.#spare.push(batch)
    }
    this.#onRoom?.()
  }

  hint(): void {
    this.#onHint?.()
  }

  detachInput(): void {
    this.#onReadable = null
    this.#handedOver.length = 0
  }

  detachOutput(): void {
    this.#onRoom = null
    this.#onHint = null
  }
}

export interface LocalOutputOptions {
  readonly channel: LocalChannel
  readonly gauge: OutputGauge
  readonly counters: OutputCounters
  /** A hint of the consumer arrived. */
  readonly onHint: () => void
}

export class LocalOutputChannel implements OutputChannel {
  readonly #channel: LocalChannel
  readonly #gauge: OutputGauge
  readonly #counters: OutputCounters
  #open: LocalBatch
  /** Full batches without room, oldest first; more than one only when a single call emitted so much. */
  readonly #waiting: LocalBatch[] = []
  /** The open batch is due and lacks room. */
  #flushWanted = false
  #closed = false

  constructor(options: LocalOutputOptions) {
    this.#channel = options.channel
    this.#gauge = options.gauge
    this.#counters = options.counters
    this.#open = options.channel.fresh()
    options.channel.attachOutput(() => this.#drain(), options.onHint)
  }

  get dirty(): boolean {
    return !this.#open.empty
  }

  write(value: unknown, timestamp: number, keyHash: number): void {
    const batch = this.#open
    const at = batch.count
    batch.values[at] = value
    batch.timestamps[at] = timestamp
    batch.keyHashes[at] = keyHash
    batch.count = at + 1
    if (at + 1 >= BATCH_RECORDS_MAX) this.#ship()
  }

  /** One behind another says all that the first one says. */
  watermark(time: number): void {
    const { events, count } = this.#open
    const last = events.at(-1)
    if (last?.kind === 'watermark' && last.position === count) last.watermark = time
    else this.#event('watermark', time, false, NO_BARRIER)
  }

  status(idle: boolean): void {
    this.#event('status', 0, idle, NO_BARRIER)
  }

  barrier(barrier: FrameBarrier): void {
    this.#event('barrier', 0, false, barrier)
    this.#ship()
  }

  endOfData(): void {
    this.#event('end-of-data', 0, false, NO_BARRIER)
    this.#ship()
  }

  /** Without room the open batch goes on filling, and leaves when there is some. */
  flush(): void {
    if (this.#open.empty) return
    const channel = this.#channel
    const isRoom = this.#open.count === 0 ? channel.calm : channel.roomy
    if (this.#waiting.length === 0 && isRoom) this.#ship()
    else this.#flushWanted = true
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#channel.detachOutput()
    if (this.#waiting.length > 0) {
      this.#waiting.length = 0
      this.#gauge.freed()
    }
  }

  #event(kind: ChannelEvent, watermark: number, idle: boolean, barrier: FrameBarrier): void {
    this.#open.events.push({ kind, position: this.#open.count, watermark, idle, barrier })
  }

  #ship(): void {
    this.#flushWanted = false
    if (this.#closed) return
    const batch = this.#open
    this.#open = this.#channel.fresh()
    this.#counters.records += batch.count
    if (this.#waiting.length === 0) {
      if (batch.count === 0 || this.#channel.roomy) {
        this.#channel.push(batch)
        return
      }
      this.#gauge.blocked()
    }
    this.#waiting.push(batch)
  }

  #drain(): void {
    const waiting = this.#waiting
    let moved = 0
    while (moved < waiting.length) {
      const batch = waiting[moved] as LocalBatch
      if (batch.count > 0 && !this.#channel.roomy) break
      this.#channel.push(batch)
      moved += 1
    }
    if (moved > 0) {
      waiting.splice(0, moved)
      if (waiting.length === 0) this.#gauge.freed()
    }
    if (this.#flushWanted) this.flush()
  }
}

export class LocalInputChannel implements InputChannel {
  records = 0
  readonly bytes = 0
  event: ChannelEvent = 'none'
  watermark = 0
  idle = false
  barrier: FrameBarrier = NO_BARRIER
  readonly #channel: LocalChannel
  #batch: LocalBatch | null = null
  #next = 0
  #nextEvent = 0

  constructor(channel: LocalChannel, onReadable: () => void) {
    this.#channel = channel
    channel.attachInput(onReadable)
  }

  get readable(): boolean {
    return this.#batch !== null || this.#channel.readable
  }

  get between(): boolean {
    return this.#batch === null
  }

  pump(head: HeadInput, max: number): void {
    this.event = 'none'
    const batch = this.#current()
    if (batch === null) return
    const { values, timestamps, keyHashes } = batch
    const { operator, second, keyed, gauge } = head
    const keyOf = head.keyOf as ((value: unknown) => Key) | null
    const event = batch.events[this.#nextEvent]
    const end = Math.min(event === undefined ? batch.count : event.position, this.#next + max)
    let at = this.#next
    while (at < end) {
      const value = values[at]
      const timestamp = timestamps[at] as number
      if (keyed !== null && keyOf !== null) keyed.setKey(keyOf(value), keyHashes[at] as number)
      at += 1
      if (second) operator.processSecond(value, timestamp)
      else operator.process(value, timestamp)
      if (!gauge.available) break
    }
    const count = at - this.#next
    this.#next = at
    this.records += count
    if (event !== undefined && at === event.position && count < max) this.#onEvent(event)
    this.#finishIfRead(batch)
  }

  hint(): void {
    this.#channel.hint()
  }

  close(): void {
    this.#batch = null
    this.#channel.detachInput()
  }

  #current(): LocalBatch | null {
    if (this.#batch !== null) return this.#batch
    if (!this.#channel.readable) return null
    this.#batch = this.#channel.take()
    this.#next = 0
    this.#nextEvent = 0
    return this.#batch
  }

  #onEvent(event: LocalEvent): void {
    this.#nextEvent += 1
    this.event = event.kind
    this.watermark = event.watermark
    this.idle = event.idle
    this.barrier = event.barrier
  }

  #finishIfRead(batch: LocalBatch): void {
    if (this.#next < batch.count || this.#nextEvent < batch.events.length) return
    this.#batch = null
    this.#channel.consumed(batch)
  }
}
