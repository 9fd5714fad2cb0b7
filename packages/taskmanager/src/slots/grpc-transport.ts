// Slots of different processes: the exchange's words over the gRPC streams of common/rpc, which count channels where the
// exchange names them. Each slot listens on a port of its own; connections that come before anybody listens wait.

import type { Scheduler } from '@weirjs/common/core/clock'
import { present } from '@weirjs/common/core/assert'
import { toFailure, WeirError } from '@weirjs/common/core/errors'
import type { SlotEndpoint } from '@weirjs/common/core/gateways'
import { connectExchange } from '@weirjs/common/rpc/exchange-client'
import {
  type ExchangeConnection, type ExchangeProducer, type ExchangeServer, serveExchange,
} from '@weirjs/common/rpc/exchange-server'
import type { ExchangeOpen } from '@weirjs/common/rpc/exchange-wire'
import type { PortRange } from '@weirjs/common/rpc/listen'
import type {
  Accept, ChannelKey, ChannelRequests, DownstreamWire, FrameReceiver, Handshake, Transport, UpstreamWire,
} from '../exchange/exchange.ts'

export interface GrpcTransportOptions {
  readonly bindHost: string
  readonly ports: PortRange
  /** What slots of this job and attempt show each other. */
  readonly credential: string
  readonly scheduler: Scheduler
}

export class GrpcTransport implements Transport {
  readonly #scheduler: Scheduler
  #server: ExchangeServer | null = null
  #accept: Accept | null = null
  readonly #waiting: ((accept: Accept) => void)[] = []

  private constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler
  }

  /** Listens. Errors: `net/port-in-use`, `net/bad-address`. */
  static async open(options: GrpcTransportOptions): Promise<GrpcTransport> {
    const transport = new GrpcTransport(options.scheduler)
    transport.#server = await serveExchange({
      host: options.bindHost,
      portRange: options.ports,
      credential: options.credential,
      accept: (open, connection) => transport.#take(open, connection),
    })
    return transport
  }

  /** `host:port` as bound. */
  get address(): string {
    return present(this.#server, 'an open transport').address
  }

  listen(accept: Accept): void {
    this.#accept = accept
    for (const go of this.#waiting.splice(0)) go(accept)
  }

  connect(producer: SlotEndpoint, handshake: Handshake, receiver: FrameReceiver): UpstreamWire {
    const names: ChannelKey[] = []
    const numbers = new Map<ChannelKey, number>()
    const consumer = connectExchange({
      address: producer.dataAddress,
      open: { fence: handshake.fence, credential: handshake.credential, consumerSlot: handshake.consumer, channels: [] },
      scheduler: this.#scheduler,
      onFrame: (channel, frame) => receiver.frame(names[channel] as ChannelKey, frame),
      onLost: (error) => receiver.lost(toFailure(error)),
    })
    const numberOf = (key: ChannelKey): number => present(numbers.get(key), 'an opened channel')
    return {
      open: (key, creditBytes) => {
        const channel = consumer.addChannel(key)
        numbers.set(key, channel)
        names[channel] = key
        consumer.credit(channel, creditBytes)
      },
      credit: (key, bytes) => consumer.credit(numberOf(key), bytes),
      hint: (key) => consumer.hint(numberOf(key)),
      close: () => consumer.close(),
    }
  }

  async close(): Promise<void> {
    await this.#server?.close()
  }

  #take(open: ExchangeOpen, connection: ExchangeConnection): ExchangeProducer | WeirError {
    const inbound = new Inbound(connection)
    const handshake: Handshake = { fence: open.fence, credential: open.credential, consumer: open.consumerSlot }
    open.channels.forEach((name, channel) => inbound.onChannel(channel, name))
    if (this.#accept === null) {
      this.#waiting.push((accept) => inbound.answer(accept(handshake, inbound)))
      return inbound
    }
    const requests = this.#accept(handshake, inbound)
    if (requests === null) return refused()
    inbound.answer(requests)
    return inbound
  }
}

function refused(): WeirError {
  return new WeirError('exchange/refused', 'the slot belongs to another attempt', {
    domain: 'internal', retry: 'backoff',
  })
}

/** One consuming slot, heard by this producing slot. */
class Inbound implements ExchangeProducer, DownstreamWire {
  readonly #connection: ExchangeConnection
  readonly #names: ChannelKey[] = []
  readonly #numbers = new Map<ChannelKey, number>()
  /** Opened, but without the first credit that says how much. */
  readonly #unopened = new Set<ChannelKey>()
  #requests: ChannelRequests | null = null
  #backlog: ((requests: ChannelRequests) => void)[] = []

  constructor(connection: ExchangeConnection) {
    this.#connection = connection
  }

  answer(requests: ChannelRequests | null): void {
    if (requests === null) {
      this.#connection.close(refused())
      return
    }
    this.#requests = requests
    for (const request of this.#backlog.splice(0)) request(requests)
  }

  // ---- heard ----

  onChannel(channel: number, name: string): void {
    const key = name as ChannelKey
    this.#names[channel] = key
    this.#numbers.set(key, channel)
    this.#unopened.add(key)
  }

  onCredit(channel: number, bytes: number): void {
    const key = this.#names[channel] as ChannelKey
    if (this.#unopened.delete(key)) this.#tell((requests) => requests.open(key, bytes))
    else if (this.#requests !== null) this.#requests.credit(key, bytes)
    else this.#tell((requests) => requests.credit(key, bytes))
  }

  onHint(channel: number): void {
    const key = this.#names[channel] as ChannelKey
    this.#tell((requests) => requests.hint(key))
  }

  /** The credits bound what waits here; nothing needs to know that the socket has caught up. */
  onDrain(): void {}

  onLost(error: WeirError): void {
    this.#tell((requests) => requests.lost(toFailure(error)))
  }

  // ---- said ----

  send(key: ChannelKey, frame: Uint8Array): void {
    this.#connection.send(present(this.#numbers.get(key), 'a channel of this connection'), frame)
  }

  close(): void {
    this.#connection.close()
  }

  #tell(request: (requests: ChannelRequests) => void): void {
    if (this.#requests === null) this.#backlog.push(request)
    else request(this.#requests)
  }
}
