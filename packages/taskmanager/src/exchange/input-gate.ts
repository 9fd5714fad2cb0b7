// All channels into one task. The gate feeds the head from one channel until that channel's frame is used up, then goes
// on to the next one that has something and is not held by an alignment. It shows barriers to the aligner, watermarks
// to the merger, counts the ends, and tells the task only what concerns it as a whole.

import type { Clock } from '@weirjs/common/core/clock'
import { WeirError } from '@weirjs/common/core/errors'
import type { FrameBarrier } from '@weirjs/common/codec/frame'
import { BarrierAligner } from '../core/barrier-aligner.ts'
import { WatermarkMerger } from '../core/watermark-merger.ts'
import { blame } from '../operators/blame.ts'
import type { HeadInput, InputChannel } from './input-channel.ts'

/** What the task hears, always between records. */
export interface GateListener {
  /** The watermark of all channels rose. */
  onWatermark(watermark: number): void
  onIdle(idle: boolean): void
  /** All channels stand at this barrier: take the snapshot now. */
  onAligned(barrier: FrameBarrier, timing: AlignmentTiming): void
  /** These checkpoints can never be aligned here any more. */
  onSuperseded(checkpointIds: readonly number[]): void
  /** Every channel has delivered its end of data. Barriers may still come. */
  onEndOfData(): void
}

export interface AlignmentTiming {
  /** From the first barrier here to the last. */
  readonly alignmentMs: number
  /** From the coordinator's trigger to the first barrier here, by wall clock. */
  readonly startDelayMs: number
}

export interface GateChannel {
  readonly channel: InputChannel
  readonly head: HeadInput
}

export interface InputGateOptions {
  /** At least one. */
  readonly channels: readonly GateChannel[]
  /** Exactly-once: hold channels during alignment. */
  readonly blocking: boolean
  readonly clock: Clock
  readonly listener: GateListener
}

interface FirstBarrier {
  readonly atMs: number
  readonly startDelayMs: number
}

export class InputGate {
  readonly #channels: readonly GateChannel[]
  readonly #aligner: BarrierAligner
  readonly #merger: WatermarkMerger
  readonly #clock: Clock
  readonly #listener: GateListener
  readonly #blocked: boolean[]
  readonly #ended: boolean[]
  readonly #first = new Map<number, FirstBarrier>()
  #live: number
  #current = 0

  constructor(options: InputGateOptions) {
    const count = options.channels.length
    this.#channels = options.channels
    this.#aligner = new BarrierAligner({ channels: count, blocking: options.blocking })
    this.#merger = new WatermarkMerger(count)
    this.#clock = options.clock
    this.#listener = options.listener
    this.#blocked = new Array<boolean>(count).fill(false)
    this.#ended = new Array<boolean>(count).fill(false)
    this.#live = count
  }

  /** Something can be read now. */
  get readable(): boolean {
    return this.#pick() >= 0
  }

  /** Checkpoints whose alignment is under way. */
  get aligning(): readonly number[] {
    return this.#aligner.pending
  }

  get records(): number {
    return this.#channels.reduce((sum, { channel }) => sum + channel.records, 0)
  }

  get bytes(): number {
    return this.#channels.reduce((sum, { channel }) => sum + channel.bytes, 0)
  }

  /** Feeds up to `max` records of one channel; false when there was nothing to read. */
  pump(max: number): boolean {
    const index = this.#pick()
    if (index < 0) return false
    this.#current = index
    const { channel, head } = this.#channels[index] as GateChannel
    feed(channel, head, max)
    if (channel.between) this.#current = (index + 1) % this.#channels.length
    if (channel.event !== 'none') this.#onEvent(index, channel)
    return true
  }

  /** The checkpoint is given up: its channels flow again. True when an alignment was under way. */
  abort(checkpointId: number): boolean {
    this.#first.delete(checkpointId)
    const answer = this.#aligner.abort(checkpointId)
    this.#refreshBlocked()
    return answer === 'pending'
  }

  /** Asks the producers of input 0 for more work. */
  hint(): void {
    for (const { channel, head } of this.#channels) {
      if (!head.second) channel.hint()
    }
  }

  close(): void {
    for (const { channel } of this.#channels) channel.close()
  }

  /** The current channel or the next one after it that can be read; -1: none. */
  #pick(): number {
    const channels = this.#channels
    const count = channels.length
    let index = this.#current
    for (let tried = 0; tried < count; tried++) {
      if (this.#blocked[index] !== true && (channels[index] as GateChannel).channel.readable)
        return index
      index = index + 1 === count ? 0 : index + 1
    }
    return -1
  }

  #onEvent(index: number, channel: InputChannel): void {
    switch (channel.event) {
      case 'watermark':
        this.#report(this.#merger.onWatermark(index, channel.watermark))
        break
      case 'status':
        this.#report(this.#merger.onStatus(index, channel.idle))
        break
      case 'barrier':
        this.#onBarrier(index, channel.barrier)
        break
      case 'end-of-data':
        this.#onEndOfData(index)
        break
      case 'none':
        break
    }
  }

  #report(change: { readonly watermark: boolean; readonly idle: boolean }): void {
    if (change.idle) this.#listener.onIdle(this.#merger.idle)
    if (change.watermark) this.#listener.onWatermark(this.#merger.current)
  }

  #onBarrier(index: number, barrier: FrameBarrier): void {
    const id = barrier.checkpointId
    const step = this.#aligner.onBarrier(index, id)
    if (step.first) {
      const startDelayMs = Math.max(0, this.#clock.wallMs() - barrier.timestampMs)
      this.#first.set(id, { atMs: this.#clock.nowMs(), startDelayMs })
    }
    this.#refreshBlocked()
    if (step.superseded.length > 0) {
      for (const old of step.superseded) this.#first.delete(old)
      this.#listener.onSuperseded(step.superseded)
    }
    if (step.answer !== 'aligned') return
    const first = this.#first.get(id)
    this.#first.delete(id)
    this.#listener.onAligned(barrier, {
      alignmentMs: first === undefined ? 0 : this.#clock.nowMs() - first.atMs,
      startDelayMs: first?.startDelayMs ?? 0,
    })
  }

  #onEndOfData(index: number): void {
    if (this.#ended[index] === true) return
    this.#ended[index] = true
    this.#live -= 1
    this.#report(this.#merger.onEnd(index))
    if (this.#live === 0) this.#listener.onEndOfData()
  }

  #refreshBlocked(): void {
    for (let i = 0; i < this.#blocked.length; i++) this.#blocked[i] = this.#aligner.isBlocked(i)
  }
}

function feed(channel: InputChannel, head: HeadInput, max: number): void {
  try {
    channel.pump(head, max)
  } catch (error) {
    // That bytes changed on their way is no step's fault.
    if (error instanceof WeirError && error.code === 'codec/damaged') throw error
    throw blame(error, head.node)
  }
}
