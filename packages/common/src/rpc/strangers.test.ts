// Who only sits there is put out for who comes; who has shown a secret stays. And what is told of it.

import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { connect, type Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { afterEach, expect, test } from 'vitest'
import { ManualScheduler } from '../core/manual-scheduler.ts'
import { MemoryLog } from '../core/memory-log.ts'
import { serveHttp, HTTP_CONNECTIONS_MAX } from '../node/http-server.ts'
import { systemScheduler } from '../node/system-scheduler.ts'
import { listen } from './listen.ts'
import { Refusals, TOLD_EVERY_MS } from './refusals.ts'
import { connectJobManager } from './job-client.ts'
import { identityOf, makeAuthority } from '../tls/certificates.fixture.ts'
import { roleUri } from '../tls/roles.ts'
import { jobService } from './job-server.ts'
import { RpcChannel } from './call.ts'
import { serveExchange } from './exchange-server.ts'
import { wireServices } from './load-proto.ts'
import { unavailable } from './status.ts'
import { tlsTo } from './tls-credentials.ts'
import { serve, STRANGERS_MAX } from './serve.ts'
import { REFUSED_CALLS_MAX, Strangers } from './strangers.ts'
import { makeToken } from './token.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

async function comer(port: number, host = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ host, port })
  socket.on('error', () => {})
  socket.resume()
  closing.push(() => socket.destroy())
  await once(socket, 'connect')
  return socket
}

test('the quietest goes when one comes too many; who was vouched for stays', async () => {
  const putOut: string[] = []
  const strangers = new Strangers({ max: 2, onPutOut: (peer) => putOut.push(peer) })
  const met: Socket[] = []
  const listener = await listen({
    host: '127.0.0.1',
    portRange: { first: 0, last: 0 },
    flag: '--port',
    onConnection: (socket) => {
      met.push(socket)
      strangers.meet(socket)
    },
  })
  closing.push(() => {
    listener.disconnect()
    return listener.close()
  })
  const nameOf = (socket: Socket): string => `127.0.0.1:${socket.localPort}`
  const one = await comer(listener.port)
  const two = await comer(listener.port)
  await expect.poll(() => met.length).toBe(2)
  strangers.vouch(nameOf(one))
  const three = await comer(listener.port)
  await expect.poll(() => met.length).toBe(3)
  const [, second] = met
  const third = nameOf(three)
  if (second !== undefined) strangers.heard(second)
  await comer(listener.port)
  await once(three, 'close')
  expect(putOut).toEqual([third])
  expect([one.closed, two.closed]).toEqual([false, false])
  two.destroy()
  await expect.poll(() => strangers.count).toBe(1)
})

const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
)

test.each([
  ['in plain text', '127.0.0.1', false],
  ['over TLS', '127.0.0.1', true],
  ...(hasIpv6 ? [['over TLS and IPv6', '::1', true] as const] : []),
] as const)(
  'a JobManager answers its own %s while strangers fill every place that they may have',
  async (_how, host, encrypted) => {
    const authority = makeAuthority()
    const of = (role: 'jobmanager' | 'client') =>
      identityOf(authority.issue({ hosts: [host], uris: [roleUri(role)] }), authority)
    const tls = encrypted ? of('client') : undefined
    const log = new MemoryLog()
    const token = makeToken()
    const scheduler = systemScheduler()
    const services = [jobService({ list: async () => [] } as never)]
    const served = encrypted ? { identity: of('jobmanager'), log } : undefined
    const own = { host, port: 0, flag: '--port', token, scheduler, services, log }
    const server = await serve({ ...own, tls: served })
    closing.push(() => server.close())
    const dialed = { address: server.address, token, scheduler, tls }
    const connection = connectJobManager({ ...dialed, sender: 'a' })
    closing.push(() => connection.close())
    expect(await connection.client.list()).toEqual([])
    const crowd: Socket[] = []
    for (let i = 0; i < STRANGERS_MAX + 20; i += 1) crowd.push(await comer(server.port, host))
    // More of them, when a slow machine has also lost its patience with those that do not shake hands.
    await expect
      .poll(() => crowd.filter((socket) => socket.closed).length)
      .toBeGreaterThanOrEqual(20)
    expect(await connection.client.list()).toEqual([])
    const late = connectJobManager({ ...dialed, sender: 'b' })
    closing.push(() => late.close())
    expect(await late.client.list()).toEqual([])
    expect(log.of('Put out connections that never showed the token')).toMatchObject([
      { level: 'warn' },
    ])
  },
)

/** A call without the token, again and again, until the connection is ended; what is answered. */
async function callOn(
  address: string,
  headers: Readonly<Record<string, string>>,
): Promise<unknown[]> {
  const session = connectHttp2(`http://${address}`)
  closing.push(() => session.destroy())
  session.on('error', () => {})
  const put = once(session, 'close')
  const refusals: unknown[] = []
  const call = (): void => {
    if (session.closed || session.destroyed) return
    const stream = session.request({ te: 'trailers', ':method': 'POST', ...headers })
    stream.on('error', () => {})
    stream.once('response', (answer) => refusals.push(answer['grpc-status'] ?? answer[':status']))
    stream.once('close', call)
    stream.resume()
    stream.end()
  }
  call()
  await put
  return refusals
}

