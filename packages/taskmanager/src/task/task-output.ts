// From an operator's `emit` to the channels of its edges. There is one small class for each way to choose the channel;
// each does one thing per record and allocates nothing. Hash edges compute the hash of the key here, once, and it travels
// with the record (D18). Events go to all channels of all edges, in the same place of every stream.

import type { Key } from '@weirjs/common/core/codec'
import { keyGroupOfHash, keyHashOf, NO_KEY_HASH } from '@weirjs/common/core/graph/key-groups'
import type { FrameBarrier } from '@weirjs/common/codec/frame'
import { NO_KEY_GROUP } from '../core/partitioners.ts'
import type { Partitioner } from '../core/partitioners.ts'
import type { OutputChannel, OutputCounters, OutputGauge } from '../exchange/output-channel.ts'
import type { Output } from '../operators/operator.ts'

/** An output that counts what went through it; what it has refused did not. */
export interface CountingOutput extends Output {
  readonly count: number
}

/** Nobody listens. */
export class NoOutput implements CountingOutput {
  count = 0

  emit(): void {
    this.count += 1
  }
}

/** Several listeners to one output. */
export class FanOutput implements CountingOutput {
  count = 0
  readonly #targets: readonly Output[]
  readonly #onHalf: (error: unknown) => unknown

  /** `onHalf` hears why only some of the targets have taken a record, and answers what is to be thrown. */
  constructor(targets: readonly Output[], onHalf: (error: unknown) => unknown) {
    this.#targets = targets
    this.#onHalf = onHalf
  }

  emit(value: unknown, timestamp: number): void {
    let i = 0
    try {
      for (; i < this.#targets.length; i++) (this.#targets[i] as Output).emit(value, timestamp)
    } catch (error) {
      throw i === 0 ? error : this.#onHalf(error)
    }
    this.count += 1
  }
}

/** The one channel that there is. */
export class SingleEdgeOutput implements CountingOutput {
  count = 0
  readonly #channel: OutputChannel

  constructor(channel: OutputChannel) {
    this.#channel = channel
  }

  emit(value: unknown, timestamp: number): void {
    this.#channel.write(value, timestamp, NO_KEY_HASH)
    this.count += 1
  }
}

/** Hash edges: key, its hash, key group, channel of the key group. */
export class KeyedEdgeOutput implements CountingOutput {
  count = 0
  readonly #channels: readonly OutputChannel[]
  readonly #channelOfKeyGroup: Uint16Array
  readonly #keyOf: (value: unknown) => Key
  readonly #keyGroups: number

  /** `channelOfKeyGroup` has one entry for each key group of the consumer. */
  constructor(
    channels: readonly OutputChannel[],
    channelOfKeyGroup: Uint16Array,
    keyOf: (value: unknown) => Key,
  ) {
    this.#channels = channels
    this.#channelOfKeyGroup = channelOfKeyGroup
    this.#keyOf = keyOf
    this.#keyGroups = channelOfKeyGroup.length
  }

  emit(value: unknown, timestamp: number): void {
    const keyOf = this.#keyOf
    const keyHash = keyHashOf(keyOf(value))
    const channel = this.#channelOfKeyGroup[keyGroupOfHash(keyHash, this.#keyGroups)] as number
    ;(this.#channels[channel] as OutputChannel).write(value, timestamp, keyHash)
    this.count += 1
  }
}

/** Every other edge that has a choice: a partitioner chooses. */
export class PartitionedEdgeOutput implements CountingOutput {
  count = 0
  readonly #channels: readonly OutputChannel[]
  readonly #partitioner: Partitioner

  constructor(channels: readonly OutputChannel[], partitioner: Partitioner) {
    this.#channels = channels
    this.#partitioner = partitioner
  }

  emit(value: unknown, timestamp: number): void {
    const chosen = this.#partitioner.select(value, null, NO_KEY_GROUP)
    ;(this.#channels[chosen] as OutputChannel).write(value, timestamp, NO_KEY_HASH)
    this.count += 1
  }
}

/** Assign edges: the record names the subtask, and only its split travels (D23). */
export class AssignEdgeOutput implements CountingOutput {
  count = 0
  readonly #channels: readonly OutputChannel[]
  readonly #partitioner: Partitioner

  constructor(channels: readonly OutputChannel[], partitioner: Partitioner) {
    this.#channels = channels
    this.#partitioner = partitioner
  }

  emit(value: unknown, timestamp: number): void {
    const channel = this.#channels[
      this.#partitioner.select(value, null, NO_KEY_GROUP)
    ] as OutputChannel
    channel.write((value as { readonly split: unknown }).split, timestamp, NO_KEY_HASH)
    this.count += 1
  }
}

/** All channels out of one task. */
export class TaskOutputs {
  readonly gauge: OutputGauge
  readonly counters: OutputCounters
  readonly #channels: OutputChannel[] = []

  constructor(gauge: OutputGauge, counters: OutputCounters) {
    this.gauge = gauge
    this.counters = counters
  }

  add(channel: OutputChannel): void {
    this.#channels.push(channel)
  }

  /** True when some open frame holds something. */
  get dirty(): boolean {
    for (const channel of this.#channels) {
      if (channel.dirty) return true
    }
    return false
  }

  watermark(time: number): void {
    for (const channel of this.#channels) channel.watermark(time)
  }

  status(idle: boolean): void {
    for (const channel of this.#channels) channel.status(idle)
  }

  /** Flushes what was written before, with the barrier behind it. */
  barrier(barrier: FrameBarrier): void {
    for (const channel of this.#channels) channel.barrier(barrier)
  }

  endOfData(): void {
    for (const channel of this.#channels) channel.endOfData()
  }

  flush(): void {
    for (const channel of this.#channels) channel.flush()
  }

  close(): void {
    for (const channel of this.#channels) channel.close()
  }
}
