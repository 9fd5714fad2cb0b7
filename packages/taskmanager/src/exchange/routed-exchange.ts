// A slot of a job process has two ways out: ports to the slots beside it, the network to all others. Who is reached by
// which is decided per producing slot, at the time of connecting.

import type { SlotEndpoint } from '@weirjs/common/core/gateways'
import type { Accept, FrameReceiver, Handshake, Transport, UpstreamWire } from './exchange.ts'
import type { PortTransport } from './port-exchange.ts'

export class RoutedTransport implements Transport {
  readonly #near: PortTransport
  readonly #far: Transport

  constructor(ways: { readonly near: PortTransport; readonly far: Transport }) {
    this.#near = ways.near
    this.#far = ways.far
  }

  listen(accept: Accept): void {
    this.#near.listen(accept)
    this.#far.listen(accept)
  }

  connect(producer: SlotEndpoint, handshake: Handshake, receiver: FrameReceiver): UpstreamWire {
    const near = this.#near.reaches({ workerId: producer.workerId, index: producer.slot })
    return (near ? this.#near : this.#far).connect(producer, handshake, receiver)
  }

  async close(): Promise<void> {
    await this.#near.close()
    await this.#far.close()
  }
}