const GRPC = 'application/grpc'

test.each([
  ['a method', { 'content-type': GRPC, ':path': '/weir.v1.JobService/List' }, '16'],
  ['a method that is not there', { 'content-type': GRPC, ':path': '/x/y' }, '16'],
  ['what is no gRPC', { 'content-type': 'text/plain', ':path': '/weir.v1.JobService/List' }, 415],
])(
  'who calls %s without the token is told so, and put out when it does not stop',
  async (_what, headers, answer) => {
    const log = new MemoryLog()
    const scheduler = systemScheduler()
    const token = makeToken()
    const services = [jobService({ list: async () => [] } as never)]
    const server = await serve({ port: 0, flag: '--port', token, scheduler, services, log })
    closing.push(() => server.close())
    const dialed = { address: server.address, scheduler, sender: 'a', tls: undefined }
    const friend = connectJobManager({ ...dialed, token })
    closing.push(() => friend.close())
    expect(await friend.client.list()).toEqual([])

    const refusals = await callOn(server.address, headers)
    expect(new Set(refusals)).toEqual(new Set([answer]))
    expect(refusals.length).toBeLessThanOrEqual(REFUSED_CALLS_MAX)
    expect(refusals.length).toBeGreaterThanOrEqual(REFUSED_CALLS_MAX - 1)
    expect(log.events.map(({ event }) => event)).toEqual([
      'Refused calls without the cluster token',
      'Put out connections that never showed the token',
    ])
    for (let i = 0; i < 2 * REFUSED_CALLS_MAX; i += 1)
      expect(await friend.client.list()).toEqual([])
  },
)

test.each([
  ['a method that is not there', { 'content-type': GRPC, ':path': '/x/y' }, '16'],
  ['what is no gRPC', { 'content-type': 'text/plain', ':path': '/x/y' }, 415],
])('a slot puts out who calls %s and does not stop', async (_what, headers, answer) => {
  const server = await serveExchange({
    host: '127.0.0.1',
    portRange: { first: 0, last: 0 },
    credential: makeToken(),
    accept: () => unavailable('nobody is awaited'),
  })
  closing.push(() => server.close())
  const refusals = await callOn(server.address, headers)
  expect(new Set(refusals)).toEqual(new Set([answer]))
  expect(refusals.length).toBeLessThanOrEqual(REFUSED_CALLS_MAX)
})

test('who has the token learns that a method is not there, by whatever certificate', async () => {
  const authority = makeAuthority()
  const of = (role: 'jobmanager' | 'client') =>
    identityOf(authority.issue({ hosts: ['127.0.0.1'], uris: [roleUri(role)] }), authority)
  const token = makeToken()
  const scheduler = systemScheduler()
  const services = [jobService({ list: async () => [] } as never)]
  const tls = { identity: of('jobmanager'), log: new MemoryLog() }
  const server = await serve({ port: 0, flag: '--port', token, scheduler, services, tls })
  closing.push(() => server.close())
  const { address } = server
  const dialed = { address, scheduler, sender: 'a', tls: tlsTo('jobmanager', of('client')) }
  const newer = { ...wireServices().job.List, path: '/weir.v1.JobService/Newer' }
  for (const [own, code] of [
    [token, 'rpc/unimplemented'],
    [makeToken(), 'rpc/unauthenticated'],
  ] as const) {
    const channel = new RpcChannel({ ...dialed, token: own })
    closing.push(() => channel.close())
    await expect(channel.unary(newer, { header: channel.header() })).rejects.toMatchObject({ code })
  }
})

test('a health check is answered while idle connections fill the port', async () => {
  const server = await serveHttp({
    host: '127.0.0.1',
    port: 0,
    flag: 'health.port',
    handle: async (_request, response) => {
      response.end('ok')
    },
  })
  closing.push(() => server.close())
  for (let i = 0; i < HTTP_CONNECTIONS_MAX + 20; i += 1) await comer(server.port)
  const answer = await fetch(`http://${server.address}/livez`, { headers: { connection: 'close' } })
  expect(await answer.text()).toBe('ok')
})

test('refusals are told at once, then once a minute with their number', () => {
  const scheduler = new ManualScheduler()
  const log = new MemoryLog()
  const refusals = new Refusals(scheduler, log, 'Refused')
  for (let i = 0; i < 5_000; i += 1) refusals.note(`10.0.0.1:${i}`)
  const told = (): unknown[] => log.events.map(({ fields }) => fields)
  expect(told()).toEqual([{ refused: 1, from: '10.0.0.1:0' }])
  scheduler.advance(TOLD_EVERY_MS)
  expect(told()).toHaveLength(2)
  expect(told()[1]).toEqual({ refused: 4_999, from: '10.0.0.1:4999' })
  scheduler.advance(10 * TOLD_EVERY_MS)
  expect(told()).toHaveLength(2)
  refusals.note('10.0.0.2:1')
  expect(told()).toHaveLength(3)
  refusals.close()
})
