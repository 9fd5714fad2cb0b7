// A wire in memory for tests of the task loop: copies frames, spoils what was handed over, delivers a turn later, and can
// be cut.

import type { Scheduler } from '@weirjs/common/core/clock'
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

/** Transports that meet in memory; each message takes one turn. */
export class MemoryWire {
  readonly #scheduler: Scheduler
  readonly #accepts = new Map<string, Accept>()
  readonly #cuts = new Map<string, () => void>()
  /** Bytes of frames that went over, by channel. */
  readonly sent = new Map<string, number>()
  frames = 0

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler
  }

  transport(slot: number): Transport {
    return {
      listen: (accept) => void this.#accepts.set(`slot-${slot}`, accept),
      connect: (producer, handshake, receiver) => this.#connect(producer, handshake, receiver),
      close: () => Promise.resolve(),
    }
  }

  /** Breaks the connection on which `consumer` receives from `producer`. */
  cut(producer: number, consumer: number): void {
    this.#cuts.get(`${producer}→${consumer}`)?.()
  }

  #connect(producer: SlotEndpoint, handshake: Handshake, receiver: FrameReceiver): UpstreamWire {
    let alive = true
    let requests: ChannelRequests | null = null
    const later = (fn: () => void): void => {
      this.#scheduler.nextTurn(() => (alive ? fn() : undefined))
    }
    const end = (reason: string): void => {
      if (!alive) return
      alive = false
      this.#scheduler.nextTurn(() => {
        receiver.lost(peerLost({ workerId: producer.workerId, index: producer.slot }, reason))
        requests?.lost(peerLost(handshake.consumer, reason))
      })
    }
    this.#cuts.set(`${producer.slot}→${handshake.consumer.index}`, () => end('cut'))
    const wire: DownstreamWire = {
      send: (key: ChannelKey, frame: Uint8Array) => {
        this.sent.set(key, (this.sent.get(key) ?? 0) + frame.byteLength)
        this.frames += 1
        const copy = frame.slice()
        frame.fill(0xdb)
        later(() => receiver.frame(key, copy))
      },
      close: () => end('closed by the producer'),
    }
    later(() => {
      requests = this.#accepts.get(producer.dataAddress)?.(handshake, wire) ?? null
      if (requests === null) end('refused')
    })
    return {
      open: (key, bytes) => later(() => requests?.open(key, bytes)),
      credit: (key, bytes) => later(() => requests?.credit(key, bytes)),
      hint: (key) => later(() => requests?.hint(key)),
      close: () => end('closed by the consumer'),
    }
  }
}
