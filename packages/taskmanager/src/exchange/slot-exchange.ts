// All channels of one slot. Consumers subscribe to a producing slot, producers publish; a channel whose two ends lie in
// this slot never meets a wire. Here every connection is checked (fence and credential; strangers are refused and
// counted), here frames find their channel, and here the loss of a connection becomes the failure of the tasks that
// used it. One connection for each pair of slots and direction.

import type { Failure } from '@weirjs/common/core/errors'
import { toFailure } from '@weirjs/common/core/errors'
import type { SlotEndpoint } from '@weirjs/common/core/gateways'
import { sameFence, slotKey } from '@weirjs/common/core/ids'
import type { Fence, SlotRef } from '@weirjs/common/core/ids'
import type {
  ChannelKey,
  ChannelRequests,
  DownstreamWire,
  Handshake,
  Transport,
  UpstreamWire,
} from './exchange.ts'
import { LocalChannel } from './local-exchange.ts'
import type { SendFrame } from './output-channel.ts'

/** Channels that consumers asked for before the producing task was deployed. */
export const EARLY_OPENINGS_MAX = 65_536

/** Consuming end, as the exchange sees it. */
export interface Subscriber {
  deliver(frame: Uint8Array): void
  lost(failure: Failure): void
}

/** What a subscriber may send upstream. */
export interface Uplink {
  credit(bytes: number): void
  hint(): void
}

/** Producing end, as the exchange sees it. */
export interface Publisher {
  /** False: it has a consumer already. */
  connect(send: SendFrame, creditBytes: number): boolean
  grant(bytes: number): void
  hint(): void
  lost(failure: Failure): void
}

export interface SlotExchangeOptions {
  readonly transport: Transport
  readonly self: SlotRef
  readonly fence: Fence
  readonly credential: string
}

/** A connection of a consumer to this slot. */
interface Inbound {
  readonly consumer: SlotRef
  readonly wire: DownstreamWire
  readonly send: SendFrame
  readonly channels: Set<ChannelKey>
}

interface Outbound {
  readonly wire: UpstreamWire
  readonly subscribers: Map<ChannelKey, Subscriber>
}

export class SlotExchange {
  /** Connections and requests of strangers or of channels that do not fit; for the metrics. */
  refused = 0
  readonly #options: SlotExchangeOptions
  readonly #local = new Map<ChannelKey, LocalChannel>()
  readonly #publishers = new Map<ChannelKey, Publisher>()
  readonly #early = new Map<
    ChannelKey,
    { readonly inbound: Inbound; creditBytes: number; hinted: boolean }
  >()
  readonly #outbound = new Map<string, Outbound>()
  readonly #inbound = new Set<Inbound>()
  #closed = false

