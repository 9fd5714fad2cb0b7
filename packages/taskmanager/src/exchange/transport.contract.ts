// What every transport must keep, whatever the wire: order, whole frames, refusals, and the loss of a connection told
// once to each side that did not end it.

import type { Failure } from '@weirjs/common/core/errors'
import type { SlotEndpoint } from '@weirjs/common/core/gateways'
import { attempt, edgeId, jobId, leaderEpoch, workerId } from '@weirjs/common/core/ids'
import { afterEach, describe, expect, test } from 'vitest'
import { channelKey } from './exchange.ts'
import type {
  Accept,
  ChannelKey,
  ChannelRequests,
  DownstreamWire,
  FrameReceiver,
  Handshake,
  Transport,
} from './exchange.ts'

export interface TransportPair {
  readonly producer: Transport
  readonly consumer: Transport
  /** Where the producer is found. */
  readonly endpoint: SlotEndpoint
  /** A slot that nobody has. */
  readonly nowhere: SlotEndpoint
}

const A = channelKey(edgeId('e0'), 0, 0)
const B = channelKey(edgeId('e0'), 0, 1)

export const CONTRACT_CREDENTIAL: string = 'c'.repeat(64)
const HANDSHAKE: Handshake = {
  fence: { jobId: jobId('0'.repeat(32)), epoch: leaderEpoch(1), attempt: attempt(1) },
  credential: CONTRACT_CREDENTIAL,
  consumer: { workerId: workerId('w-consumer'), index: 1 },
}

class Heard implements FrameReceiver, ChannelRequests {
  readonly log: string[] = []
  readonly frames: [ChannelKey, Uint8Array][] = []
  losses: Failure[] = []
  #waiting: (() => void)[] = []

  frame(key: ChannelKey, frame: Uint8Array): void {
    this.frames.push([key, frame])
    this.#say(`frame ${key}`)
  }

  open(key: ChannelKey, bytes: number): void {
    this.#say(`open ${key} ${bytes}`)
  }

  credit(key: ChannelKey, bytes: number): void {
    this.#say(`credit ${key} ${bytes}`)
  }

  hint(key: ChannelKey): void {
    this.#say(`hint ${key}`)
  }

  lost(failure: Failure): void {
    this.losses.push(failure)
    this.#say('lost')
  }

