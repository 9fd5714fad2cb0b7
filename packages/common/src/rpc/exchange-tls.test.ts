// The data plane over TLS: slots of one attempt find each other, and nobody else gets as far as a byte of HTTP/2.

import { afterEach, describe, expect, it, vi } from 'vitest'
import { systemScheduler } from '../node/system-scheduler.ts'
import { attemptIdentity } from '../tls/attempt-identity.ts'
import { identityOf, makeAuthority } from '../tls/certificates.fixture.ts'
import type { Identity } from '../tls/identity.ts'
import { connectExchange } from './exchange-client.ts'
import { cleanup, CREDENTIAL, OPEN } from './exchange-kit.contract.ts'
import { serveExchange } from './exchange-server.ts'
import type { WeirError } from '../core/errors.ts'
import { makeToken } from './token.ts'

const scheduler = systemScheduler()
afterEach(() => {
  vi.unstubAllEnvs()
})

interface Producer {
  readonly address: string
  /** Consumers that were looked at. */
  readonly asked: unknown[]
}

async function producer(identity: Identity | undefined): Promise<Producer> {
  const asked: unknown[] = []
  const server = await serveExchange({
    host: '127.0.0.1',
    portRange: { first: 0, last: 0 },
    credential: CREDENTIAL,
    tls: identity === undefined ? undefined : { identity, clock: scheduler },
    accept: (open, connection) => {
      asked.push(open)
      queueMicrotask(() => connection.send(0, new Uint8Array([1, 2, 3])))
      const nothing = (): void => {}
      return {
        onChannel: nothing,
        onCredit: nothing,
        onHint: nothing,
        onDrain: nothing,
        onLost: nothing,
      }
    },
  })
  cleanup.push(() => server.close())
  return { address: server.address, asked }
}

/** The first frame, or why there is none. */
function firstFrame(address: string, tls: Identity | undefined): Promise<Uint8Array | WeirError> {
  return new Promise((resolve) => {
    const consumer = connectExchange({
      address,
      open: OPEN,
      scheduler,
      tls,
      onFrame: (_channel, frame) => resolve(frame),
      onLost: resolve,
    })
    cleanup.push(() => consumer.close())
  })
}

describe('the data plane over TLS', () => {
  it('carries frames between slots that know the credential', async () => {
    const { address, asked } = await producer(attemptIdentity(CREDENTIAL))
    const frame = await firstFrame(address, attemptIdentity(CREDENTIAL))
    expect(frame).toEqual(Buffer.from([1, 2, 3]))
    expect(asked).toHaveLength(1)
  })

  const cluster = makeAuthority()

  it.each([
    ['of another attempt', () => attemptIdentity(makeToken()), /not from an authority of ours/],
    [
      'with a certificate of the cluster',
      () => identityOf(cluster.issue(), cluster),
      /not from an authority of ours/,
    ],
    ['without TLS', () => undefined, /Failed to connect/],
  ])('is closed to a consumer %s', async (_what, identity, reason) => {
    const { address, asked } = await producer(attemptIdentity(CREDENTIAL))
    const lost = await firstFrame(address, identity())
    expect(lost).toMatchObject({
      code: 'exchange/connection-lost',
      message: expect.stringMatching(reason),
    })
    expect(asked).toEqual([])
  })

  it('is closed to one that believes everybody, and shows what is not of the attempt', async () => {
    const { address, asked } = await producer(attemptIdentity(CREDENTIAL))
    const believing = attemptIdentity(CREDENTIAL)
    const shown = makeAuthority('self').issue()
    const believed = { certificate: String(believing.options.ca), issue: cluster.issue }
    const lost = await firstFrame(address, identityOf(shown, believed, false))
    expect(lost).toMatchObject({ message: expect.stringMatching(/did not go on after seeing our/) })
    expect(asked).toEqual([])
  })

  it('believes nobody else because the environment of the job says so', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
    const { address, asked } = await producer(identityOf(cluster.issue(), cluster, false))
    const lost = await firstFrame(address, attemptIdentity(CREDENTIAL))
    expect(lost).toMatchObject({ message: expect.stringMatching(/not from an authority of ours/) })
    expect(asked).toEqual([])
  })

  it('gives up a producer without TLS, and shows it nothing', async () => {
    const { address, asked } = await producer(undefined)
    const lost = await firstFrame(address, attemptIdentity(CREDENTIAL))
    expect(lost).toMatchObject({ message: expect.stringMatching(/speaks without TLS/) })
    expect(asked).toEqual([])
  })
})
