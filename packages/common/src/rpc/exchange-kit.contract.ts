// Both ends of the data plane as its tests use them: a producer that notes what it is told, a consumer that gathers frames.
// What they open is closed after each test.

import { afterEach } from 'vitest'

import type { WeirError } from '../core/errors.ts'
import { attempt, jobId, leaderEpoch, workerId } from '../core/ids.ts'
import { systemScheduler } from '../node/system-scheduler.ts'
import { connectExchange, type ExchangeConsumer } from './exchange-client.ts'
import { type ExchangeConnection, type ExchangeServer, serveExchange } from './exchange-server.ts'
import type { ExchangeOpen } from './exchange-wire.ts'
import type { PeerProbeTimes } from './peer-probe.ts'
import { makeToken } from './token.ts'

export const CREDENTIAL: string = makeToken()
export const OPEN: ExchangeOpen = {
  fence: { jobId: jobId('ab'.repeat(16)), epoch: leaderEpoch(3), attempt: attempt(7) },
  credential: CREDENTIAL,
  consumerSlot: { workerId: workerId('worker-1'), index: 2 },
  channels: ['e0:0:0', 'e0:0:1'],
}

export const cleanup: (() => unknown)[] = []
afterEach(async () => {
  for (const end of cleanup.splice(0).toReversed()) await end()
})

/** What the producing side saw, and its way down. */
export interface Seen {
  readonly opens: ExchangeOpen[]
  readonly events: string[]
  connection: ExchangeConnection | null
  onEvent: () => void
}

export async function producer(
  refusal: WeirError | null = null,
): Promise<{ server: ExchangeServer; seen: Seen }> {
  const seen: Seen = { opens: [], events: [], connection: null, onEvent: () => {} }
  const note = (event: string): void => {
    seen.events.push(event)
    seen.onEvent()
  }
  const server = await serveExchange({
    host: '127.0.0.1',
    portRange: { first: 0, last: 0 },
    credential: CREDENTIAL,
    accept: (open, connection) => {
      if (refusal !== null) return refusal
      seen.opens.push(open)
      seen.connection = connection
      return {
        onChannel: (channel, name) => note(`channel ${channel} ${name}`),
        onCredit: (channel, bytes) => note(`credit ${channel} ${bytes}`),
        onHint: (channel) => note(`hint ${channel}`),
        onDrain: () => note('drain'),
        onLost: (error) => note(`lost ${error.code}`),
      }
    },
  })
  cleanup.push(() => server.close())
  return { server, seen }
}

export interface Consumed {
  readonly consumer: ExchangeConsumer
  readonly frames: { readonly channel: number; readonly frame: Uint8Array }[]
  readonly lost: Promise<WeirError>
  /** Resolves when that many frames have come. */
  arrived(count: number): Promise<void>
}

export function consume(
  address: string,
  open: ExchangeOpen = OPEN,
  probe: PeerProbeTimes | null = null,
): Consumed {
  const frames: Consumed['frames'] = []
  let wanted = 0
  let reached = (): void => {}
  const { promise: lost, resolve } = Promise.withResolvers<WeirError>()
  const consumer = connectExchange({
    address,
    open,
    scheduler: systemScheduler(),
    ...(probe === null ? {} : { probe }),
    onFrame: (channel, frame) => {
      frames.push({ channel, frame })
      if (frames.length === wanted) reached()
    },
    onLost: resolve,
  })
  cleanup.push(() => consumer.close())
  return {
    consumer,
    frames,
    lost,
    arrived: (count) =>
      new Promise((done) => {
        wanted = count
        reached = done
        if (frames.length >= count) done()
      }),
  }
}

export function eventsReach(seen: Seen, last: string): Promise<void> {
  return new Promise((resolve) => {
    seen.onEvent = () => {
      if (seen.events.includes(last)) resolve()
    }
    seen.onEvent()
  })
}