  /** Resolves when so many things were heard. */
  async until(count: number): Promise<void> {
    while (this.log.length < count)
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  #say(what: string): void {
    this.log.push(what)
    for (const go of this.#waiting.splice(0)) go()
  }
}

/** Accepts everybody; the wire is there when the first request is. */
function producing(): {
  heard: Heard
  accept: Accept
  wire: () => DownstreamWire
  seen: Handshake[]
} {
  const heard = new Heard()
  const wires: DownstreamWire[] = []
  const seen: Handshake[] = []
  const accept: Accept = (handshake, wire) => {
    seen.push(handshake)
    wires.push(wire)
    return heard
  }
  return { heard, accept, seen, wire: () => wires[0] as DownstreamWire }
}

export function describeTransport(name: string, make: () => Promise<TransportPair>): void {
  describe(`transport: ${name}`, () => {
    const pairs: TransportPair[] = []
    const start = async (): Promise<TransportPair> => {
      const pair = await make()
      pairs.push(pair)
      return pair
    }
    afterEach(async () => {
      for (const pair of pairs.splice(0)) {
        await pair.consumer.close()
        await pair.producer.close()
      }
    })

    test('shows the handshake and carries requests upstream', async () => {
      const { producer, consumer, endpoint } = await start()
      const { heard, accept, seen } = producing()
      producer.listen(accept)
      const wire = consumer.connect(endpoint, HANDSHAKE, new Heard())
      wire.open(A, 100)
      wire.open(B, 50)
      await heard.until(2)
      wire.credit(B, 7)
      await heard.until(3)
      wire.hint(A)
      await heard.until(4)
      expect(seen).toEqual([HANDSHAKE])
      expect(heard.log).toEqual([`open ${A} 100`, `open ${B} 50`, `credit ${B} 7`, `hint ${A}`])
    })

    test('carries whole frames in order, of any size', async () => {
      const { producer, consumer, endpoint } = await start()
      const { heard, accept, wire } = producing()
      producer.listen(accept)
      const receiver = new Heard()
      consumer.connect(endpoint, HANDSHAKE, receiver).open(A, 1)
      await heard.until(1)
      const sizes = [1, 20, 32_768, 0, 131_072, 3_000_000, 5]
      sizes.forEach((size, i) => wire().send(A, new Uint8Array(size).fill(i + 1)))
      await receiver.until(sizes.length)
      expect(receiver.frames.map(([, frame]) => frame.length)).toEqual(sizes)
      receiver.frames.forEach(([key, frame], i) => {
        expect(key).toBe(A)
        expect(frame.every((byte) => byte === i + 1)).toBe(true)
      })
    })

    test('small frames that wait do not hold on to the large ones that came with them', async () => {
      const { producer, consumer, endpoint } = await start()
      const { heard, accept, wire } = producing()
      producer.listen(accept)
      const receiver = new Heard()
      const upstream = consumer.connect(endpoint, HANDSHAKE, receiver)
      upstream.open(A, 1)
      upstream.open(B, 1)
      await heard.until(2)
      const rounds = 50
      for (let i = 0; i < rounds; i++) {
        wire().send(A, new Uint8Array(30_000))
        wire().send(B, new Uint8Array(20).fill(i))
      }
      await receiver.until(2 * rounds)
      const small = receiver.frames.filter(([key]) => key === B).map(([, frame]) => frame)
      expect(small.map(([first]) => first)).toEqual(Array.from({ length: rounds }, (_, i) => i))
      const held = new Set(small.map(({ buffer }) => buffer))
      const heldBytes = [...held].reduce((sum, { byteLength }) => sum + byteLength, 0)
      expect(heldBytes).toBeLessThan(rounds * 1_000)
    })

    test('a consumer that comes before the producer listens is heard when it does', async () => {
      const { producer, consumer, endpoint } = await start()
      const { heard, accept } = producing()
      consumer.connect(endpoint, HANDSHAKE, new Heard()).open(A, 9)
      await new Promise((resolve) => setImmediate(resolve))
      producer.listen(accept)
      await heard.until(1)
      expect(heard.log).toEqual([`open ${A} 9`])
    })

    test('a refused consumer is told that the peer is lost', async () => {
      const { producer, consumer, endpoint } = await start()
      producer.listen(() => null)
      const receiver = new Heard()
      consumer.connect(endpoint, HANDSHAKE, receiver).open(A, 1)
      await receiver.until(1)
      expect(receiver.losses[0]?.code).toBe('exchange/peer-lost')
      expect(receiver.losses[0]?.retry).toBe('immediate')
      expect(receiver.losses[0]?.message).toContain(`${endpoint.workerId}/${endpoint.slot}`)
    })

    test('a slot that does not exist is lost', async () => {
      const { consumer, nowhere } = await start()
      const receiver = new Heard()
      consumer.connect(nowhere, HANDSHAKE, receiver).open(A, 1)
      expect(receiver.log).toEqual([])
      await receiver.until(1)
      expect(receiver.log).toEqual(['lost'])
    })

    test('a connection that the consumer closes is lost to the producer only', async () => {
      const { producer, consumer, endpoint } = await start()
      const { heard, accept } = producing()
      producer.listen(accept)
      const receiver = new Heard()
      const wire = consumer.connect(endpoint, HANDSHAKE, receiver)
      wire.open(A, 1)
      await heard.until(1)
      wire.close()
      await heard.until(2)
      expect(heard.log.at(-1)).toBe('lost')
      expect(heard.losses[0]?.message).toContain('w-consumer/1')
      expect(receiver.log).toEqual([])
    })

    test('a connection that the producer closes is lost to the consumer, behind its last frame', async () => {
      const { producer, consumer, endpoint } = await start()
      const { heard, accept, wire } = producing()
      producer.listen(accept)
      const receiver = new Heard()
      consumer.connect(endpoint, HANDSHAKE, receiver).open(A, 1)
      await heard.until(1)
      wire().send(A, Uint8Array.of(1))
      wire().close()
      await receiver.until(2)
      expect(receiver.log).toEqual([`frame ${A}`, 'lost'])
      wire().send(A, Uint8Array.of(1))
    })

    test('a transport that closes is lost to the other side', async () => {
      const { producer, consumer, endpoint } = await start()
      const { heard, accept } = producing()
      producer.listen(accept)
      const receiver = new Heard()
      consumer.connect(endpoint, HANDSHAKE, receiver).open(A, 1)
      await heard.until(1)
      await producer.close()
      await receiver.until(1)
      expect(receiver.log).toEqual(['lost'])
    })
  })
}
