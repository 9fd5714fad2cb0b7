// Which channel does a record take? One small class for each kind of edge, all with one method, so that the output path
// calls without looking. Nothing is allocated: the answer is a channel number. Only broadcast edges have no choice.

import { assert, unreachable } from '@weirjs/common/core/assert'
import type { Key } from '@weirjs/common/core/codec'
import { WeirError } from '@weirjs/common/core/errors'
import type { Partitioning } from '@weirjs/common/core/graph/logical-graph'
import type { Prng } from '@weirjs/common/core/prng'

/** No key group: the edge is not keyed. */
export const NO_KEY_GROUP = -1

export interface Partitioner {
  /** Channel number. `key` and `keyGroup` are those of hash edges, else null and NO_KEY_GROUP. */
  select(value: unknown, key: Key | null, keyGroup: number): number
}

export interface PartitionerOptions {
  readonly partitioning: Exclude<Partitioning, { readonly kind: 'broadcast' }>
  /** Channels of this producer on this edge, ≥ 1. */
  readonly channels: number
  readonly prng: Prng
  /** Hash edges: channel of each key group. */
  readonly channelOfKeyGroup?: Uint16Array
  /** Custom edges: the author's function. */
  readonly partition?: (key: Key, subtasks: number) => number
  /** Custom edges: the key of a record. */
  readonly keyOf?: (value: unknown) => Key
}

export function createPartitioner(options: PartitionerOptions): Partitioner {
  const { channels, prng } = options
  assert(channels >= 1, 'an edge has a consumer')
  const kind = options.partitioning.kind
  switch (kind) {
    case 'forward':
    case 'global':
      return new First()
    case 'rebalance':
    case 'rescale':
      return channels === 1 ? new First() : new RoundRobin(channels, prng.int(channels))
    case 'shuffle':
      return channels === 1 ? new First() : new Shuffle(channels, prng)
    case 'hash':
      assert(options.channelOfKeyGroup !== undefined, 'a hash edge knows its key groups')
      return new ByKeyGroup(options.channelOfKeyGroup)
    case 'custom':
      assert(
        options.partition !== undefined && options.keyOf !== undefined,
        'a custom edge has its functions',
      )
      return new Custom(channels, options.partition, options.keyOf)
    case 'assign':
      return new Assign(channels)
    default:
      return unreachable(kind)
  }
}

class First implements Partitioner {
  select(): number {
    return 0
  }
}

class RoundRobin implements Partitioner {
  readonly #channels: number
  #next: number

  constructor(channels: number, first: number) {
    this.#channels = channels
    this.#next = first
  }

  select(): number {
    const chosen = this.#next
    this.#next = chosen + 1 === this.#channels ? 0 : chosen + 1
    return chosen
  }
}

class Shuffle implements Partitioner {
  readonly #channels: number
  readonly #prng: Prng

  constructor(channels: number, prng: Prng) {
    this.#channels = channels
    this.#prng = prng
  }

  select(): number {
    return this.#prng.int(this.#channels)
  }
}

class ByKeyGroup implements Partitioner {
  readonly #channelOf: Uint16Array

  constructor(channelOf: Uint16Array) {
    this.#channelOf = channelOf
  }

  select(_value: unknown, _key: Key | null, keyGroup: number): number {
    return this.#channelOf[keyGroup] as number
  }
}

class Custom implements Partitioner {
  readonly #channels: number
  readonly #partition: (key: Key, subtasks: number) => number
  readonly #keyOf: (value: unknown) => Key

  constructor(
    channels: number,
    partition: (key: Key, subtasks: number) => number,
    keyOf: (value: unknown) => Key,
  ) {
    this.#channels = channels
    this.#partition = partition
    this.#keyOf = keyOf
  }

  select(value: unknown): number {
    const chosen = this.#partition(this.#keyOf(value), this.#channels)
    if (Number.isInteger(chosen) && chosen >= 0 && chosen < this.#channels) return chosen
    throw outOfRange('the partition function answered', chosen, this.#channels)
  }
}

/** Records are assignments `{ subtask, split }` (decision D23). */
class Assign implements Partitioner {
  readonly #channels: number

  constructor(channels: number) {
    this.#channels = channels
  }

  select(value: unknown): number {
    const chosen = (value as { readonly subtask: number }).subtask
    if (Number.isInteger(chosen) && chosen >= 0 && chosen < this.#channels) return chosen
    throw outOfRange('the enumerator assigned a split to subtask', chosen, this.#channels)
  }
}

function outOfRange(what: string, chosen: number, channels: number): WeirError {
  return new WeirError(
    'job/bad-partition',
    `${what} ${chosen}, which is not in 0 … ${channels - 1}`,
    {
      domain: 'user',
      hint: 'answer an integer from 0 to the number of subtasks minus 1',
    },
  )
}
