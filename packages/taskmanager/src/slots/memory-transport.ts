// Slots on one event loop: frames handed over as they are, one turn of the loop later, in order. The memory version of
// the data plane, for `weir dev` and tests. It loses nothing; a slot that closes is lost to its peers.

import type { Scheduler } from '@weirjs/common/core/clock'
import { slotKey } from '@weirjs/common/core/ids'
import type { SlotEndpoint } from '@weirjs/common/core/gateways'
import type {
  Accept,
  ChannelKey,
  ChannelRequests,
  DownstreamWire,
  FrameReceiver,
  Handshake,
  Transport,
  UpstreamWire,
} from '../exchange/exchange.ts'
import { peerLost } from '../exchange/exchange.ts'

/** Who listens where: one for all slots of the process. */
export class MemoryExchange {
  readonly #scheduler: Scheduler
  readonly #transports = new Map<string, MemoryTransport>()

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler
  }

  /** A transport that answers to `address`. */
  open(address: string): Transport {
    const transport = new MemoryTransport(this.#scheduler, this.#transports, address)
    this.#transports.set(address, transport)
    return transport
  }
}

class MemoryTransport implements Transport {
  readonly #scheduler: Scheduler
  readonly #known: Map<string, MemoryTransport>
  readonly #address: string
  readonly #connections = new Set<MemoryConnection>()
  readonly #waiting: (() => void)[] = []
  #accept: Accept | null = null
  #closed = false

  constructor(scheduler: Scheduler, known: Map<string, MemoryTransport>, address: string) {
    this.#scheduler = scheduler
    this.#known = known
    this.#address = address
  }

  listen(accept: Accept): void {
    this.#accept = accept
    for (const go of this.#waiting.splice(0)) go()
  }

  connect(producer: SlotEndpoint, handshake: Handshake, receiver: FrameReceiver): UpstreamWire {
    const connection = new MemoryConnection(this.#scheduler, producer, handshake, receiver)
    this.#connections.add(connection)
    connection.later(() => {
      const target = this.#known.get(producer.dataAddress)
      if (target === undefined || target.#closed) connection.break('nobody listens there')
      else target.#take(connection, handshake)
    })
    return connection.upstream
  }

  #take(connection: MemoryConnection, handshake: Handshake): void {
    this.#connections.add(connection)
    const answer = (): void =>
      connection.answer(this.#accept?.(handshake, connection.downstream) ?? null)
    if (this.#accept === null) this.#waiting.push(answer)
    else answer()
  }

  async close(): Promise<void> {
    this.#closed = true
    if (this.#known.get(this.#address) === this) this.#known.delete(this.#address)
    for (const connection of this.#connections) connection.break('its slot closed')
  }
}

/** Both directions of one connection. What is said in one turn is heard in the next. */
class MemoryConnection {
  readonly #scheduler: Scheduler
  readonly #peer: { readonly consumer: string; readonly producer: string }
  readonly #receiver: FrameReceiver
  #requests: ChannelRequests | null = null
  #backlog: ((requests: ChannelRequests) => void)[] = []
  #queue: (() => void)[] = []
  #broken = false

  constructor(
    scheduler: Scheduler,
    producer: SlotEndpoint,
    handshake: Handshake,
    receiver: FrameReceiver,
  ) {
    this.#scheduler = scheduler
    this.#receiver = receiver
    this.#peer = {
      consumer: slotKey(handshake.consumer),
      producer: slotKey({ workerId: producer.workerId, index: producer.slot }),
    }
  }

  readonly upstream: UpstreamWire = {
    open: (key: ChannelKey, bytes: number) => this.#ask((requests) => requests.open(key, bytes)),
    credit: (key: ChannelKey, bytes: number) =>
      this.#ask((requests) => requests.credit(key, bytes)),
    hint: (key: ChannelKey) => this.#ask((requests) => requests.hint(key)),
    close: () => this.break('the consumer closed'),
  }

  readonly downstream: DownstreamWire = {
    send: (key: ChannelKey, frame: Uint8Array) =>
      this.later(() => this.#receiver.frame(key, frame)),
    close: () => this.break('the producer closed'),
  }

  answer(requests: ChannelRequests | null): void {
    if (requests === null) {
      this.break('refused')
      return
    }
    this.#requests = requests
    for (const ask of this.#backlog.splice(0)) ask(requests)
  }

  /** In the next turn, unless the connection is broken by then. */
  later(fn: () => void): void {
    if (this.#broken) return
    this.#queue.push(fn)
    if (this.#queue.length > 1) return
    this.#scheduler.nextTurn(() => {
      for (const said of this.#queue.splice(0)) if (!this.#broken) said()
    })
  }

  break(reason: string): void {
    if (this.#broken) return
    this.#broken = true
    this.#scheduler.nextTurn(() => {
      this.#receiver.lost(peerLost(this.#peer.producer, reason))
      this.#requests?.lost(peerLost(this.#peer.consumer, reason))
    })
  }

  #ask(ask: (requests: ChannelRequests) => void): void {
    this.later(() => {
      if (this.#requests === null) this.#backlog.push(ask)
      else ask(this.#requests)
    })
  }
}
