// Slots of one process: a MessagePort for each pair of slots, frames as transferred ArrayBuffers. What is said in one
// turn of the event loop goes as one message. Both slots of a pair use the one port in both directions, each direction
// a connection of its own. A port that closes means that the other thread is gone.

import type { MessagePort } from 'node:worker_threads'
import type { SlotEndpoint } from '@weirjs/common/core/gateways'
import { slotKey } from '@weirjs/common/core/ids'
import type { SlotRef } from '@weirjs/common/core/ids'
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

/** Parts of one message; a fuller outbox is posted at once. */
const PARTS_PER_MESSAGE_MAX = 256

/** `up`: from the consumer of a connection to its producer. `down`: the other way. */
type Part =
  | { readonly up: 'connect'; readonly handshake: Handshake }
  | { readonly up: 'open'; readonly key: ChannelKey; readonly bytes: number }
  | { readonly up: 'credit'; readonly key: ChannelKey; readonly bytes: number }
  | { readonly up: 'hint'; readonly key: ChannelKey }
  | { readonly up: 'close' }
  | { readonly down: 'frame'; readonly key: ChannelKey; readonly frame: Uint8Array }
  | { readonly down: 'close'; readonly reason: string }

export interface PortTransportOptions {
  /** A port for each other slot of the process. */
  readonly ports: readonly { readonly peer: SlotRef; readonly port: MessagePort }[]
}

/** Transport between the slots of one process; `connect` knows the peers it has ports for, others are lost at once. */
export class PortTransport implements Transport {
  readonly #pairs = new Map<string, PortPair>()
  #accept: Accept | null = null
  readonly #unheard: (() => void)[] = []

  constructor(options: PortTransportOptions) {
    for (const { peer, port } of options.ports) {
      this.#pairs.set(slotKey(peer), new PortPair(peer, port, (go) => this.#whenListening(go)))
    }
  }

  /** True when there is a port to that slot. */
  reaches(peer: SlotRef): boolean {
    return this.#pairs.has(slotKey(peer))
  }

  listen(accept: Accept): void {
    this.#accept = accept
    for (const go of this.#unheard.splice(0)) go()
  }

  connect(producer: SlotEndpoint, handshake: Handshake, receiver: FrameReceiver): UpstreamWire {
    const peer: SlotRef = { workerId: producer.workerId, index: producer.slot }
    const pair = this.#pairs.get(slotKey(peer))
    if (pair !== undefined) return pair.connect(handshake, receiver)
    queueMicrotask(() => receiver.lost(peerLost(peer, 'no port leads to it')))
    return { open: ignore, credit: ignore, hint: ignore, close: ignore }
  }

  async close(): Promise<void> {
    for (const pair of this.#pairs.values()) pair.close()
  }

  #whenListening(go: (accept: Accept) => void): void {
    const run = (): void => {
      if (this.#accept !== null) go(this.#accept)
    }
    if (this.#accept === null) this.#unheard.push(run)
    else run()
  }
}

const ignore = (): void => {}

/** One port, two connections: to the peer as its consumer, from the peer as its producer. */
class PortPair {
  readonly #peer: SlotRef
  readonly #port: MessagePort
  readonly #whenListening: (go: (accept: Accept) => void) => void
  #outbox: Part[] = []
  #transfers: ArrayBuffer[] = []
  #posting = false
  #closed = false
  /** As consumer. */
  #receiver: FrameReceiver | null = null
  /** As producer. */
  #requests: ChannelRequests | null = null

  constructor(
    peer: SlotRef,
    port: MessagePort,
    whenListening: (go: (accept: Accept) => void) => void,
  ) {
    this.#peer = peer
    this.#port = port
    this.#whenListening = whenListening
    port.on('message', (parts: readonly Part[]) => {
      for (const part of parts) this.#receive(part)
    })
    port.on('close', () => this.#end('its thread ended'))
  }

  connect(handshake: Handshake, receiver: FrameReceiver): UpstreamWire {
    if (this.#closed || this.#receiver !== null) {
      queueMicrotask(() => receiver.lost(peerLost(this.#peer, 'its port is closed or taken')))
      return { open: ignore, credit: ignore, hint: ignore, close: ignore }
    }
    this.#receiver = receiver
    this.#post({ up: 'connect', handshake })
    return {
      open: (key, bytes) => this.#post({ up: 'open', key, bytes }),
      credit: (key, bytes) => this.#post({ up: 'credit', key, bytes }),
      hint: (key) => this.#post({ up: 'hint', key }),
      close: () => {
        this.#receiver = null
        this.#post({ up: 'close' })
      },
    }
  }

  close(): void {
    if (this.#closed) return
    this.#flush()
    this.#closed = true
    this.#port.close()
  }

  #receive(part: Part): void {
    if ('down' in part) {
      if (part.down === 'frame') this.#receiver?.frame(part.key, part.frame)
      else this.#receiverLost(part.reason)
      return
    }
    switch (part.up) {
      case 'connect':
        this.#whenListening((accept) => this.#accepted(accept, part.handshake))
        break
      case 'open':
        this.#whenListening(() => this.#requests?.open(part.key, part.bytes))
        break
      case 'credit':
        this.#whenListening(() => this.#requests?.credit(part.key, part.bytes))
        break
      case 'hint':
        this.#whenListening(() => this.#requests?.hint(part.key))
        break
      case 'close':
        this.#requestsLost('it closed the connection')
        break
    }
  }

  #accepted(accept: Accept, handshake: Handshake): void {
    const wire: DownstreamWire = {
      send: (key, frame) => {
        this.#transfers.push(frame.buffer as ArrayBuffer)
        this.#post({ down: 'frame', key, frame })
      },
      close: () => {
        this.#requests = null
        this.#post({ down: 'close', reason: 'it closed the connection' })
      },
    }
    this.#requests = accept(handshake, wire)
    if (this.#requests === null) this.#post({ down: 'close', reason: 'it refused the handshake' })
  }

  #receiverLost(reason: string): void {
    const receiver = this.#receiver
    this.#receiver = null
    receiver?.lost(peerLost(this.#peer, reason))
  }

  #requestsLost(reason: string): void {
    const requests = this.#requests
    this.#requests = null
    requests?.lost(peerLost(this.#peer, reason))
  }

  #end(reason: string): void {
    this.#closed = true
    this.#receiverLost(reason)
    this.#requestsLost(reason)
  }

  #post(part: Part): void {
    if (this.#closed) return
    this.#outbox.push(part)
    if (this.#outbox.length >= PARTS_PER_MESSAGE_MAX) this.#flush()
    else if (!this.#posting) {
      this.#posting = true
      queueMicrotask(() => this.#flush())
    }
  }

  #flush(): void {
    this.#posting = false
    if (this.#closed || this.#outbox.length === 0) return
    const parts = this.#outbox
    const transfers = this.#transfers
    this.#outbox = []
    this.#transfers = []
    this.#port.postMessage(parts, transfers)
  }
}
