// A slot's way to all others: by port to those of its process, by gRPC to the rest.

import type { SlotEndpoint } from '@weirjs/common/core/gateways'
import type {
  Accept,
  FrameReceiver,
  Handshake,
  Transport,
  UpstreamWire,
} from '../exchange/exchange.ts'
import type { PortTransport } from '../exchange/port-exchange.ts'

export class SlotTransport implements Transport {
  readonly #ports: PortTransport
  readonly #remote: Transport

  constructor(ports: PortTransport, remote: Transport) {
    this.#ports = ports
    this.#remote = remote
  }

  listen(accept: Accept): void {
    this.#ports.listen(accept)
    this.#remote.listen(accept)
  }

  connect(producer: SlotEndpoint, handshake: Handshake, receiver: FrameReceiver): UpstreamWire {
    const near = this.#ports.reaches({ workerId: producer.workerId, index: producer.slot })
    return (near ? this.#ports : this.#remote).connect(producer, handshake, receiver)
  }

  async close(): Promise<void> {
    await Promise.all([this.#ports.close(), this.#remote.close()])
  }
}