  constructor(options: SlotExchangeOptions) {
    this.#options = options
    options.transport.listen((handshake, wire) => this.#accept(handshake, wire))
  }

  /** The channel between two tasks of this slot; whoever asks first makes it. */
  local(key: ChannelKey): LocalChannel {
    let channel = this.#local.get(key)
    if (channel === undefined) {
      channel = new LocalChannel()
      this.#local.set(key, channel)
    }
    return channel
  }

  /** Forgets a local channel whose tasks are gone. */
  dropLocal(key: ChannelKey): void {
    this.#local.delete(key)
  }

  /** Opens a channel of a producing slot, with its first credit. */
  subscribe(
    producer: SlotEndpoint,
    key: ChannelKey,
    creditBytes: number,
    subscriber: Subscriber,
  ): Uplink {
    const { wire, subscribers } = this.#connect(producer)
    subscribers.set(key, subscriber)
    wire.open(key, creditBytes)
    return { credit: (bytes) => wire.credit(key, bytes), hint: () => wire.hint(key) }
  }

  unsubscribe(key: ChannelKey): void {
    for (const { subscribers } of this.#outbound.values()) subscribers.delete(key)
  }

  publish(key: ChannelKey, publisher: Publisher): void {
    this.#publishers.set(key, publisher)
    const early = this.#early.get(key)
    if (early === undefined) return
    this.#early.delete(key)
    this.#open(early.inbound, key, early.creditBytes)
    if (early.hinted) publisher.hint()
  }

  unpublish(key: ChannelKey): void {
    this.#publishers.delete(key)
  }

  /** Closes every connection; the other ends are told that this slot is lost. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#publishers.clear()
    for (const { wire } of this.#outbound.values()) wire.close()
    for (const { wire } of this.#inbound) wire.close()
    this.#outbound.clear()
    this.#inbound.clear()
    await this.#options.transport.close()
  }

  // ---- consuming ----

  #connect(producer: SlotEndpoint): Outbound {
    const peer = slotKey({ workerId: producer.workerId, index: producer.slot })
    const known = this.#outbound.get(peer)
    if (known !== undefined) return known
    const { transport, fence, credential, self } = this.#options
    const subscribers = new Map<ChannelKey, Subscriber>()
    const wire = transport.connect(
      producer,
      { fence, credential, consumer: self },
      {
        frame: (key, frame) => this.#onFrame(subscribers.get(key), frame),
        lost: (failure) => {
          if (this.#outbound.get(peer)?.subscribers === subscribers) this.#outbound.delete(peer)
          for (const subscriber of subscribers.values()) subscriber.lost(failure)
        },
      },
    )
    const outbound = { wire, subscribers }
    this.#outbound.set(peer, outbound)
    return outbound
  }

  #onFrame(subscriber: Subscriber | undefined, frame: Uint8Array): void {
    if (subscriber === undefined) return
    try {
      subscriber.deliver(frame)
    } catch (error) {
      subscriber.lost(
        toFailure(error, { code: 'exchange/bad-frame', domain: 'internal', retry: 'backoff' }),
      )
    }
  }

  // ---- producing ----

  #accept(handshake: Handshake, wire: DownstreamWire): ChannelRequests | null {
    const { fence, credential } = this.#options
    if (this.#closed || !sameFence(handshake.fence, fence) || handshake.credential !== credential) {
      this.refused += 1
      return null
    }
    const inbound: Inbound = {
      consumer: handshake.consumer,
      wire,
      send: (key, frame) => wire.send(key, frame),
      channels: new Set(),
    }
    this.#inbound.add(inbound)
    return {
      open: (key, creditBytes) => this.#open(inbound, key, creditBytes),
      credit: (key, bytes) => this.#onCredit(inbound, key, bytes),
      hint: (key) => this.#onHint(inbound, key),
      lost: (failure) => this.#onInboundLost(inbound, failure),
    }
  }

  #open(inbound: Inbound, key: ChannelKey, creditBytes: number): void {
    const publisher = this.#publishers.get(key)
    if (publisher === undefined) {
      if (this.#early.size < EARLY_OPENINGS_MAX)
        this.#early.set(key, { inbound, creditBytes, hinted: false })
      else this.refused += 1
      return
    }
    inbound.channels.add(key)
    if (!publisher.connect(inbound.send, creditBytes)) {
      inbound.channels.delete(key)
      this.refused += 1
    }
  }

  #onCredit(inbound: Inbound, key: ChannelKey, bytes: number): void {
    const early = this.#early.get(key)
    if (early !== undefined && early.inbound === inbound) early.creditBytes += bytes
    else if (inbound.channels.has(key)) this.#publishers.get(key)?.grant(bytes)
    else this.refused += 1
  }

  #onHint(inbound: Inbound, key: ChannelKey): void {
    const early = this.#early.get(key)
    if (early !== undefined && early.inbound === inbound) early.hinted = true
    else if (inbound.channels.has(key)) this.#publishers.get(key)?.hint()
    else this.refused += 1
  }

  #onInboundLost(inbound: Inbound, failure: Failure): void {
    if (!this.#inbound.delete(inbound)) return
    for (const [key, early] of this.#early) {
      if (early.inbound === inbound) this.#early.delete(key)
    }
    for (const key of inbound.channels) this.#publishers.get(key)?.lost(failure)
  }
}
