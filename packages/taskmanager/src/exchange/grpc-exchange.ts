// Slots of different processes: the Transport over `common/rpc`'s exchange stream. Names become numbers here and numbers
// names again; a broken stream becomes `exchange/peer-lost`, naming the slot. The stream itself (windows, batches,
// pings, credential in constant time) is the business of common/rpc.

import type { Scheduler } from '@weirjs/common/core/clock'
import { WeirError } from '@weirjs/common/core/errors'
import type { SlotEndpoint } from '@weirjs/common/core/gateways'
import type { SlotRef } from '@weirjs/common/core/ids'
import { connectExchange } from '@weirjs/common/rpc/exchange-client'
import type { ExchangeConsumer } from '@weirjs/common/rpc/exchange-client'
import { serveExchange } from '@weirjs/common/rpc/exchange-server'
import type {
  ExchangeConnection,
  ExchangeProducer,
  ExchangeServer,
} from '@weirjs/common/rpc/exchange-server'
import type { ExchangeOpen } from '@weirjs/common/rpc/exchange-wire'
import type { PortRange } from '@weirjs/common/rpc/listen'
import type { PeerProbeTimes } from '@weirjs/common/rpc/peer-probe'
import type { Identity } from '@weirjs/common/tls/identity'
import type {
  Accept,
  ChannelKey,
  ChannelRequests,
  DownstreamWire,
  FrameReceiver,
  Handshake,
  Transport,
  UpstreamWire,
} from './exchange.ts'
import { peerLost } from './exchange.ts'

/** Requests of consumers that came before the slot listens; then the connection is refused. */
const EARLY_REQUESTS_MAX = 100_000

/** A frame that waits may hold on to a message of so many times its size, and no more: its credit is for itself alone. */
const HELD_TIMES_MAX = 8

export interface GrpcTransportOptions {
  readonly bindHost: string
  readonly ports: PortRange
  /** From SlotRequest. */
  readonly credential: string
  readonly scheduler: Scheduler
  /** Of the attempt; left out: connections are not encrypted. */
  readonly tls?: Identity
  /** When a silent producer is asked whether it can be reached; left out: never. */
  readonly probe?: PeerProbeTimes
}

export class GrpcTransport implements Transport {
  readonly #options: GrpcTransportOptions
  #server: ExchangeServer | null = null
  #accept: Accept | null = null
  readonly #early: (() => void)[] = []
  readonly #consumers = new Set<ExchangeConsumer>()

  private constructor(options: GrpcTransportOptions) {
    this.#options = options
  }

  /** Listens. Errors: `net/port-in-use`, `net/bad-address`. */
  static async open(options: GrpcTransportOptions): Promise<GrpcTransport> {
    const transport = new GrpcTransport(options)
    const { tls: identity, scheduler: clock } = options
    transport.#server = await serveExchange({
      host: options.bindHost,
      portRange: options.ports,
      credential: options.credential,
      tls: identity === undefined ? undefined : { identity, clock },
      accept: (open, connection) => transport.#accepted(open, connection),
    })
    return transport
  }

  /** `host:port` as bound. */
  get address(): string {
    return this.#server?.address ?? ''
  }

  listen(accept: Accept): void {
    this.#accept = accept
    for (const go of this.#early.splice(0)) go()
  }

  connect(producer: SlotEndpoint, handshake: Handshake, receiver: FrameReceiver): UpstreamWire {
    const names: ChannelKey[] = []
    const numbers = new Map<ChannelKey, number>()
    const peer: SlotRef = { workerId: producer.workerId, index: producer.slot }
    const { scheduler, tls, probe } = this.#options
    const consumer = connectExchange({
      address: producer.dataAddress,
      scheduler,
      tls,
      ...(probe === undefined ? {} : { probe }),
      open: {
        fence: handshake.fence,
        credential: handshake.credential,
        consumerSlot: handshake.consumer,
        channels: [],
      },
      onFrame: (channel, frame) => receiver.frame(names[channel] as ChannelKey, owned(frame)),
      onLost: (error) => {
        this.#consumers.delete(consumer)
        receiver.lost(peerLost(peer, error.message))
      },
    })
    this.#consumers.add(consumer)
    return {
      open: (key, creditBytes) => {
        const channel = consumer.addChannel(key)
        names[channel] = key
        numbers.set(key, channel)
        consumer.credit(channel, creditBytes)
      },
      credit: (key, bytes) => consumer.credit(numbers.get(key) as number, bytes),
      hint: (key) => consumer.hint(numbers.get(key) as number),
      close: () => {
        this.#consumers.delete(consumer)
        consumer.close()
      },
    }
  }

  async close(): Promise<void> {
    for (const consumer of this.#consumers) consumer.close()
    this.#consumers.clear()
    await this.#server?.close()
  }

  #accepted(open: ExchangeOpen, connection: ExchangeConnection): ExchangeProducer | WeirError {
    const accept = this.#accept
    const producer = new Producer(open, connection)
    if (accept !== null) return producer.accept(accept) ? producer : refused()
    if (this.#early.length >= EARLY_REQUESTS_MAX) return refused()
    this.#early.push(() => {
      if (this.#accept !== null && !producer.accept(this.#accept)) connection.close(refused())
    })
    return producer
  }
}

/** Frames of one message are views of its memory. */
const owned = (frame: Uint8Array): Uint8Array =>
  frame.byteLength * HELD_TIMES_MAX < frame.buffer.byteLength ? new Uint8Array(frame) : frame

function refused(): WeirError {
  return new WeirError('exchange/refused', 'the slot belongs to another job attempt', {
    domain: 'internal',
    retry: 'never',
    hint: 'a task of an older attempt still runs somewhere; it will be cancelled',
  })
}

/** One consumer of this slot: its channel numbers, and what it asked for before anybody listened. */
class Producer implements ExchangeProducer {
  readonly #open: ExchangeOpen
  readonly #connection: ExchangeConnection
  readonly #names: ChannelKey[] = []
  readonly #numbers = new Map<ChannelKey, number>()
  /** The first credit opens the channel. */
  readonly #opened = new Set<number>()
  #requests: ChannelRequests | null = null
  #early: ((requests: ChannelRequests) => void)[] = []

  constructor(open: ExchangeOpen, connection: ExchangeConnection) {
    this.#open = open
    this.#connection = connection
    open.channels.forEach((name, channel) => this.onChannel(channel, name))
  }

  /** False: refused. */
  accept(accept: Accept): boolean {
    const { fence, credential, consumerSlot } = this.#open
    const wire: DownstreamWire = {
      send: (key, frame) => {
        this.#connection.send(this.#numbers.get(key) as number, frame)
      },
      close: () => this.#connection.close(),
    }
    const requests = accept({ fence, credential, consumer: consumerSlot }, wire)
    if (requests === null) return false
    this.#requests = requests
    for (const go of this.#early) go(requests)
    this.#early = []
    return true
  }

  onChannel(channel: number, name: string): void {
    this.#names[channel] = name as ChannelKey
    this.#numbers.set(name as ChannelKey, channel)
  }

  onCredit(channel: number, bytes: number): void {
    const key = this.#names[channel]
    if (key === undefined) return
    const first = !this.#opened.has(channel)
    this.#opened.add(channel)
    this.#tell((requests) => (first ? requests.open(key, bytes) : requests.credit(key, bytes)))
  }

  onHint(channel: number): void {
    const key = this.#names[channel]
    if (key !== undefined) this.#tell((requests) => requests.hint(key))
  }

  /** What may wait for the socket is bounded by the credits. */
  onDrain(): void {}

  onLost(error: WeirError): void {
    this.#tell((requests) => requests.lost(peerLost(this.#open.consumerSlot, error.message)))
  }

  #tell(go: (requests: ChannelRequests) => void): void {
    if (this.#requests !== null) go(this.#requests)
    else if (this.#early.length < EARLY_REQUESTS_MAX) this.#early.push(go)
  }
}
